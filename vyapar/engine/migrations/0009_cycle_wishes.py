from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("engine", "0008_cycle_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="CycleWish",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("agent", models.CharField(max_length=40)),
                ("as_of", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "cycle wishes",
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "as_of"), name="cycle_wished_once")
                ],
            },
        ),
    ]
