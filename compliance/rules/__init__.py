"""What the law objects to, and why: pure checks over facts, each dated and with its basis."""

from compliance.rules.assessment import AssessedLine, Assessment, assess
from compliance.rules.examination import (
    MOVEMENT_RULES,
    OFFER_RULES,
    PAPER_RULES,
    examine,
    inspect,
)
from compliance.rules.offer import floor_price
from compliance.rules.paper import NUMBER

__all__ = [
    "MOVEMENT_RULES",
    "NUMBER",
    "OFFER_RULES",
    "PAPER_RULES",
    "AssessedLine",
    "Assessment",
    "assess",
    "examine",
    "floor_price",
    "inspect",
]
