"""What goes back to the books, and what they said."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_landing")]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("transfer", "transfer"), ("price_list", "price_list"), ("credit_note", "credit_note"), ("reversal", "reversal")], max_length=12)),
                ("key", models.CharField(max_length=120)),
                ("refers_to", models.CharField(blank=True, max_length=120)),
                ("number", models.CharField(max_length=60)),
                ("document", models.JSONField()),
                ("action_id", models.UUIDField(null=True)),
                ("state", models.CharField(choices=[("queued", "Queued"), ("locked", "Locked"), ("handed_over", "Handed Over"), ("accepted", "Accepted"), ("rejected", "Rejected"), ("cancelled", "Cancelled")], default="queued", max_length=11)),
                ("simulated", models.BooleanField(default=False)),
                ("lock_token", models.UUIDField(null=True)),
                ("locked_at", models.DateTimeField(null=True)),
                ("locked_by", models.CharField(blank=True, max_length=160)),
                ("file", models.CharField(blank=True, max_length=300)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("acknowledged_number", models.CharField(blank=True, max_length=120)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("acknowledged_by", models.CharField(blank=True, max_length=160)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("created_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("feed", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="exports", to="inventory.feed")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["updated_at", "id"], name="export_changes"),
                    models.Index(fields=["key"], name="export_by_key"),
                    models.Index(condition=Q(("action_id__isnull", False)), fields=["action_id"], name="export_of_action"),
                    models.Index(condition=Q(("state__in", ["queued", "locked"])), fields=["next_try_at"], name="export_due"),
                    models.Index(condition=Q(("lock_token__isnull", False)), fields=["lock_token"], name="export_lock"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("feed", "key"), name="export_once"),
                    models.CheckConstraint(
                        condition=Q(Q(("state", "locked"), _negated=True), Q(("lock_token__isnull", False), ("locked_at__isnull", False)), _connector="OR"),
                        name="export_locked_by",
                    ),
                ],
            },
        ),
    ]
