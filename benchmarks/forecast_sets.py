"""Forecasts of several sets of demand, each cut at several days, beside TSB, SBA and ADIDA: bias and all.

    python -m benchmarks.forecast_sets                              what the repository carries
    python -m benchmarks.forecast_sets carried goods --cuts 5
    python -m benchmarks.forecast_sets wholesale=FILE retail=FOLDER  sets that lie elsewhere
    python -m benchmarks.forecast_sets sales=FILE                    any other

`wholesale` is Online Retail II as one table (columns as for `inventory.feeds.demonstration.build`),
`retail` a folder with `transactions.parquet` and `products.parquet` of Complete Journey, `sales` any CSV or
Parquet with the columns `sku`, `territory`, `day` (a date), `quantity` and, if known, `paid` for all of it
and `category`. One line of JSON
for each set and cut; the figure at the end is of all of them. Sets that know what pieces cost are judged
twice, the second time as if they did not. Beside the bias stand those of methods that forecast nothing but
the sum, the nearest of them picked afterwards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks._anybodys import read_sales
from benchmarks._asking import ask_sets
from benchmarks._totals import total_biases
from benchmarks.forecast import EPOCH, INVOICES, TERRITORIES, Priced, one_holdout, simulated_demand

#: Weeks ahead that are judged, cuts of a set, days between them, and series that are judged at most.
HORIZONS, CUTS, BETWEEN, MOST = (4, 13), 3, 41, 6_000
#: What a bias should stay within.
WITHIN = 0.05
PEERS = ("TSB", "CrostonSBA", "ADIDA")
SEED, TODAY = 20_261_129, date(2026, 11, 23)


@dataclass(frozen=True, slots=True)
class Demand:
    """`daily`: (series, days), pieces; `group`: (series,), numbers of categories; `priced`: their prices."""

    daily: np.ndarray
    group: np.ndarray | None = None
    priced: Priced | None = None

    def some(self, rows: np.ndarray) -> Demand:
        """Some of the series."""
        return Demand(
            self.daily[rows],
            None if self.group is None else self.group[rows],
            None if self.priced is None else self.priced.of(rows, self.daily.shape[1]),
        )


def carried(_path: str) -> Demand:
    """The invoices that the demonstration is made of."""
    lines = pl.read_parquet(INVOICES).filter((pl.col("distributor") == 0) & (pl.col("quantity") > 0))
    stock, customer, day, pieces, pence = (
        lines[name].to_numpy().astype(np.int64) for name in ("stock", "customer", "day", "quantity", "pence")
    )
    return _demand(stock * TERRITORIES + customer % TERRITORIES, stock, day, pieces, pieces * pence)


def goods(_path: str) -> Demand:
    """SIMULATED: the sales of the demonstration, made of those invoices, with its categories."""
    from inventory.feeds.demonstration import generate

    ledger = generate("demo", TODAY)
    category = dict(zip(ledger.skus["sku"], ledger.skus["category"].rank("dense"), strict=True))
    found, skus = _by_place(ledger.sales)
    return replace(found, group=np.array([category[sku] for sku in skus], dtype=np.int32))


def rule(_path: str) -> Demand:
    """SIMULATED: the rule that books of any size are made by, of a thousand outlets."""
    from inventory.feeds.demonstration import scale

    made = scale(TODAY, outlets=1_000, lines=2_000_000).months()
    columns = ("at", "sku", "territory", "quantity", "unit_price_paise")
    return _by_place(pl.concat([month.ledger.sales.select(columns) for month in made]))[0]


def wave(_path: str) -> Demand:
    """SIMULATED: gamma-Poisson with a shared yearly wave, another draw than `forecast` falls back on."""
    return Demand(simulated_demand(4_000, seed=SEED))


def wholesale(path: str) -> Demand:
    """Real: Online Retail II, whole, by stock code and customer number modulo 5."""
    lines = pl.read_parquet(path).filter(
        (pl.col("Quantity") > 0)
        & (pl.col("UnitPrice").cast(float) > 0)
        & pl.col("StockCode").cast(str).str.contains(r"^\d{5}")
        & pl.col("CustomerID").is_not_null()
    )
    stock = lines["StockCode"].cast(str).str.to_uppercase().rank("dense").to_numpy().astype(np.int64)
    customer = lines["CustomerID"].cast(pl.Float64).cast(pl.Int64).to_numpy()
    day = (lines["InvoiceDate"].cast(pl.Datetime).dt.date() - EPOCH).dt.total_days().to_numpy()
    pieces = np.minimum(lines["Quantity"].to_numpy(), 5_000).astype(np.int64)
    paid = pieces * lines["UnitPrice"].cast(pl.Float64).to_numpy() * 100
    return _demand(stock * TERRITORIES + customer % TERRITORIES, stock, day, pieces, paid)


def retail(path: str) -> Demand:
    """Real: a year of a grocer's households (Complete Journey), by product and household modulo 5."""
    folder = Path(path)
    lines = pl.read_parquet(folder / "transactions.parquet").join(
        pl.read_parquet(folder / "products.parquet"), on="product_id"
    )
    day = (pl.col("transaction_timestamp").dt.date() - pl.date(2017, 1, 1)).dt.total_days()
    odd = pl.col("department").is_in(["FUEL", "MISCELLANEOUS", "MISC SALES TRAN"])  # in units of their own
    lines = lines.with_columns(day.alias("day"), pl.col("department").rank("dense").alias("group")).filter(
        ~odd & pl.col("quantity").is_between(1, 99) & pl.col("day").is_between(0, 364)
    )
    lines = lines.filter(pl.len().over("product_id") >= 60)
    product = lines["product_id"].cast(pl.Int64).to_numpy()
    household = lines["household_id"].cast(pl.Int64).to_numpy()
    day_of, pieces = lines["day"].to_numpy(), lines["quantity"].to_numpy()
    cents = lines["sales_value"].to_numpy() * 100
    key = product * TERRITORIES + household % TERRITORIES
    found = _demand(key, product, day_of, pieces, cents)
    _, first = np.unique(key, return_index=True)
    return replace(found, group=lines["group"].to_numpy()[first].astype(np.int32))


def sales(path: str) -> Demand:
    """Sales of anybody's, said to be real (see `read_sales`)."""
    lines = read_sales(path)
    sku, place = (lines[name].rank("dense").to_numpy().astype(np.int64) for name in ("sku", "territory"))
    key = sku * (int(place.max()) + 1) + place
    knows_price, knows_group = "paid" in lines.columns, "category" in lines.columns
    paid = lines["paid"].to_numpy() if knows_price else np.zeros(len(lines))
    found = _demand(key, sku, lines["day"].to_numpy(), lines["quantity"].to_numpy(), paid)
    first = np.unique(key, return_index=True)[1]
    group = lines["category"].rank("dense").to_numpy()[first].astype(np.int32) if knows_group else None
    return Demand(found.daily, group, found.priced if knows_price else None)


SETS: dict[str, Callable[[str], Demand]] = {
    "carried": carried, "goods": goods, "rule": rule, "wave": wave, "wholesale": wholesale, "retail": retail,
    "sales": sales,
}  # fmt: skip
REAL = ("carried", "wholesale", "retail", "sales")


def _by_place(sales: pl.DataFrame) -> tuple[Demand, list[str]]:
    """Demand by SKU and territory, and each series' SKU."""
    day = pl.col("at").dt.convert_time_zone("Asia/Kolkata").dt.date()
    bought = sales.filter(pl.col("quantity") > 0).with_columns((day - day.min()).dt.total_days().alias("day"))
    keys = bought.select("sku", "territory").unique().sort("sku", "territory").with_row_index("row")
    bought = bought.join(keys.with_columns(pl.col("sku").rank("dense").alias("of")), on=["sku", "territory"])
    row, sku, day_, pieces, price = (
        bought[name].to_numpy() for name in ("row", "of", "day", "quantity", "unit_price_paise")
    )
    return _demand(row, sku, day_, pieces, pieces * price), keys["sku"].to_list()


def _demand(
    key: np.ndarray, sku: np.ndarray, day: np.ndarray, pieces: np.ndarray, paid: np.ndarray
) -> Demand:
    """Lines summed by series and day; `key` numbers the series, within a SKU and rising with it."""
    _, first, row = np.unique(key, return_index=True, return_inverse=True)
    daily = np.zeros((first.size, int(day.max()) + 1), np.int32)
    revenue = np.zeros(daily.shape, np.float32)
    np.add.at(daily, (row, day), pieces.astype(np.int64))
    np.add.at(revenue, (row, day), paid)
    return Demand(daily, priced=Priced(sku[first], revenue))


def lines_of(name: str, path: str, cuts: int) -> Iterator[dict[str, Any]]:
    """One line for each cut of a set, the latest first; all series are known by then to have sold."""
    demand = SETS[name](path)
    if len(demand.daily) > MOST:
        demand = demand.some(np.sort(np.random.default_rng(SEED).permutation(len(demand.daily))[:MOST]))
    last = demand.daily.shape[1] - max(HORIZONS) * 7
    for cut in (last - BETWEEN * number for number in range(cuts)):
        found, seconds, price = one_holdout(demand.daily, cut, HORIZONS, demand.group, demand.priced)
        begun = demand.daily[(demand.daily[:, :cut] > 0).any(axis=1)].sum(axis=0)
        after = begun[cut : cut + max(HORIZONS) * 7].reshape(-1, 7).sum(axis=1)
        of_sum = total_biases(begun[:cut], after, HORIZONS)
        yield {
            "set": name,
            "data": "real" if name in REAL else "SIMULATED",
            "cut": cut,
            "series": len(demand.daily),
            "price": None if price is None else [round(price.figure, 2), price.reason, round(price.gain, 4)],
            "seconds": round(seconds["ours"], 2),
            **{
                f"weeks_{weeks}{name}": _figures(found, place, whose)
                for whose, name in (("ours", ""), ("unpriced", "_without_prices"))
                for place, weeks in enumerate(HORIZONS)
                if whose in found
            },
            **{f"sum_of_{weeks}": one for weeks, one in zip(HORIZONS, of_sum, strict=True)},
        }


def _figures(found: dict[str, np.ndarray], place: int, whose: str) -> dict[str, float]:
    """Ours beside the best of the peers, picked afterwards for each figure, which flatters them."""
    ours = found[whose][place]
    rmsse, pinball, known = (min(found[peer][place][column] for peer in PEERS) for column in (0, 1, 4))
    bias = min((found[peer][place][2] for peer in PEERS), key=abs)
    figures = {
        "rmsse": ours[0] / rmsse,
        "pinball": ours[1] / pinball,
        "bias": ours[2],
        "bias_of_best_peer": bias,
        "coverage80": ours[3],
        "rmsse_of_known_sum": ours[4] / known,
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def _of_sums(sums: list[dict[str, float]]) -> dict[str, list[float]]:
    """By method: figures, mean absolute bias, share within 5 %; `nearest`: the best of each figure."""
    by: dict[str, list[float]] = {}
    for one in sums:
        for name, bias in (*one.items(), ("nearest", min(one.values(), key=abs))):
            by.setdefault(name, []).append(abs(bias))
    return {
        name: [
            len(found),
            round(float(np.mean(found)), 4),
            round(float(np.mean(np.array(found) <= WITHIN)), 3),
        ]
        for name, found in by.items()
    }


def run(asked: tuple[str, ...] = ("carried", "goods", "wave"), cuts: int = CUTS) -> dict[str, Any]:
    """RMSSE over that of the best peer, of all sets, cuts and horizons; every line goes to stdout."""
    told, sums = [], []
    for one in asked:
        name, _, path = one.partition("=")
        for line in lines_of(name, path, cuts):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            told += [line[f"weeks_{weeks}"] for weeks in HORIZONS]
            sums += [line[f"sum_of_{weeks}"] for weeks in HORIZONS]
    column = {name: np.array([one[name] for one in told]) for name in told[0]}
    rmsse = float(column["rmsse"].mean())
    return {
        "name": "forecast_sets",
        "value": round(float((np.abs(column["bias"]) <= WITHIN).mean()), 3),
        "unit": "share of figures with a bias within 5 %",
        "ratio": round(rmsse, 4),
        "against": "RMSSE of the best of TSB, CrostonSBA and ADIDA, picked afterwards, mean over figures",
        "goal": 1.0,
        "met": bool(rmsse <= 1.0 and (np.abs(column["bias"]) <= WITHIN).all()),
        "bias_mean": round(float(np.abs(column["bias"]).mean()), 4),
        "bias_of_sums": _of_sums(sums),
        "rmsse_of_known_sum": round(float(column["rmsse_of_known_sum"].mean()), 4),
        "pinball": round(float(column["pinball"].mean()), 4),
        "coverage80_by_horizon": [
            round(float(column["coverage80"][place :: len(HORIZONS)].mean()), 3)
            for place in range(len(HORIZONS))
        ],
        "figures": len(told),
    }


if __name__ == "__main__":
    given = ask_sets(__doc__, SETS, ("carried", "goods", "wave"), CUTS)
    sys.stdout.write(json.dumps(run(tuple(given.sets), given.cuts)) + "\n")
