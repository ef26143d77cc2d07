"""The day of a recorded voucher, and which self of its voucher a row in quarantine is of."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0023_landing")]

    operations = [
        migrations.AddField("feedvoucher", "day", models.DateField(null=True)),
        migrations.AddField("quarantinedrow", "told", models.JSONField(null=True)),
    ]
