from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("inventory", "0046_trade_channels"),
    ]

    operations = [
        migrations.AddField(
            model_name="replayreport",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="replayreport",
            name="begun_at",
            field=models.DateTimeField(null=True),
        ),
    ]
