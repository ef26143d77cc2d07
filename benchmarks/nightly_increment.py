"""A night's 100,000 lines at a distributor with 1, 5 and 25 million: landed, rolled up, rescored.

    bin/bench nightly_increment        (VYAPAR_BENCH_LINES: the largest number of lines, 25 million)

5,000 outlets by the demonstration's rule at scale (see `generate_scale`). History is loaded with COPY, its
roll-up worked out by the database, and stock put where the rule left it; every item has a forecast and is
scored once. Then a day's 100,000 lines come in five batches, as everything comes in: checked, recorded
once, rolled up, taken out of stock through the ledger, told. What that changed is scored again.

Landing should not care how much history there is; the growth from the first size to the last says so.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from benchmarks._sales import distributor
from benchmarks._web import loads
from benchmarks.rescore import cycle
from inventory.feeds.demonstration import scale

MOST = int(os.environ.get("VYAPAR_BENCH_LINES", 25_000_000))
SIZES = tuple(size for size in (1_000_000, 5_000_000, 25_000_000) if size <= MOST) or (MOST,)
OUTLETS, NIGHT, BATCHES = 5_000, 100_000, 5
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
DAY = NOW.date() + timedelta(days=1)
GOAL_GROWTH = 1.5


def run() -> dict[str, Any]:
    """Seconds of a night at each size, and how much longer it takes at the largest than at the smallest."""
    before = loads()
    nights = {size: at_size(size) for size in SIZES}
    first, last = nights[SIZES[0]], nights[SIZES[-1]]
    growth = last["land"] / first["land"]
    return {
        "name": "nightly_increment",
        "value": round(NIGHT / last["land"]),
        "unit": "lines/s landed at the largest size",
        "ratio": round(growth, 2),
        "against": f"the same night with {SIZES[0]:,} lines of history (lower is better)",
        "goal": GOAL_GROWTH,
        "met": growth <= GOAL_GROWTH,
        "growth_of_rescoring": round(last["rescore"] / first["rescore"], 2),
        "nights": {f"{size:,}": night for size, night in nights.items()},
        "outlets": OUTLETS,
        "load": [before, loads()],
    }


def at_size(lines: int) -> dict[str, Any]:
    """One night after so many lines of history."""
    with distributor(f"bench-night-{lines}"):
        start = time.perf_counter()
        night = load(lines)
        loaded = time.perf_counter() - start
        full, positions = cycle(NOW)
        start = time.perf_counter()
        for part in night.iter_slices(NIGHT // BATCHES):
            land(part)
        landed = time.perf_counter() - start
        changed, some = cycle(NOW + timedelta(minutes=1))
        return {
            "history": count("inventory_sale") - NIGHT,
            "load": round(loaded, 1),
            "land": round(landed, 2),
            "rescore": round(changed, 2),
            "full_score": round(full, 2),
            "positions": positions,
            "positions_rescored": some,
        }


def land(lines: pl.DataFrame) -> None:
    """A batch through the same door as every other."""
    from inventory.contracts.feeds import RecordKind
    from inventory.services import land as land_rows
    from vyapar.kernel.actor import system

    done = land_rows(RecordKind.SALES, lines, source="bench", actor=system("bench"), at=NOW)
    if done.accepted != lines.height:
        raise ValueError(f"only {done.accepted} lines were accepted: {done.faults[:3]}")


# --- the distributor -----------------------------------------------------------------------


def load(lines: int) -> pl.DataFrame:
    """Masters, history, roll-up, stock and forecasts; the lines of the night that follows."""
    from inventory.services import index_past_months, rebuild_demand, save_masters
    from vyapar.kernel.actor import system

    scaled = scale(DAY, outlets=OUTLETS, lines=lines)
    masters = scaled.masters()
    kinds = ("registrations", "territories", "locations", "retailers", "brands", "categories", "skus")
    save_masters({kind: getattr(masters, kind) for kind in kinds}, actor=system("bench"), at=NOW)
    last = pl.DataFrame()
    for month in scaled.months():
        save_masters({"batches": month.ledger.batches}, actor=system("bench"), at=NOW)
        copy_in(month.ledger.sales)
        rebuild_demand(month.first_date, month.last_date)
        last = month.ledger.sales
    index_past_months(DAY)
    put_stock(scaled.positions())
    execute(_FORECASTS, {"day": DAY})
    execute("ANALYZE")
    return next_day(last)


def next_day(month: pl.DataFrame) -> pl.DataFrame:
    """Lines of a month as those of one night: as many as it takes, under numbers of their own."""
    copies = -(-NIGHT // month.height)
    lines = pl.concat([month.with_columns(pl.lit(n).alias("copy")) for n in range(copies)])
    lines = lines.sample(NIGHT, seed=7, shuffle=True).with_row_index("number")
    instant = pl.lit(NOW - timedelta(hours=8)) + pl.duration(milliseconds=pl.col("number"))
    return lines.select(
        pl.format("NIGHT-{}", pl.col("number") // 12).alias("transaction_id"),
        (pl.col("number") % 12 + 1).cast(pl.Int64).alias("line"),
        "retailer_id", "sku", "quantity", "unit_price_paise",
        instant.dt.convert_time_zone("UTC").alias("timestamp"),
        "territory",
    )  # fmt: skip


def copy_in(sales: pl.DataFrame) -> None:
    """History straight into the table, everything looked up."""
    from inventory.models import Retailer, Sku, Territory
    from inventory.services import ensure_sale_partitions
    from inventory.services.staging import copy_frame

    retailers = dict(Retailer.objects.values_list("retailer_id", "pk"))
    skus, territories = (dict(m.objects.values_list("code", "pk")) for m in (Sku, Territory))
    rows = sales.with_columns(
        pl.col("at").dt.cast_time_unit("us").alias("sold_at"),
        pl.col("at").dt.cast_time_unit("us").alias("received_at"),
        pl.col("retailer_id").replace_strict(retailers),
        pl.col("sku").replace_strict(skus).alias("sku_id"),
        pl.col("territory").replace_strict(territories).alias("territory_id"),
        pl.col("at").dt.convert_time_zone("Asia/Kolkata").dt.date().alias("sold_on"),
    )
    first, last = rows.select(pl.min("sold_on"), pl.max("sold_on").alias("last")).row(0)
    ensure_sale_partitions(first, last)
    for part in rows.iter_slices(200_000):
        copy_frame("inventory_sale", part, _TYPES)


_TYPES = {
    "sold_at": "timestamptz", "received_at": "timestamptz", "retailer_id": "bigint", "sku_id": "bigint",
    "territory_id": "bigint", "unit_price_paise": "bigint", "quantity": "integer", "line": "integer",
    "sold_on": "date", "transaction_id": "text",
}  # fmt: skip


def put_stock(positions: pl.DataFrame) -> None:
    """What the rule left, as the ledger's opening lines say it."""
    from inventory.models import Batch, Location
    from inventory.services import record_movements
    from vyapar.kernel.actor import system

    known = list(Batch.objects.values_list("sku__code", "number", "pk"))
    batches = pl.DataFrame(known, schema=["sku", "batch", "batch_id"], orient="row")
    places = dict(Location.objects.values_list("code", "pk"))
    lines = positions.join(batches, on=["sku", "batch"]).select(
        "batch_id", pl.col("location").replace_strict(places).alias("location_id"),
        pl.lit("opening").alias("kind"), pl.col("on_hand").alias("quantity"),
        pl.col("first_receipt_date").alias("receipt_date"),
    )  # fmt: skip
    record_movements(lines, actor=system("bench"), at=NOW - timedelta(days=1))


_FORECASTS = """
INSERT INTO inventory_demandforecast (sku_id, territory_id, cycle_id, as_of, pattern, method, weekly_mean,
                                      dispersion)
SELECT DISTINCT b.sku_id, l.territory_id, 1, %(day)s::date, 'lumpy', 'tsb',
       array_fill(4.0::float, ARRAY[13]), 0.8
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_location l ON l.id = p.location_id
"""


def execute(sql: str, values: Any = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def count(table: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    print(json.dumps(run()))
