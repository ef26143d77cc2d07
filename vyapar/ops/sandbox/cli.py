"""The sandbox from a terminal: options, a line when it is ready, a clean end."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

from vyapar.ops.sandbox.server import Sandbox
from vyapar.ops.sandbox.settings import Settings

_USUAL = Settings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, for this module's own parser and for the management command's."""
    add = parser.add_argument
    add("--host", default=_USUAL.host, help="address to listen on")
    add("--http-port", type=int, default=_USUAL.http_port, help="0 picks a free one")
    add("--smtp-port", type=int, default=_USUAL.smtp_port, help="0 picks a free one")
    add("--home", type=Path, help="keeps routes, templates and mails in HOME/sandbox")
    add("--routes", type=Path, help="JSON file of lines, accounts and templates; re-read on change")
    add("--webhook-url", default="", help="WhatsApp webhooks of numbers without a route go here")
    add("--sms-callback-url", default="", help="the same for SMS delivery reports")
    add("--host-header", default="", help="Host to send with webhooks of numbers without a route")
    add("--app-secret", default=_USUAL.app_secret, help="signs webhooks")
    add("--token", default="", help="bearer token of numbers without a route; empty accepts any")
    add("--pace", type=float, default=_USUAL.pace, help="multiplies every simulated delay")
    add("--mps", type=int, default=_USUAL.messages_per_second, help="messages a second and number")
    add("--approval-seconds", type=float, default=0.0, help="review time of templates")
    add("--promo-opens", type=time.fromisoformat, default=_USUAL.promo_opens, help="IST, HH:MM")
    add("--promo-closes", type=time.fromisoformat, default=_USUAL.promo_closes, help="IST, HH:MM")
    add("--smtp-user", default="", help="asks mail senders to sign in")
    add("--smtp-password", default="")
    add("--smtp-certificate", type=Path, help="offers STARTTLS with this certificate")
    add("--smtp-key", type=Path)


def read_settings(given: Mapping[str, Any]) -> Settings:
    """Settings from parsed options; what else the mapping holds is left alone."""
    known = {name for name in Settings.__dataclass_fields__ if name in given}
    options = {name: given[name] for name in known}
    return Settings(**options, messages_per_second=given["mps"])


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; prints one JSON line when ready."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with Sandbox(settings) as sandbox:
        host, port = sandbox.smtp_address
        ready = {"ready": sandbox.http_url, "smtp": f"{host}:{port}", "simulated": True}
        print(json.dumps(ready), flush=True)
        over.wait()


def main(words: list[str] | None = None) -> None:
    """`python -m vyapar.ops.sandbox`."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    add_arguments(parser)
    run(read_settings(vars(parser.parse_args(words))))
