"""Rescoring every position of a large distributor, and one in a hundred, against writing the result.

    python -m benchmarks rescore

2,000 SKUs in 30 territories with two batches each: 120,000 positions, 60,000 items, 112 days of demand.
A full pass reads the book, scores it, prices every way out and records it; the limit is the plain COPY
of the rows that it records into tables without constraints. A changed pass is the same after one SKU in
a hundred was sold.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

SKUS, TERRITORIES, BATCHES = 2_000, 30, 2
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RUNS = 3
GOAL_OF_COPY, GOAL_CHANGED = 4.0, 0.2


def run() -> dict[str, Any]:
    """Medians: seconds of a full pass over the COPY of its result; a changed pass over a full one."""
    import django

    django.setup()
    from django.core.management import call_command
    from django_tenants.utils import tenant_context

    from vyapar.tenancy.services import close_distributor, open_distributor

    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    distributor = open_distributor(slug="bench-rescore", name="Bench", domain="bench-rescore.localhost")
    try:
        with tenant_context(distributor):
            prepare()
            return measure()
    finally:
        close_distributor(distributor)


def measure() -> dict[str, Any]:
    seconds: dict[str, list[float]] = {"full": [], "copy": [], "changed": []}
    cycle, parts = 0, {}
    for turn in range(RUNS + 1):  # the first turn warms up
        took, parts, positions = score(NOW + timedelta(days=turn), cycle := cycle + 1)
        limit = timed(copy_result)
        sell_some(turn)
        changed, _, some = score(NOW + timedelta(days=turn, minutes=1), cycle := cycle + 1)
        if turn:
            for name, value in (("full", took), ("copy", limit), ("changed", changed)):
                seconds[name].append(value)
    full, limit, changed = (statistics.median(seconds[name]) for name in ("full", "copy", "changed"))
    return {
        "name": "rescore",
        "value": round(positions / full),
        "unit": "positions/s",
        "ratio": round(full / limit, 2),
        "against": "COPY of the result alone (lower is better)",
        "goal": GOAL_OF_COPY,
        "met": full <= GOAL_OF_COPY * limit and changed <= GOAL_CHANGED * full,
        "changed_over_full": round(changed / full, 3),
        "goal_changed_over_full": GOAL_CHANGED,
        "positions": positions,
        "positions_changed": some,
        "seconds": {"full": round(full, 2), "copy": round(limit, 2), "changed": round(changed, 2)},
        "seconds_by_part": parts,
    }


def score(at: datetime, cycle: int) -> tuple[float, dict[str, float], int]:
    """One cycle without the spine around it: seconds, by part, and the positions it looked at."""
    from inventory.contracts import MonitoringPolicy
    from inventory.handlers import decide_on_book
    from inventory.selectors import take_stock_snapshot
    from inventory.services import keep_scores
    from vyapar.kernel.actor import agent

    marks = [time.perf_counter()]
    book = take_stock_snapshot(at, MonitoringPolicy())
    marks.append(time.perf_counter())
    decision = decide_on_book(book, MonitoringPolicy())
    marks.append(time.perf_counter())
    keep_scores(decision.outcome, cycle_id=cycle, actor=agent("monitoring"), at=at)
    marks.append(time.perf_counter())
    names = ("read", "decide", "record")
    parts = {n: round(b - a, 2) for n, a, b in zip(names, marks[:-1], marks[1:], strict=True)}
    return marks[-1] - marks[0], parts, book.positions


def copy_result() -> None:
    """The recorded rows out and, which alone is timed by the caller's clock, back into bare tables."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("inventory_stockitem", "inventory_batchrisk"):
            cursor.execute(f"CREATE TEMP TABLE bare ON COMMIT DROP AS SELECT * FROM {table} WHERE false")
            with cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as pipe:
                for part in _rows[table]:
                    pipe.write(part)
            cursor.execute("DROP TABLE bare")


_rows: dict[str, list[bytes]] = {}


def timed(work: Callable[[], None]) -> float:
    """Seconds of `copy_result`, its rows fetched before."""
    from django.db import connection

    for table in ("inventory_stockitem", "inventory_batchrisk"):
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT BINARY)") as pipe,
        ):
            _rows[table] = [bytes(part) for part in pipe]
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sell_some(turn: int) -> None:
    """One SKU in a hundred loses a piece in one territory."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_position SET on_hand = on_hand - 1, changes = changes + 1 WHERE id IN "
            "(SELECT min(id) FROM inventory_position WHERE sku_id %% 100 = %s GROUP BY sku_id)",
            [turn % 100],
        )


def prepare() -> None:
    """Masters, stock, demand and forecasts by arithmetic, the same on every machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.4)")
        for statement in _STATEMENTS:
            cursor.execute(
                statement.format(skus=SKUS, territories=TERRITORIES, batches=BATCHES, day=DAY.isoformat())
            )
        cursor.execute("ANALYZE")


_STATEMENTS = (
    "INSERT INTO inventory_gstregistration (gstin, state_code, legal_name, trade_name, address, place, "
    "pincode, fssai, active, full_itc) "
    "VALUES ('27ZZZCB1234K1Z0', '27', 'Bench', '', '', '', '', '', true, true)",
    "INSERT INTO inventory_territory (code, name, registration_id) SELECT 'T' || lpad(n::text, 2, '0'), n, "
    "(SELECT id FROM inventory_gstregistration) FROM generate_series(1, {territories}) n",
    "INSERT INTO inventory_location (code, name, kind, territory_id, address, place, pincode, latitude, "
    "longitude, registered) SELECT 'GD-' || code, code, 'godown', id, '', '', '', 12 + id % 10, "
    "73 + id % 7, true FROM inventory_territory",
    "INSERT INTO inventory_brand (name, supplier_name, supplier_gstin, return_bp, return_days) "
    "VALUES ('B', '', '', 5000, 0)",
    "INSERT INTO inventory_category (code, name) VALUES ('C', 'C')",
    "INSERT INTO inventory_sku (code, name, brand_id, category_id, hsn, rate_item, packed, uqc, mrp_paise, "
    "trade_price_paise, cost_paise, weight_grams, volume_cc, case_pack, active, updated_at) "
    "SELECT 'SKU-' || lpad(n::text, 5, '0'), n, (SELECT id FROM inventory_brand), "
    "(SELECT id FROM inventory_category), '19053100', 'Biscuits', true, 'PCS', 10000, 8000, 5000, 100, 0, "
    "12, true, now() FROM generate_series(1, {skus}) n",
    "INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, expiry_date, purchase_invoice, "
    "itc_paise) SELECT s.id, 'B' || b, 10000, 5000, DATE '{day}' + (random() * 400)::int, '', 250 "
    "FROM inventory_sku s, generate_series(1, {batches}) b",
    "INSERT INTO inventory_position (sku_id, batch_id, location_id, on_hand, reserved, in_transit, "
    "first_receipt_date, changes, updated_at) SELECT b.sku_id, b.id, l.id, 1 + (random() * 200)::int, 0, 0, "
    "DATE '{day}' - (random() * 200)::int, 1, now() FROM inventory_batch b, inventory_location l",
    "INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets) "
    "SELECT s.id, t.id, DATE '{day}' - d, 1 + (random() * 5)::int, 8000, 1, 1 "
    "FROM inventory_sku s, inventory_territory t, generate_series(0, 111) d WHERE random() < 0.15",
    "INSERT INTO inventory_demandforecast (sku_id, territory_id, cycle_id, as_of, pattern, method, "
    "weekly_mean, dispersion) SELECT s.id, t.id, 1, DATE '{day}', 'lumpy', 'tsb', "
    "array_fill(random() * 8, ARRAY[13]), 0.8 FROM inventory_sku s, inventory_territory t",
)


if __name__ == "__main__":
    print(json.dumps(run()))
