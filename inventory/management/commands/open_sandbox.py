"""`manage.py open_sandbox --name acme`: a small SIMULATED distributor for an integrator, with a key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory.services.demonstration import read_accounts
from inventory.services.sandbox import seed_sandbox
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.kernel.errors import VyaparError
from vyapar.people.contracts import May
from vyapar.tenancy.selectors import find_distributor, primary_host
from vyapar.tenancy.services import open_distributor


class Command(BaseCommand):
    help = "Opens a sandbox distributor, or issues another key for one that is there; prints the key once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="letters, digits and -, e.g. acme-erp")
        parser.add_argument("--domain", help="its host name; <name>.localhost unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, now, actor = options["name"], timezone.now(), system("open_sandbox")
        distributor = find_distributor(slug)
        if distributor is not None and not distributor.sandbox:
            raise CommandError(f"{slug} is a real distributor, not a sandbox")
        try:
            if distributor is None:
                distributor = open_distributor(
                    slug=slug,
                    name=f"{slug} (SIMULATED)",
                    domain=options["domain"] or f"{slug}.localhost",
                    sandbox=True,
                )
            with tenant_context(distributor):
                seed_sandbox(actor=actor, at=now)
                key, secret = issue_key(name="Sandbox key", scopes=May, actor=actor, at=now)
                accounts = read_accounts(distributor)
        except VyaparError as error:
            raise CommandError(error.message) from error
        base = f"http://{primary_host(distributor)}:{settings.PORT}"
        owner = next(one for one in accounts if one["role"] == "owner")
        self.stdout.write(f"BASE={base}")
        self.stdout.write(f"KEY={secret}")
        self.stdout.write(
            f"# SIMULATED distributor {slug}; the key ends {key.expires_at:%Y-%m-%d}. "
            f"Pages: {base}/ as {owner['username']} with {owner['password']}"
        )
