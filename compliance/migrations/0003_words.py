from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0002_reports"),
    ]

    operations = [
        migrations.AddField(
            model_name="raisedfinding",
            name="words",
            field=models.JSONField(default=dict),
        ),
    ]
