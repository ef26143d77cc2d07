"""Reconciling: what the source said against what landed, per SKU and place, with causes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from inventory.contracts.imports import ImportDiffers, ImportReconciled
from inventory.models import ImportRun, QuarantinedRow
from inventory.services.imports.journal import asker, note_step, subject_of
from inventory.services.imports.landed import settled_lines
from inventory.services.imports.locks import lock_run
from inventory.services.staging import rows
from inventory.services.staging import run as execute
from vyapar.engine.services import append_audit, emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: What may differ per SKU and place without a cause: a rupee, from rounding; pieces never.
TOLERATED_PAISE = 100
SETTLED = (State.WRITTEN, State.RECONCILED)

_DROP = "DELETE FROM inventory_importtotal WHERE run_id = %s"
_FILL = """
INSERT INTO inventory_importtotal (run_id, kind, sku, location, source_rows, source_pieces, source_paise,
    landed_pieces, landed_paise, causes)
SELECT %s, kind, sku, location, sum(rows), sum(source_pieces), sum(source_paise), sum(landed_pieces),
    sum(landed_paise),
    coalesce(jsonb_agg(jsonb_build_object('code', outcome, 'rows', rows,
        'pieces', source_pieces - landed_pieces, 'paise', source_paise - landed_paise) ORDER BY outcome)
        FILTER (WHERE outcome <> 'landed' AND (rows <> 0 OR source_pieces <> landed_pieces
            OR source_paise <> landed_paise)), '[]'::jsonb)
FROM (
    SELECT kind, sku, location, outcome, sum(rows)::bigint AS rows,
        sum(source_pieces)::bigint AS source_pieces, sum(source_paise)::bigint AS source_paise,
        sum(landed_pieces)::bigint AS landed_pieces, sum(landed_paise)::bigint AS landed_paise
    FROM {lines} GROUP BY kind, sku, location, outcome
) t GROUP BY kind, sku, location
HAVING sum(rows) <> 0 OR sum(source_pieces) <> 0 OR sum(landed_pieces) <> 0
    OR sum(source_paise) <> 0 OR sum(landed_paise) <> 0
"""
_BY_KIND = """
SELECT kind, sum(source_rows)::bigint, sum(source_pieces)::bigint, sum(source_paise)::bigint,
    sum(landed_pieces)::bigint, sum(landed_paise)::bigint, count(*),
    count(*) FILTER (WHERE source_pieces <> landed_pieces OR abs(source_paise - landed_paise) > %s)
FROM inventory_importtotal WHERE run_id = %s GROUP BY kind ORDER BY kind
"""
_BY_CAUSE = """
SELECT kind, outcome, sum(rows)::bigint, sum(source_pieces - landed_pieces)::bigint,
    sum(source_paise - landed_paise)::bigint
FROM {lines} WHERE outcome <> 'landed' GROUP BY kind, outcome
HAVING sum(rows) <> 0 OR sum(source_pieces - landed_pieces) <> 0 OR sum(source_paise - landed_paise) <> 0
ORDER BY kind, outcome
"""
#: Where what is called landed is not what the source said: nobody knows why.
_UNEXPLAINED = """
SELECT kind, sku, location, sum(source_pieces - landed_pieces)::bigint AS pieces,
    sum(source_paise - landed_paise)::bigint AS paise
FROM {lines} WHERE outcome = 'landed' GROUP BY kind, sku, location
HAVING sum(source_pieces) <> sum(landed_pieces) OR abs(sum(source_paise) - sum(landed_paise)) > %s
ORDER BY abs(sum(source_paise) - sum(landed_paise)) DESC, kind, sku, location
"""
#: Unexplained differences kept in the run itself; all of them stand in its totals.
_SHOWN = 50


@transaction.atomic
def reconcile(run_id: UUID, *, actor: Actor, at: datetime) -> ImportRun:
    """Compare a written run's totals again, as after its quarantine was worked through.

    Raises `Refused` for a run that is not written to its end.
    """
    run = lock_run(run_id)
    if run.state not in SETTLED:
        raise Refused(
            _("import %(run)s is not written to its end: %(state)s", run=run.number, state=coded(run.state)),
            code="not_written",
        )
    settle(run, at=at)
    append_audit(
        actor=actor, verb="ImportCompared", subject=subject_of(run), at=at, after={"state": run.state}
    )
    return run


def settle(run: ImportRun, *, at: datetime) -> None:
    """Compare, keep the outcome, and tell it when it is new. The row must be locked."""
    before = (run.state, run.reconciliation.get("unexplained_count"))
    run.reconciliation = compare(run)
    run.state = settle_state(run)
    count = run.reconciliation["unexplained_count"]
    note_step(
        run,
        _("%(differences)s differences without a cause", differences=count) if count else _("reconciled"),
        at,
    )
    run.save()
    _tell_feed(run, at)
    if (run.state, count) != before:
        _tell(run, at)


def settle_state(run: ImportRun) -> str:
    """The state of a run that is not undone: what its parts and its comparison say."""
    if not run.reconciliation:
        return State.CANCELLED if run.cancel_asked else State.FAILED
    return State.WRITTEN if run.reconciliation["unexplained_count"] else State.RECONCILED


def compare(run: ImportRun) -> dict[str, Any]:
    """Totals of a run from its tallies and the tables, written anew, and their summary.

    `kinds`: by kind rows, pieces and paise of source and landed, places, how many of them differ.
    `causes`: by kind and cause rows, pieces and paise (source less landed). `unexplained`: the first
    of what has no cause; `unexplained_count`, `_pieces` and `_paise` speak of all of it. `masters`: of
    kinds without quantities, rows and what became of them.
    """
    first, last = days_of(run)
    with settled_lines(run, first, last) as lines:
        execute(_DROP, [run.pk])
        execute(_FILL.format(lines=lines), [run.pk])
        unexplained = rows(_UNEXPLAINED.format(lines=lines), [TOLERATED_PAISE])
        causes = rows(_BY_CAUSE.format(lines=lines))
    lost = [one for one in _lost_rows(run) if one["rows"]]
    return {
        "kinds": [dict(zip(_KIND, row, strict=True)) for row in rows(_BY_KIND, [TOLERATED_PAISE, run.pk])],
        "causes": [dict(zip(_CAUSE, row, strict=True)) for row in causes],
        "unexplained": [dict(zip(_OPEN, row, strict=True)) for row in unexplained[:_SHOWN]],
        "unexplained_count": len(unexplained) + len(lost),
        "unexplained_pieces": sum(row[3] for row in unexplained),
        "unexplained_paise": sum(row[4] for row in unexplained),
        "lost": lost,
        "tolerated_paise": TOLERATED_PAISE,
    }


_KIND = ("kind", "rows", "source_pieces", "source_paise", "landed_pieces", "landed_paise", "places",
         "differing")  # fmt: skip
_CAUSE = ("kind", "code", "rows", "pieces", "paise")
_OPEN = ("kind", "sku", "location", "pieces", "paise")


def _lost_rows(run: ImportRun) -> list[dict[str, Any]]:
    """Rows of a kind that were read and are neither in the tables nor in quarantine."""
    waiting = QuarantinedRow.State.OPEN, QuarantinedRow.State.CORRECTED
    found = []
    for kind, counts in run.counts.items():
        kept = run.quarantine.filter(kind=kind)
        aside = kept.filter(state__in=waiting).count() + kept.filter(state="dropped").count()
        taken = sum(counts.get(name, 0) for name in ("accepted", "updated", "duplicates"))
        found.append({"kind": kind, "rows": counts["rows"] - taken - aside})
    return found


def _tell_feed(run: ImportRun, at: datetime) -> None:
    """A feed's last good run and last day are those of runs that reconcile."""
    if run.state != State.RECONCILED:
        return
    feed, (_first, last) = run.feed, days_of(run)
    if not feed.failed_pulls:  # what a broken pull brought does not mend it
        feed.last_error, feed.words = "", []
    feed.last_ok_at, feed.updated_at = at, at
    feed.last_day = max(filter(None, (feed.last_day, last)), default=None)
    feed.save(update_fields=["last_ok_at", "last_error", "words", "last_day", "updated_at"])


def days_of(run: ImportRun) -> tuple[date | None, date | None]:
    """The first and the last business day that a run's rows told of."""
    first = min((day for one in run.counts.values() if (day := one.get("first_day"))), default=None)
    last = max((day for one in run.counts.values() if (day := one.get("last_day"))), default=None)
    return first and date.fromisoformat(first), last and date.fromisoformat(last)


def _tell(run: ImportRun, at: datetime) -> None:
    name, kept = subject_of(run), run.reconciliation
    if run.state == State.WRITTEN:
        differs = ImportDiffers(
            str(run.pk), run.number, run.feed.code, run.title, kept["unexplained_count"],
            kept["unexplained_pieces"], kept["unexplained_paise"],
        )  # fmt: skip
        emit(differs, subject=name, actor=asker(run), at=at)
        return
    first, last = days_of(run)
    sums = {
        key: sum(counts.get(key, 0) for counts in run.counts.values())
        for key in ("rows", "accepted", "updated", "duplicates", "rejected")
    }
    done = ImportReconciled(
        str(run.pk), run.number, run.feed.code, run.title, **sums,
        first_day=first.isoformat() if first else "", last_day=last.isoformat() if last else "",
    )  # fmt: skip
    emit(done, subject=name, actor=asker(run), at=at)
