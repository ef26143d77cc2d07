"""Goods of a claim may leave in parts; what of their credit goes back is reckoned from what is credited."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0042_demand_adjustments")]

    operations = [
        migrations.RemoveConstraint(model_name="claimsending", name="sending_once"),
        migrations.RemoveConstraint(model_name="claimsending", name="sending_of_something"),
        migrations.RemoveField(model_name="claimsending", name="itc_paise"),
        migrations.AlterField(
            model_name="claimsending",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sendings",
                to="inventory.claim",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimsending",
            constraint=models.CheckConstraint(
                condition=models.Q(("pieces__gt", 0)), name="sending_of_something"
            ),
        ),
    ]
