"""Demand behind empty shelves: real sales cut by made shelves in known ways, and forecast: what was missed?

    python -m benchmarks.empty_shelves                              what the repository carries
    python -m benchmarks.empty_shelves wholesale=FILE retail=FOLDER  sets that lie elsewhere

The sales are real, the shelves are MADE: each series is filled for some days' demand, sells out, stands
empty, is filled again, whatever is wanted meanwhile. What the shelf cannot serve is lost, bought to order,
either by the toss of a coin for each day, or one of them for each series. Forecasts are held against what
was wanted of the uncut sales afterwards. Peers are the same forecasts, told otherwise of the same days:
`sold_or_stocked`, a day without stock counts if something sold on it; `all`, every day counts; `uncut`, what
is told is what was wanted. One line of JSON for each set and way.
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
MOST = 1_000


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
    brought, empty = (
        np.exp(chance.uniform(np.log(low), np.log(high), series)) for low, high in (BROUGHT, EMPTY)
    )
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


def told(
    daily: np.ndarray, group: np.ndarray | None, way: str
) -> tuple[dict[str, DemandSnapshot], np.ndarray]:
    """What is known of the same days, told in each way, and the numbers of the series: those that sold."""
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


def lines_of(name: str, path: str) -> Iterator[dict[str, Any]]:
    """One line for each way, of what was known before the last 13 weeks of a set."""
    demand = SETS[name](path)
    daily, group = demand.daily, demand.group
    cut = daily.shape[1] - max(HORIZONS) * 7
    rows = np.flatnonzero((daily[:, :cut] > 0).sum(axis=1) > 1)
    if rows.size > MOST:
        rows = np.sort(np.random.default_rng(SEED).permutation(rows)[:MOST])
    daily, group = daily[rows], None if group is None else group[rows]
    for way in WAYS:
        known, kept = told(daily[:, :cut], group, way)
        ahead = daily[kept, cut:].reshape(kept.size, max(HORIZONS), 7).sum(axis=2).astype(float)
        weeks, ours = in_weeks(known["uncut"]), known["ours"]
        found = {whose: forecast(one, AnalysisPolicy()).distribution for whose, one in known.items()}
        yield {
            "set": name, "way": way, "series": int(kept.size),
            "empty_mornings": round(float(ours.barren().sum() / ours.started().sum()), 3),
            "sold": round(float(ours.demand.sum() / known["uncut"].demand.sum()), 3),
            "shows": round(float((ours.demand > 0)[ours.barren()].sum()
                                 / max((daily[kept, :cut] > 0)[ours.barren()].sum(), 1)), 3),
            "visibility": round(float(np.average(visibility(ours), weights=ours.barren().sum(axis=1))), 3),
            **{
                whose: {
                    f"weeks_{span}": [round(float(one), 4) for one in judged(by, ahead[:, :span], weeks)]
                    for span in HORIZONS
                }
                for whose, by in found.items()
            },
        }  # fmt: skip


def run(asked: tuple[str, ...] = ("carried",)) -> dict[str, Any]:
    """RMSSE over that of `sold_or_stocked`, mean over sets, ways and horizons; every line goes to stdout."""
    lines = []
    for one in asked:
        name, _, path = one.partition("=")
        for line in lines_of(name, path):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            lines.append(line)
    figures = {
        way: np.array([
            [line[whose][f"weeks_{span}"][:3] for whose in ("ours", "sold_or_stocked", "uncut")]
            for line in lines if line["way"] == way for span in HORIZONS
        ])
        for way in WAYS
    }  # fmt: skip
    ratio = {way: (one[:, 0, :2] / one[:, 1, :2]).mean(axis=0) for way, one in figures.items()}
    away = {way: np.abs(one[:, :2, 2] - one[:, 2:, 2]).mean(axis=0) for way, one in figures.items()}
    value = float(np.mean([one[0] for one in ratio.values()]))
    return {
        "name": "empty_shelves", "value": round(value, 4), "unit": "RMSSE to `sold_or_stocked`",
        "ratio": round(value, 4), "against": "counting a day without stock if something sold on it",
        "goal": "no worse in RMSSE and pinball where sales are lost, better where goods are bought to order",
        "met": bool((ratio["lost"] <= 1.0).all() and (ratio["to_order"] < 1.0).all()),
        "rmsse_pinball": {way: np.round(one, 4).tolist() for way, one in ratio.items()},
        "bias_from_uncut_ours_before": {way: np.round(one, 4).tolist() for way, one in away.items()},
    }  # fmt: skip


if __name__ == "__main__":
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument("sets", nargs="*", default=["carried"], metavar="SET[=PATH]")
    given = asking.parse_args()
    if unknown := {one.partition("=")[0] for one in given.sets} - set(SETS):
        asking.error(f"no set {', '.join(sorted(unknown))}; there are: {', '.join(SETS)}")
    sys.stdout.write(json.dumps(run(tuple(given.sets))) + "\n")
