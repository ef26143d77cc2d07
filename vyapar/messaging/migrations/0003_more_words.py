from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0002_append_only"),
    ]

    operations = [
        migrations.AddField(model_name="message", name="words", field=models.JSONField(default=list)),
    ]
