"""Twins decided: names that now mean another outlet or SKU."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_outcomes")]

    operations = []
