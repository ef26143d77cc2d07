"""The table of sales, partitioned by month, and the ledger that nobody may rewrite."""

from django.db import migrations

# Lean, so that COPY stays fast: one unique index, which ends in the partition key because Postgres
# asks for that, and a block-range index. A month that is over gets one for reading (see
# services.index_past_months); wide indexes belong on the roll-up.
SALE = """
CREATE TABLE inventory_sale (
    sold_at          timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    retailer_id      bigint      NOT NULL,
    sku_id           bigint      NOT NULL,
    territory_id     bigint      NOT NULL,
    unit_price_paise bigint      NOT NULL,
    quantity         integer     NOT NULL,
    line             integer     NOT NULL,
    sold_on          date        NOT NULL,
    transaction_id   varchar(64) COLLATE "C" NOT NULL,
    gst              jsonb
) PARTITION BY RANGE (sold_on);
CREATE UNIQUE INDEX inventory_sale_once ON inventory_sale (transaction_id, line, sold_on);
CREATE INDEX inventory_sale_day ON inventory_sale USING brin (sold_on);
"""

# Room on each page, so that a changed position stays on it and no index has to be told.
ROOM = "ALTER TABLE inventory_position SET (fillfactor = 70)"

LEDGER = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_movement "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("engine", "0002_append_only")]

    operations = [
        migrations.RunSQL(SALE, "DROP TABLE inventory_sale"),
        migrations.RunSQL(ROOM, "ALTER TABLE inventory_position RESET (fillfactor)"),
        migrations.RunSQL(LEDGER, "DROP TRIGGER append_only ON inventory_movement"),
    ]
