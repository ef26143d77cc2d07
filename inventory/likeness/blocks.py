"""Which pairs are worth comparing: those that share a block, so that not everything meets everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
from rapidfuzz import fuzz, process

#: A block above this is too common to say anything by itself.
LARGEST = 600


def blocks_of(keys: Sequence[Iterable[Hashable]]) -> list[list[int]]:
    """Groups of at least two that share a key. `keys[i]`: those of the i-th thing; empty ones are none."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for number, own in enumerate(keys):
        for key in set(own):
            groups[key].append(number)
    return [group for group in groups.values() if 1 < len(group) <= LARGEST]


def pairs_within(groups: Iterable[list[int]]) -> set[tuple[int, int]]:
    """All pairs of each group, the lower number first."""
    return {pair for group in groups for pair in combinations(group, 2)}


def alike_within(groups: Iterable[list[int]], texts: Sequence[str], least: float) -> set[tuple[int, int]]:
    """Pairs of each group whose texts are at least so alike (0 to 100), compared in C."""
    found: set[tuple[int, int]] = set()
    for group in groups:
        mine = [texts[number] for number in group]
        scores = process.cdist(mine, mine, scorer=fuzz.ratio, score_cutoff=least, dtype=np.uint8)
        for one, two in np.argwhere(np.triu(scores, 1) > 0).tolist():
            found.add((group[one], group[two]))
    return found
