from typing import Any

from django.db import migrations, models
from django.db.models import F


def open_all(apps: Any, schema_editor: Any) -> None:
    """Every distributor that was there before is open; one that was not whole would have been seen."""
    apps.get_model("tenancy", "Distributor").objects.update(opened_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.AddField("distributor", "opened_at", models.DateTimeField(editable=False, null=True)),
        migrations.RunPython(open_all, migrations.RunPython.noop),
    ]
