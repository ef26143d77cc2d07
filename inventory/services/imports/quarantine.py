"""Rows set aside: corrected by a person, driven again, or dropped; totals follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import polars as pl
from django.db import transaction

from inventory.contracts.feeds import Landed, Parcel, RecordKind
from inventory.feeds.canonical import FIELDS
from inventory.models import ImportRun, QuarantinedRow
from inventory.services.imports.checking import OUTCOMES
from inventory.services.imports.journal import ask, note_step, subject_of
from inventory.services.imports.locks import lock_run
from inventory.services.imports.reconciling import SETTLED, settle
from inventory.services.imports.rows import fault_in
from inventory.services.imports.tallies import add_tallies, keep_tallies
from inventory.services.imports.vouchers import add_lines, find_newer
from inventory.services.imports.writing import add_days
from inventory.services.landing import land
from inventory.services.staging import take_every_turn
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

State = QuarantinedRow.State
#: Rows driven again in one call: it is a person's click, and one transaction.
MOST_AT_ONCE = 5_000
_LONGEST = 500


@dataclass
class Driven:
    """What became of rows that were driven again: taken, and still wrong."""

    taken: int = 0
    wrong: int = 0
    by_kind: dict[str, Landed] = field(default_factory=dict)


@transaction.atomic
def correct_row(row_id: int, *, values: Mapping[str, str], actor: Actor, at: datetime) -> QuarantinedRow:
    """Keep what a person writes instead of a row's values; what came stays as it came.

    An empty text takes a value away; a value as it came is no correction. Raises `Invalid` for a field
    that its kind does not have, `Refused` when the row was taken or dropped.
    """
    row = _lock_row(row_id)
    allowed = names_of(RecordKind(row.kind)) | set(row.values)
    strange = [name for name in values if name not in allowed]
    if strange:
        faults = [
            Fault("unknown_field", _("%(kind)s have no such field", kind=coded(row.kind)), name)
            for name in strange
        ]
        raise Invalid(
            _("%(kind)s have no field %(strange)s", kind=coded(row.kind), strange=strange[0]),
            code="unknown_field",
            faults=faults,
        )
    texts = {name: str(text).replace("\x00", "").strip()[:_LONGEST] for name, text in values.items()}
    kept = {**row.corrected, **texts}
    row.corrected = {name: text for name, text in kept.items() if text != row.values.get(name, "")}
    row.state = State.CORRECTED if row.corrected else State.OPEN
    row.changed_by, row.changed_at = actor.ref, at
    row.save(update_fields=["corrected", "state", "changed_by", "changed_at"])
    return row


@transaction.atomic
def drop_row(row_id: int, *, actor: Actor, at: datetime, reason: str = "") -> QuarantinedRow:
    """Leave a row out for good: from now on that is why its pieces are missing."""
    run = lock_run(_run_of(row_id))  # the run first, as everywhere
    row = _lock_row(row_id)
    _tally(run, [row], at, -1)
    _tally(run, [row], at, 1, "dropped")
    row.state, row.changed_by, row.changed_at = State.DROPPED, actor.ref, at
    row.save(update_fields=["state", "changed_by", "changed_at"])
    append_audit(
        actor=actor, verb="RowDropped", subject=subject_of(run), at=at, reason=reason,
        before={"kind": row.kind, "row": row.row, "values": row.values},
    )  # fmt: skip
    if run.state in SETTLED:
        settle(run, at=at)
    return row


@transaction.atomic
def drive_again(run_id: UUID, *, actor: Actor, at: datetime, rows: Iterable[int] | None = None) -> Driven:
    """Land rows of a run's quarantine as they were corrected: all corrected ones, or those named.

    Named rows may be uncorrected too: what they lacked may have come since. Those that are right now
    are taken and counted, the others keep what is wrong with them now; then the run is reconciled
    anew. Raises `Refused` while the run is still being written, or when there is nothing to drive.
    """
    run = lock_run(run_id)
    if run.state not in SETTLED:
        message = _(
            "import %(number)s is not written to its end; drive its rows again when it is", number=run.number
        )
        raise Refused(message, code="not_written")
    waiting = run.quarantine.select_for_update().order_by("row")
    if rows is None:
        chosen = list(waiting.filter(state=State.CORRECTED)[:MOST_AT_ONCE])
    else:
        wanted = list(rows)[:MOST_AT_ONCE]
        chosen = list(waiting.filter(pk__in=wanted, state__in=(State.OPEN, State.CORRECTED)))
    if not chosen:
        raise Refused(_("no row waits to be driven again: correct one first"), code="nothing_to_drive")
    ask(run, actor)
    take_every_turn()
    done = Driven()
    for kind in RecordKind:
        mine = [row for row in chosen if row.kind == kind]
        if mine:
            _drive(run, kind, mine, done, actor, at)
    told = _(
        "%(who)s drove %(rows)s rows again: %(taken)s taken, %(wrong)s still wrong",
        who=str(actor),
        rows=len(chosen),
        taken=done.taken,
        wrong=done.wrong,
    )
    note_step(run, told, at)
    append_audit(
        actor=actor, verb="RowsDrivenAgain", subject=subject_of(run), at=at,
        after={"taken": done.taken, "wrong": done.wrong},
    )  # fmt: skip
    settle(run, at=at)
    return done


def names_of(kind: RecordKind) -> set[str]:
    """Canonical names that rows of a kind may have."""
    return {spec.name for spec in FIELDS[kind]}


def _drive(
    run: ImportRun, kind: RecordKind, chosen: list[QuarantinedRow], done: Driven, actor: Actor, at: datetime
) -> None:
    chosen = _refuse_older(run, kind, chosen, done, actor, at)
    if not chosen:
        return
    parcel = Parcel(kind, 0, frame_of_rows([{**row.values, **row.corrected} for row in chosen], chosen))
    source = f"{run.feed.code}#{run.number}"
    landed = land(kind, parcel.rows, source=source, actor=actor, at=at, run=run)
    wrong: dict[int, list[dict[str, object]]] = {}
    for one in landed.faults:
        wrong.setdefault(one.row or 0, []).append(fault_in(one))
    _tally(run, chosen, at, -1)
    taken = [row for row in chosen if row.row not in wrong]
    right = parcel.rows.filter(~pl.col("row").is_in(list(wrong)))
    add_lines(run, kind, right, {row.row: row.told[0] for row in taken if row.told})
    keep_tallies(run, parcel, landed, at, instead_of=frame_of_rows([row.values for row in chosen], chosen))
    for row in chosen:
        row.changed_by, row.changed_at = actor.ref, at
        row.state = State.OPEN if row.row in wrong else State.TAKEN
        row.faults = wrong.get(row.row, row.faults)
    _tally(run, [row for row in chosen if row.row in wrong], at, 1)
    QuarantinedRow.objects.bulk_update(chosen, ["state", "faults", "changed_by", "changed_at"], 1_000)
    _recount(run, kind.value, landed)
    done.taken += len(taken)
    done.wrong += len(chosen) - len(taken)
    done.by_kind[kind.value] = landed


def _refuse_older(
    run: ImportRun, kind: RecordKind, chosen: list[QuarantinedRow], done: Driven, actor: Actor, at: datetime
) -> list[QuarantinedRow]:
    """The rows whose voucher still stands as they tell it; the others keep why they are not taken."""
    told = {row.pk: (str(of[0]), int(of[1]), str(of[2])) for row in chosen if (of := row.told)}
    if not told:
        return chosen
    newer = find_newer(run, kind, list(told.values()))
    older = [row for row in chosen if row.pk in told and told[row.pk][0] in newer]
    _tally(run, older, at, -1)
    for row in older:
        voucher, alter, _day = told[row.pk]
        stands = newer[voucher]
        message = _("a later self of this voucher is recorded: it counts; drop this row")
        if stands > alter:
            message = _(
                "a later self of this voucher is recorded (AlterID %(stands)s, this row is of %(alter)s): "
                "it counts; drop this row",
                stands=stands,
                alter=alter,
            )
        row.faults = [fault_in(Fault("newer_version", message, row=row.row, value=voucher))]
        row.changed_by, row.changed_at, row.state = actor.ref, at, State.OPEN
    _tally(run, older, at, 1)
    QuarantinedRow.objects.bulk_update(older, ["state", "faults", "changed_by", "changed_at"], 1_000)
    done.wrong += len(older)
    return [row for row in chosen if row not in older]


def frame_of_rows(values: Sequence[Mapping[str, str]], chosen: Sequence[QuarantinedRow]) -> pl.DataFrame:
    """Rows of quarantine as a parcel has them: `row`, and each name that any of them has as text."""
    names = dict.fromkeys(name for one in values for name in one if name != "row")
    data = {name: [one.get(name) or None for one in values] for name in names}
    schema = {"row": pl.Int64, **dict.fromkeys(names, pl.String)}
    return pl.DataFrame({"row": [row.row for row in chosen], **data}, schema=schema)


def outcome_of(row: QuarantinedRow) -> str:
    """The outcome under which a row of quarantine is tallied."""
    return f"quarantined.{row.faults[0]['code']}"[:60] if row.faults else "quarantined"


def _tally(
    run: ImportRun, rows: Sequence[QuarantinedRow], at: datetime, sign: int, outcome: str = ""
) -> None:
    """Tally rows as they came, once more (1) or taken back (-1), under `outcome` or what is wrong."""
    for kind in {row.kind for row in rows}:
        mine = [row for row in rows if row.kind == kind]
        frame = frame_of_rows([row.values for row in mine], mine)
        told = {row.row: outcome or outcome_of(row) for row in mine}
        add_tallies(run, Parcel(RecordKind(kind), 0, frame), at, told, sign)


def _recount(run: ImportRun, kind: str, landed: Landed) -> None:
    """Rows that were rejected and are taken now; the number of rows read stays."""
    counts = dict(run.counts.get(kind, {}))
    for name in OUTCOMES:
        if name != "rejected":
            counts[name] = counts.get(name, 0) + getattr(landed, name)
    counts["rejected"] = counts.get("rejected", 0) - (landed.rows - landed.rejected)
    add_days(counts, landed)
    run.counts = {**run.counts, kind: counts}


def _run_of(row_id: int) -> UUID:
    found = QuarantinedRow.objects.filter(pk=row_id).values_list("run_id", flat=True).first()
    if found is None:
        raise NotFound(_("there is no such row in quarantine"), code="no_such_row")
    return found


def _lock_row(row_id: int) -> QuarantinedRow:
    row = QuarantinedRow.objects.select_for_update().filter(pk=row_id).first()
    if row is None:
        raise NotFound(_("there is no such row in quarantine"), code="no_such_row")
    if row.state not in (State.OPEN, State.CORRECTED):
        raise Refused(
            _("row %(row)s is settled already: %(state)s", row=row.row, state=coded(row.state)),
            code="row_settled",
        )
    return row
