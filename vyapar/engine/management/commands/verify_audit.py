"""`manage.py verify_audit`: check the hash chain of every distributor's trail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_tenants.utils import tenant_context

from vyapar.engine.selectors import verify_audit
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Verifies the audit chain; exits 1 and names every break when there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", help="slug of one distributor; all of them by default")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["distributor"]
        broken = 0
        for distributor in list_distributors():
            if wanted and distributor.slug != wanted:
                continue
            with tenant_context(distributor):
                count, breaks = verify_audit()
            verdict = "unbroken" if not breaks else f"{len(breaks)} breaks"
            self.stdout.write(f"{distributor.slug}: {count} entries, {verdict}")
            for sentence in breaks:
                self.stdout.write(f"  {sentence}")
            broken += len(breaks)
        if broken:
            raise CommandError(f"the trail is broken in {broken} places")
