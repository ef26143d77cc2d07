"""`manage.py demonstration_accounts`: who may sign in to the demonstrations, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from inventory.services.demonstration import read_accounts
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Prints address, role, username and password of each demonstration account."

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = [one for distributor in list_distributors() for one in read_accounts(distributor)]
        self.stdout.write(json.dumps(accounts))
