"""Demand sets that forecasts are judged on: what the repository carries, and others by their path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from inventory.contracts import DemandSnapshot

CARRIED = Path(__file__).parent.parent / "inventory/feeds/demonstration/data/wholesale.parquet"
#: Territories that customers or shops are dealt to, by their number.
TERRITORIES = 5
#: Series kept of a set, those with most lines first: what is sold less often is no SKU in a range.
MOST = 12_000
DROPPED = ("FUEL", "MISCELLANEOUS")


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """Pieces a day of every SKU and territory that a set has.

    `daily`: (series, days); `sku`, `territory`, `group`: (series,) whole numbers; `first`: day 0.
    """

    name: str
    first: date
    daily: np.ndarray
    sku: np.ndarray
    territory: np.ndarray
    group: np.ndarray

    def known(self, days: int) -> tuple[DemandSnapshot, np.ndarray]:
        """What was known when `days` had passed, and the rows of the series that had sold by then."""
        rows = np.flatnonzero((self.daily[:, :days] > 0).any(axis=1))
        _, group = np.unique(self.group[rows], return_inverse=True)
        daily = self.daily[rows, :days]
        snapshot = DemandSnapshot(
            as_of=self.first + timedelta(days=days),
            series_keys=tuple(
                (f"{sku:09d}", f"T{area}")
                for sku, area in zip(self.sku[rows].tolist(), self.territory[rows].tolist(), strict=True)
            ),
            demand=daily,
            in_stock=np.ones(daily.shape, dtype=bool),
            group=group.astype(np.int32),
        )
        return snapshot, rows


def carried() -> Sales:
    """Wholesale invoices that the demonstration is made of."""
    lines = pl.read_parquet(CARRIED).filter((pl.col("distributor") == 0) & (pl.col("quantity") > 0))
    lines = lines.select("stock", "customer", "day", "quantity", pl.lit(0).alias("kind"))
    return _sales("wholesale carried", date(2009, 12, 1), lines)


def wholesale(path: Path) -> Sales:
    """Two years of Online Retail II, every customer that has a number; returns are left out."""
    lines = (
        pl.read_parquet(path)
        .filter(pl.col("CustomerID").is_not_null() & (pl.col("Quantity") > 0))
        .filter(pl.col("StockCode").str.contains(r"^\d{5}"))
    )
    day = (pl.col("InvoiceDate").dt.date() - pl.lit(date(2009, 12, 1))).dt.total_days()
    lines = lines.select(
        stock=pl.col("StockCode").rank("dense").cast(pl.Int64),
        customer=pl.col("CustomerID").cast(pl.Int64),
        day=day,
        quantity=pl.col("Quantity").cast(pl.Int64),
        kind=pl.lit(0),
    )
    return _sales("wholesale UCI", date(2009, 12, 1), lines)


def retail(folder: Path) -> Sales:
    """A year of Complete Journey: products in the shops of five territories, categories as groups."""
    goods = pl.read_parquet(folder / "products.parquet").select("product_id", "department")
    lines = (
        pl.read_parquet(folder / "transactions.parquet")
        .join(goods, on="product_id")
        .filter(~pl.col("department").is_in(DROPPED) & (pl.col("quantity") > 0))
    )
    first = date(2017, 1, 1)
    day = (pl.col("transaction_timestamp").dt.date() - pl.lit(first)).dt.total_days()
    lines = lines.select(
        stock=pl.col("product_id").cast(pl.Int64),
        customer=pl.col("store_id").cast(pl.Int64),
        day=day,
        quantity=pl.col("quantity").cast(pl.Int64),
        kind=pl.col("department").cast(pl.String).rank("dense").cast(pl.Int64),
    )
    return _sales("retail Complete Journey", first, lines.filter(pl.col("day") < 364))


def simulated(series: int = 4_000, days: int = 728, seed: int = 20260401) -> Sales:
    """SIMULATED demand of fast moving goods: gamma-Poisson orders of levels that drift, categories with
    a yearly wave of their own, launches, delistings and promotions.
    """
    chance = np.random.default_rng(seed)
    group = chance.integers(0, 12, series)
    day = np.arange(days)
    level = chance.lognormal(0.0, 1.3, (series, 1)) * np.exp(
        np.cumsum(chance.normal(0, 0.008, (series, days)), axis=1)
    )
    swing, phase = chance.uniform(0.05, 0.6, 12), chance.uniform(0, 364, 12)
    wave = 1 + swing[group][:, None] * np.sin(2 * np.pi * (day - phase[group][:, None]) / 365.25)
    birth = np.where(chance.random(series) < 0.25, chance.integers(0, days, series), 0)
    death = np.where(chance.random(series) < 0.15, chance.integers(0, days * 2, series), days)
    alive = (day >= birth[:, None]) & (day < np.maximum(death, birth)[:, None])
    promotion = 1 + 1.5 * np.repeat(chance.random((series, days // 14 + 1)) < 0.05, 14, axis=1)[:, :days]
    busy = chance.random((series, days)) < chance.uniform(0.05, 0.9, (series, 1))
    mean = level * wave * alive * promotion * busy * chance.gamma(0.8, 1.25, (series, days))
    daily = chance.poisson(mean).astype(np.int32)
    return Sales("SIMULATED fast moving", date(2024, 4, 1), daily, np.arange(series) // 4,
                 np.arange(series) % 4, group)  # fmt: skip


def scaled(lines: int = 600_000, outlets: int = 1_500) -> Sales:
    """SIMULATED: the benchmark distributor, drawn from the carried invoices by the scale rule."""
    from inventory.feeds.demonstration import scale

    run_day = date(2026, 11, 23)
    played = scale(run_day, outlets=outlets, lines=lines)
    sold = pl.concat(
        [
            month.ledger.sales.select("sku", "territory", "at", "quantity").filter(pl.col("quantity") > 0)
            for month in played.months()
        ]
    )
    groups = played.masters().skus.select("sku", "category")
    sold = sold.join(groups, on="sku")
    first = sold["at"].min().date()  # type: ignore[union-attr]
    day = (pl.col("at").dt.convert_time_zone("Asia/Kolkata").dt.date() - pl.lit(first)).dt.total_days()
    frame = sold.select(
        stock=pl.col("sku").rank("dense").cast(pl.Int64),
        customer=pl.col("territory").rank("dense").cast(pl.Int64),
        day=day,
        quantity=pl.col("quantity").cast(pl.Int64),
        kind=pl.col("category").rank("dense").cast(pl.Int64),
    )
    return _sales("SIMULATED by the scale rule", first, frame, territories=1_000)


def _sales(name: str, first: date, lines: pl.DataFrame, territories: int = TERRITORIES) -> Sales:
    """Lines (stock, customer, day, quantity, kind) as series of days."""
    lines = lines.with_columns(area=pl.col("customer") % territories).filter(pl.col("day") >= 0)
    keys = (
        lines.group_by("stock", "area")
        .agg(pl.len().alias("lines"), pl.col("kind").first())
        .sort("lines", "stock", "area", descending=[True, False, False])
        .head(MOST)
        .sort("stock", "area")
        .with_row_index("row")
    )
    placed = lines.join(keys.select("stock", "area", "row"), on=["stock", "area"])
    daily = np.zeros((len(keys), int(lines["day"].to_numpy().max()) + 1), np.int32)
    np.add.at(daily, (placed["row"].to_numpy(), placed["day"].to_numpy()), placed["quantity"].to_numpy())
    return Sales(
        name, first, daily, keys["stock"].to_numpy(), keys["area"].to_numpy(), keys["kind"].to_numpy()
    )
