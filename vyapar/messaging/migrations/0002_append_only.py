"""A person's word and a far side's report stay as they were said."""

from django.db import migrations

from vyapar.engine.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial"), ("engine", "0002_append_only")]

    operations = [append_only("messaging_consent"), append_only("messaging_messagestep")]
