import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0036_more_words"),
    ]

    operations = [
        migrations.AlterField(
            model_name="movement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opening", "Opening"),
                    ("receipt", "Receipt"),
                    ("sale", "Sale"),
                    ("return", "Sale Return"),
                    ("transfer_out", "Transfer Out"),
                    ("transfer_in", "Transfer In"),
                    ("damaged", "Damaged"),
                    ("short", "Short"),
                    ("found", "Found"),
                    ("adjustment", "Adjustment"),
                    ("write_off", "Write Off"),
                    ("company_out", "Company Out"),
                    ("company_back", "Company Back"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="ClaimSending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=60, unique=True)),
                ("pieces", models.BigIntegerField()),
                ("route", models.CharField(max_length=24)),
                ("company", models.JSONField()),
                ("papers", models.JSONField(default=list)),
                ("itc_paise", models.BigIntegerField()),
                ("sent_at", models.DateTimeField()),
                ("sent_by", models.CharField(max_length=160)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "sent"),
                            ("called_back", "called_back"),
                            ("returned", "returned"),
                            ("destroyed", "destroyed"),
                        ],
                        default="sent",
                        max_length=12,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=160)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("credited", models.JSONField(null=True)),
                (
                    "claim",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sendings",
                        to="inventory.claim",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("itc_paise__gte", 0), ("pieces__gt", 0)),
                        name="sending_of_something",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "called_back"), _negated=True),
                        fields=("claim",),
                        name="sending_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "sent")),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="sending_ended",
                    ),
                ],
            },
        ),
    ]
