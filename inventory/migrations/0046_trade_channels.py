from django.db import migrations, models
from django.db.models import Q

CHANNELS = ["general_trade", "modern_trade", "e_commerce", "quick_commerce", "institution"]


class Migration(migrations.Migration):
    dependencies = [("inventory", "0045_claims_that_stay")]

    operations = [
        migrations.AddField(
            "retailer",
            "trade_channel",
            models.CharField(max_length=16, choices=[(one, one) for one in CHANNELS], default="general_trade"),
        ),
        migrations.AddField("retailer", "minimum_life_days", models.PositiveSmallIntegerField(null=True)),
        migrations.AddConstraint(
            "retailer",
            models.CheckConstraint(condition=Q(trade_channel__in=CHANNELS), name="retailer_trade_channel"),
        ),
        migrations.AddConstraint(
            "retailer",
            models.CheckConstraint(
                condition=Q(minimum_life_days__isnull=True) | Q(minimum_life_days__lte=730),
                name="retailer_minimum_life",
            ),
        ),
        migrations.AddIndex(
            "retailer",
            models.Index(
                fields=["trade_channel"],
                condition=~Q(trade_channel="general_trade") | Q(minimum_life_days__isnull=False),
                name="retailer_not_general",
            ),
        ),
    ]
