from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0005_mailed_lists")]

    operations = [
        migrations.AddField("alert", "end_reason", models.CharField(blank=True, max_length=200, default="")),
    ]
