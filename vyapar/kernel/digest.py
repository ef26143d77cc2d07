"""One canonical form for data, so that the same facts always have the same fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import numpy as np


def plain(value: Any) -> Any:
    """`value` as JSON types: dataclasses to objects, instants and days to ISO 8601, enums to values.

    Arrays become lists; what has no honest JSON form raises `TypeError`.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str | float):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if type(value) in (list, tuple) and all(type(item) is str for item in value):
        return list(value)  # names by the thousand
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item) for item in value]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no plain form")


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, no NaN: byte for byte the same for the same facts."""
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_of(value: Any) -> str:
    """Hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def snapshot_digest(snapshot: Any) -> str:
    """Fingerprint of a frozen snapshot; arrays are hashed by dtype, shape and bytes, not as text.

    A field whose metadata say what it is `known_by`, another field, is left to that one.
    """
    seal = hashlib.sha256()
    for field in dataclasses.fields(snapshot):
        if field.metadata.get("known_by"):
            continue
        value = getattr(snapshot, field.name)
        seal.update(field.name.encode())
        if isinstance(value, np.ndarray) and value.dtype != object:
            seal.update(f"{value.dtype}{value.shape}".encode())
            seal.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            seal.update(snapshot_digest(value).encode())
        else:
            seal.update(canonical_json(value).encode() if not _is_nan(value) else b"nan")
    return seal.hexdigest()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value
