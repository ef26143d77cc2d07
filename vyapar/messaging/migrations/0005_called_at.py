"""When the far side was called: what a lost worker had not come to is told from what it was at."""

from django.db import migrations, models
from django.db.models import F


def may_have_been_called(apps, schema_editor) -> None:
    """What is in a worker's hands, or unknown, while this runs may have been handed over."""
    rows = apps.get_model("messaging", "Message").objects.filter(status__in=["sending", "unknown"])
    rows.update(called_at=F("next_try_at"))


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_enclosures")]

    operations = [
        migrations.AddField("message", "called_at", models.DateTimeField(null=True)),
        migrations.RunPython(may_have_been_called, migrations.RunPython.noop),
    ]
