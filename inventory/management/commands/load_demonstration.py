"""`manage.py load_demonstration`: a distributor on real demand, ready to be looked at. Safe to repeat."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory.feeds.demonstration import generate
from inventory.services import demonstration
from vyapar.kernel.actor import system
from vyapar.kernel.calendar import ist_day
from vyapar.tenancy.selectors import find_distributor
from vyapar.tenancy.services import open_distributor

NAMES = {"demo": "Sahyavardha Distribution", "second": "Godavritha Traders"}


class Command(BaseCommand):
    help = "Opens a demonstration distributor and loads its data; does nothing when it is there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", choices=sorted(NAMES), default="demo")
        parser.add_argument("--small", action="store_true", help="30 SKUs and 20 outlets, for tests")
        parser.add_argument("--run-day", type=date.fromisoformat, help="what today is; by default today")

    def handle(self, *args: Any, **options: Any) -> None:
        name, started = options["distributor"], time.monotonic()
        distributor = find_distributor(name)
        if distributor is None:
            self.stdout.write(f"{name}: opening its schema …")
            distributor = open_distributor(slug=name, name=NAMES[name], domain=f"{name}.localhost")
        with tenant_context(distributor):
            if demonstration.is_loaded():
                demonstration.open_desk(at=timezone.now())
                self.stdout.write(f"{name}: already loaded")
                return
            self._load(name, options)
        self.stdout.write(f"{name}: ready in {time.monotonic() - started:.0f} s")

    def _load(self, name: str, options: dict[str, Any]) -> None:
        def tell(line: str) -> None:
            self.stdout.write(f"{name}: {line}")
            self.stdout.flush()

        now = timezone.now()
        tell("playing two years of demand …")
        data = generate(name, options["run_day"] or ist_day(now))  # type: ignore[arg-type]
        if options["small"]:
            data = demonstration.shrink(data)
        demonstration.open_desk(at=now)
        demonstration.keep_future(data)
        demonstration.load_data(data, actor=system("demonstration"), at=now, tell=tell)
