"""Putting a decision in line for the books, or taking it out again before they heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from inventory.contracts.exports import ExportQueued, read_document, takes_back
from inventory.contracts.feeds import ExportDocument, ExportKind
from inventory.models import Export, Feed
from inventory.selectors.exports import is_pushed, takes
from vyapar.engine.services import append_audit, emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import kept
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.selectors import current_distributor

State = Export.State
#: Documents in these states never reached the books.
UNHEARD = (State.QUEUED, State.REJECTED)
KEY_LENGTH = 120


@transaction.atomic
def queue_export(
    document: ExportDocument, *, action_id: UUID | None, actor: Actor, at: datetime
) -> tuple[Export, ...]:
    """Queue a document for each system that takes it; the same key is queued once for each.

    Call it in the transaction of the decision. A document that refers to an earlier one goes where
    that one went. When it takes the earlier one back before the books heard of it, the earlier one is
    cancelled and nothing is queued. Returns what waits or is on its way: nothing, when no system takes
    documents of this kind.
    """
    _check(document)
    if document.refers_to:
        earlier = Export.objects.select_for_update().filter(key=document.refers_to).order_by("pk")
        rows = [_follow(document, one, action_id, actor, at) for one in earlier]
        return tuple(row for row in rows if row is not None)
    return tuple(_queue(document, feed, action_id, actor, at) for feed in feeds_taking(document))


@transaction.atomic
def reverse_export(
    earlier_key: str, *, key: str, narration: str, actor: Actor, at: datetime
) -> tuple[Export, ...]:
    """Take back what an earlier document booked: the same goods the other way, wherever it went.

    Documents that the books have not heard of are cancelled instead. Returns the reversals.
    """
    queued = []
    for earlier in Export.objects.select_for_update().filter(key=earlier_key).order_by("pk"):
        before = read_document(earlier.document)
        reversal = replace(
            before,
            kind=ExportKind.REVERSAL,
            key=key,
            at=at,
            source=before.target,
            target=before.source,
            narration=narration,
            refers_to=before.key,
            # it takes a document back: why the goods were lost or came home is not its own reason
            extra={name: value for name, value in before.extra.items() if name != "reason"},
        )
        _check(reversal)
        row = _follow(reversal, earlier, earlier.action_id, actor, at)
        queued += [row] if row is not None else []
    return tuple(queued)


def feeds_taking(document: ExportDocument) -> Sequence[Feed]:
    """The active feeds that take documents of this kind, by code.

    A feed whose settings list `exports` takes those kinds. When no feed says so, one does: a system
    that documents are handed over to goes before one that reads files, and its own format before the
    generic file.
    """
    active = Feed.objects.filter(active=True).order_by("code")
    able = [feed for feed in active if takes(feed, document.kind)]
    named = [feed for feed in able if document.kind.value in (feed.settings.get("exports") or ())]
    silent = [feed for feed in able if "exports" not in feed.settings]
    if named or not silent:
        return named
    return [min(silent, key=lambda feed: (not is_pushed(feed), feed.system == "files"))]


def _follow(
    document: ExportDocument, earlier: Export, action_id: UUID | None, actor: Actor, at: datetime
) -> Export | None:
    if takes_back(document, read_document(earlier.document)):
        if earlier.state == State.CANCELLED:
            return None
        if earlier.state in UNHEARD:
            cancel(earlier, f"taken back before the books had it: {document.narration}", actor=actor, at=at)
            return None
    return _queue(document, earlier.feed, action_id, actor, at)


def _queue(
    document: ExportDocument, feed: Feed, action_id: UUID | None, actor: Actor, at: datetime
) -> Export:
    simulated = feed.sandbox or current_distributor().sandbox
    if simulated:  # so that every format can print it
        document = replace(document, extra={**document.extra, "simulated": True})
    row, is_new = Export.objects.get_or_create(
        feed=feed,
        key=document.key,
        defaults={
            "kind": document.kind.value,
            "refers_to": document.refers_to,
            "number": document.number,
            "document": plain(document),
            "action_id": action_id,
            "simulated": simulated,
            "next_try_at": at,
            "created_by": actor.ref,
            "created_at": at,
            "updated_at": at,
        },
    )
    if is_new:
        pieces = sum(line.quantity for line in document.lines)
        amount = sum(line.amount_paise for line in document.lines)
        emit(
            ExportQueued(row.key, row.kind, feed.code, row.number, pieces, amount, simulated),
            subject=f"export:{row.key}",
            actor=actor,
            at=at,
            action_id=action_id,
        )
    return row


def cancel(row: Export, reason: str, *, actor: Actor, at: datetime) -> None:
    """Take a locked row out of the line for good, in the caller's transaction."""
    row.state, row.next_try_at, row.updated_at = State.CANCELLED, None, at
    row.reason, row.words["reason"] = kept(reason, 500)
    row.save()
    append_audit(
        actor=actor,
        verb="ExportCancelled",
        subject=f"export:{row.key}",
        at=at,
        after={"feed": row.feed.code},
        reason=reason,
        action_id=row.action_id,
    )


def _check(document: ExportDocument) -> None:
    faults = []
    if not 0 < len(document.key) <= KEY_LENGTH or "/" in document.key or not document.key.isprintable():
        said = _("1 to %(most)s printable characters without /", most=KEY_LENGTH)
        faults.append(Fault("key", said, "key", value=document.key[:80]))
    if not document.lines:
        faults.append(Fault("empty", _("a document has at least one line"), "lines"))
    faults += [
        Fault("quantity", _("1 piece or more"), f"lines[{row}].quantity", row, str(line.quantity))
        for row, line in enumerate(document.lines, 1)
        if line.quantity < 1
    ]
    if faults:
        raise Invalid(_("this document cannot be exported"), code="bad_export", faults=faults)
