from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name="words",
            field=models.JSONField(default=list),
        )
        for name in ("endpoint", "webhookdelivery", "webhookattempt")
    ]
