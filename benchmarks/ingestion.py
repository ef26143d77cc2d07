"""Sales batches of 20,000 lines: ours with everything that follows, against raw COPY and against DRF.

    python -m benchmarks ingestion

A distributor of 5,000 outlets, 2,000 SKUs and 30 territories with 2 million lines present. Ours reads
JSON, checks it, records it, takes it out of stock first-expiry-first, rolls demand up, tells of each SKU
and territory, and seals the trail. DRF (many=True, then bulk_create with ignore_conflicts) checks and
records the same JSON into the same table and does nothing else; raw COPY records ready-made binary rows.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import orjson

LINES = 20_000
PRESENT = 2_000_000
OUTLETS, SKUS, TERRITORIES = 5_000, 2_000, 30
RUNS = 5
GOAL_TIMES_DRF, GOAL_OF_COPY = 8.0, 0.5
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


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
    paths: dict[str, Callable[[int], float]] = {"copy": raw_copy, "ours": ours, "drf": drf}
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for turn in range(-1, RUNS):  # the first turn warms up
        for place, (name, path) in enumerate(paths.items()):
            took = path(1_000 + turn * 10 + place)
            if turn >= 0:
                seconds[name].append(took)
    rate = {name: LINES / statistics.median(took) for name, took in seconds.items()}
    return {
        "name": "ingestion",
        "value": round(rate["ours"]),
        "unit": "lines/s, with stock, demand, events and trail",
        "ratio": round(rate["ours"] / rate["drf"], 2),
        "against": "DRF many=True and bulk_create, recording only",
        "goal": GOAL_TIMES_DRF,
        "met": rate["ours"] >= GOAL_TIMES_DRF * rate["drf"],
        "of_raw_copy": round(rate["ours"] / rate["copy"], 3),
        "goal_of_raw_copy": GOAL_OF_COPY,
        "lines_per_second": {name: round(value) for name, value in rate.items()},
        "lines_present": PRESENT,
    }


# --- the three paths -----------------------------------------------------------------------


def ours(seed: int) -> float:
    """Seconds from JSON to commit."""
    from inventory.services import ingest_sales
    from inventory.services.sale_lines import from_json
    from vyapar.kernel.actor import system

    body = orjson.dumps(batch(seed))
    start = time.perf_counter()
    report = ingest_sales(from_json(body), actor=system("bench"), at=NOW, source="bench")
    took = time.perf_counter() - start
    if report.accepted != LINES:
        raise ValueError(f"only {report.accepted} lines were accepted: {report.faults[:3]}")
    return took


def raw_copy(seed: int) -> float:
    """Seconds of COPY alone: binary rows, encoded before the clock starts, and the commit."""
    from django.db import connection, transaction

    body = encoded(batch(seed))
    start = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(_COPY) as pipe:
        pipe.write(body)
    return time.perf_counter() - start


def drf(seed: int) -> float:
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

    body = orjson.dumps(batch(seed))
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


def batch(seed: int) -> list[dict[str, Any]]:
    """A request: a thousand invoices of twenty lines, SKUs as unequal as they are in the trade."""
    chance = np.random.default_rng(seed)
    outlet = np.repeat(chance.integers(0, OUTLETS, LINES // 20), 20)
    sku = (chance.zipf(1.2, LINES) - 1) % SKUS
    quantity = chance.integers(1, 25, LINES)
    price = chance.integers(5, 400, LINES)
    minute = np.sort(np.repeat(chance.integers(0, 540, LINES // 20), 20))
    start = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - the offset stands in the text
    return [
        {
            "transactionId": f"INV-{seed:06d}-{i // 20:05d}",
            "line": i % 20 + 1,
            "retailerId": f"R{outlet[i]:05d}",
            "sku": f"SKU-{sku[i]:05d}",
            "quantity": int(quantity[i]),
            "unitPrice": f"{price[i]}.50",
            "timestamp": (start + timedelta(minutes=int(minute[i]))).isoformat() + "+05:30",
            "territory": f"T{outlet[i] % TERRITORIES:02d}",
        }
        for i in range(LINES)
    ]


def prepare() -> None:
    """Masters, stock of two batches everywhere, and two million lines of the months before."""
    from django.db import connection

    from inventory.services import ensure_sale_partitions, index_past_months

    ensure_sale_partitions(DAY - timedelta(days=40), DAY)
    with connection.cursor() as cursor:
        for statement in _MASTERS:
            cursor.execute(statement.format(outlets=OUTLETS, skus=SKUS, territories=TERRITORIES))
        cursor.execute(_PRESENT.format(present=PRESENT, outlets=OUTLETS, skus=SKUS, day=DAY))
        cursor.execute("ANALYZE")
    index_past_months(DAY)


_COPY = (
    "COPY inventory_sale (sold_at, received_at, retailer_id, sku_id, territory_id, unit_price_paise, "
    "quantity, line, sold_on, transaction_id) FROM STDIN (FORMAT BINARY)"
)
_MASTERS = (
    "INSERT INTO inventory_gstregistration (gstin, state_code, legal_name, trade_name, address, place, "
    "pincode, fssai, active, full_itc) "
    "VALUES ('27ZZZCB1234K1Z0', '27', 'Bench', '', '', '', '', '', true, true)",
    "INSERT INTO inventory_territory (code, name, registration_id) SELECT 'T' || lpad(n::text, 2, '0'), n, "
    "(SELECT id FROM inventory_gstregistration) FROM generate_series(0, {territories} - 1) n",
    "INSERT INTO inventory_location (code, name, kind, territory_id, address, place, pincode, latitude, "
    "longitude, registered) SELECT 'GD-' || code, code, 'godown', id, '', '', '', 19, 72, true "
    "FROM inventory_territory",
    "INSERT INTO inventory_location (code, name, kind, territory_id, address, place, pincode, latitude, "
    "longitude, registered) SELECT 'OT-' || n, n, 'outlet', (SELECT min(id) FROM inventory_territory) + "
    "n % {territories}, '', '', '', 19, 72, true FROM generate_series(0, {outlets} - 1) n",
    "INSERT INTO inventory_retailer (retailer_id, name, outlet_id, territory_id, phone, email, language, "
    "gstin, channels, credit_limit_paise, outstanding_paise, beat, active, updated_at) "
    "SELECT 'R' || lpad(substr(code, 4), 5, '0'), name, id, territory_id, '', '', 'en', '', '[]', 0, 0, '', "
    "true, now() FROM inventory_location WHERE kind = 'outlet'",
    "INSERT INTO inventory_brand (name, supplier_name, supplier_gstin, return_bp) VALUES ('B', '', '', 0)",
    "INSERT INTO inventory_category (code, name) VALUES ('C', 'C')",
    "INSERT INTO inventory_sku (code, name, brand_id, category_id, hsn, rate_item, packed, uqc, mrp_paise, "
    "trade_price_paise, cost_paise, weight_grams, volume_cc, case_pack, active, updated_at) "
    "SELECT 'SKU-' || lpad(n::text, 5, '0'), n, (SELECT id FROM inventory_brand), (SELECT id FROM "
    "inventory_category), '19053100', '', true, 'PCS', 10000, 8000, 5000, 100, 0, 12, true, now() "
    "FROM generate_series(0, {skus} - 1) n",
    "INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, expiry_date, purchase_invoice, "
    "itc_paise) SELECT s.id, 'B' || b, 10000, 5000, DATE '2027-01-01' + b * 60, '', 0 "
    "FROM inventory_sku s, generate_series(1, 2) b",
    "INSERT INTO inventory_position (sku_id, batch_id, location_id, on_hand, reserved, in_transit, changes, "
    "updated_at) SELECT b.sku_id, b.id, l.id, 5000, 0, 0, 1, now() FROM inventory_batch b, "
    "inventory_location l WHERE l.kind = 'godown'",
    "INSERT INTO inventory_movement (at, batch_id, location_id, kind, quantity, reference, actor_ref) "
    "SELECT now(), batch_id, location_id, 'opening', on_hand, '', 'system:bench' FROM inventory_position",
)
_PRESENT = """
INSERT INTO inventory_sale (sold_at, received_at, retailer_id, sku_id, territory_id, unit_price_paise,
                            quantity, line, sold_on, transaction_id)
SELECT at, at, (SELECT min(id) FROM inventory_retailer) + (n::bigint / 20 * 7919) % {outlets},
       (SELECT min(id) FROM inventory_sku) + (n::bigint * 104729) % {skus}, 1, 8000, 1 + n % 20, 1 + n % 20,
       (at AT TIME ZONE 'Asia/Kolkata')::date, 'OLD-' || lpad((n / 20)::text, 8, '0')
FROM (SELECT n, timestamptz '{day} 12:00+05:30' - interval '40 days' * (1 - n / {present}.0) AS at
      FROM generate_series(0, {present} - 1) n) lines
"""


def encoded(sales: list[dict[str, Any]]) -> bytes:
    """Sales as the binary stream of COPY: the work that our peer is spared."""
    from inventory.models import Retailer, Sku

    retailers = {r.retailer_id: (r.pk, r.territory_id) for r in Retailer.objects.all()}
    skus = dict(Sku.objects.values_list("code", "pk"))
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    now = int((NOW - epoch).total_seconds() * 1_000_000)
    day = (DAY - epoch.date()).days
    parts = [b"PGCOPY\n\xff\r\n\x00" + bytes(8)]
    for row in sales:
        retailer, territory = retailers[row["retailerId"]]
        at = int((datetime.fromisoformat(row["timestamp"]) - epoch).total_seconds() * 1_000_000)
        name = row["transactionId"].encode()
        wide = (at, now, retailer, skus[row["sku"]], territory, int(float(row["unitPrice"]) * 100))
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
