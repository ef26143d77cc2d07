from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0033_offers_ahead"),
    ]

    operations = [
        migrations.AddField(model_name="feed", name="words", field=models.JSONField(default=list)),
        migrations.AddField(model_name="importrun", name="words", field=models.JSONField(default=list)),
        migrations.AddField(model_name="export", name="words", field=models.JSONField(default=dict)),
    ]
