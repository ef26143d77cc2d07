"""The canonical form of every record: one closed table of fields, and one reader for all ten kinds."""

from __future__ import annotations

from inventory.feeds.canonical.fields import (
    MAX_PIECES,
    MAX_PRICE_PAISE,
    MAX_QUANTITY,
    FieldSpec,
    Form,
)
from inventory.feeds.canonical.forms import CLOCK_SKEW, OLDEST_DAYS
from inventory.feeds.canonical.identities import trade_channel_of
from inventory.feeds.canonical.pincodes import locate, middle_of_state
from inventory.feeds.canonical.quantities import PACK_SCHEMA
from inventory.feeds.canonical.reading import (
    Packs,
    Reading,
    is_counted_in_packs,
    read,
)
from inventory.feeds.canonical.records import frame_of_records, from_json
from inventory.feeds.canonical.sheet import shown
from inventory.feeds.canonical.table import FIELDS, KEYS, api_names, canonical_names
from inventory.feeds.canonical.units import unit_named

__all__ = [
    "CLOCK_SKEW",
    "FIELDS",
    "KEYS",
    "MAX_PIECES",
    "MAX_PRICE_PAISE",
    "MAX_QUANTITY",
    "OLDEST_DAYS",
    "PACK_SCHEMA",
    "FieldSpec",
    "Form",
    "Packs",
    "Reading",
    "api_names",
    "canonical_names",
    "frame_of_records",
    "from_json",
    "is_counted_in_packs",
    "locate",
    "middle_of_state",
    "read",
    "shown",
    "trade_channel_of",
    "unit_named",
]
