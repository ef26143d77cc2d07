"""The check: every parcel through the validators of the write, and nothing written.

What a stock statement comes to depends on which batches the sales before it take their pieces from, and
only the ledger knows. A file that holds both is written whole in a transaction that is taken back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from django.db import transaction

from inventory.contracts.feeds import Landed, Parcel, RecordKind, Source, Uncovered
from inventory.models import ImportRun
from inventory.services.imports.claims import Claim, Clock, claim, give_back
from inventory.services.imports.journal import asker, note_step
from inventory.services.imports.reading import opened
from inventory.services.imports.rows import fault_in, landing_texts, with_unread
from inventory.services.imports.taking import take_parcel
from inventory.services.imports.vouchers import Memory, part_selves
from inventory.services.landing import Promised, judge
from inventory.services.staging import take_every_turn
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import coded, words_of
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: Faults kept from a check, and of one code; rows of a kind shown as they would land.
MOST_FAULTS, MOST_OF_A_CODE, PREVIEW = 300, 40, 8
#: More rejected rows than this share and a run that would go on by itself waits for a person instead.
TOLERATED = 0.2
#: Sales that a check remembers to find the same line further on: what bounds its memory. The write
#: compares with the tables and misses none.
REMEMBERED = 1_500_000
#: Kinds whose pieces move before a statement of the same file is compared with the book.
_MOVING = (RecordKind.SALES, RecordKind.RECEIPTS, RecordKind.PURCHASES)
#: Rows a second that a try is sure to manage: it shows no sign of life until it ends.
_SURE_ROWS = 500
OUTCOMES = ("accepted", "updated", "duplicates", "rejected")


@dataclass
class Found:
    """What a check has found so far."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    by_code: Counter[str] = field(default_factory=Counter)
    notes: list[dict[str, Any]] = field(default_factory=list)
    notes_by_code: Counter[str] = field(default_factory=Counter)
    preview: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    first_day: date | None = None
    last_day: date | None = None
    rows: int = 0
    forgotten: int = 0
    took_back: bool = False

    def add(self, parcel: Parcel, judged: Landed, at: datetime) -> None:
        if not judged.rows:  # only tells which vouchers there are
            return
        counts = self.counts.setdefault(parcel.kind.value, Counter())
        counts["rows"] += judged.rows
        for name in OUTCOMES:
            counts[name] += getattr(judged, name)
        self.rows += judged.rows
        days = [day for day in (self.first_day, judged.first_day) if day]
        self.first_day = min(days, default=None)
        days = [day for day in (self.last_day, judged.last_day) if day]
        self.last_day = max(days, default=None)
        _keep(self.faults, self.by_code, parcel.kind, judged.faults)
        _keep(self.notes, self.notes_by_code, parcel.kind, judged.warnings)
        self._keep_preview(parcel, {fault.row for fault in judged.faults}, at)

    def _keep_preview(self, parcel: Parcel, bad: set[int | None], at: datetime) -> None:
        shown = self.preview.setdefault(parcel.kind.value, [])
        if len(shown) < PREVIEW:
            good = parcel.rows.filter(~pl.col("row").is_in([row for row in bad if row is not None]))
            shown += landing_texts(parcel.kind, good.head(PREVIEW - len(shown)), at)

    @property
    def is_walked(self) -> bool:
        """Whether stock is stated after goods of the same file moved."""
        kinds = {kind for kind, counts in self.counts.items() if counts["rows"] > counts["rejected"]}
        return RecordKind.STOCK.value in kinds and (self.took_back or not kinds.isdisjoint(_MOVING))

    @property
    def rejected(self) -> int:
        return sum(counts["rejected"] for counts in self.counts.values())

    def as_plain(self) -> dict[str, Any]:
        return {
            "counts": {kind: dict(counts) for kind, counts in self.counts.items()},
            "faults": self.faults,
            "fault_count": sum(self.by_code.values()),
            "by_code": dict(self.by_code.most_common()),
            "notes": self.notes,
            "notes_by_code": dict(self.notes_by_code.most_common()),
            "preview": self.preview,
            "warnings": self.warnings(),
            "first_day": plain(self.first_day),
            "last_day": plain(self.last_day),
            "rows": self.rows,
        }

    def warnings(self) -> list[dict[str, Any]]:
        """What a person should think about although it can be written."""
        found: list[dict[str, Any]] = []
        if not self.rows:
            found.append({"code": "no_rows"})
        if self.rows and self.rejected > TOLERATED * self.rows:
            found.append({"code": "many_rejected", "rows": self.rejected, "of": self.rows})
        if self.forgotten:
            found.append({"code": "not_compared", "rows": self.forgotten})
        for kind, counts in self.counts.items():
            if counts["rows"] and counts["duplicates"] == counts["rows"]:
                found.append({"code": "all_known", "kind": kind, "rows": counts["rows"]})
        return found


def _keep(
    kept: list[dict[str, Any]], by_code: Counter[str], kind: RecordKind, told: tuple[Fault, ...]
) -> None:
    """Count what was told by code, and keep the first of each."""
    for one in told:
        by_code[one.code] += 1
        if len(kept) < MOST_FAULTS and by_code[one.code] <= MOST_OF_A_CODE:
            kept.append({"kind": kind.value, **fault_in(one)})


def check_run(run_id: UUID, *, at: datetime, clock: Clock | None = None) -> ImportRun:
    """Read a run's file to its end and keep what would become of each row; nothing else is written.

    Checked, the run waits for a person; with the option `write` it goes on to writing by itself, unless
    more than a fifth of its rows would be rejected. A file that cannot be read at all raises `Refused`.
    Interrupted, it starts again from the top. Returns the run, also when somebody else has it.
    """
    ours = claim(run_id, at=at, clock=clock)
    if ours is None:
        return ImportRun.objects.get(pk=run_id)
    return check_claimed(ours, at=at)


def check_claimed(ours: Claim, *, at: datetime) -> ImportRun:
    """`check_run` for a run that is ours already."""
    with transaction.atomic():
        run = ours.hold()
        if run.state not in (State.UPLOADED, State.CHECKING):
            raise Refused(
                _("import %(run)s is not to be checked: %(state)s", run=run.number, state=coded(run.state)),
                code="not_to_check",
            )
        run.state = State.CHECKING
        run.save(update_fields=["state"])
    with opened(run) as source:
        memory = Memory()
        found = _read(ours, source, at, memory)
        if found.is_walked:
            found = _try(ours, source, at, found)
        coverage = [told_with_words(one) for one in (*memory.told(), *source.coverage())]
    return _conclude(ours, found, coverage)


def _read(ours: Claim, source: Source, at: datetime, memory: Memory) -> Found:
    found, promised, about = Found(), Promised(), ImportRun.objects.get(pk=ours.run_id)
    for whole in source.parcels():
        parted = part_selves(about, whole, memory.selves)
        for kind, rows in parted.withdrawn.items():
            judge(kind, rows, at=at, promised=promised)
        parcel = parted.parcel
        judged = judge(parcel.kind, parcel.rows, at=at, promised=promised)
        found.add(parcel, parted.counted(with_unread(parcel, judged)), at)
        found.took_back |= bool(parted.withdrawn)
        memory.learn(parted)
        found.forgotten += promised.forget(RecordKind.SALES.value, REMEMBERED)
        with transaction.atomic():
            run = ours.hold()
            run.rows_read, run.bytes_read = found.rows, parcel.bytes_read
            run.bytes_total = source.bytes_total or run.bytes_total
            ours.beat(run)
            run.save(update_fields=["rows_read", "bytes_read", "bytes_total", "claimed_at"])
    return found


def _try(ours: Claim, source: Source, at: datetime, read: Found) -> Found:
    """The write itself, taken back at its end. Others who write wait until then, as for one long parcel."""
    with transaction.atomic():
        run = ours.hold()
        ours.beat(run, timedelta(seconds=read.rows / _SURE_ROWS))
        run.save(update_fields=["claimed_at"])
    found, about = Found(forgotten=read.forgotten), ImportRun.objects.select_related("feed").get(pk=run.pk)
    with transaction.atomic():
        take_every_turn()
        for parcel in source.parcels():
            parted, landed = take_parcel(about, parcel, actor=asker(about), at=at)
            found.add(parted.parcel, parted.counted(landed), at)
        transaction.set_rollback(True)
    return found


def told_with_words(one: Uncovered) -> dict[str, Any]:
    """What was left out as a run keeps it: its texts, and their words, to be said in any language."""
    words = {f"{name}_words": list(words_of(getattr(one, name))) for name in ("name", "reason", "example")}
    return {**plain(one), **{name: kept for name, kept in words.items() if kept}}


@transaction.atomic
def _conclude(ours: Claim, found: Found, coverage: list[Any]) -> ImportRun:
    run, now = ours.hold(), ours.clock()
    run.checks, run.coverage, run.attempts = found.as_plain(), coverage, 0
    run.counts = {}
    left = sum(one["count"] for one in coverage)
    note_step(
        run,
        _(
            "checked: %(rows)s rows, %(rejected)s not good, %(left)s not covered",
            rows=f"{found.rows:,}",
            rejected=f"{found.rejected:,}",
            left=f"{left:,}",
        ),
        now,
    )
    held = found.rejected > TOLERATED * found.rows or not found.rows
    if run.options.get("write") and not held:
        run.state, run.rows_read, run.bytes_read = State.WRITING, 0, 0
        note_step(run, _("goes on to be written, as was asked for"), now)
    else:
        run.state = State.CHECKED
        if run.options.get("write"):
            note_step(run, _("waits for a person: too many rows are not good"), now)
    give_back(run)
    run.save()
    return run
