"""`manage.py replay`: what the engine would have flagged on a past day, and what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory.services.replay import replay
from vyapar.kernel.actor import system
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.money import rupees
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Plays a past day again and keeps a report with plots in the distributor's storage."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", required=True, help="its slug")
        parser.add_argument("--day", required=True, type=date.fromisoformat, help="such as 2026-03-01")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = [one for one in list_distributors() if one.slug == options["distributor"]]
        if not chosen:
            raise CommandError(f"there is no distributor {options['distributor']!r}")
        with tenant_context(chosen[0]):
            try:
                report = replay(options["day"], actor=system("replay"), at=timezone.now())
            except VyaparError as error:
                told = "; ".join(f"{fault.field}: {fault.message}" for fault in error.faults)
                raise CommandError(f"{error.message} ({told})" if told else error.message) from error
        for what in ("batches", "items"):
            found = report.figures[what]
            self.stdout.write(
                f"{what}: precision {found['precision']}, recall {found['recall']}, "
                f"flagged {rupees(found['flagged_paise'])}, lost {rupees(found['lost_paise'])}, "
                f"of that flagged {rupees(found['caught_paise'])} rupees"
            )
        self.stdout.write(f"report: {report.folder}/report.html")
