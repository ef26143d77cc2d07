from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engine", "0005_step_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="action",
            name="undo_claimed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
