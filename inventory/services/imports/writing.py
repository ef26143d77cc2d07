"""The write: parcel by parcel, each with its rows, part, quarantine and tallies in one transaction."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import polars as pl
from django.db import transaction
from django.db.models import Max, Sum

from inventory.contracts.feeds import Landed, Parcel, Source
from inventory.models import ImportPart, ImportRun, QuarantinedRow
from inventory.services.imports.checking import OUTCOMES
from inventory.services.imports.claims import Claim, Clock, Lost, claim, give_back
from inventory.services.imports.ending import stop
from inventory.services.imports.journal import asker, note_step, subject_of
from inventory.services.imports.locks import lock_run
from inventory.services.imports.reading import opened
from inventory.services.imports.reconciling import settle
from inventory.services.imports.rows import fault_in, texts_of
from inventory.services.imports.taking import take_parcel
from inventory.services.imports.tallies import add_tallies, keep_tallies
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: Parcels written in one call: a task stays short, and the next one goes on.
PARCELS = 40
#: More rows in quarantine than this and the file is wrong as a whole: nobody corrects them by hand.
MOST_QUARANTINED = 100_000


def write_run(
    run_id: UUID, *, actor: Actor, at: datetime, clock: Clock | None = None, most: int = PARCELS
) -> ImportRun:
    """Write up to `most` parcels of a run that are not written yet; reconcile it after the last one.

    Each parcel is written once whatever happens: its `ImportPart` stands in the transaction of its
    rows. A run that is still `writing` when this returns has more to write: call again. Asked to
    cancel, it stops between parcels. Raises `Refused` when the run is not to be written or its file
    holds more wrong rows than anybody would correct. `clock` gives the heartbeat; `at` is the instant
    that rows carry.
    """
    with transaction.atomic():
        run = lock_run(run_id)
        if run.state == State.CHECKED:
            run.state, run.rows_read, run.bytes_read = State.WRITING, 0, 0
            run.save(update_fields=["state", "rows_read", "bytes_read"])
    ours = claim(run_id, at=at, clock=clock)
    if ours is None:
        return ImportRun.objects.get(pk=run_id)
    return write_claimed(ours, actor=actor, at=at, most=most)


def write_claimed(ours: Claim, *, actor: Actor, at: datetime, most: int = PARCELS) -> ImportRun:
    """`write_run` for a run that is ours already."""
    run = ImportRun.objects.select_related("feed").get(pk=ours.run_id)
    if run.state != State.WRITING:
        raise Refused(
            _("import %(run)s is not to be written: %(state)s", run=run.number, state=coded(run.state)),
            code="not_to_write",
        )
    after = run.parts.aggregate(last=Max("number"))["last"]
    with opened(run) as source:
        parcels = source.parcels(-1 if after is None else after)
        for parcel in islice(parcels, most):
            run = _write(ours, source, parcel, actor, at)
            if run.state != State.WRITING:
                return run
        rest = next(parcels, None)
    if rest is None:
        return _finish(ours, at)
    with transaction.atomic():
        run = ours.hold()
        give_back(run)
        run.save(update_fields=["claimed_at"])
    return run


@transaction.atomic
def _write(ours: Claim, source: Source, parcel: Parcel, actor: Actor, at: datetime) -> ImportRun:
    run = ours.hold()
    if run.cancel_asked:
        stop(run, actor=asker(run), at=ours.clock())
        return run
    if run.parts.filter(number=parcel.number).exists():
        raise Lost
    landed = _land(run, parcel, actor, at)
    ImportPart.objects.create(
        run=run, number=parcel.number, kind=parcel.kind.value, rows=landed.rows,
        bytes_read=parcel.bytes_read, counts=_counts(landed), at=ours.clock(),
    )  # fmt: skip
    if landed.rows:
        add_counts(run, parcel.kind.value, landed)
    run.rows_read += landed.rows
    run.bytes_read = max(run.bytes_read, parcel.bytes_read)
    run.bytes_total = source.bytes_total or run.bytes_total
    run.attempts = 0
    ours.beat(run)
    run.save()
    return run


def _land(run: ImportRun, parcel: Parcel, actor: Actor, at: datetime) -> Landed:
    """Take a parcel in; quarantine and tallies too."""
    parted, landed = take_parcel(run, parcel, actor=actor, at=at)
    quarantine(run, parted.parcel, landed)
    keep_tallies(run, parted.parcel, landed, at)
    add_tallies(run, parted.aside, at, parted.outcomes, 1)
    return parted.counted(landed)


def quarantine(run: ImportRun, parcel: Parcel, landed: Landed) -> None:
    """Keep each row that has a fault, as it came, with everything that is wrong with it.

    Raises `Refused` when the run would have more of them than anybody corrects.
    """
    faults: dict[int, list[dict[str, object]]] = {}
    for one in landed.faults:
        faults.setdefault(one.row or 0, []).append(fault_in(one))
    if not faults:
        return
    if run.quarantine.count() + len(faults) > MOST_QUARANTINED:
        message = _(
            "more than %(most)s rows are wrong: correct the file or its mapping instead",
            most=f"{MOST_QUARANTINED:,}",
        )
        raise Refused(message, code="too_many_wrong")
    bad = parcel.rows.filter(pl.col("row").is_in(list(faults)))
    told = _told_of(parcel, list(faults))
    texts = dict(zip(bad["row"].to_list(), texts_of(bad.drop("row")), strict=True))
    aside = (
        QuarantinedRow(
            run=run,
            kind=parcel.kind.value,
            row=row,
            values=texts.get(row, {}),
            faults=wrong,
            told=told.get(row),
        )
        for row, wrong in sorted(faults.items())
    )
    QuarantinedRow.objects.bulk_create(aside, batch_size=2_000, ignore_conflicts=True)


def _told_of(parcel: Parcel, rows: list[int]) -> dict[int, list[Any]]:
    """Of which document, in which version, saying what, rows are."""
    if parcel.selves is None:
        return {}
    mine = parcel.selves.filter(pl.col("row").is_in(rows)).select("row", "document", "version", "content")
    return {row: told for row, *told in mine.iter_rows()}


def _counts(landed: Landed) -> dict[str, object]:
    return {
        **{name: getattr(landed, name) for name in OUTCOMES},
        "figures": dict(landed.figures),
        "first_day": plain(landed.first_day),
        "last_day": plain(landed.last_day),
    }


def add_counts(run: ImportRun, kind: str, landed: Landed) -> None:
    """Add what became of some rows to the run's counts; the caller saves."""
    counts = dict(run.counts.get(kind, {}))
    counts["rows"] = counts.get("rows", 0) + landed.rows
    for name in OUTCOMES:
        counts[name] = counts.get(name, 0) + getattr(landed, name)
    add_days(counts, landed)
    run.counts = {**run.counts, kind: counts}


def add_days(counts: dict[str, Any], landed: Landed) -> None:
    """Widen the business days that a kind's rows told of."""
    first, last = plain(landed.first_day), plain(landed.last_day)
    counts["first_day"] = min(filter(None, (counts.get("first_day"), first)), default=None)
    counts["last_day"] = max(filter(None, (counts.get("last_day"), last)), default=None)


@transaction.atomic
def _finish(ours: Claim, at: datetime) -> ImportRun:
    run, now = ours.hold(), ours.clock()
    if run.cancel_asked:
        stop(run, actor=asker(run), at=now)
        return run
    totals = run.parts.aggregate(rows=Sum("rows"))
    note_step(
        run,
        _(
            "written: %(rows)s rows in %(parcels)s parcels",
            rows=f"{totals['rows'] or 0:,}",
            parcels=run.parts.count(),
        ),
        now,
    )
    run.finished_at, run.attempts = now, 0
    give_back(run)
    append_audit(
        actor=asker(run), verb="ImportWritten", subject=subject_of(run), at=now, after={"counts": run.counts}
    )
    settle(run, at=now)
    return run
