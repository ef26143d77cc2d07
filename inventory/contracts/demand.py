"""Demand: its history as a snapshot, and the distribution of what is still to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from inventory.contracts.arrays import Codes, Column, Flags, Floats, Ints, empty, settle
from inventory.contracts.forecasts import COMMON_SHARE, ForecastPlan
from inventory.contracts.offers import SeriesOffer
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

DAYS_PER_WEEK = 7
#: Days until a SKU is delisted that never is.
NOT_DELISTED = 2**30
#: Bounds of `dispersion`: below, one week says nothing; above, demand is as regular as chance allows.
DISPERSION_LOW, DISPERSION_HIGH = 0.01, 1_000.0
#: An excess of variance below this share of the mean is noise of the float, not of demand.
_REGULAR = 1e-9
#: A size from which the demand is as good as Poisson.
_LARGE = 1e5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DemandSnapshot:
    """Sales history of every SKU and territory, as the Analysis agent reads it.

    - `as_of`: the Indian day on which it was taken; column j is the day `as_of - days + j`, so the
      last column is yesterday.
    - `series_keys`: (series,) pairs (sku, territory), unique, in any order.
    - `demand`: (series, days) int32, pieces sold that day net of returns, never negative.
    - `in_stock`: (series, days) bool; False is a day without stock, whose demand was not seen and
      is not zero. A day with a sale counts as seen whatever this says.
    - `arrived`: (series, days) bool; True is a day in stock that began with an empty shelf: all that there
      was came that day. None when not given.
    - `first_seen`: (series,) int32, first column in which the SKU could be sold there; the day of
      the first sale when not given.
    - `group`: (series,) int32, number of the category whose season the series shares; all 0 when
      not given.
    - `state`: (series,) int32, GST State code of the territory, whose festivals move the series; 0 when
      not given.
    - `delisted_day`: (series,) int32, days from `as_of` until the SKU is taken off the list, negative
      when it was; `NOT_DELISTED` when not given. `heir`: (series,) int32, number of the series in the
      same territory that follows it, -1 for none.
    - `brand`, `pack`: (series,) int32, numbers; `price_paise`: (series,) int64, 0 when not known: what
      tells which SKUs are alike.
    - `paid_paise`: (series, whole weeks) float32, what a piece of the SKU usually cost in each of the last
      whole weeks, over all territories, 0 where not known. `off_ahead`: (series, weeks ahead), share that
      the price known to come is below today's, negative above; none when not given.
    - `corrected`: (series,), days of `demand` that are what people say they count as, and not what was sold;
      none when not given.
    - `offers`: the distributor's own, past and to come, each of one series.
    - `in_force`: the model that forecasts are made by until a better one is found; None at first.
    """

    as_of: date
    series_keys: tuple[tuple[str, str], ...]
    demand: NDArray[np.int32]
    in_stock: Flags
    arrived: Flags = field(default_factory=empty)
    first_seen: Codes = field(default_factory=empty)
    group: Codes = field(default_factory=empty)
    state: Codes = field(default_factory=empty)
    delisted_day: Codes = field(default_factory=empty)
    heir: Codes = field(default_factory=empty)
    brand: Codes = field(default_factory=empty)
    pack: Codes = field(default_factory=empty)
    price_paise: Ints = field(default_factory=empty)
    paid_paise: NDArray[np.float32] = field(default_factory=empty)
    off_ahead: Floats = field(default_factory=empty)
    corrected: Codes = field(default_factory=empty)
    offers: tuple[SeriesOffer, ...] = ()
    in_force: ForecastPlan | None = None

    def __post_init__(self) -> None:
        if len(set(self.series_keys)) != len(self.series_keys):
            fault = Fault("twice", _("each SKU and territory stands once"), "series_keys")
            raise Invalid(
                listed(["DemandSnapshot", _("a series stands twice")], ": "), code="twice", faults=[fault]
            )
        series, days = len(self.series_keys), int(np.asarray(self.demand).shape[-1])
        if np.asarray(self.first_seen).size == 0 and series:
            first_sale = (np.asarray(self.demand) > 0).argmax(axis=1)
            object.__setattr__(self, "first_seen", first_sale)
        columns = {
            "demand": Column(("series", "days"), np.int32),
            "in_stock": Column(("series", "days"), np.bool_, low=None),
            "arrived": Column(("series", "days"), np.bool_, False, low=None),
            "first_seen": Column(("series",), np.int32, 0, high=max(days, 0)),
            "group": Column(("series",), np.int32, 0),
            "state": Column(("series",), np.int32, 0),
            "delisted_day": Column(("series",), np.int32, NOT_DELISTED, low=None),
            "heir": Column(("series",), np.int32, -1, low=-1, high=max(series - 1, 0)),
            "brand": Column(("series",), np.int32, 0),
            "pack": Column(("series",), np.int32, 0),
            "price_paise": Column(("series",), np.int64, 0),
            "paid_paise": Column(("series", "weeks"), np.float32, 0),
            "corrected": Column(("series",), np.int32, 0),
            "off_ahead": Column(("series", "ahead"), np.float64, 0, low=None, high=1),
        }
        ahead = np.asarray(self.off_ahead)
        sizes = {"weeks": days // DAYS_PER_WEEK, "ahead": ahead.shape[1] if ahead.ndim == 2 else 0}
        settle(self, {"series": series, "days": days} | sizes, columns)

    @property
    def days(self) -> int:
        return int(self.demand.shape[1])

    def seen(self) -> Flags:
        """(series, days) bool: days on which a wish to buy could show."""
        return np.asarray((self.in_stock | (self.demand > 0)) & self.started())

    def stock_outs(self) -> Flags:
        """(series, days) bool: days since it was first there on which nobody could have bought it."""
        return np.asarray(~self.seen() & self.started())

    def started(self) -> Flags:
        """(series, days) bool: days since it was first there."""
        return np.asarray(np.arange(self.days)[None, :] >= self.first_seen[:, None])

    def barren(self) -> Flags:
        """(series, days) bool: days since it was first there that began with an empty shelf; the first of
        them does only where nothing came or was sold on it.
        """
        first = np.arange(self.days)[None, :] == self.first_seen[:, None]
        came = (self.in_stock | (self.demand > 0)) & first
        return np.asarray((~self.in_stock | self.arrived) & self.started() & ~came)


@dataclass(frozen=True, slots=True, eq=False)
class PieceCount:
    """Negative binomials by their moments; Poisson where the variance is no larger than the mean.

    `mean`, `variance`: any shape, pieces and pieces squared; a mean of 0 is a certain 0. All
    answers have the broadcast shape and are finite and never negative.
    """

    mean: Floats
    variance: Floats

    def probability_at_most(self, pieces: ArrayLike) -> Floats:
        """P(count <= pieces); 0 below zero pieces."""
        return _cdf(self._size(), self.mean, np.floor(np.asarray(pieces, dtype=np.float64)))

    def quantile(self, probability: ArrayLike) -> Ints:
        """The smallest count whose probability of not being exceeded reaches `probability` (0..1)."""
        chance = np.clip(np.asarray(probability, dtype=np.float64), 0.0, 1.0 - 1e-9)
        size, mean, chance = np.broadcast_arrays(self._size(), self.mean, chance)
        return _quantile(size, mean, chance)

    def expected_excess(self, stock: ArrayLike) -> Floats:
        """E[(stock - count)+]: pieces of a stock that nobody asks for."""
        return self.under(stock)[1]

    def under(self, stock: ArrayLike) -> tuple[Floats, Floats]:
        """P(count < stock) of whole pieces, and E[(stock - count)+].

        Both from one look at the beta function and P(count = k), by E[N; N <= k] = mean (P(N <= k) -
        (1 + k / size) P(N = k)), where size is not so large that logarithms of gammas lose digits.
        """
        stock_ = np.asarray(stock, dtype=np.float64)
        size, mean, stock_ = np.broadcast_arrays(self._size(), self.mean, stock_)
        whole = np.floor(stock_)
        within, exactly = _cdf(size, mean, whole), _pmf(size, mean, whole)
        excess = (stock_ - mean) * within + mean * (1.0 + whole / size) * exactly
        regular = np.flatnonzero(size > _LARGE)
        if regular.size:
            place = np.unravel_index(regular, size.shape)
            r, m, k = size[place], mean[place], stock_[place]
            sold_out = _cdf(r + 1.0, m * (r + 1.0) / r, np.floor(k) - 1.0)
            excess[place] = k * within[place] - m * sold_out
        return np.clip(within - exactly, 0.0, 1.0), np.clip(excess, 0.0, np.maximum(stock_, 0.0))

    def expected_shortfall(self, stock: ArrayLike) -> Floats:
        """E[(count - stock)+]: pieces asked for beyond a stock."""
        stock_ = np.asarray(stock, dtype=np.float64)
        return np.maximum(self.expected_excess(stock_) - stock_ + self.mean, 0.0)

    def _size(self) -> Floats:
        excess = np.maximum(self.variance - self.mean, _REGULAR * np.maximum(self.mean, 1e-300))
        return np.clip(self.mean**2 / excess, 1e-6, 1e9)


@dataclass(frozen=True, slots=True, eq=False)
class DemandDistribution:
    """What will be asked for, per series, from `as_of` on.

    - `weekly_mean`: (series, weeks), pieces per week; the first week starts on `as_of`.
    - `dispersion`: (series,), size of the negative binomial of one week: variance of a week =
      mean + mean^2 / dispersion.
    - `common`: share of the excess variance that is common to all weeks, 0 to 1; the rest is independent
      from week to week. So intervals of long totals do not become falsely narrow.
    - `within`: (profiles, 7), share of a week's demand on each of its days, the first that of `as_of`;
      `profile`: (series,), which of them a series has. Without any a week lies evenly on its days.

    Beyond the last week the mean of all weeks goes on.
    """

    weekly_mean: Floats
    dispersion: Floats
    common: float = COMMON_SHARE
    within: Floats = field(default_factory=empty)
    profile: Codes = field(default_factory=empty)

    def __post_init__(self) -> None:
        shape = np.asarray(self.weekly_mean).shape
        if len(shape) != 2 or shape[1] == 0:
            message = _("has shape %(shape)s, expected (series, weeks) with a week or more", shape=str(shape))
            fault = Fault("bad_array", message, "weekly_mean")
            raise Invalid(
                listed(["DemandDistribution: weekly_mean", message], ": "),
                code="bad_array",
                faults=[fault],
            )
        columns = {
            "weekly_mean": Column(("series", "weeks"), np.float64),
            "dispersion": Column(("series",), np.float64),
        }
        profiles = np.asarray(self.within).size // DAYS_PER_WEEK
        if profiles:
            columns["within"] = Column(("profiles", "days"), np.float64, high=1)
            columns["profile"] = Column(("series",), np.int32, high=profiles - 1)
        sizes = {"series": shape[0], "weeks": shape[1], "profiles": profiles, "days": DAYS_PER_WEEK}
        settle(self, sizes, columns)
        if not 0.0 <= self.common <= 1.0:
            message = _("is %(common)s, expected a share between 0 and 1", common=self.common)
            fault = Fault("out_of_range", message, "common")
            raise Invalid(
                listed(["DemandDistribution: common", message], ": "),
                code="out_of_range",
                faults=[fault],
            )

    @property
    def weeks(self) -> int:
        return int(self.weekly_mean.shape[1])

    def daily_mean(self) -> Floats:
        """(series,), pieces per day, averaged over all weeks."""
        return np.asarray(self.weekly_mean.mean(axis=1) / DAYS_PER_WEEK)

    def moments(self, rows: ArrayLike, days: ArrayLike) -> tuple[Floats, Floats]:
        """Expected pieces of series `rows` over the first `days` days, and the sum of squares of the
        weeks in it, which the part of the variance that is not common to all weeks grows with.
        """
        row, day = np.broadcast_arrays(np.asarray(rows), np.asarray(days))
        if np.asarray(self.within).size and np.issubdtype(day.dtype, np.integer):
            whole, part = self._whole_days(row, day)
        else:
            week = np.maximum(day.astype(np.float64), 0.0) / DAYS_PER_WEEK
            whole = np.minimum(week.astype(np.int64), self.weeks)
            part = week - whole if np.asarray(self.within).size == 0 else self._part(row, week, whole)
        means, squares = self._running()
        return _interpolate(means, row, whole, part), _interpolate(squares, row, whole, part)

    def spread(self, rows: ArrayLike) -> Floats:
        """1 / dispersion of series `rows`, within the bounds of dispersion."""
        return np.asarray(1.0 / np.clip(self.dispersion, DISPERSION_LOW, DISPERSION_HIGH)[np.asarray(rows)])

    def total(self, rows: ArrayLike, days: ArrayLike) -> PieceCount:
        """Demand of series `rows` over the first `days` days: (n,) each, or broadcastable."""
        return self.between(rows, 0, days)

    def between(self, rows: ArrayLike, first: ArrayLike, last: ArrayLike) -> PieceCount:
        """Demand of series `rows` from day `first` on, up to day `last` without it."""
        mean, noise = self.moments(rows, last)
        if np.any(np.asarray(first)):
            before, less = self.moments(rows, first)
            mean, noise = np.maximum(mean - before, 0.0), np.maximum(noise - less, 0.0)
        excess = (1.0 - self.common) * noise + self.common * mean**2
        return PieceCount(mean, mean + self.spread(rows) * excess)

    def probability_at_most(self, rows: ArrayLike, days: ArrayLike, pieces: ArrayLike) -> Floats:
        """P(demand over the first `days` days <= pieces)."""
        return self.total(rows, days).probability_at_most(pieces)

    def cumulative_quantile(self, rows: ArrayLike, days: ArrayLike, probability: ArrayLike) -> Ints:
        """Pieces that demand over the first `days` days stays within with `probability`."""
        return self.total(rows, days).quantile(probability)

    def expected_excess(self, rows: ArrayLike, days: ArrayLike, stock: ArrayLike) -> Floats:
        """Expected pieces of `stock` left after `days` days."""
        return self.total(rows, days).expected_excess(stock)

    def expected_shortfall(self, rows: ArrayLike, days: ArrayLike, stock: ArrayLike) -> Floats:
        """Expected pieces asked for beyond `stock` within `days` days."""
        return self.total(rows, days).expected_shortfall(stock)

    def _sums_within(self) -> Floats:
        """(profiles * 8,), share of a week that lies before each of its days, and 1 at its end."""
        sums = np.zeros((self.within.shape[0], DAYS_PER_WEEK + 1))
        np.cumsum(self.within, axis=1, out=sums[:, 1:])
        sums[:, -1] = 1.0
        return sums.ravel()

    def _whole_days(self, row: NDArray[Any], day: NDArray[Any]) -> tuple[Ints, Floats]:
        """Whole weeks before so many days, and the share of the next; above 1 beyond the last."""
        week, rest = np.divmod(np.maximum(day, 0), DAYS_PER_WEEK)
        whole = np.minimum(week, self.weeks)
        part = self._sums_within()[self.profile[row] * (DAYS_PER_WEEK + 1) + rest]
        return whole, part + (week - whole)

    def _part(self, row: NDArray[Any], week: Floats, whole: Ints) -> Floats:
        """The same of days that are not whole, of which `week` are the weeks."""
        beyond = np.floor(week)
        place = (week - beyond) * DAYS_PER_WEEK
        day = np.minimum((place + 1e-9).astype(np.int64), DAYS_PER_WEEK - 1)
        sums, at = self._sums_within(), self.profile[row].astype(np.int64) * (DAYS_PER_WEEK + 1) + day
        inside = np.maximum(place - day, 0.0) * (sums[at + 1] - sums[at])
        return np.asarray(beyond - whole + sums[at] + inside)

    def _running(self) -> tuple[Floats, Floats]:
        """(series, weeks + 2) running sums of means and of squared means; the last is endless."""
        flat = self.weekly_mean.mean(axis=1, keepdims=True)
        weekly = np.hstack([np.zeros_like(flat), self.weekly_mean, flat])
        return np.cumsum(weekly, axis=1), np.cumsum(weekly**2, axis=1)


def _interpolate(running: Floats, row: NDArray[Any], whole: Ints, part: Floats) -> Floats:
    """Running sums after whole weeks and a part of the next; the last week's step repeats for ever."""
    start = running[row, whole]
    return np.asarray(start + part * (running[row, whole + 1] - start))


def _cdf(size: Floats, mean: Floats, count: Floats) -> Floats:
    """Negative binomial CDF by the regularised incomplete beta function; counts are whole."""
    size, mean, count = np.broadcast_arrays(size, mean, count)
    chance = special.betainc(size, np.maximum(count, 0.0) + 1.0, size / (size + mean))
    return np.where(count < 0, 0.0, np.where(mean <= 0, 1.0, chance))


def _pmf(size: Floats, mean: Floats, count: Floats) -> Floats:
    """Negative binomial probability of whole counts; 0 below zero."""
    k = np.maximum(count, 0.0)
    logs = special.gammaln(k + size) - special.gammaln(size) - special.gammaln(k + 1.0)
    logs += special.xlogy(k, mean / (size + mean)) - size * np.log1p(mean / size)
    return np.where(count < 0, 0.0, np.exp(np.minimum(logs, 0.0)))


def _quantile(size: Floats, mean: Floats, chance: Floats) -> Ints:
    """Bisection on whole counts, around the quantile of the gamma with the same two moments."""
    scale = 1.0 + mean / size
    guess = np.floor(special.gammaincinv(np.maximum(mean, 1e-12) / scale, chance) * scale)
    low, high = np.maximum(guess - 3.0, -1.0), guess + 3.0
    step = 4.0
    while (short := _cdf(size, mean, high) < chance).any():
        low, high, step = np.where(short, high, low), np.where(short, high + step, high), step * 2
    while (over := (low >= 0) & (_cdf(size, mean, low) >= chance)).any():
        high, low = np.where(over, low, high), np.where(over, np.maximum(low - step, -1.0), low)
        step *= 2
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        enough = _cdf(size, mean, middle) >= chance
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high.astype(np.int64)
