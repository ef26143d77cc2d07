"""`manage.py sandbox`: the local far sides of messaging (WhatsApp, SMS, mail)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from vyapar.ops.sandbox.cli import add_arguments, read_settings, run


class Command(BaseCommand):
    """Serves until Ctrl-C; needs no database."""

    help = "Runs simulated far sides of messaging on this machine."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        run(read_settings(options))
