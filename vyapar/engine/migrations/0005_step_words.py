from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0004_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="transition",
            name="words",
            field=models.JSONField(default=list),
        ),
    ]
