"""Scores that predict, causes, days of no return, stock at outlets."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0007_forecasts"),
    ]

    operations = [
        migrations.CreateModel(
            name="RiskModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.CharField(choices=[("item", "Item"), ("outlet", "Outlet")], max_length=6)),
                ("version", models.PositiveIntegerField()),
                ("cycle_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("window_first", models.DateField()),
                ("window_last", models.DateField()),
                ("rows", models.PositiveIntegerField()),
                ("method", models.CharField(max_length=10)),
                ("metrics", models.JSONField(default=dict)),
                ("reliability", models.JSONField(default=dict)),
                ("in_force", models.BooleanField(default=False)),
                ("why_not", models.CharField(blank=True, max_length=40)),
                ("body", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("level", "version"), name="risk_model_version"),
                    models.UniqueConstraint(
                        condition=models.Q(("in_force", True)), fields=("level",), name="risk_model_in_force"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemOutlook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "sku",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outlooks",
                        to="inventory.sku",
                    ),
                ),
                (
                    "territory",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outlooks",
                        to="inventory.territory",
                    ),
                ),
                ("cycle_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("no_sale_30", models.FloatField()),
                ("no_sale_60", models.FloatField()),
                ("no_sale_90", models.FloatField()),
                ("method", models.CharField(max_length=10)),
                ("reasons", models.JSONField(default=list)),
                ("matrix", models.CharField(max_length=3)),
                ("matrix_overall", models.CharField(max_length=3)),
                ("value_share_bp", models.PositiveIntegerField()),
                ("demand_cv", models.FloatField(null=True)),
                ("overstock_quantity", models.BigIntegerField(default=0)),
                ("overstock_packs", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["-no_sale_90", "id"], name="item_outlook_worst")],
                "constraints": [
                    models.UniqueConstraint(fields=("sku", "territory"), name="item_outlook_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PositionOutlook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outlook",
                        to="inventory.position",
                    ),
                ),
                ("cycle_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("cause", models.CharField(blank=True, max_length=16)),
                ("confidence", models.FloatField(default=0)),
                ("evidence", models.JSONField(default=dict)),
                ("behind", models.BooleanField(default=False)),
                ("expected_paise", models.BigIntegerField(default=0)),
                ("p90_paise", models.BigIntegerField(default=0)),
                ("last_claim_date", models.DateField(null=True)),
                ("last_transfer_date", models.DateField(null=True)),
                ("last_offer_date", models.DateField(null=True)),
                ("last_donation_date", models.DateField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["cause"], name="position_outlook_cause")],
            },
        ),
        migrations.CreateModel(
            name="OutletStock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "retailer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standing",
                        to="inventory.retailer",
                    ),
                ),
                (
                    "sku",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standing",
                        to="inventory.sku",
                    ),
                ),
                (
                    "territory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standing",
                        to="inventory.territory",
                    ),
                ),
                ("cycle_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("last_bought_date", models.DateField()),
                ("interval_days", models.FloatField()),
                ("orders", models.PositiveIntegerField()),
                ("pieces", models.BigIntegerField()),
                ("probability", models.FloatField()),
                ("expected_quantity", models.FloatField()),
                ("expected_paise", models.BigIntegerField()),
                ("no_sale_30", models.FloatField()),
                ("no_sale_60", models.FloatField()),
                ("no_sale_90", models.FloatField()),
            ],
            options={
                "indexes": [models.Index(fields=["-expected_paise", "id"], name="outlet_stock_worst")],
                "constraints": [
                    models.UniqueConstraint(fields=("retailer", "sku", "territory"), name="outlet_stock_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="stockitem",
            name="cause",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
    ]
