"""Reports that others are sent by mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0002_weekly_report"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailedReport",
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
                            ("week", "Week"),
                            ("dead", "Dead"),
                            ("expiring", "Expiring"),
                            ("waiting", "Waiting"),
                        ],
                        max_length=8,
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("language", models.CharField(max_length=5)),
                ("weekday", models.PositiveSmallIntegerField()),
                ("hour", models.PositiveSmallIntegerField()),
                ("next_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("set_by", models.CharField(max_length=80)),
                ("set_by_name", models.CharField(max_length=160)),
                ("stopped_by_reader", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [models.Index(fields=["next_at"], name="mailed_report_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "email"), name="mailed_report_once"),
                    models.CheckConstraint(
                        condition=models.Q(("hour__lte", 23), ("weekday__lte", 7)),
                        name="mailed_report_has_a_time",
                    ),
                ],
            },
        ),
    ]
