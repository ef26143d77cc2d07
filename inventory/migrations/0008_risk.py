"""Scores that predict, causes, stock-out days."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_forecasts")]

    operations = []
