from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0006_locks"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="words",
            field=models.JSONField(default=list),
        ),
    ]
