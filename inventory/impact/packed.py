"""Ways out of a lot as bytes: what is not zero, beside a map of where it stands.

A book has millions of lots, and JSON of their ways would be most of what rescoring writes. Per lot:
how many ways and components it knows (a byte each), which ways are open (a byte, the first way lowest),
which components are not zero (bits, ways x components, highest first), and those, little-endian int64.

Ways and components are known by their place: new ones are added at the end, and none is ever moved or
taken away, or what was packed before would be read under other names. Bytes that know more of either than
this code does are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.impact.ways import COMPONENTS, WAYS, WaysOut, rank, why_closed

_HEAD = 3


def pack_ways(ways: WaysOut, lots: NDArray[np.intp]) -> list[bytes]:
    """The ways of some lots, one after another."""
    values = ways.components[..., lots].reshape(len(WAYS) * len(COMPONENTS), -1).T
    present = values != 0
    bits = np.packbits(present, axis=1)
    head = np.empty((lots.size, _HEAD), np.uint8)
    head[:, 0], head[:, 1] = len(WAYS), len(COMPONENTS)
    head[:, 2] = np.packbits(ways.available[:, lots], axis=0, bitorder="little")[0]
    heads = np.hstack([head, bits])
    body, sizes = values[present].astype("<i8").tobytes(), present.sum(axis=1) * 8
    ends, wide, front = np.cumsum(sizes), heads.shape[1], heads.tobytes()
    return [
        front[n * wide : (n + 1) * wide] + body[start:end]
        for n, (start, end) in enumerate(zip((ends - sizes).tolist(), ends.tolist(), strict=True))
    ]


def unpack_ways(packed: bytes) -> list[dict[str, Any]]:
    """Ways in plain form, as `WayOut`: open ones first, the highest net first; empty for no bytes."""
    if not packed:
        return []
    count, wide, is_open = packed[:_HEAD]
    if count > len(WAYS) or wide > len(COMPONENTS):
        raise ValueError(f"packed with {count} ways of {wide} components, more than are known here")
    size = -(-count * wide // 8)
    present = np.unpackbits(np.frombuffer(packed, np.uint8, size, _HEAD), count=count * wide)
    table = np.zeros(count * wide, np.int64)
    table[present == 1] = np.frombuffer(packed, "<i8", offset=_HEAD + size)
    found = [_plain(way, row, bool(is_open >> way & 1)) for way, row in enumerate(table.reshape(count, wide))]
    return sorted(found, key=lambda way: rank(way["name"], way["net_paise"], way["available"]))


def pack_plain(ways: Sequence[Mapping[str, Any]]) -> bytes:
    """Ways in plain form as bytes; `ValueError` for a way or a component that is none."""
    if not ways:
        return b""
    table = np.zeros((len(WAYS), len(COMPONENTS), 1), np.int64)
    is_open = np.zeros((len(WAYS), 1), np.bool_)
    for way in ways:
        number = WAYS.index(way["name"])
        is_open[number] = way["available"]
        for name, paise in way["components"].items():
            table[number, COMPONENTS.index(name)] = paise
    return pack_ways(WaysOut(table, table.sum(axis=1), is_open), np.zeros(1, np.intp))[0]


def _plain(number: int, row: NDArray[np.int64], is_open: bool) -> dict[str, Any]:
    return {
        "name": WAYS[number],
        "net_paise": int(row.sum()),
        "components": {name: n for name, n in zip(COMPONENTS, row.tolist(), strict=False) if n},
        "available": is_open,
        "note": "" if is_open else why_closed(WAYS[number]),
    }
