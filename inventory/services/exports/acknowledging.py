"""What the books answered: accepted under their number, or rejected and why. Heard once, kept once."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from inventory.contracts.exports import ExportAcknowledged
from inventory.contracts.feeds import Acknowledged
from inventory.models import Export
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused, VyaparError
from vyapar.kernel.phrases import coded, kept
from vyapar.kernel.phrases import phrase as _

State = Export.State
YES = frozenset({"accepted", "accept", "ok", "yes", "y", "true", "1", "imported", "posted"})
NO = frozenset({"rejected", "reject", "no", "n", "false", "0", "failed", "error"})
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What a file of acknowledgements brought; the rows with faults changed nothing."""

    taken: int
    unchanged: int
    faults: tuple[Fault, ...]


@transaction.atomic
def acknowledge(
    key: str,
    *,
    accepted: bool,
    number: str = "",
    reason: str = "",
    feed: str = "",
    actor: Actor,
    at: datetime,
) -> Export:
    """Keep what a system answered about a document; the same answer again changes nothing.

    `number` is the system's own for what it booked, `reason` why it booked nothing; one of them is
    needed. `feed` says which system speaks, where several took the document. A rejection may be
    followed by an acceptance, never the other way round: what is booked stays booked until a reversal.
    """
    number, reason = number.strip(), reason.strip()
    if not (number if accepted else reason):
        field = "number" if accepted else "reason"
        message = (
            _("write the number under which it was booked") if accepted else _("write why it was rejected")
        )
        raise Invalid(message, code=f"{field}_missing", faults=[Fault("missing", message, field)])
    row = _get(key, feed)
    if row.state == State.ACCEPTED:
        if accepted and row.acknowledged_number == number:
            return row
        raise Refused(
            _(
                "%(key)s is booked under %(acknowledged_number)s already; take it back with a reversal",
                key=key,
                acknowledged_number=row.acknowledged_number,
            ),
            code="booked_already",
        )
    if row.state == State.REJECTED and not accepted and row.reason == reason[:500]:
        return row
    if row.state not in (State.LOCKED, State.HANDED_OVER, State.REJECTED):
        raise Refused(
            _("%(key)s is %(state)s: it was not handed over", key=key, state=coded(row.state)),
            code="not_handed_over",
        )
    record_answer(row, Acknowledged(accepted, number, reason), actor=actor, at=at)
    return row


def record_answer(row: Export, answer: Acknowledged, *, actor: Actor, at: datetime) -> None:
    """Write an answer on a locked row and tell of it, in the caller's transaction.

    Accepted without a number means that the far side has it and will tell the number later.
    """
    row.simulated = row.simulated or answer.simulated
    row.next_try_at, row.last_error, row.updated_at = None, "", at
    row.words = {}
    if answer.accepted and not answer.number:
        row.state = State.HANDED_OVER
        row.save()
        return
    row.state = State.ACCEPTED if answer.accepted else State.REJECTED
    row.acknowledged_number = answer.number[:120]
    row.reason, row.words["reason"] = kept(answer.reason, 500)
    row.acknowledged_by, row.acknowledged_at = str(actor)[:160], at
    row.save()
    emit(
        ExportAcknowledged(
            row.key,
            row.kind,
            row.feed.code,
            answer.accepted,
            row.acknowledged_number,
            row.reason,
            row.simulated,
        ),
        subject=f"export:{row.key}",
        actor=actor,
        at=at,
        action_id=row.action_id,
        reason=row.reason,
    )


def acknowledge_file(content: bytes, *, feed: str, actor: Actor, at: datetime) -> Answers:
    """Keep the answers of a CSV file with the columns key, status, number and reason.

    An exported file filled in does as well: there `acknowledged_number` is the number, a document may
    stand on several rows, and rows without a status say nothing. Each row is kept by itself; rows that
    cannot be kept are told with what is wrong. `Invalid` when the file cannot be read.
    """
    taken = unchanged = 0
    faults: list[Fault] = []
    for row, values in _read(content):
        if not values["status"]:
            continue
        try:
            with transaction.atomic():
                before = _get(values["key"], feed).updated_at
                accepted = _accepted(values["status"])
                after = acknowledge(
                    values["key"],
                    accepted=accepted,
                    number=values["number"],
                    reason=values["reason"],
                    feed=feed,
                    actor=actor,
                    at=at,
                )
        except VyaparError as error:
            first = error.faults[0] if error.faults else Fault(error.code, error.message, "key")
            faults.append(Fault(first.code, first.message, first.field, row, values["key"][:80]))
            continue
        changed = after.updated_at != before
        taken, unchanged = taken + changed, unchanged + (not changed)
    return Answers(taken, unchanged, tuple(faults))


def _read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(_("save the file as CSV in UTF-8"), code="not_utf8") from error
    if "\x00" in text:
        raise Invalid(_("this is not a text file: save it as CSV in UTF-8"), code="not_csv")
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        missing = [
            Fault("column_missing", _("add a column %(column)s", column=f"{n!r}"), n)
            for n in ("key", "status")
            if n not in names
        ]
        if missing:
            raise Invalid(
                _("the file needs the columns key and status"), code="column_missing", faults=missing
            )
        columns = {name: names.get(name, name) for name in ("key", "status", "number", "reason")}
        columns["number"] = names.get("acknowledged_number", columns["number"])
        rows = [
            (number, {name: str(one.get(column) or "").strip() for name, column in columns.items()})
            for number, one in enumerate(reader, 2)
        ]
    except csv.Error as error:
        raise Invalid(_("the file is not CSV: %(error)s", error=str(error)), code="not_csv") from error
    if len(rows) > MOST_ROWS:
        raise Invalid(_("at most %(most_rows)s rows in one file", most_rows=MOST_ROWS), code="too_many")
    return rows


def _accepted(word: str) -> bool:
    if word.lower() in YES or word.lower() in NO:
        return word.lower() in YES
    raise Invalid(word, code="status", faults=[Fault("status", _("write accepted or rejected"), "status")])


def _get(key: str, feed: str) -> Export:
    rows = Export.objects.select_for_update(of=("self",)).select_related("feed").filter(key=key)
    if feed:
        rows = rows.filter(feed__code=feed)
    found = list(rows.order_by("pk")[:2])
    if not found:
        raise NotFound(_("no document %(key)s was exported", key=f"{key!r}"), code="no_such_export")
    if len(found) > 1:
        said = _("several systems took this document: say which one answers")
        raise Invalid(said, code="which_feed", faults=[Fault("which_feed", said, "feed")])
    return found[0]
