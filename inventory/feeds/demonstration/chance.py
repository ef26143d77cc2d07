"""Chance with a name: every choice draws from its own seeded stream."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *names: object) -> np.random.Generator:
    """A generator that depends on the seed and the names alone, not on what was drawn elsewhere."""
    label = "/".join(str(name) for name in names)
    return np.random.default_rng([seed, zlib.crc32(label.encode())])
