"""Every lot of a SKU weighed anew: its ways out with how sure they are, the ladder, the wait, the split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from inventory.agent import monitoring
from inventory.agent.learnt import with_lanes, with_learnt
from inventory.agent.monitoring import MonitoringOutcome
from inventory.contracts import NO_DAY, MonitoringPolicy
from inventory.contracts.arrays import Ints
from inventory.impact import (
    WAYS,
    Lots,
    Span,
    WayShare,
    intervals,
    ladder,
    price_ways,
    span_behind,
    spans_in_turn,
    split_lot,
    waiting,
)
from inventory.impact.lanes import best_lane
from inventory.models import Batch, Sku
from inventory.selectors.book import StockBook, read_book
from inventory.selectors.outcomes import current_learnt
from vyapar.engine.selectors import get_policy
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as gettext

#: Lanes that a split may use side by side.
LANES = 3


@dataclass(frozen=True, slots=True)
class WeighedWay:
    """One way out of a lot. Paise: `net` today, with its 10th and 90th percentile, and what a week of
    waiting costs; `last_day` on which it can still be taken, None where it never closes.
    """

    name: str
    available: bool
    net_paise: int
    low_paise: int
    high_paise: int
    week_paise: int
    last_day: date | None
    components: Mapping[str, int]
    note: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One discount: basis points off, pieces it sells, its net in paise; whether it is the one shown."""

    discount_bp: int
    sold: int
    net_paise: int
    is_best: bool


@dataclass(frozen=True, slots=True)
class WeighedLot:
    """One batch at one place and what can be done with what needs a way out of it: `ways` best first,
    the `ladder` behind discount, and the best `split` with where its parts would be moved.
    """

    position_id: int
    batch: str
    location: str
    territory: str
    pieces: int
    expiry_date: date | None
    ways: tuple[WeighedWay, ...]
    ladder: tuple[Rung, ...]
    split: tuple[WayShare, ...]
    destinations: tuple[str, ...]  # of the split's lanes, by number

    @property
    def split_paise(self) -> int:
        return sum(share.net_paise for share in self.split)


def list_weighed_lots(sku_code: str, today: date, territory: str = "") -> tuple[WeighedLot, ...]:
    """Lots of a SKU that need a way out, the most pieces first; `NotFound` when there is no such SKU.

    Read and counted now, by the policy and the corrections in force, not taken from the last cycle.
    """
    sku = Sku.objects.filter(code=sku_code).first()
    if sku is None:
        raise NotFound(gettext("there is no SKU %(sku)s", sku=f"{sku_code!r}"), code="no_such_sku")
    kept, _version = get_policy("monitoring")
    learnt = current_learnt()
    policy: MonitoringPolicy = with_learnt(kept, learnt)
    book = with_lanes(read_book(today, "", [sku.pk], learnt), policy, learnt)
    outcome: MonitoringOutcome = monitoring.decide(book, policy).outcome
    item_sku = book.item_sku[book.position_item]
    mine = np.flatnonzero((item_sku == book.skus.index(sku_code)) & (outcome.lots.quantity > 0))
    places = book.item_territory[book.position_item]
    chosen = [n for n in mine.tolist() if not territory or book.territories[places[n]] == territory]
    batches = Batch.objects.in_bulk([int(book.batch_id[n]) for n in chosen])
    here = _strays(book, outcome)
    found = [
        _weigh(book, outcome, policy, here, n, sku.case_pack, batches[int(book.batch_id[n])]) for n in chosen
    ]
    return tuple(sorted(found, key=lambda lot: (-lot.pieces, lot.location, lot.batch)))


def _weigh(
    book: StockBook,
    outcome: MonitoringOutcome,
    policy: MonitoringPolicy,
    here: Span,
    n: int,
    pack: int,
    batch: Batch,
) -> WeighedLot:
    lot = outcome.lots.some(np.array([n]))
    item = int(book.position_item[n])
    lanes = _lanes(book, outcome, policy, n, lot)
    rungs = ladder(lot, policy)
    return WeighedLot(
        position_id=int(book.position_ids[n]),
        batch=batch.number,
        location=book.locations[int(book.location[n])],
        territory=book.territories[int(book.item_territory[item])],
        pieces=int(lot.quantity[0]),
        expiry_date=batch.expiry_date,
        ways=_ways(book, outcome, policy, here, n, lot),
        ladder=tuple(
            Rung(bp, int(rungs.sold[k, 0]), int(rungs.net[k, 0]), bool(rungs.best[0] == k))
            for k, bp in enumerate(rungs.rungs)
        ),
        split=split_lot(lot, policy, pack=pack, lanes=tuple(other for other, _ in lanes[1:])),
        destinations=tuple(book.territories[place] for _, place in lanes),
    )


def _ways(
    book: StockBook, outcome: MonitoringOutcome, policy: MonitoringPolicy, here: Span, n: int, lot: Lots
) -> tuple[WeighedWay, ...]:
    there = np.array([_item_of(book, n, int(outcome.lane.territory[n]))], dtype=np.int64)
    left = np.maximum(lot.days - lot.moved_days, 0)
    ahead = book.per_item(outcome.exposure.usable)[np.maximum(there, 0)]
    away = span_behind(book.demand, there, left, ahead=ahead, quantity=lot.quantity, sold=lot.moved_sold)
    at_home = Span(here.low[n : n + 1], here.high[n : n + 1])
    sure = intervals(lot, policy, here=at_home, there=away)
    wait = waiting(lot, policy, _claim_days(book, n))

    def last_day(number: int) -> date | None:
        days = int(wait.last_day[number, 0])
        return None if days < 0 or days >= NO_DAY else date.fromordinal(book.today + days)

    return tuple(
        WeighedWay(
            name=way.name, available=way.available, net_paise=way.net_paise,
            low_paise=int(sure.low[number, 0]), high_paise=int(sure.high[number, 0]),
            week_paise=int(wait.cost[number, 0]), last_day=last_day(number), components=way.components,
            note=way.note,
        )
        for way in price_ways(lot, policy).of(0)
        for number in [WAYS.index(way.name)]
    )  # fmt: skip


def _strays(book: StockBook, outcome: MonitoringOutcome) -> Span:
    """How far what sells of every position of the book strays, shared by the lots of a series."""
    lots = outcome.lots
    return spans_in_turn(
        book.demand,
        book.position_item.astype(np.int64),
        lots.days,
        pieces=outcome.exposure.usable,
        quantity=lots.quantity,
        sold=lots.held_sold,
    )


def _claim_days(book: StockBook, n: int) -> Ints:
    until = int(book.return_until_day[n])
    return np.array([NO_DAY if until >= NO_DAY else until - book.today], dtype=np.int64)


def _item_of(book: StockBook, n: int, place: int) -> int:
    """Number of the item of this position's SKU in another territory; -1 where there is none."""
    same = book.item_sku == book.item_sku[book.position_item[n]]
    found = np.flatnonzero(same & (book.item_territory == place))
    return int(found[0]) if found.size else -1


def _lanes(
    book: StockBook, outcome: MonitoringOutcome, policy: MonitoringPolicy, n: int, lot: Lots
) -> list[tuple[Lots, int]]:
    """The lot on each of its best lanes, the best first, with the territory it leads to."""
    found: list[tuple[Lots, int]] = []
    fees = book.lane_paise_per_kg.copy()
    source = int(book.item_territory[book.position_item[n]])
    for _turn in range(LANES):
        tried = replace(book, lane_paise_per_kg=fees)
        lane = best_lane(
            tried, np.array([n]), quantity=lot.quantity, days=lot.days, perishes=lot.perishes,
            usable=outcome.exposure.usable, rates=policy,
        )  # fmt: skip
        place = int(lane.territory[0])
        if place < 0:
            break
        moved = replace(
            lot, moved_sold=lane.sold, moved_days=lane.days, moved_paise_per_kg=lane.paise_per_kg,
            crosses=lane.crosses,
        )  # fmt: skip
        found.append((moved, place))
        fees = fees.copy()
        fees[source, place] = -1
    return found
