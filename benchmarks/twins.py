"""Looking for twins among 5,000 outlets and 5,000 SKUs, with how many of the planted ones are found.

    bin/bench twins

The peer compares the names of all pairs in C (rapidfuzz, one thread): no blocks, no other evidence, and
nothing said of what speaks for a pair. Both are given the same lists in the same process.
"""

from __future__ import annotations

import time
from typing import Any

GOAL_SECONDS = 10.0


def run() -> dict[str, Any]:
    """Seconds of a look at both, against all pairs of names; precision and recall on planted twins."""
    import django

    django.setup()
    from inventory.likeness import find_outlet_twins, find_sku_twins
    from tests.inventory.planted import planted_outlets, planted_skus, precision_and_recall

    seconds: dict[str, float] = {}
    shares: dict[str, dict[str, float]] = {}
    peer = 0.0
    for name, planted, find in (
        ("outlets", planted_outlets(), find_outlet_twins),
        ("skus", planted_skus(), find_sku_twins),
    ):
        start = time.perf_counter()
        found = find(planted.rows)
        seconds[name] = round(time.perf_counter() - start, 2)
        precision, recall = precision_and_recall(found, planted)
        shares[name] = {"precision": round(precision, 3), "recall": round(recall, 3)}
        peer += _all_pairs([row.name for row in planted.rows])
    whole = sum(seconds.values())
    return {
        "name": "twins",
        "value": round(whole, 2),
        "unit": "s",
        "ratio": round(peer / whole, 2),
        "against": "the names of all pairs compared in C, without blocks or other evidence",
        "goal": GOAL_SECONDS,
        "met": whole <= GOAL_SECONDS,
        "seconds": {**seconds, "all_pairs": round(peer, 2)},
        "found": shares,
    }


def _all_pairs(names: list[str]) -> float:
    """Seconds to compare the names of all pairs."""
    import numpy as np
    from rapidfuzz import fuzz, process

    texts = [name.casefold() for name in names]
    start = time.perf_counter()
    process.cdist(texts, texts, scorer=fuzz.token_sort_ratio, score_cutoff=70, dtype=np.uint8, workers=1)
    return time.perf_counter() - start
