"""`manage.py check_aggregates`: proves that the sums the pages read are those of the items."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory.selectors.cells import list_astray
from inventory.selectors.standing import list_standing_astray
from inventory.services.cells import renew_sums
from inventory.services.standing import keep_standing
from vyapar.kernel.actor import system
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Compares the sums of stock with the items they stand for; fails when one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", help="its slug; all by default")
        parser.add_argument("--mend", action="store_true", help="count the sums anew where they differ")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, wrong = options["distributor"], 0
        chosen = [one for one in list_distributors() if wanted in (None, one.slug)]
        if not chosen:
            raise CommandError(f"there is no distributor {wanted!r}")
        for distributor in chosen:
            with tenant_context(distributor):
                astray = list_astray()
                for one in astray:
                    self.stdout.write(
                        f"{distributor.slug}: {one.place}: kept {one.kept}, counted {one.counted}"
                    )
                if astray and options["mend"]:
                    renew_sums()
                    astray = list_astray()
                standing = list_standing_astray()
                for line in standing:
                    self.stdout.write(f"{distributor.slug}: at outlets: {line}")
                if standing and options["mend"]:
                    keep_standing(actor=system("aggregates"), at=timezone.now())
                    standing = list_standing_astray()
                wrong += len(astray) + len(standing)
                self.stdout.write(f"{distributor.slug}: {len(astray) + len(standing)} sums differ")
        if wrong:
            raise CommandError(f"{wrong} sums differ from their items: run again with --mend")
