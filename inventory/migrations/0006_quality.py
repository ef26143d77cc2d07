"""Grades of feeds and places."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_exports")]

    operations = []
