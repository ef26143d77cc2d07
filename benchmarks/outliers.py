"""Weeks that stand out of past demand: bulk weeks PLANTED, found, and what that is worth to forecasts.

    python -m benchmarks.outliers                                what the repository carries
    python -m benchmarks.outliers wholesale=FILE retail=FOLDER   sets that lie elsewhere: see `forecast_sets`

Of each set, cut at several days, half of the series get one bulk week within the last 26: a bulk order of
3, 5 or 10 of its mean selling weeks on top of any week (`added`), or a selling week so many times
(`times`). Rules say which weeks of all series stand out; each is then taken to count as the rule's usual,
whatever it really was, and the next 13 weeks are forecast by `mixture`, beside `as_sold`, that takes nothing
away, and `known`, that takes away what was planted and nothing else. Rules: ours; `three_sd`, above the mean
and three standard deviations of the last 52 weeks; `three_medians`, above three medians of those that sold;
both again `as_rare`: with so many deviations or medians, picked afterwards, that they tell of as many weeks
of the series without a bulk week as ours does. All keep only what lifts what is expected enough to matter:
see `inventory.forecasting.outliers`. One line of JSON for each set, cut and way.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks._asking import ask_sets
from benchmarks.forecast_sets import BETWEEN, SEED, SETS
from inventory.forecasting.methods import MIXTURE
from inventory.forecasting.outliers import AHEAD, LIFT, LOOKED_AT, PIECES, find_outliers
from inventory.forecasting.weeks import Weeks

SIZES, WAYS, CUTS, MOST = (3, 5, 10), ("added", "times"), 3, 20_000
#: A later week of at least so much of a flagged one is its like.
LIKE = 0.5
RULES = ("ours", "three_sd", "three_medians", "three_sd_as_rare", "three_medians_as_rare")
THREE = 3.0
#: Weeks of series that a rule says stand out: numbers of series and of weeks, what they count as, and how far
#: out they stand.
Said = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def weeks_of(sales: np.ndarray) -> Weeks:
    """Whole weeks (series, weeks), all seen since the first sale."""
    start = np.where((sales > 0).any(axis=1), (sales > 0).argmax(axis=1), sales.shape[1])
    seen = (np.arange(sales.shape[1]) >= start[:, None]).astype(float)
    return Weeks(sales.astype(float), seen, start.astype(np.int64), np.zeros(len(sales), np.int32))


def level(weeks: Weeks, _rows: np.ndarray | None = None) -> np.ndarray:
    """(series,), pieces a week as `mixture` expects them."""
    return np.asarray(MIXTURE.level(weeks, [weeks.count])[0])


def ours(sales: np.ndarray) -> Said:
    """As the product looks for them."""
    weeks = weeks_of(sales)
    found = find_outliers(weeks, weeks.rate(), level)
    return found.row, found.week, found.usual, found.adds


def deviations(sales: np.ndarray) -> Said:
    """By standard deviations above the mean of the last year, at least one; counts as the mean."""
    mean, spread = sales[:, -52:].mean(axis=1), sales[:, -52:].std(axis=1)
    return _far(sales, (sales - mean[:, None]) / np.maximum(spread, 1e-9)[:, None], mean)


def medians(sales: np.ndarray) -> Said:
    """By medians of the weeks of the last year that sold, at least one; counts as the median."""
    year = np.where(sales[:, -52:] > 0, sales[:, -52:], np.nan)
    middle = np.zeros(len(sales))
    some = np.isfinite(year).any(axis=1)
    middle[some] = np.nanmedian(year[some], axis=1)
    return _far(sales, sales / np.where(middle > 0, middle, np.inf)[:, None], middle)


def _far(sales: np.ndarray, far: np.ndarray, usual: np.ndarray) -> Said:
    """Recent weeks that are far out and matter by themselves."""
    recent = max(sales.shape[1] - LOOKED_AT, 0)
    row, week = np.nonzero(far[:, recent:] > 1.0)
    week += recent
    plain = sales[row].astype(float)
    plain[np.arange(row.size), week] = usual[row]
    without = AHEAD * level(weeks_of(plain))
    adds = AHEAD * level(weeks_of(sales[row])) - without
    kept = (adds > 0) & ((adds >= PIECES) | (adds >= LIFT * without))
    return row[kept], week[kept], usual[row[kept]], far[row, week][kept]


def _beyond(said: Said, bound: float) -> Said:
    kept = said[3] > bound
    return said[0][kept], said[1][kept], said[2][kept], said[3][kept]


def _as_rare(said: Said, apart: np.ndarray, others: int) -> Said:
    """Those that stand out furthest, with so many weeks of series that are not set `apart`."""
    far = np.sort(said[3][~apart[said[0]]])[::-1]
    return _beyond(said, float(far[others]) if others < far.size else 0.0)


def planted(sales: np.ndarray, way: str, chance: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Sales with bulk weeks in half of the series; which series, which weeks, and of which size."""
    row = np.flatnonzero(chance.random(len(sales)) < 0.5)
    size = np.array(SIZES)[chance.integers(0, len(SIZES), row.size)]
    recent = sales.shape[1] - LOOKED_AT
    sells = sales[row, recent:] > 0
    draw = chance.random(sells.shape) * (sells if way == "times" else 1.0)
    week = recent + draw.argmax(axis=1)
    selling = (sales[row, -52:] > 0).sum(axis=1)
    mean = sales[row, -52:].sum(axis=1) / np.maximum(selling, 1)
    found = sales.copy()
    more = sales[row, week] * (size - 1) if way == "times" else np.ceil(size * mean)
    found[row, week] += more.astype(found.dtype)
    return found, row, week, size


def lines_of(name: str, path: str, cuts: int) -> Iterator[dict[str, Any]]:
    """One line for each cut and way; series that sold in three weeks or more of the half year before it."""
    daily = SETS[name](path).daily
    last = daily.shape[1] - AHEAD * 7
    for number in range(cuts):
        cut = last - BETWEEN * number
        sales = daily[:, cut % 7 : cut].reshape(len(daily), -1, 7).sum(axis=2)
        ahead = daily[:, cut : cut + AHEAD * 7].reshape(len(daily), AHEAD, 7).sum(axis=2)
        rows = np.flatnonzero((sales[:, -LOOKED_AT:] > 0).sum(axis=1) >= 3)
        chance = np.random.default_rng(SEED + number)
        rows = np.sort(chance.permutation(rows)[:MOST])
        for way in WAYS:
            yield {"set": name, "cut": cut, "way": way, **judged(sales[rows], ahead[rows], way, chance)}


def judged(sales: np.ndarray, ahead: np.ndarray, way: str, chance: np.random.Generator) -> dict[str, Any]:
    """Of each rule: what it finds of what was planted, what else it says, and what forecasts make of it."""
    bulky, row, week, size = planted(sales, way, chance)
    apart = np.zeros(len(sales), dtype=bool)
    apart[row] = True
    scale = np.sqrt((np.diff(sales[:, -104:], axis=1).astype(float) ** 2).mean(axis=1))
    mine, spreads, middles = ours(bulky), deviations(bulky), medians(bulky)
    others = int((~apart[mine[0]]).sum())
    asked = {
        "ours": mine,
        "three_sd": _beyond(spreads, THREE),
        "three_medians": _beyond(middles, THREE),
        "three_sd_as_rare": _as_rare(spreads, apart, others),
        "three_medians_as_rare": _as_rare(middles, apart, others),
    }
    found: dict[str, Any] = {"series": len(sales), "planted": int(row.size)}
    told = {"as_sold": bulky, "known": sales}
    for rule, (rows, weeks, usual, _far_out) in asked.items():
        plain = bulky.astype(float)
        plain[rows, weeks] = usual
        told[rule] = plain
        hit = np.zeros(bulky.shape, dtype=bool)
        hit[rows, weeks] = True
        got = hit[row, week]
        plainly = ~apart[rows]
        later = ahead[rows[plainly]].max(axis=1, initial=0)
        found[rule] = {
            "recall": [round(float(got[size == one].mean()), 3) for one in SIZES],
            "others_of_1000": round(1000 * float(plainly.sum()) / max(int((~apart).sum()), 1), 1),
            "come_again": round(float((later >= LIKE * bulky[rows, weeks][plainly]).mean()), 3)
            if plainly.any()
            else None,
        }
    for rule, plain in told.items():
        expected = level(weeks_of(plain))[:, None]
        off = np.sqrt(((expected - ahead) ** 2).mean(axis=1)) / np.maximum(scale, 1e-9)
        for whose, those in (("planted", apart), ("plain", ~apart)):
            kept = those & (scale > 0)
            found.setdefault(f"rmsse_{whose}", {})[rule] = round(float(off[kept].mean()), 4)
            bias = (AHEAD * expected[those, 0].sum() - ahead[those].sum()) / max(ahead[those].sum(), 1)
            found.setdefault(f"bias_{whose}", {})[rule] = round(float(bias), 4)
    return found


def seconds(series: int = 60_000, count: int = 52) -> float:
    """Seconds for so many SIMULATED series of a year, negative binomial, one of ten with a bulk week."""
    chance = np.random.default_rng(SEED)
    mean = chance.gamma(1.0, 10.0, (series, 1))
    sales = chance.poisson(mean * chance.gamma(2.0, 0.5, (series, count))).astype(float)
    some = chance.permutation(series)[: series // 10]
    sales[some, count - 1 - chance.integers(0, LOOKED_AT, some.size)] *= 8
    weeks = weeks_of(sales)
    rates = weeks.rate()
    start = time.perf_counter()
    find_outliers(weeks, rates, level)
    return time.perf_counter() - start


def run(asked: tuple[str, ...] = ("carried", "goods", "wave"), cuts: int = CUTS) -> dict[str, Any]:
    """Share of planted weeks found, to that of the better plain rule; every line goes to stdout."""
    lines = []
    for one in asked:
        name, _, path = one.partition("=")
        for line in lines_of(name, path, cuts):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            lines.append(line)

    def each(
        read: Callable[[dict[str, Any], str], float], rules: tuple[str, ...] = RULES
    ) -> dict[str, float]:
        return {rule: round(float(np.mean([read(line, rule) for line in lines])), 4) for rule in rules}

    def recall(place: int) -> dict[str, float]:
        return each(lambda line, rule: float(line[rule]["recall"][place]))

    found = each(lambda line, rule: float(np.mean(line[rule]["recall"])))
    value = found["ours"] / max(found["three_sd_as_rare"], found["three_medians_as_rare"])
    known = (*RULES, "as_sold", "known")
    planted = _to_as_sold(lines, "planted", (*RULES, "known"))
    plain = _to_as_sold(lines, "plain", RULES)
    return {
        "name": "outliers",
        "value": found["ours"],
        "unit": "share of planted bulk weeks that are found",
        "ratio": round(value, 3),
        "against": "the better of deviations and medians, picked to tell of as many other weeks",
        "goal": "above 1, forecasts better with a bulk week and no worse without",
        "met": bool(value > 1.0 and planted["ours"] < 1.0 and plain["ours"] <= 1.0),
        "rmsse_planted_to_as_sold": planted,
        "rmsse_plain_to_as_sold": plain,
        **{f"recall_of_{size}": recall(place) for place, size in enumerate(SIZES)},
        "others_of_1000": each(lambda line, rule: float(line[rule]["others_of_1000"])),
        "come_again": each(lambda line, rule: float(line[rule]["come_again"] or 0.0)),
        "bias_planted": each(lambda line, rule: float(line["bias_planted"][rule]), known),
        "bias_plain": each(lambda line, rule: float(line["bias_plain"][rule]), known[:-1]),
        "seconds_for_60000_series": round(seconds(), 2),
    }  # fmt: skip


def _to_as_sold(lines: list[dict[str, Any]], whose: str, rules: tuple[str, ...]) -> dict[str, float]:
    """RMSSE of the forecasts of `whose` series by each rule, to that of forecasts that take nothing away."""
    told = [line[f"rmsse_{whose}"] for line in lines]
    return {rule: round(float(np.mean([one[rule] / one["as_sold"] for one in told])), 4) for rule in rules}


if __name__ == "__main__":
    given = ask_sets(__doc__, SETS, ("carried", "goods", "wave"), CUTS)
    sys.stdout.write(json.dumps(run(tuple(given.sets), given.cuts)) + "\n")
