"""`manage.py setup_public`: shared tables, the public tenant and beat's schedule. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_tenants.utils import get_public_schema_name, schema_context

from vyapar.engine.tasks import tend_all
from vyapar.tenancy.services import ensure_public


class Command(BaseCommand):
    help = "Prepares the shared schema; run before anything else and after every upgrade."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate_schemas", interactive=False, verbosity=options["verbosity"])
        ensure_public()
        with schema_context(get_public_schema_name()):
            every, _ = IntervalSchedule.objects.get_or_create(
                every=settings.TEND_SECONDS, period=IntervalSchedule.SECONDS
            )
            PeriodicTask.objects.update_or_create(
                name="tend every distributor",
                defaults={
                    "task": tend_all.name,
                    "interval": every,
                    "enabled": True,
                    "expire_seconds": settings.TEND_SECONDS * 4,
                },
            )
        self.stdout.write("shared schema ready")
