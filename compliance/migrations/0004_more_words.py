from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0003_words")]

    operations = [
        migrations.AddField(
            model_name="reportfile", name="language", field=models.CharField(default="en", max_length=8)
        ),
        migrations.RemoveConstraint(model_name="reportfile", name="report_being_printed_once"),
        migrations.AddConstraint(
            model_name="reportfile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("period", "language"),
                name="report_being_printed_once",
            ),
        ),
    ]
