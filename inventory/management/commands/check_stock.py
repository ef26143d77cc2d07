"""`manage.py check_stock`: compares positions with the ledger behind them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory import services
from vyapar.kernel.actor import system
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Lists every position that differs from the ledger; exits 1 when there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", help="its slug; all by default")
        parser.add_argument("--rebuild", action="store_true", help="set positions to what the ledger says")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["distributor"]
        chosen = [one for one in list_distributors() if wanted in (None, one.slug)]
        if not chosen:
            raise CommandError(f"there is no distributor {wanted!r}")
        wrong = sum(self._check(one, rebuild=options["rebuild"]) for one in chosen)
        if wrong:
            raise CommandError(f"{wrong} positions differ from the ledger")

    def _check(self, distributor: Distributor, *, rebuild: bool) -> int:
        with tenant_context(distributor):
            if rebuild:
                changed = services.rebuild_positions(actor=system("check_stock"), at=timezone.now())
                self.stdout.write(f"{distributor.slug}: {changed} positions rebuilt")
            found = services.check_positions()
            for difference in found:
                self.stdout.write(f"{distributor.slug}: {difference}")
            if not found:
                self.stdout.write(f"{distributor.slug}: positions and ledger agree")
            return len(found)
