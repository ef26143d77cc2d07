"""Demand distributions, models and their scores."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_quality")]

    operations = []
