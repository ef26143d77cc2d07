"""How days of the published invoices become days before the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

#: Day 0 of the published invoices, a Tuesday, and the number of the last day, a Friday.
EPOCH = date(2009, 12, 1)
LAST_DAY = 738
#: Whole days from `run_day` on that are always withheld for the live feeder; at most six more.
WITHHELD_DAYS = 8
IST_OFFSET_MINUTES = 330


@dataclass(frozen=True, slots=True)
class Calendar:
    """The shift of one run. Days are numbered as in the source: 0 is the first day with sales."""

    run_day: date

    @property
    def shift_days(self) -> int:
        """Whole days added to every source day.

        One more than a multiple of seven, so that the Saturdays on which the source was closed
        fall on Sundays; the smallest such number that leaves `WITHHELD_DAYS` days of sales from
        `run_day` on.
        """
        last = EPOCH + timedelta(days=LAST_DAY)
        least = (self.run_day - last).days + WITHHELD_DAYS - 1
        return least + (1 - least) % 7

    @property
    def first(self) -> date:
        """The Indian day on which source day 0 falls."""
        return EPOCH + timedelta(days=self.shift_days)

    @property
    def run_index(self) -> int:
        """The number of `run_day`; sales of this day and later are withheld."""
        return (self.run_day - self.first).days

    def number(self, day: date) -> int:
        """The number of an Indian day; negative before the first sale."""
        return (day - self.first).days

    def day(self, number: int) -> date:
        """The Indian day with a number."""
        return self.first + timedelta(days=int(number))

    def days(self, numbers: pl.Expr) -> pl.Expr:
        """Numbers as a column of days."""
        return pl.lit(self.first) + pl.duration(days=numbers)

    def instants(self, numbers: pl.Expr, minutes: pl.Expr) -> pl.Expr:
        """Numbers and minutes of the Indian day as UTC instants."""
        start = pl.lit(self.first).cast(pl.Datetime("us", "UTC"))
        minute = minutes.cast(pl.Int64) - IST_OFFSET_MINUTES
        return start + pl.duration(days=numbers.cast(pl.Int64), minutes=minute)

    def months(self) -> list[tuple[int, int]]:
        """First and last day number of each calendar month before `run_day`.

        A first month of fewer than 28 days is joined to the next, so that it shows demand enough
        for an opening stock.
        """
        starts = [0] + [n for n in range(28, self.run_index) if self.day(n).day == 1]
        ends = [start - 1 for start in starts[1:]] + [self.run_index - 1]
        return list(zip(starts, ends, strict=True))
