"""How a week's demand lies on its days, territory by territory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.contracts.demand import DAYS_PER_WEEK, DemandSnapshot
from inventory.forecasting.effects.told import AHEAD, OVER, STEP, EffectTold, verdict

#: Weeks of experience that a territory's profile is drawn to all territories' by, and that to an even one.
PRIOR_WEEKS = 4.0
#: Weeks with sales before which nothing is learnt; without a sale in as many, a day has none.
LEAST = 8
#: Weeks back that a profile is read from.
RECENT = 52


@dataclass(frozen=True, slots=True, eq=False)
class Weekdays:
    """`shares`: by territory, share of a week's demand on each day from Monday on, summing to 1; none when
    days are taken to be alike. `told`: what was found, standing or not.
    """

    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    told: tuple[EffectTold, ...] = ()


def weekdays_of(snapshot: DemandSnapshot) -> Weekdays:
    """The profiles of all territories, where a held-out look says that they lie nearer than an even week.

    The same whatever the order of the series.
    """
    names, sold = _by_day(snapshot)
    if not names or sold.shape[1] < LEAST:
        return Weekdays()
    found = profile(sold)
    if np.abs(found * DAYS_PER_WEEK - 1.0).max(initial=0.0) < 1e-9:
        return Weekdays()
    plain, better, tested = 0.0, 0.0, False
    count = sold.shape[1]
    for origin in range(max(LEAST, count - OVER), count - AHEAD + 1, STEP):
        ahead = sold[:, origin : origin + AHEAD]
        week = ahead.sum(axis=2, keepdims=True)
        known = profile(sold[:, :origin])[:, None, :]
        plain += float(np.abs(week / DAYS_PER_WEEK - ahead).sum())
        better += float(np.abs(week * known - ahead).sum())
        tested = True
    busiest = float(DAYS_PER_WEEK * found.max(axis=1).mean())
    told = verdict("weekdays", busiest, int((sold.sum(axis=(0, 2)) > 0).sum()), plain, better, tested)
    if not (told.stands and tested):
        return Weekdays(told=(told,))
    turned = np.roll(found, snapshot.as_of.weekday(), axis=1)
    return Weekdays(dict(zip(names, map(tuple, turned.tolist()), strict=True)), (told,))


def profile(sold: Floats) -> Floats:
    """(places, 7), share of each day of a week; `sold`: (places, weeks, 7), pieces.

    Each week weighs the same, whatever was sold in it, so that no festival makes the profile.
    """
    recent = sold[:, -RECENT:]
    week = recent.sum(axis=2, keepdims=True)
    share = np.where(week > 0, recent / np.maximum(week, 1e-12), 0.0).sum(axis=1)
    weeks = (week[:, :, 0] > 0).sum(axis=1).astype(np.float64)[:, None]
    even = np.full(DAYS_PER_WEEK, 1.0 / DAYS_PER_WEEK)
    places = max(int((weeks > 0).sum()), 1)
    usual = (share.sum(axis=0) / places + PRIOR_WEEKS * even) / (weeks.sum() / places + PRIOR_WEEKS)
    drawn = (share + PRIOR_WEEKS * usual) / (weeks + PRIOR_WEEKS)
    drawn = np.where((weeks >= LEAST) & (share <= 0), 0.0, drawn)
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _by_day(snapshot: DemandSnapshot) -> tuple[list[str], Floats]:
    """Territories in order, and (territories, weeks, 7) pieces; weeks begin on the weekday of `as_of`."""
    place = np.array([territory for _sku, territory in snapshot.series_keys])
    names = sorted(set(place.tolist()))
    weeks = snapshot.days // DAYS_PER_WEEK
    odd = snapshot.days - weeks * DAYS_PER_WEEK
    sold = np.zeros((len(names), weeks, DAYS_PER_WEEK))
    for number, name in enumerate(names):
        daily = snapshot.demand[place == name].sum(axis=0, dtype=np.float64)[odd:]
        sold[number] = daily.reshape(weeks, DAYS_PER_WEEK)
    return names, sold
