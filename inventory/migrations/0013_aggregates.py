"""Maintained aggregates for the first screen and the pivot."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0012_live")]

    operations = []
