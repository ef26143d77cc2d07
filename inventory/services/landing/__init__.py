"""Landing rows of any kind: one set of validators, a check that writes nothing, a write, and its undoing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.db import transaction

from inventory.contracts.feeds import Landed, RecordKind
from inventory.feeds.canonical import read
from inventory.models import ImportRun
from inventory.services.landing import writing
from inventory.services.landing.blockers import Blocker, list_blockers
from inventory.services.landing.buying import judge_purchases, judge_receipts
from inventory.services.landing.errand import Errand
from inventory.services.landing.findings import Findings, Verdict
from inventory.services.landing.following import follow, remember_names
from inventory.services.landing.goods import judge_batches, judge_prices, judge_skus
from inventory.services.landing.known import Known, Promised
from inventory.services.landing.places import judge_locations, judge_retailers, judge_territories
from inventory.services.landing.pricing import put_prices_in_force
from inventory.services.landing.selling import judge_sales
from inventory.services.landing.standing import judge_stock
from inventory.services.landing.undoing import TakenBack, take_back
from inventory.services.staging import take_trail, take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

__all__ = [
    "Blocker",
    "Promised",
    "TakenBack",
    "judge",
    "land",
    "list_blockers",
    "put_prices_in_force",
    "take_back",
]


@dataclass(frozen=True, slots=True)
class _Way:
    """How one kind is judged and written, and whose turn must be waited for before."""

    judge: Callable[[Findings, Known, datetime], Verdict]
    write: Callable[[Verdict, Errand], Mapping[str, int]]
    turn: str = "masters"
    verb: str = "RecordsLanded"


_WAYS: dict[RecordKind, _Way] = {
    RecordKind.TERRITORIES: _Way(lambda f, k, at: judge_territories(f, k), writing.write_territories),
    RecordKind.LOCATIONS: _Way(lambda f, k, at: judge_locations(f, k), writing.write_locations),
    RecordKind.RETAILERS: _Way(lambda f, k, at: judge_retailers(f, k), writing.write_retailers),
    RecordKind.SKUS: _Way(judge_skus, writing.write_skus),
    RecordKind.PRICES: _Way(lambda f, k, at: judge_prices(f, k), writing.write_price_rows),
    RecordKind.BATCHES: _Way(lambda f, k, at: judge_batches(f, k), writing.write_batches),
    RecordKind.PURCHASES: _Way(lambda f, k, at: judge_purchases(f, k), writing.write_purchase_rows),
    RecordKind.RECEIPTS: _Way(lambda f, k, at: judge_receipts(f, k), writing.write_receipts, turn=""),
    RecordKind.STOCK: _Way(judge_stock, writing.write_stock, turn=""),
    RecordKind.SALES: _Way(
        lambda f, k, at: judge_sales(f, k), writing.write_sales, turn="sales", verb="SalesIngested"
    ),
}


@transaction.atomic
def land(
    kind: RecordKind,
    rows: pl.DataFrame,
    *,
    source: str,
    actor: Actor,
    at: datetime,
    run: ImportRun | None = None,
    history: bool = False,
) -> Landed:
    """Write rows of one kind, whatever part of them is good, in one transaction.

    `rows`: canonical columns, unread, and `row` (counted from 1 when there is none). A row sent again
    changes nothing. `run`: what is written can be taken back with it. `history`: sales whose stock
    movements come by themselves. Call it before anything else that writes the trail in a transaction.
    """
    way = _WAYS[kind]
    if rows.is_empty():
        return Landed(kind)
    known = Known()

    def packs() -> pl.DataFrame:
        _take_turn(way)  # what is known must not change until the rows are written
        return known.packs()

    reading = read(kind, rows, at=at, packs=packs)  # while others may still be writing
    _take_turn(way)
    found = Findings(kind, reading, rows.height)
    follow(found)
    verdict = way.judge(found, known, at)
    errand = Errand(source, actor, at, run, history)
    if verdict.new.is_empty() and verdict.changed.is_empty():
        return verdict.landed()
    landed = verdict.landed(way.write(verdict, errand))
    for lines in (verdict.new, verdict.changed):
        remember_names(kind, lines)
    _note(landed, way, errand)
    return landed


def judge(kind: RecordKind, rows: pl.DataFrame, *, at: datetime, promised: Promised) -> Landed:
    """What `land` would say of these rows, by the very same validators; nothing is written.

    `promised` knows what earlier parcels of the same source will bring, and learns what these do.
    """
    if rows.is_empty():
        return Landed(kind)
    return _verdict(kind, rows, Known(promised), at).landed()


def _verdict(kind: RecordKind, rows: pl.DataFrame, known: Known, at: datetime) -> Verdict:
    reading = read(kind, rows, at=at, packs=known.packs)
    found = Findings(kind, reading, rows.height)
    follow(found)
    return _WAYS[kind].judge(found, known, at)


def _take_turn(way: _Way) -> None:
    """Writers of one kind take turns; who moves stock by what stands there holds the trail first."""
    if way.turn:
        take_turns(way.turn)
    else:
        take_turns("masters")
        take_trail()


def _note(landed: Landed, way: _Way, errand: Errand) -> None:
    """One trail entry for the whole call; the rows stand in their tables."""
    append_audit(
        actor=errand.actor, verb=way.verb, subject=f"{landed.kind}:{errand.source}"[:200], at=errand.at,
        after={
            "accepted": landed.accepted, "updated": landed.updated, "duplicates": landed.duplicates,
            "rejected": landed.rejected, "first_day": landed.first_day, "last_day": landed.last_day,
            "history": errand.history, "import": errand.number, **landed.figures,
        },
    )  # fmt: skip
