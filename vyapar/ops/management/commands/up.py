"""`manage.py up`: the same as `bin/run`, for whoever has the packages installed already."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from vyapar.ops import up


class Command(BaseCommand):
    """Services, web, worker, beat and relay on this machine, until Ctrl-C."""

    help = "Bring up the whole house on this machine; with --check wait for one full cycle."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        up.arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            sys.exit(up.check(options["port"]))
        sys.exit(up.stay(options["home"], options["port"]))
