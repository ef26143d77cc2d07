"""`manage.py relay`: hand events to their subscribers until told to stop."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from vyapar.engine import relay


class Command(BaseCommand):
    help = "Relays events of every distributor to workers."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        relay.run(stopped=stop.is_set)
