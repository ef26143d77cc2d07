"""What goes back to the books, and what they said."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_landing")]

    operations = []
