"""Sales batches of 20,000 lines: checked and recorded, against DRF and against raw COPY.

    python -m benchmarks ingestion

The demonstration's outlets, SKUs and territories with 2 million lines present; a batch is 20,000 of its
real lines (about 1,650 invoices, 4,300 SKUs and territories) on one day, four batches a day.

- `ours`: JSON to commit: checked, recorded once, rolled up by SKU, territory and day, sealed in the trail.
- `everything`: the same, and taken out of stock first-expiry-first through the ledger, with an event for
  each SKU and territory.
- `drf`: the same JSON by a serializer with many=True, then bulk_create with ignore_conflicts into the same
  table; nothing else.
- `copy`: the same rows as binary COPY into the same table, encoded before the clock starts.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import orjson

from inventory.feeds.demonstration import DemoData, generate
from vyapar.kernel.calendar import IST

LINES = 20_000
PRESENT = 2_000_000
RUNS = 5
PATHS = 4
DAYS = RUNS + 1
GOAL_TIMES_DRF, GOAL_OF_COPY = 8.0, 0.5
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def run() -> dict[str, Any]:
    """Medians of interleaved runs: lines per second of each path, and our ratios."""
    import django

    django.setup()
    from django.core.management import call_command
    from django_tenants.utils import tenant_context

    from vyapar.tenancy.services import close_distributor, open_distributor

    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    distributor = open_distributor(slug="bench-ingestion", name="Bench", domain="bench.localhost")
    try:
        with tenant_context(distributor):
            prepare()
            return measure()
    finally:
        close_distributor(distributor)


def measure() -> dict[str, Any]:
    paths: dict[str, Callable[[int], float]] = {
        "copy": raw_copy,
        "ours": lambda number: ours(number, history=True),
        "everything": lambda number: ours(number, history=False),
        "drf": drf,
    }
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for turn in range(RUNS + 1):  # the first turn warms up
        for place, (name, path) in enumerate(paths.items()):
            took = path(turn * len(paths) + place)
            if turn:
                seconds[name].append(took)
    rate = {name: LINES / statistics.median(took) for name, took in seconds.items()}
    return {
        "name": "ingestion",
        "value": round(rate["ours"]),
        "unit": "lines/s",
        "ratio": round(rate["ours"] / rate["drf"], 2),
        "against": "DRF many=True and bulk_create",
        "goal": GOAL_TIMES_DRF,
        "met": rate["ours"] >= GOAL_TIMES_DRF * rate["drf"],
        "everything_over_drf": round(rate["everything"] / rate["drf"], 2),
        "of_raw_copy": round(rate["ours"] / rate["copy"], 3),
        "goal_of_raw_copy": GOAL_OF_COPY,
        "lines_per_second": {name: round(value) for name, value in rate.items()},
        "lines_present": PRESENT,
    }


# --- the paths -----------------------------------------------------------------------


def ours(number: int, *, history: bool) -> float:
    """Seconds from JSON to commit; `history` leaves stock alone."""
    from inventory.feeds.canonical import from_json
    from inventory.services import ingest_sales
    from vyapar.kernel.actor import system

    body = orjson.dumps(batch(number))
    start = time.perf_counter()
    report = ingest_sales(from_json(body), actor=system("bench"), at=NOW, source="bench", history=history)
    took = time.perf_counter() - start
    if report.accepted != LINES:
        raise ValueError(f"only {report.accepted} lines were accepted: {report.faults[:3]}")
    return took


def raw_copy(number: int) -> float:
    """Seconds of COPY alone: binary rows, encoded before the clock starts, and the commit."""
    from django.db import connection, transaction

    body = encoded(batch(number))
    start = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(_COPY) as pipe:
        pipe.write(body)
    return time.perf_counter() - start


def drf(number: int) -> float:
    """Seconds from JSON to commit by the usual means."""
    from django.db import transaction
    from rest_framework import serializers

    from inventory.models import Retailer, Sale, Sku

    class Line(serializers.Serializer):
        transactionId = serializers.CharField(max_length=64)
        line = serializers.IntegerField(min_value=1)
        retailerId = serializers.CharField(max_length=40)
        sku = serializers.CharField(max_length=60)
        quantity = serializers.IntegerField()
        unitPrice = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0))
        timestamp = serializers.DateTimeField()
        territory = serializers.CharField(max_length=40)

    body = orjson.dumps(batch(number))
    start = time.perf_counter()
    form = Line(data=orjson.loads(body), many=True)
    form.is_valid(raise_exception=True)
    retailers = {r.retailer_id: r for r in Retailer.objects.all()}
    skus = {s.code: s for s in Sku.objects.all()}
    sales = [
        Sale(
            transaction_id=row["transactionId"], line=row["line"], sold_on=row["timestamp"].date(),
            sold_at=row["timestamp"], retailer=retailers[row["retailerId"]], sku=skus[row["sku"]],
            territory_id=retailers[row["retailerId"]].territory_id, quantity=row["quantity"],
            unit_price_paise=int(row["unitPrice"] * 100), received_at=NOW,
        )
        for row in form.validated_data
    ]  # fmt: skip
    with transaction.atomic():
        Sale.objects.bulk_create(sales, batch_size=1_000, ignore_conflicts=True)
    return time.perf_counter() - start


# --- the distributor -----------------------------------------------------------------------


@cache
def played() -> DemoData:
    return generate("demo", DAY)


def batch(number: int) -> list[dict[str, Any]]:
    """A request: real lines from a place of their own in history, in order, on one day of ours."""
    sales = played().sales.sort("at", "transaction_id", "line")
    start = (number * 7_919) % (sales.height - LINES)
    day = DAY - timedelta(days=DAYS - 1 - number // PATHS)
    return [
        {
            "transactionId": f"{row['transaction_id']}-{number:04d}",
            "line": row["line"],
            "retailerId": row["retailer_id"],
            "sku": row["sku"],
            "quantity": row["quantity"],
            "unitPrice": f"{row['unit_price_paise'] // 100}.{row['unit_price_paise'] % 100:02d}",
            "timestamp": f"{day.isoformat()}T{row['at'].astimezone(IST).strftime('%H:%M:%S')}+05:30",
            "territory": row["territory"],
        }
        for row in sales.slice(start, LINES).iter_rows(named=True)
    ]


def prepare() -> None:
    """Masters, stock of two batches everywhere, and two million lines of the weeks before."""
    from django.db import connection

    from inventory.services import ensure_sale_partitions, save_masters
    from vyapar.kernel.actor import system

    data = played()
    kinds = ("registrations", "territories", "locations", "retailers", "brands", "categories", "skus")
    save_masters({kind: getattr(data, kind) for kind in kinds}, actor=system("bench"), at=NOW)
    first = DAY - timedelta(days=DAYS)
    ensure_sale_partitions(first - timedelta(days=40), DAY)
    with connection.cursor() as cursor:
        for statement in _STOCK:
            cursor.execute(statement)
        cursor.execute(_PRESENT, {"present": PRESENT, "day": first})
        cursor.execute("ANALYZE")


_COPY = (
    "COPY inventory_sale (sold_at, received_at, retailer_id, sku_id, territory_id, unit_price_paise, "
    "quantity, line, sold_on, transaction_id) FROM STDIN (FORMAT BINARY)"
)
_STOCK = (
    "INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, expiry_date, purchase_invoice, "
    "itc_paise) SELECT s.id, 'B' || b, s.mrp_paise, s.cost_paise, DATE '2027-01-01' + b * 60, '', 0 "
    "FROM inventory_sku s, generate_series(1, 2) b",
    "INSERT INTO inventory_position (sku_id, batch_id, location_id, on_hand, reserved, in_transit, changes, "
    "updated_at) SELECT b.sku_id, b.id, l.id, 100000, 0, 0, 1, now() FROM inventory_batch b, "
    "inventory_location l WHERE l.kind = 'godown'",
    "INSERT INTO inventory_movement (at, batch_id, location_id, kind, quantity, reference, actor_ref) "
    "SELECT now(), batch_id, location_id, 'opening', on_hand, '', 'system:bench' FROM inventory_position",
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


def encoded(sales: list[dict[str, Any]]) -> bytes:
    """Sales as the binary stream of COPY: the work that our peer is spared."""
    from inventory.models import Retailer, Sku

    retailers = {r.retailer_id: (r.pk, r.territory_id) for r in Retailer.objects.all()}
    skus = dict(Sku.objects.values_list("code", "pk"))
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    now = int((NOW - epoch).total_seconds() * 1_000_000)
    parts = [b"PGCOPY\n\xff\r\n\x00" + bytes(8)]
    for row in sales:
        retailer, territory = retailers[row["retailerId"]]
        instant = datetime.fromisoformat(row["timestamp"])
        at = int((instant - epoch).total_seconds() * 1_000_000)
        day = (instant.date() - epoch.date()).days
        name = row["transactionId"].encode()
        wide = (at, now, retailer, skus[row["sku"]], territory, int(row["unitPrice"].replace(".", "")))
        narrow = (row["quantity"], row["line"], day)
        parts.append(
            (10).to_bytes(2, "big")
            + b"".join((8).to_bytes(4, "big") + value.to_bytes(8, "big", signed=True) for value in wide)
            + b"".join((4).to_bytes(4, "big") + value.to_bytes(4, "big", signed=True) for value in narrow)
            + len(name).to_bytes(4, "big")
            + name
        )
    parts.append((-1).to_bytes(2, "big", signed=True))
    return b"".join(parts)


if __name__ == "__main__":
    print(json.dumps(run()))
