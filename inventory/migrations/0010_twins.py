"""Twins decided: names that now mean another outlet or SKU."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_outcomes")]

    operations = [
        migrations.CreateModel(
            name="TwinsLook",
            fields=[
                ("id", ID.clone()),
                ("at", models.DateTimeField()),
                ("outlets", models.PositiveIntegerField()),
                ("skus", models.PositiveIntegerField()),
                ("offered", models.PositiveIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["-at"], name="twins_look_latest")]},
        ),
        migrations.RemoveConstraint(model_name="twins", name="twins_once"),
        migrations.AddField("twins", "certain", models.BooleanField(default=False)),
        migrations.AddField("twins", "decided_by_name", models.CharField(blank=True, max_length=160)),
        migrations.AddField("twins", "moved", models.JSONField(default=dict)),
        migrations.AddIndex("twins", models.Index(fields=["state", "kind", "-likeness"], name="twins_to_decide")),
        migrations.AddConstraint(
            "twins",
            models.UniqueConstraint(
                F("kind"), Least(F("kept"), F("other")), Greatest(F("kept"), F("other")), name="twins_pair_once"
            ),
        ),
        migrations.AddConstraint(
            "twins",
            models.UniqueConstraint(
                condition=Q(("state", "merged")), fields=("kind", "other"), name="twins_alias"
            ),
        ),
        migrations.AddConstraint(
            "twins",
            models.CheckConstraint(condition=Q(("kind__in", ["retailers", "skus"])), name="twins_kind"),
        ),
        migrations.AddConstraint(
            "twins",
            models.CheckConstraint(condition=Q(("kept", F("other")), _negated=True), name="twins_are_two"),
        ),
        migrations.CreateModel(
            name="TwinsChange",
            fields=[
                ("id", ID.clone()),
                ("table", models.CharField(max_length=63)),
                ("key", models.JSONField()),
                ("before", models.JSONField()),
                ("gone", models.BooleanField(default=False)),
                (
                    "twins",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="inventory.twins",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["twins", "table"], name="twins_change_of")]},
        ),
    ]
