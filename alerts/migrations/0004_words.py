from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0003_mailed_report"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="words",
            field=models.JSONField(default=dict),
        ),
    ]
