"""What was written stays written: triggers refuse update, delete and truncate of the record."""

from django.db import migrations

from vyapar.engine.append_only import FUNCTION, append_only

TABLES = (
    "engine_event",
    "engine_transition",
    "engine_remark",
    "engine_policyversion",
    "engine_autonomyversion",
    "engine_auditentry",
)


class Migration(migrations.Migration):
    dependencies = [("engine", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION refuse_change()"),
        *(append_only(table) for table in TABLES),
    ]
