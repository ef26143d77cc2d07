"""A large distributor's stock by SQL in a throw-away schema: 500 SKUs at 5,000 outlets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SKUS, OUTLETS, TERRITORIES, BATCHES = 500, 5_000, 30, 6
DAY = "2026-11-23"


@contextmanager
def stocked(slug: str) -> Iterator[None]:
    """Inside the distributor; it is gone afterwards."""
    import django

    django.setup()
    from django.core.management import call_command
    from django_tenants.utils import tenant_context

    from vyapar.tenancy.services import close_distributor, open_distributor

    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    distributor = open_distributor(slug=slug, name="Bench", domain=f"{slug}.localhost")
    try:
        with tenant_context(distributor):
            fill()
            yield
    finally:
        close_distributor(distributor)


def fill() -> None:
    """Masters, stock, demand and forecasts by arithmetic, the same on every machine."""
    from django.db import connection

    sizes: dict[str, Any] = {
        "skus": SKUS, "outlets": OUTLETS, "territories": TERRITORIES, "batches": BATCHES, "day": DAY
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.4)")
        for statement in _STATEMENTS:
            cursor.execute(statement.format(**sizes))
        cursor.execute("ANALYZE")


#: What refers to what was just made need not be looked up 7.5 million times.
_UNTIE = """
DO $$ DECLARE tie record; BEGIN
    FOR tie IN SELECT conname FROM pg_constraint
               WHERE conrelid = 'inventory_position'::regclass AND contype = 'f' LOOP
        EXECUTE 'ALTER TABLE inventory_position DROP CONSTRAINT ' || quote_ident(tie.conname);
    END LOOP;
END $$
"""
_STATEMENTS = (
    _UNTIE.replace("{", "{{").replace("}", "}}"),
    "INSERT INTO inventory_gstregistration (gstin, state_code, legal_name, trade_name, address, place, "
    "pincode, fssai, active, full_itc) "
    "VALUES ('27ZZZCB1234K1Z0', '27', 'Bench', '', '', '', '', '', true, true)",
    "INSERT INTO inventory_territory (code, name, registration_id) SELECT 'T' || lpad(n::text, 2, '0'), n, "
    "(SELECT id FROM inventory_gstregistration) FROM generate_series(1, {territories}) n",
    "INSERT INTO inventory_location (code, name, kind, territory_id, address, place, pincode, latitude, "
    "longitude, registered) SELECT 'GD-' || code, code, 'godown', id, '', '', '', 12 + id % 10, "
    "73 + id % 7, true FROM inventory_territory",
    "INSERT INTO inventory_location (code, name, kind, territory_id, address, place, pincode, latitude, "
    "longitude, registered) SELECT 'O-' || lpad(n::text, 5, '0'), n, 'outlet', t.territory_id, '', '', '', "
    "t.latitude, t.longitude, false FROM generate_series(0, {outlets} - 1) n "
    "JOIN (SELECT territory_id, latitude, longitude, row_number() OVER (ORDER BY id) - 1 AS at "
    "FROM inventory_location) t ON t.at = n % {territories}",
    "INSERT INTO inventory_brand (name, supplier_name, supplier_gstin, return_bp, return_days) "
    "SELECT 'B' || n, '', '', 1000 * (n % 6), 0 FROM generate_series(0, 11) n",
    "INSERT INTO inventory_category (code, name) SELECT 'C' || n, 'C' || n FROM generate_series(0, 19) n",
    "INSERT INTO inventory_sku (code, name, brand_id, category_id, hsn, rate_item, packed, uqc, mrp_paise, "
    "trade_price_paise, cost_paise, weight_grams, volume_cc, case_pack, active, updated_at) "
    "SELECT 'SKU-' || lpad(n::text, 5, '0'), n, b.id, c.id, '19053100', 'Biscuits', true, 'PCS', 10000, "
    "8000, 5000, 100, 0, 12, true, now() FROM generate_series(1, {skus}) n "
    "JOIN inventory_brand b ON b.name = 'B' || n % 12 JOIN inventory_category c ON c.code = 'C' || n % 20",
    "INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, expiry_date, purchase_invoice, "
    "itc_paise) SELECT s.id, 'B' || b, 10000, 5000, "
    "DATE '{day}' + 50 + b * 50 + (random() * 40)::int, '', 250 "
    "FROM inventory_sku s, generate_series(0, {batches} - 1) b",
    "INSERT INTO inventory_position (sku_id, batch_id, location_id, on_hand, reserved, in_transit, "
    "first_receipt_date, changes, updated_at) SELECT b.sku_id, b.id, l.id, 1 + (random() * 15)::int, 0, 0, "
    "DATE '{day}' - (random() * 120)::int, 1, now() "
    "FROM (SELECT id, sku_id, row_number() OVER (PARTITION BY sku_id ORDER BY id) - 1 AS at "
    "FROM inventory_batch) b JOIN (SELECT id, row_number() OVER (ORDER BY id) AS at FROM inventory_location "
    "WHERE kind = 'outlet') l ON (l.at / {territories} + b.sku_id) % {batches} = b.at",
    "INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets) "
    "SELECT s.id, t.id, DATE '{day}' - d, 1 + (random() * 60)::int, 8000, 1, 1 "
    "FROM inventory_sku s, inventory_territory t, generate_series(0, 111) d WHERE random() < 0.4",
    "INSERT INTO inventory_demandforecast (sku_id, territory_id, cycle_id, as_of, pattern, method, "
    "weekly_mean, dispersion) SELECT s.id, t.id, 1, DATE '{day}', 'lumpy', 'tsb', "
    "array_fill({outlets} / 5000.0 * (70 + power(random(), 2) * 400), ARRAY[13]), 2.0 "
    "FROM inventory_sku s, inventory_territory t",
)
