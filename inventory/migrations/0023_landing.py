"""Room on the pages of the roll-up for a whole batch of sales; large payloads of events as they are."""

from django.db import migrations

# A batch changes most rows of its day's pages at once: each page holds every one of them twice, so that
# changed rows stay on it and no index has to be told.
ROOM = "ALTER TABLE inventory_dailydemand SET (fillfactor = 50)"
# Thousands of changes are told in one payload: packing it costs more than the bytes that it saves.
PLAIN = "ALTER TABLE engine_event ALTER COLUMN payload SET STORAGE EXTERNAL"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0022_effects_more"), ("engine", "0001_initial")]

    operations = [
        migrations.RunSQL(ROOM, "ALTER TABLE inventory_dailydemand SET (fillfactor = 80)"),
        migrations.RunSQL(PLAIN, "ALTER TABLE engine_event ALTER COLUMN payload SET STORAGE EXTENDED"),
    ]
