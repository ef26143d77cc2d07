"""What never leaves with a takeout: whatever opens a door. Pure; silence means "kept back"."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Tables that hold nothing of the distributor's but ways in, or replies that may have shown one.
TABLES = frozenset({"django_session", "gateway_storedreply", "gateway_keysecret", "gateway_accesstoken"})
#: A column whose name has one of these words is left out, unless it is known to be harmless.
_SUSPECT = re.compile(r"(secret|passw|token|credential|private|otp|cookie)", re.IGNORECASE)
#: Looked at and found to open nothing: names of locks, instants.
HARMLESS = frozenset({("inventory_export", "lock_token")})
_WAYS_IN = re.compile(r"^(gateway_.*|webhooks_.*)$")


def is_left_out(table: str, column: str) -> bool:
    """Whether a column is kept back. The digest of a key would let it be guessed at leisure."""
    if (table, column) in HARMLESS:
        return False
    return bool(_SUSPECT.search(column)) or (bool(_WAYS_IN.match(table)) and column == "digest")


def parted(table: str, columns: Iterable[str]) -> tuple[list[str], list[str]]:
    """The columns that go along, and those that stay."""
    taken: list[str] = []
    left: list[str] = []
    for column in columns:
        (left if is_left_out(table, column) else taken).append(column)
    return taken, left
