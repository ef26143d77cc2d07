"""`manage.py open_distributor --name acme --title "Acme Traders" --email a@acme.in`: a firm of one's own."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from vyapar.engine import registry
from vyapar.engine.services import observe_again
from vyapar.kernel.actor import system
from vyapar.kernel.errors import VyaparError
from vyapar.people.contracts import Role
from vyapar.people.services import add_person
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.services import open_distributor


class Command(BaseCommand):
    help = "Opens an empty distributor whose agents only observe, with an owner; prints the password once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="letters, digits and -, e.g. acme-traders")
        parser.add_argument("--title", required=True, help="the firm's name as people read it")
        parser.add_argument("--email", required=True, help="of the owner; alerts go there")
        parser.add_argument("--domain", help="its host name; <name>.localhost unless given")
        parser.add_argument("--sandbox", action="store_true", help="its far sides are SIMULATED")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, password = options["name"], secrets.token_urlsafe(9)
        domain = options["domain"] or f"{slug}.localhost"
        try:
            distributor = open_distributor(
                slug=slug, name=options["title"], domain=domain, sandbox=options["sandbox"]
            )
            with tenant_context(distributor):
                self._furnish(distributor, options["email"], password)
        except VyaparError as error:
            said = [error.message, *(fault.message for fault in error.faults)]
            raise CommandError(" · ".join(said)) from error
        self.stdout.write(f"http://{domain}:{settings.PORT}/ as owner with {password}")

    def _furnish(self, distributor: Distributor, email: str, password: str) -> None:
        actor, now = system("open_distributor"), timezone.now()
        add_person(username="owner", password=password, role=Role.OWNER, name="Owner", email=email)
        observe_again(actor=actor, at=now, reason="a new distributor observes until it goes live")
        for setup in registry.setups():
            setup.run(actor, now)
