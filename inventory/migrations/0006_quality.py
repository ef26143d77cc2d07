"""Grades of feeds and places, and what a feed has told of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_exports")]

    operations = [
        migrations.AddField(
            model_name="feed",
            name="reach",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="feed",
            name="stale_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="QualityGrade",
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
                            ("feed", "feed"),
                            ("location", "location"),
                            ("territory", "territory"),
                        ],
                        max_length=9,
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                ("day", models.DateField()),
                (
                    "grade",
                    models.CharField(
                        choices=[("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("E", "E")], max_length=1
                    ),
                ),
                ("marks", models.PositiveIntegerField()),
                ("figures", models.JSONField(default=list)),
                ("policy_version", models.PositiveIntegerField(default=0)),
                ("graded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="quality_by_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "code", "day"), name="quality_once_a_day")
                ],
            },
        ),
    ]
