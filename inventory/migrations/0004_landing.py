"""What landing rows needs in the tables they land in."""

import django.db.models.deletion
from django.db import migrations, models

# Four bytes for lines that came with an import, nothing for those that did not.
RUN = "ALTER TABLE inventory_sale ADD COLUMN import_run integer"


def _lines(to):
    return models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to=to)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0003_feeds")]

    operations = [
        migrations.RunSQL(RUN, "ALTER TABLE inventory_sale DROP COLUMN import_run"),
        migrations.CreateModel(
            name="CancelledSale",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("transaction_id", models.CharField(max_length=64)),
                ("line", models.IntegerField()),
                ("sold_on", models.DateField()),
                ("sold_at", models.DateTimeField()),
                ("quantity", models.IntegerField()),
                ("unit_price_paise", models.BigIntegerField()),
                ("gst", models.JSONField(null=True)),
                ("received_at", models.DateTimeField()),
                ("import_run", models.IntegerField(null=True)),
                ("cancelled_at", models.DateTimeField()),
                ("cancelled_run", models.IntegerField(null=True)),
                ("retailer", _lines("inventory.retailer")),
                ("sku", _lines("inventory.sku")),
                ("territory", _lines("inventory.territory")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("transaction_id", "line"), name="cancelled_once")],
            },
        ),
        migrations.CreateModel(
            name="SkuPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateField()),
                ("mrp_paise", models.BigIntegerField(null=True)),
                ("trade_price_paise", models.BigIntegerField(null=True)),
                ("cost_paise", models.BigIntegerField(null=True)),
                ("in_force_at", models.DateTimeField(null=True)),
                ("sku", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="prices", to="inventory.sku")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("sku", "valid_from"), name="sku_price_once"),
                    models.CheckConstraint(
                        condition=models.Q(("mrp_paise__gte", 0), ("mrp_paise__isnull", True), _connector="OR"),
                        name="sku_price_mrp",
                    ),
                ],
                "indexes": [models.Index(condition=models.Q(("in_force_at", None)), fields=["valid_from"], name="sku_price_waits")],
            },
        ),
        migrations.AddField("importchange", "undone_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "movement",
            models.Index(
                condition=models.Q(("reference__startswith", "import:")),
                fields=["reference"],
                name="movement_of_run",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
    ]
