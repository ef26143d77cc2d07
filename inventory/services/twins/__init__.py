"""Twins: looked for, offered, merged by a person, taken apart again, or kept apart for good."""

from inventory.services.twins.apart import keep_apart, list_ties, take_apart
from inventory.services.twins.consent import follow_withdrawal
from inventory.services.twins.finding import APART, Look, find_twins
from inventory.services.twins.merging import merge_certain, merge_twins

__all__ = [
    "APART",
    "Look",
    "find_twins",
    "follow_withdrawal",
    "keep_apart",
    "list_ties",
    "merge_certain",
    "merge_twins",
    "take_apart",
]
