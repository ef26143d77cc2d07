"""Views of pages that people saved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0012_aggregates")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "page",
                    models.CharField(choices=[("stock", "Stock"), ("pivot", "Pivot")], max_length=8),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=500)),
                ("user_id", models.BigIntegerField()),
                ("shared", models.BooleanField(default=False)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("page", "user_id", "name"), name="saved_view_once"),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="saved_view_has_a_name"
                    ),
                ],
            },
        ),
    ]
