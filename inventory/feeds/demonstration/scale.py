"""The same rule at the size of a benchmark: invoices are copied to more outlets, month by month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from inventory.feeds.demonstration import selling, source
from inventory.feeds.demonstration.chance import stream
from inventory.feeds.demonstration.demand import DemandBook
from inventory.feeds.demonstration.generate import (
    DEFAULT_SEED,
    OPENING_DAYS,
    Stage,
    masters,
    opening,
    spending,
    stage,
    terms,
)
from inventory.feeds.demonstration.gst import Ints
from inventory.feeds.demonstration.ledger import sale_batches
from inventory.feeds.demonstration.plants import choose
from inventory.feeds.demonstration.shapes import Ledger, Masters
from inventory.feeds.demonstration.stockroom import StockRoom
from vyapar.kernel.errors import Fault, Invalid

#: A copied line's quantity lies between these multiples of the original's.
_QUANTITY_SPREAD = (0.6, 1.5)
_MINUTES_SPREAD = 25


@dataclass(frozen=True, slots=True)
class Month:
    """Days `first_date` to `last_date`, both included, of a benchmark's ledger."""

    first_date: date
    last_date: date
    ledger: Ledger


class Scaled:
    """A distributor of any size. `months` plays it once, in time order, holding one month at a time."""

    def __init__(self, on: Stage, lines: int) -> None:
        self.on = on
        base = source.lines("demo")
        numbered = selling.numbered(base, on.goods, on.shops, on.areas)
        self._past = numbered.filter(pl.col("day") < on.when.run_index)
        self._shops = int(numbered["outlet"].to_numpy().max()) + 1
        self._factor = lines / len(self._past)
        self._room: StockRoom | None = None

    def masters(self) -> Masters:
        """Who and what there is; what a shop owes is its share of what its original bought."""
        who = np.arange(len(self.on.shops.territory))
        original = who % self._shops
        prices = selling.unit_prices(self._past, self.on.goods)
        share = self._factor / self._copies(original)
        spent = [spending(self._past, prices, self.on, days)[original] for days in (180, OPENING_DAYS)]
        half_year, month = (np.floor(value * share).astype(np.int64) for value in spent)
        return masters(self.on, half_year // 6, month)

    def months(self, *, with_gst: bool = False) -> Iterator[Month]:
        """Ledgers month by month: first all demand is counted, then stock is played over it."""
        on = self.on
        spans = on.when.months()
        book = DemandBook(terms(on), on.when.run_index)
        for first, last in spans:
            book.add(self._lines(first, last))
        plants = choose(book, on.goods, on.when, stream(on.seed, "scale", "plants"))
        room = self._room = StockRoom(book.terms, plants, stream(on.seed, "scale", "stock"))
        room.open(opening(book))
        known: list[pl.DataFrame] = []
        for first, last in spans:
            room.advance(book.visits(first, last), first, last)
            yield self._month(first, last, room, known, with_gst)

    def positions(self) -> pl.DataFrame:
        """What is left after the last month, in the columns of `DemoData.positions`."""
        if self._room is None:
            fault = Fault("not_played", "exhaust months() first", "months")
            raise Invalid("the benchmark has not been played yet", code="not_played", faults=[fault])
        held = self._room.positions()
        return self.on.scribe.positions(held, self.on.scribe.lots(held))

    def _month(
        self, first: int, last: int, room: StockRoom, known: list[pl.DataFrame], with_gst: bool
    ) -> Month:
        on, scribe = self.on, self.on.scribe
        rows, played = room.drain()
        new = scribe.lots(played)
        known.append(new)
        moves = scribe.moves(rows, pl.concat(known))
        lines = self._lines(first, last)
        sold = selling.sales(lines, on.profile, on.goods, on.shops, on.when, with_gst=with_gst)
        ledger = Ledger(
            sales=sold.with_columns(sale_batches(lines, moves)),
            batches=scribe.batches(new),
            purchases=scribe.purchases(moves),
            movements=scribe.movements(moves),
        )
        return Month(on.when.day(first), on.when.day(last), ledger)

    def _copies(self, original: Ints) -> Ints:
        """How many outlets of the benchmark stand for each shop of the source."""
        return -(-(len(self.on.shops.territory) - original) // self._shops)

    def _lines(self, first: int, last: int) -> pl.DataFrame:
        """The lines of a span of days: the same on every call.

        Each invoice is copied as a whole about `factor` times. A copy goes to one of the outlets
        that stand for its shop, on the same day of the week up to a week earlier or later within
        the span, with other minutes and quantities.
        """
        chance = stream(self.on.seed, "scale", "lines", first)
        base = self._past.filter(pl.col("day").is_between(first, last))
        _, where = np.unique(base["invoice"].to_numpy(), return_inverse=True)
        invoices = int(where.max()) + 1 if len(where) else 0
        counts = np.floor(self._factor + chance.random(invoices)).astype(np.int64)
        starts = np.cumsum(counts) - counts
        repeats = counts[where]
        row = np.repeat(np.arange(len(base)), repeats)
        copy = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        which = starts[where[row]] + copy
        frame = base[row].with_columns(pl.Series("copy", copy))
        return self._spread(frame, which, int(counts.sum()), first, last, chance)

    def _spread(
        self,
        frame: pl.DataFrame,
        which: Ints,
        invoices: int,
        first: int,
        last: int,
        chance: np.random.Generator,
    ) -> pl.DataFrame:
        """Gives each copied invoice (`which`, per line) its outlet, day and minutes."""
        shop = frame["outlet"].to_numpy()
        twin = np.floor(chance.random(invoices)[which] * self._copies(shop)).astype(np.int64)
        outlet = shop + twin * self._shops
        day = frame["day"].to_numpy().astype(np.int64)
        moved = day + 7 * chance.integers(-1, 2, invoices)[which]
        day = np.where((moved >= first) & (moved <= last), moved, day)
        minute = (
            frame["minute"].to_numpy() + chance.integers(-_MINUTES_SPREAD, _MINUTES_SPREAD, invoices)[which]
        )
        quantity = frame["quantity"].to_numpy().astype(np.int64)
        other = np.maximum(np.rint(quantity * chance.uniform(*_QUANTITY_SPREAD, len(quantity))), 1)
        pair = frame["good"].to_numpy() * self.on.areas + self.on.shops.territory[outlet]
        return frame.with_columns(
            pl.Series("outlet", outlet),
            pl.Series("day", day),
            pl.Series("minute", minute),
            pl.Series("quantity", np.where(quantity > 0, other.astype(np.int64), quantity)),
            pl.Series("pair", pair),
        )


def scale(
    run_day: date, *, outlets: int = 5_000, lines: int = 25_000_000, seed: int = DEFAULT_SEED
) -> Scaled:
    """The demonstration distributor with `outlets` outlets and about `lines` lines before `run_day`.

    The number of lines is met within one per cent. `Invalid` when there are fewer outlets than
    shops in the source, or fewer lines than the source has.
    """
    on = stage("demo", run_day, seed, outlets)
    shops = source.lines("demo")["customer"].n_unique()
    if outlets < shops or lines < len(source.lines("demo")):
        fault = Fault("too_small", f"at least {shops} outlets and the source's own lines", "outlets")
        raise Invalid("a benchmark is not smaller than its source", code="too_small", faults=[fault])
    return Scaled(on, lines)
