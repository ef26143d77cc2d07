from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_words")]

    operations = [migrations.AddField("campaignline", "not_for", models.JSONField(default=list))]
