"""A training's record says which effects were found beside the plan, and which of them stand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0019_vouchers")]

    operations = [
        migrations.AddField(
            model_name="forecastmodel",
            name="effects",
            field=models.JSONField(default=list),
        ),
    ]
