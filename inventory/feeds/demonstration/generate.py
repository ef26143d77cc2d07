"""Puts one distributor together: real demand, invented dress, simulated stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from inventory.feeds.demonstration import outlets, retailers, selling, skus, source
from inventory.feeds.demonstration.calendar import Calendar
from inventory.feeds.demonstration.chance import stream
from inventory.feeds.demonstration.demand import DemandBook, Terms
from inventory.feeds.demonstration.gst import Ints
from inventory.feeds.demonstration.ledger import Scribe, sale_batches
from inventory.feeds.demonstration.plants import choose
from inventory.feeds.demonstration.profiles import PROFILES, Profile
from inventory.feeds.demonstration.shapes import DemoData, Distributor, Masters
from inventory.feeds.demonstration.skus import Range
from inventory.feeds.demonstration.stockroom import StockRoom
from inventory.feeds.demonstration.truth import truth

DEFAULT_SEED = 2026
OPENING_DAYS = 28
_SAFETY_DAYS = 10
_COVER_DAYS = 28
_USUAL_MONTH_DAYS = 30
_SKU_COLUMNS = (
    *("sku", "name", "brand", "category", "hsn", "rate_item", "packed", "uqc", "mrp_paise"),
    *("trade_price_paise", "cost_paise", "weight_grams", "volume_cc", "case_pack"),
    *("shelf_life_days", "delisted_date", "replaced_by"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What both the demonstration and the benchmark play on."""

    profile: Profile
    when: Calendar
    seed: int
    goods: Range
    shops: outlets.Shops

    @property
    def areas(self) -> int:
        return len(self.profile.territories)

    @property
    def scribe(self) -> Scribe:
        return Scribe(self.profile, self.goods, self.when)


def stage(distributor: Distributor, run_day: date, seed: int, shops: int | None = None) -> Stage:
    """Range and outlets of a distributor; `shops` replaces the number of outlets in the source."""
    profile, when = PROFILES[distributor], Calendar(run_day)
    lines = source.lines(distributor)
    first = int(lines["customer"].to_numpy().min())
    count = int(lines["customer"].to_numpy().max()) - first + 1
    goods = skus.build_range(profile, lines, when, seed)
    located = outlets.shops(profile, shops or count, first + 1, seed)
    return Stage(profile, when, seed, goods, located)


def terms(on: Stage) -> Terms:
    """How the buyer of a stage orders: three days from a maker of the State, six from another.

    Orders aim at four weeks of cover, never more than an eighth of the shelf life.
    """
    supplier = on.goods.array("supplier")
    origin = on.goods.makers["state_code"].gather(supplier).to_list()
    states = [territory.state_code for territory in on.profile.territories]
    lead = [3 if state == home else 6 for home in origin for state in states]
    life = np.repeat(on.goods.array("shelf_life_days"), on.areas)
    return Terms(
        areas=on.areas,
        lead_days=np.array(lead, dtype=np.int64),
        safety_days=np.full(len(lead), _SAFETY_DAYS),
        cover_days=np.minimum(_COVER_DAYS, life // 8),
        case_pack=np.repeat(on.goods.array("case_pack"), on.areas),
        shelf_life_days=life,
    )


def opening(book: DemandBook) -> Ints:
    """(pairs,) pieces in whole cases: what the first four weeks' sales ask for."""
    rate, seen = book.rates_before(OPENING_DAYS)
    everything = np.arange(len(book.terms))
    _, target = book.levels(everything, rate, seen * 2)
    case = book.terms.case_pack
    return np.asarray(np.where(target > 0, -(-target // case) * case, 0))


def masters(on: Stage, monthly: Ints, owed: Ints) -> Masters:
    """Frames of who and what there is; `monthly` and `owed` as in `retailers.retailers`."""
    places = outlets.outlets(on.profile, on.shops, on.seed)
    return Masters(
        territories=outlets.territories(on.profile),
        registrations=outlets.registrations(on.profile),
        locations=pl.concat([outlets.godowns(on.profile), places]),
        retailers=retailers.retailers(on.profile, on.shops, places, monthly, owed, on.seed),
        consents=retailers.consents(on.profile, on.shops.ids, on.when.run_day, on.seed),
        brands=skus.brands(on.goods.makers),
        categories=skus.categories(),
        skus=on.goods.frame.select(_SKU_COLUMNS),
    )


def spending(lines: pl.DataFrame, prices: Ints, on: Stage, last_days: int) -> Ints:
    """(outlets,) paise bought, net of returns, in the last days before the run."""
    recent = (lines["day"] >= on.when.run_index - last_days).to_numpy()
    value = (lines["quantity"].to_numpy() * prices)[recent]
    who = lines["outlet"].to_numpy()[recent]
    total = np.bincount(who, weights=value.astype(np.float64), minlength=len(on.shops.territory))
    return np.maximum(total, 0).astype(np.int64)


def generate(distributor: Distributor, run_day: date, seed: int = DEFAULT_SEED) -> DemoData:
    """The distributor on the morning of `run_day`: the same arguments give the same frames.

    Sales are the real lines of the source, shifted by whole weeks and a day; what lies on or after
    `run_day` is withheld as `future_sales`. Stock, batches and purchases are simulated from them.
    """
    on = stage(distributor, run_day, seed)
    lines = selling.numbered(source.lines(distributor), on.goods, on.shops, on.areas)
    past = lines.filter(pl.col("day") < on.when.run_index)
    book = DemandBook(terms(on), on.when.run_index)
    book.add(past)
    room = StockRoom(
        book.terms,
        choose(book, on.goods, on.when, stream(seed, distributor, "plants")),
        stream(seed, distributor, "stock"),
    )
    room.open(opening(book))
    for first, last in on.when.months():
        room.advance(book.visits(first, last), first, last)
    return _assembled(on, lines, past, book, room)


def _assembled(
    on: Stage, lines: pl.DataFrame, past: pl.DataFrame, book: DemandBook, room: StockRoom
) -> DemoData:
    scribe, held = on.scribe, room.positions()
    rows, played = room.drain()
    lots = scribe.lots(played)
    moves = scribe.moves(rows, lots)
    prices = selling.unit_prices(past, on.goods)
    owed = spending(past, prices, on, OPENING_DAYS)
    monthly = spending(past, prices, on, 6 * _USUAL_MONTH_DAYS) // 6
    future = lines.filter(pl.col("day") >= on.when.run_index)
    master = masters(on, monthly, owed)
    sold = selling.sales(past, on.profile, on.goods, on.shops, on.when)
    return DemoData(
        distributor=on.profile.key,
        run_day=on.when.run_day,
        seed=on.seed,
        **{name: getattr(master, name) for name in Masters.__dataclass_fields__},
        batches=scribe.batches(lots).sort("sku", "batch"),
        purchases=scribe.purchases(moves),
        movements=scribe.movements(moves),
        positions=scribe.positions(held, lots),
        sales=sold.with_columns(sale_batches(past, moves)),
        future_sales=selling.sales(future, on.profile, on.goods, on.shops, on.when),
        truth=truth(held, lots, book, on.goods, on.when, on.areas),
    )
