"""What landing rows needs in the tables they land in."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0003_feeds")]

    operations = []
