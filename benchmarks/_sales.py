"""Sales that benchmarks send: the demonstration's lines, two million of them present, COPY's own form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import polars as pl

from inventory.feeds.demonstration import DemoData, generate

DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
PRESENT = 2_000_000


@cache
def played() -> DemoData:
    return generate("demo", DAY)


@cache
def _ordered() -> pl.DataFrame:
    sales = played().sales.sort("at", "transaction_id", "line")
    rupees = pl.format(
        "{}.{}",
        pl.col("unit_price_paise") // 100,
        (pl.col("unit_price_paise") % 100).cast(pl.String).str.zfill(2),
    )
    return sales.select(
        pl.col("transaction_id").alias("transactionId"), "line", pl.col("retailer_id").alias("retailerId"),
        "sku", "quantity", rupees.alias("unitPrice"),
        pl.col("at").dt.convert_time_zone("Asia/Kolkata").dt.strftime("T%H:%M:%S+05:30").alias("timestamp"),
        "territory",
    )  # fmt: skip


def batch(number: int, lines: int, day: date) -> pl.DataFrame:
    """Real lines from a place of their own in history, in order, on one day; under the API's names."""
    sales = _ordered()
    start = (number * 7_919) % (sales.height - lines)
    return sales.slice(start, lines).with_columns(
        pl.format("{}-{}", "transactionId", pl.lit(f"{number:04d}")).alias("transactionId"),
        pl.concat_str(pl.lit(day.isoformat()), "timestamp").alias("timestamp"),
    )


def history(lines: int) -> pl.DataFrame:
    """Lines of two years in order of time, at their own instants: each real line several times over."""
    sales = _ordered()
    day = (
        played()
        .sales.sort("at", "transaction_id", "line")["at"]
        .dt.convert_time_zone("Asia/Kolkata")
        .dt.date()
    )
    dated = sales.with_columns(pl.concat_str(day.cast(pl.String), "timestamp").alias("timestamp"))
    copies = [
        dated.with_columns(pl.format("{}-{}", "transactionId", pl.lit(n)).alias("transactionId"))
        for n in range(-(-lines // sales.height))
    ]
    return pl.concat(copies).sort(pl.col("timestamp"), maintain_order=True).head(lines)


@contextmanager
def distributor(slug: str) -> Iterator[Any]:
    """A new distributor, entered, dropped afterwards."""
    import django

    django.setup()
    from django.core.management import call_command
    from django_tenants.utils import tenant_context

    from vyapar.tenancy.services import close_distributor, open_distributor

    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    one = open_distributor(slug=slug, name="Bench", domain=f"{slug}.localhost")
    try:
        with tenant_context(one):
            yield one
    finally:
        close_distributor(one)


def prepare(before: date, present: int = PRESENT) -> None:
    """Masters, stock of two batches everywhere, and so many lines of the weeks before a day."""
    from django.db import connection

    from inventory.services import ensure_sale_partitions, save_masters
    from vyapar.kernel.actor import system

    data = played()
    kinds = ("registrations", "territories", "locations", "retailers", "brands", "categories", "skus")
    save_masters({kind: getattr(data, kind) for kind in kinds}, actor=system("bench"), at=NOW)
    ensure_sale_partitions(before - timedelta(days=40), DAY)
    with connection.cursor() as cursor:
        for statement in _STOCK:
            cursor.execute(statement)
        cursor.execute(_PRESENT, {"present": present, "day": before})
        cursor.execute("ANALYZE")


_STOCK = (
    "INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, expiry_date, purchase_invoice, "
    "itc_paise) SELECT s.id, 'B' || b, s.mrp_paise, s.cost_paise, DATE '2027-01-01' + b * 60, '', 0 "
    "FROM inventory_sku s, generate_series(1, 2) b",
    "INSERT INTO inventory_position (sku_id, batch_id, location_id, on_hand, reserved, in_transit, changes, "
    "updated_at) SELECT b.sku_id, b.id, l.id, 100000, 0, 0, 1, now() FROM inventory_batch b, "
    "inventory_location l WHERE l.kind = 'godown'",
    "INSERT INTO inventory_movement (at, batch_id, location_id, kind, quantity, reference, actor_ref) "
    "SELECT DATE '2026-09-01', batch_id, location_id, 'opening', on_hand, '', 'system:bench' "
    "FROM inventory_position",
)
_PRESENT = """
INSERT INTO inventory_sale (sold_at, received_at, retailer_id, sku_id, territory_id, unit_price_paise,
                            quantity, line, sold_on, transaction_id)
SELECT at, at, (SELECT min(id) FROM inventory_retailer) + (n::bigint / 20 * 7919) %% 690,
       (SELECT min(id) FROM inventory_sku) + (n::bigint * 104729) %% 1310,
       (SELECT min(id) FROM inventory_territory), 8000, 1 + n %% 20, 1 + n %% 20,
       (at AT TIME ZONE 'Asia/Kolkata')::date, 'OLD-' || lpad((n / 20)::text, 8, '0')
FROM (SELECT n, %(day)s::date - interval '40 days' * (1 - n / %(present)s::float) AS at
      FROM generate_series(0, %(present)s - 1) n) lines
"""

_TYPES = {
    "sold_at": "timestamptz", "received_at": "timestamptz", "retailer_id": "bigint", "sku_id": "bigint",
    "territory_id": "bigint", "unit_price_paise": "bigint", "quantity": "integer", "line": "integer",
    "sold_on": "date", "transaction_id": "text",
}  # fmt: skip
COPY = f"COPY inventory_sale ({', '.join(_TYPES)}) FROM STDIN (FORMAT BINARY)"


def encoded(sales: pl.DataFrame) -> bytes:
    """Sales as the binary stream of COPY, everything looked up: the work that COPY's figure leaves out."""
    from inventory.models import Retailer, Sku
    from inventory.services.binary import encode

    homes = {r.retailer_id: (r.pk, r.territory_id) for r in Retailer.objects.all()}
    skus = dict(Sku.objects.values_list("code", "pk"))
    at = (
        pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us").dt.convert_time_zone("UTC")
    )
    rows = sales.select(
        at.alias("sold_at"),
        pl.lit(NOW).dt.convert_time_zone("UTC").alias("received_at"),
        pl.col("retailerId").replace_strict({k: v[0] for k, v in homes.items()}).alias("retailer_id"),
        pl.col("sku").replace_strict(skus).alias("sku_id"),
        pl.col("retailerId").replace_strict({k: v[1] for k, v in homes.items()}).alias("territory_id"),
        pl.col("unitPrice").str.replace(".", "", literal=True).cast(pl.Int64).alias("unit_price_paise"),
        "quantity", "line",
        pl.col("timestamp").str.slice(0, 10).str.to_date().alias("sold_on"),
        pl.col("transactionId").alias("transaction_id"),
    )  # fmt: skip
    return b"".join(encode(rows, _TYPES))
