"""Whether a document may go now: what it refers to goes first, and is with the books."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from inventory.contracts.exports import read_document, takes_back
from inventory.models import Export

State = Export.State


class Standing(Enum):
    """GO; WAIT for an earlier document; VOID, because the books never had what it takes back."""

    GO = auto()
    WAIT = auto()
    VOID = auto()


def standing_of(row: Export, with_it: Collection[str] = ()) -> Standing:
    """How a queued document stands; `with_it` are keys that go in the same file, before it."""
    if not row.refers_to or row.refers_to in with_it:
        return Standing.GO
    earlier = Export.objects.filter(feed_id=row.feed_id, key=row.refers_to).first()
    if earlier is None:
        return Standing.GO
    if earlier.state in (State.REJECTED, State.CANCELLED):
        whole = takes_back(read_document(row.document), read_document(earlier.document))
        return Standing.VOID if whole else Standing.GO
    being_handed_over = earlier.state == State.LOCKED and not earlier.file
    return Standing.WAIT if earlier.state == State.QUEUED or being_handed_over else Standing.GO
