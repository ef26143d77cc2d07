"""Documents taken as a file in a system's own format, and locked so that nobody takes them twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from inventory.contracts.exports import read_document
from inventory.feeds import SYSTEMS
from inventory.models import Export, Feed
from inventory.services.exports.order import Standing, standing_of
from inventory.services.exports.queueing import cancel
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.phrases import phrase as _

State = Export.State
#: Documents in one file; what is over waits for the next one.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Locked:
    """One file of documents. `file` is its path in the distributor's own storage."""

    token: UUID
    feed: str
    file: str
    name: str
    keys: tuple[str, ...]


def lock_exports(feed_code: str, *, actor: Actor, at: datetime, limit: int = MOST) -> Locked:
    """Write what waits for a feed into a file in its system's own format, and lock it.

    Two who ask at once get different documents, or the second is `Refused`: nothing is left. The file
    stays in the storage until the books have answered for each of its documents.
    """
    feed = _feed(feed_code)
    system = SYSTEMS.get(feed.system)
    if system is None or system.write is None:
        raise Refused(_("%(feed)s does not read files of ours", feed=feed.name), code="no_file_format")
    token, kept = uuid4(), ""
    try:
        with transaction.atomic():
            rows = _take(feed, limit, actor, at)
            if rows:
                name, body = system.write(tuple(read_document(row.document) for row in rows))
                kept = default_storage.save(f"exports/{feed.code}/{token}/{name}", ContentFile(body))
                _lock(rows, token, kept, actor, at)
    except BaseException:
        if kept:
            default_storage.delete(kept)
        raise
    if not rows:
        raise Refused(_("nothing waits to go to %(feed)s", feed=feed.name), code="nothing_to_export")
    return Locked(token, feed.code, kept, name, tuple(row.key for row in rows))


@transaction.atomic
def release_exports(token: UUID, *, reason: str, actor: Actor, at: datetime) -> int:
    """Put the unanswered documents of a file back in line; returns how many.

    For a file that was lost or never imported: if it was imported after all, the books refuse the
    second one by its key, or hold it twice. So it takes a person and a reason.
    """
    if not reason.strip():
        fault = Fault("reason_missing", _("say why the file was not imported"), "reason")
        raise Invalid(_("a lock is released with a reason"), code="reason_missing", faults=[fault])
    rows = list(
        Export.objects.select_for_update()
        .filter(lock_token=token, state=State.LOCKED)
        .exclude(file="")
        .order_by("pk")
    )
    if not rows:
        raise NotFound(_("there is no file with unanswered documents of this lock"), code="no_such_lock")
    for row in rows:
        row.state, row.file, row.lock_token, row.locked_at, row.locked_by = State.QUEUED, "", None, None, ""
        row.next_try_at, row.attempts, row.updated_at = at, 0, at
        row.save()
    append_audit(
        actor=actor,
        verb="ExportsReleased",
        subject=f"feed:{rows[0].feed.code}",
        at=at,
        after={"token": str(token), "keys": [row.key for row in rows]},
        reason=reason.strip(),
    )
    return len(rows)


# --- parts ---------------------------------------------------------------------------------


def _feed(code: str) -> Feed:
    found = Feed.objects.filter(code=code).first()
    if found is None:
        raise NotFound(_("there is no feed %(code)s", code=f"{code!r}"), code="no_such_feed")
    return found


def _take(feed: Feed, limit: int, actor: Actor, at: datetime) -> list[Export]:
    waiting = (
        Export.objects.select_for_update(skip_locked=True)
        .filter(feed=feed, state=State.QUEUED)
        .order_by("pk")[:limit]
    )
    taken: list[Export] = []
    with_it: set[str] = set()
    for row in waiting:
        standing = standing_of(row, with_it)
        if standing is Standing.VOID:
            cancel(row, "the books never had what it takes back", actor=actor, at=at)
        elif standing is Standing.GO:
            taken.append(row)
            with_it.add(row.key)
    return taken


def _lock(rows: list[Export], token: UUID, kept: str, actor: Actor, at: datetime) -> None:
    Export.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.LOCKED,
        lock_token=token,
        locked_at=at,
        locked_by=str(actor)[:160],
        file=kept,
        next_try_at=None,
        updated_at=at,
    )
    append_audit(
        actor=actor,
        verb="ExportsLocked",
        subject=f"feed:{rows[0].feed.code}",
        at=at,
        after={"token": str(token), "keys": [row.key for row in rows]},
    )
