"""The sign that somebody alive is at a cycle, a part, an agent's work, a wish or a call: a lock of a session.

It goes when the worker dies. A state in a row cannot tell a worker that takes long from one that was
killed; a lock can, at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from zlib import crc32

from django.db import DatabaseError, InterfaceError, connection

from vyapar.tenancy.here import current_schema

#: What can be held: the numbers of rows, or an agent or a row with a long name by `number_of` its name.
Kind = Literal["cycle", "part", "agent", "asked", "reply", "import"]
#: A lock's first key is of the distributor and the kind, its second the row's number, cut to 31 bits.
_KEYS = "hashtext(%s), %s::int"
_BITS = 2**31
_HELD = """
SELECT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = (hashtext(%s)::bigint & 4294967295)
"""


class Hold:
    """What this worker holds until the block of `holding` ends."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._held: list[int] = []

    def take(self, pk: int) -> bool:
        """Hold a row's number; False when another worker has it.

        Taken before the claim is committed, there is no moment at which a claimed row looks deserted.
        """
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_try_advisory_lock({_KEYS})", [_name(self._kind), pk % _BITS])
            (ours,) = cursor.fetchone()
        if ours:
            self._held.append(pk)
        return bool(ours)

    def let_go(self) -> None:
        """Release what is held; a connection that is gone has released it already."""
        for pk in self._held:
            with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({_KEYS})", [_name(self._kind), pk % _BITS])
        self._held.clear()


@contextmanager
def holding(kind: Kind) -> Iterator[Hold]:
    """A hold that is let go of when the block ends."""
    hold = Hold(kind)
    try:
        yield hold
    finally:
        hold.let_go()


def number_of(name: str) -> int:
    """What stands for a name among numbers."""
    return crc32(name.encode())


def list_held(kind: Kind) -> frozenset[int]:
    """Numbers of the rows that a living worker is at, cut as `is_held` expects them. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [_name(kind)])
        return frozenset(row[0] for row in cursor.fetchall())


def is_held(pk: int, held: frozenset[int]) -> bool:
    """Whether a row is among `list_held`."""
    return pk % _BITS in held


def _name(kind: Kind) -> str:
    return f"{current_schema()}:{kind}"
