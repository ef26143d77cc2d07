"""Outlets in the daily roll-up."""

from django.db import migrations, models

# Rows that stand there learn their buyers from the sales.
BUYERS = """
UPDATE inventory_dailydemand d SET buyers = b.buyers
FROM (SELECT sku_id, territory_id, sold_on, string_agg(DISTINCT int4send(retailer_id::int), ''::bytea) AS buyers
      FROM inventory_sale WHERE quantity > 0 GROUP BY 1, 2, 3) b
WHERE b.sku_id = d.sku_id AND b.territory_id = d.territory_id AND b.sold_on = d.day
"""
# Room on each page, so that a row that grows during its day stays on it and no index has to be told.
ROOM = "ALTER TABLE inventory_dailydemand SET (fillfactor = 80)"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0010_twins")]

    operations = [
        migrations.AddField("dailydemand", "buyers", models.BinaryField(db_default=b"", default=b"")),
        migrations.RunSQL(BUYERS, migrations.RunSQL.noop),
        migrations.RunSQL(ROOM, "ALTER TABLE inventory_dailydemand RESET (fillfactor)"),
    ]
