"""What was predicted against what happened, and aggregates."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0008_risk"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImpactDaily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("territory", models.CharField(max_length=40)),
                ("category", models.CharField(max_length=120)),
                ("brand", models.CharField(max_length=120)),
                ("age", models.PositiveSmallIntegerField()),
                ("cause", models.CharField(blank=True, max_length=40)),
                ("status", models.CharField(max_length=12)),
                ("items", models.PositiveIntegerField()),
                ("pieces", models.BigIntegerField()),
                ("value_paise", models.BigIntegerField()),
                ("at_risk_pieces", models.BigIntegerField()),
                ("at_risk_paise", models.BigIntegerField()),
                ("loss_paise", models.BigIntegerField()),
                ("expired_paise", models.BigIntegerField()),
                ("written_off_paise", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "territory", "category", "brand", "age", "cause", "status"),
                        name="impact_daily_once",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="LearntFactor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("sell_through", "sell_through"),
                            ("claim_success", "claim_success"),
                            ("expiry", "expiry"),
                        ],
                        max_length=16,
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("factor_bp", models.PositiveIntegerField()),
                ("seen", models.PositiveIntegerField()),
                ("predicted", models.FloatField()),
                ("happened", models.FloatField()),
                ("learnt_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("name", "version"), name="learnt_factor_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ReplayReport",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("day", models.DateField()),
                ("until", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("figures", models.JSONField(default=dict)),
                ("folder", models.CharField(max_length=120)),
            ],
            options={
                "constraints": [],
                "indexes": [models.Index(fields=["-made_at"], name="replay_latest")],
            },
        ),
        migrations.CreateModel(
            name="Prediction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("expiry", "expiry"),
                            ("dead", "dead"),
                            ("demand", "demand"),
                            ("action", "action"),
                        ],
                        max_length=8,
                    ),
                ),
                ("subject", models.CharField(max_length=200)),
                ("agent", models.CharField(max_length=40)),
                ("group", models.CharField(blank=True, max_length=40)),
                ("made_on", models.DateField()),
                ("due_on", models.DateField()),
                ("flagged", models.BooleanField(default=False)),
                ("probability", models.FloatField(null=True)),
                ("expected", models.FloatField(null=True)),
                ("low", models.FloatField(null=True)),
                ("high", models.FloatField(null=True)),
                ("pieces", models.BigIntegerField(default=0)),
                ("paise", models.BigIntegerField(default=0)),
                (
                    "sku",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="inventory.sku",
                    ),
                ),
                (
                    "territory",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="inventory.territory",
                    ),
                ),
                (
                    "position",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="inventory.position",
                    ),
                ),
                ("action_id", models.UUIDField(null=True)),
                ("settled_on", models.DateField(null=True)),
                ("disturbed", models.BooleanField(default=False)),
                ("happened", models.FloatField(null=True)),
                ("realised_paise", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "subject", "group", "due_on"), name="prediction_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_on__gte", models.F("made_on"))), name="prediction_ahead"
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("settled_on__isnull", True)),
                        fields=["due_on"],
                        name="prediction_open",
                    ),
                    models.Index(fields=["kind", "-settled_on"], name="prediction_settled"),
                    models.Index(fields=["kind", "made_on"], name="prediction_made"),
                ],
            },
        ),
    ]
