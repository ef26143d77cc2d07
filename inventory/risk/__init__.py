"""What will not sell in time: motion, the FEFO walk, what is at risk, score and status."""

from inventory.risk.exposure import Exposure, exposure
from inventory.risk.fefo import Walk, walk
from inventory.risk.movement import LONGEST, Motion, motion
from inventory.risk.score import MILLI, PARTS, Scores, expiry_part, score
from inventory.risk.status import status

__all__ = [
    "LONGEST",
    "MILLI",
    "PARTS",
    "Exposure",
    "Motion",
    "Scores",
    "Walk",
    "expiry_part",
    "exposure",
    "motion",
    "score",
    "status",
    "walk",
]
