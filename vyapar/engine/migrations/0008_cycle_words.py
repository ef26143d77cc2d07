from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0007_more_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="cycle",
            name="words",
            field=models.JSONField(default=list),
        ),
    ]
