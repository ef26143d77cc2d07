"""The newest statement of stock is found at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_views")]

    operations = [
        migrations.AddIndex(
            model_name="movement",
            index=models.Index(
                condition=models.Q(("kind__in", ["opening", "adjustment"])),
                fields=["-at"],
                name="movement_stated",
            ),
        ),
    ]
