"""Demand distributions, models and their scores."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_quality")]

    operations = [
        migrations.AddField("forecastscore", "level", models.CharField(default="item", max_length=9)),
        migrations.CreateModel(
            name="ForecastModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cycle_id", models.BigIntegerField(unique=True)),
                ("as_of", models.DateField()),
                ("version", models.CharField(max_length=12)),
                ("data_from", models.DateField()),
                ("data_to", models.DateField()),
                ("series", models.PositiveIntegerField()),
                ("examples", models.PositiveIntegerField(default=0)),
                ("features", models.JSONField(default=list)),
                ("plan", models.JSONField()),
                ("promoted", models.BooleanField()),
                ("reason", models.CharField(max_length=200)),
                ("figure", models.FloatField(default=0)),
                ("figure_in_force", models.FloatField(default=0)),
            ],
            options={"indexes": [models.Index(fields=["-as_of", "-id"], name="forecast_model_latest")]},
        ),
        migrations.CreateModel(
            name="ForecastOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("item", "Item"), ("sku", "Sku"), ("category", "Category"),
                            ("territory", "Territory"), ("all", "All"),
                        ],
                        max_length=9,
                    ),
                ),
                ("from_date", models.DateField()),
                ("to_date", models.DateField()),
                ("factor", models.FloatField(null=True)),
                ("pieces", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=300)),
                ("actor_ref", models.CharField(max_length=80)),
                ("made_at", models.DateTimeField()),
                ("dropped_at", models.DateTimeField(null=True)),
                ("dropped_by", models.CharField(blank=True, max_length=80)),
                ("baseline_pieces", models.FloatField()),
                ("adjusted_pieces", models.FloatField()),
                ("actual_pieces", models.BigIntegerField(null=True)),
                ("measured_at", models.DateTimeField(null=True)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                            to=f"inventory.{name}",
                        ),
                    )
                    for name in ("sku", "category", "territory")
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="override_days"),
                    models.CheckConstraint(
                        condition=Q(factor__isnull=False, pieces__isnull=True, factor__gte=0)
                        | Q(factor__isnull=True, pieces__isnull=False, pieces__gte=0),
                        name="override_says_one_thing",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["to_date"], name="override_open", condition=Q(dropped_at__isnull=True)
                    )
                ],
            },
        ),
    ]
