"""What was predicted against what happened, and aggregates."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_risk")]

    operations = []
