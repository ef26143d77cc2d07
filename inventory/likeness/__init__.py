"""How alike two outlets or two SKUs are: candidates that share a block, scored with named evidence. Pure."""

from inventory.likeness.outlets import LEAST_OUTLET, compare_outlets, find_outlet_twins
from inventory.likeness.packs import Pack, pack_of
from inventory.likeness.skus import LEAST_SKU, compare_skus, find_sku_twins
from inventory.likeness.words import fold, words_of

__all__ = [
    "LEAST_OUTLET",
    "LEAST_SKU",
    "Pack",
    "compare_outlets",
    "compare_skus",
    "find_outlet_twins",
    "find_sku_twins",
    "fold",
    "pack_of",
    "words_of",
]
