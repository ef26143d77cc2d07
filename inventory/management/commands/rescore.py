"""`manage.py rescore`: runs Analysis and Monitoring of a distributor now, outside their rhythm."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from vyapar.engine.services import run_cycle
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Renews forecasts and scores; prints what each cycle counted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", help="its slug; all by default")
        parser.add_argument("--scores-only", action="store_true", help="leave the forecasts as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["distributor"]
        chosen = [one for one in list_distributors() if wanted in (None, one.slug)]
        if not chosen:
            raise CommandError(f"there is no distributor {wanted!r}")
        agents = ("monitoring",) if options["scores_only"] else ("analysis", "monitoring")
        for distributor in chosen:
            with tenant_context(distributor):
                for agent in agents:
                    self._run(distributor.slug, agent)

    def _run(self, slug: str, agent: str) -> None:
        now = timezone.now()
        cycle = run_cycle(agent, now, at=now)
        told = "nothing to look at" if cycle is None else f"{cycle.duration_ms} ms, {cycle.counts}"
        self.stdout.write(f"{slug}: {agent}: {told}")
