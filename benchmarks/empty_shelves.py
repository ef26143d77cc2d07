"""Demand behind empty shelves: real sales cut by made shelves in known ways, forecast, held against the uncut.

    python -m benchmarks.empty_shelves                              what the repository carries
    python -m benchmarks.empty_shelves wholesale=FILE retail=FOLDER  sets that lie elsewhere

The sales are real, the shelves are MADE: each series is filled for some days' demand, sells out, stands empty,
is filled again, whatever is wanted meanwhile. What the shelf cannot serve is lost, bought to order, lost or
bought by the toss of a coin for each day, or one or the other for each series. Peers are the same forecasts
told otherwise of the same days: `sold_or_stocked`, a day without stock counts if something sold on it; `all`,
every day counts; `uncut`, nothing was missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.forecast import judged, snapshot_of
from benchmarks.forecast_sets import HORIZONS, SEED, SETS
from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.visibility import visibility
from inventory.forecasting.weeks import in_weeks

#: What becomes of demand that the shelf cannot serve.
WAYS = ("lost", "to_order", "half", "half_of_series")
#: Days of demand that an order brings, and days that a shelf stands empty on the mean: least and most, each
#: series its own, evenly by their logarithms.
BROUGHT, EMPTY = (7.0, 90.0), (5.0, 365.0)
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Shelved:
    """(series, days) each: pieces that were sold, whether something stood there in the morning or came, and
    whether it only came.
    """

    sold: np.ndarray
    in_stock: np.ndarray
    arrived: np.ndarray


def shelved(daily: np.ndarray, way: str, seed: int = SEED) -> Shelved:
    """What would have been known of real demand `daily`, had it met such shelves."""
    chance = np.random.default_rng(seed)
    series, days = daily.shape
    brought, empty = (np.exp(chance.uniform(*np.log(ends), series)) for ends in (BROUGHT, EMPTY))
    order = np.ceil(daily.mean(axis=1) * brought).astype(np.int64)
    served = chance.random(series) < 0.5
    stock = np.where(chance.random(series) < brought / (brought + empty), order, 0)
    found = Shelved(np.zeros_like(daily), np.zeros(daily.shape, bool), np.zeros(daily.shape, bool))
    for day in range(days):
        comes = (stock == 0) & (chance.random(series) < 1.0 / empty)
        coin = chance.random(series) < 0.5
        buys = {"lost": False, "to_order": True, "half": coin, "half_of_series": served}[way]
        there = stock + np.where(comes, order, 0)
        short = np.where(buys, np.maximum(daily[:, day] - there, 0), 0)
        found.sold[:, day] = np.minimum(daily[:, day], there + short)
        found.in_stock[:, day] = (there > 0) | (short > 0)
        found.arrived[:, day] = found.in_stock[:, day] & (stock == 0)
        stock = there + short - found.sold[:, day]
    return found


def _told(daily: np.ndarray, group: np.ndarray | None, way: str) -> tuple[dict[str, DemandSnapshot], Any]:
    """What is known of the same days, told in each way, and the rows that have sold in all of them."""
    made = shelved(daily, way)
    rows = np.flatnonzero((made.sold > 0).any(axis=1))
    of = None if group is None else group[rows]
    ours = replace(snapshot_of(made.sold[rows], of), in_stock=made.in_stock[rows], arrived=made.arrived[rows])
    none = np.zeros_like(ours.arrived)
    return {
        "ours": ours,
        "sold_or_stocked": replace(ours, in_stock=ours.in_stock | (ours.demand > 0), arrived=none),
        "all": replace(ours, in_stock=~none, arrived=none),
        "uncut": snapshot_of(daily[rows], of),
    }, rows


def lines_of(name: str, path: str, ways: tuple[str, ...] = WAYS) -> Iterator[dict[str, Any]]:
    """One line for each way: of the last 13 weeks of a set, of what was known before them."""
    demand = SETS[name](path)
    daily, group = demand.daily, demand.group
    cut = daily.shape[1] - max(HORIZONS) * 7
    rows = np.flatnonzero((daily[:, :cut] > 0).sum(axis=1) > 1)
    if rows.size > MOST:
        rows = np.sort(np.random.default_rng(SEED).permutation(rows)[:MOST])
    daily, group = daily[rows], None if group is None else group[rows]
    for way in ways:
        told, kept = _told(daily[:, :cut], group, way)
        ahead = daily[kept, cut:].reshape(kept.size, max(HORIZONS), 7).sum(axis=2).astype(float)
        weeks = in_weeks(told["uncut"])
        found = {whose: forecast(known, AnalysisPolicy()).distribution for whose, known in told.items()}
        ours = told["ours"]
        yield {
            "set": name, "way": way, "series": int(kept.size),
            "seen": round(float(ours.seen().sum() / ours.started().sum()), 3),
            "empty_mornings": round(float(ours.barren().sum() / ours.started().sum()), 3),
            "sold": round(float(ours.demand.sum() / told["uncut"].demand.sum()), 3),
            "visibility": round(float(np.average(visibility(ours), weights=ours.barren().sum(axis=1))), 3),
            **{
                whose: {
                    f"weeks_{span}": [round(float(one), 4) for one in judged(by, ahead[:, :span], weeks)]
                    for span in HORIZONS
                }
                for whose, by in found.items()
            },
        }  # fmt: skip
if __name__ == "__main__":
    for a in sys.argv[1:]:
        n,_,p=a.partition("=")
        for l in lines_of(n,p):
            print({k:v for k,v in l.items() if not isinstance(v,dict)})
            for k,v in l.items():
                if isinstance(v,dict): print('   ',k.ljust(16),v)
            sys.stdout.flush()
