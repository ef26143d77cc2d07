"""Lists as files by mail, to people here."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0004_words"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="mailedreport",
            name="mailed_report_once",
        ),
        migrations.RemoveConstraint(
            model_name="mailedreport",
            name="mailed_report_has_a_time",
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="day",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="form",
            field=models.CharField(
                blank=True, choices=[("xlsx", "Xlsx"), ("csv", "Csv"), ("both", "Both")], max_length=4
            ),
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="listing",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="query",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="title",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="user_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="mailedreport",
            name="view_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="mailedreport",
            name="email",
            field=models.EmailField(blank=True, max_length=254),
        ),
        migrations.AlterField(
            model_name="mailedreport",
            name="kind",
            field=models.CharField(
                choices=[
                    ("week", "Week"),
                    ("dead", "Dead"),
                    ("expiring", "Expiring"),
                    ("waiting", "Waiting"),
                    ("list", "List"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="mailedreport",
            name="language",
            field=models.CharField(blank=True, max_length=5),
        ),
        migrations.AddConstraint(
            model_name="mailedreport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("user_id__isnull", True)),
                fields=("kind", "email"),
                name="mailed_report_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailedreport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("user_id__isnull", False)),
                fields=("user_id", "listing", "view_id", "query"),
                name="mailed_list_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="mailedreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("hour__lte", 23),
                    models.Q(
                        models.Q(("day__isnull", True), ("weekday__lte", 7)),
                        models.Q(("day__gte", 1), ("day__lte", 28), ("weekday", 8)),
                        _connector="OR",
                    ),
                ),
                name="mailed_report_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailedreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("form__in", ["xlsx", "csv", "both"]),
                        ("kind", "list"),
                        ("user_id__isnull", False),
                        models.Q(("listing", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("kind", "list"), _negated=True),
                        ("user_id__isnull", True),
                        models.Q(("email", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="mailed_report_goes_somewhere",
            ),
        ),
    ]
