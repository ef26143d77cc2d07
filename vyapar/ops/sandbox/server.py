"""The sandbox as a running thing: an HTTP server, an SMTP server and the clockwork behind them."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from vyapar.ops.sandbox.control import ControlDesk
from vyapar.ops.sandbox.faults import Fault, Faults
from vyapar.ops.sandbox.ground import Ground
from vyapar.ops.sandbox.http import Hangup, HttpServer, Request
from vyapar.ops.sandbox.journal import Journal
from vyapar.ops.sandbox.mail import MailDesk, MailServer
from vyapar.ops.sandbox.outbox import Outbox
from vyapar.ops.sandbox.registry import Registry
from vyapar.ops.sandbox.replies import Reply, graph_error, sms_error
from vyapar.ops.sandbox.settings import Settings
from vyapar.ops.sandbox.sms import SmsDesk
from vyapar.ops.sandbox.templates import TemplateDesk
from vyapar.ops.sandbox.whatsapp import WhatsAppDesk

_VERSION = r"/v\d+\.\d+"


_NO_FAULT = Fault(channel="", kind="")


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a pattern, whose group is given to `answer`.

    `name` is counted; `channel` is what faults are ordered for (empty: none can be).
    """

    method: str
    pattern: re.Pattern[str]
    name: str
    channel: str
    answer: Callable[[Request, str], Reply]


class Sandbox:
    """All far sides on two ports of this machine. A context manager: leaves nothing running.

    `clock` gives the simulated instant (time windows, timestamps); delays run on real time.
    """

    def __init__(
        self,
        settings: Settings = Settings(),
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._own_home = settings.home is None
        self.home = (settings.home or Path(tempfile.mkdtemp(prefix="sandbox-"))) / "sandbox"
        self.home.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.journal = Journal()
        self.faults = Faults()
        self.registry = Registry(settings, self.home)
        self.registry.refresh()
        self.outbox = Outbox(settings, self.faults, self.journal)
        self.ground = Ground(settings, self.registry, self.journal, self.outbox, clock)
        self._stopping = threading.Event()
        self._routes = _routes(self.ground, self.faults)
        self._mail = MailServer(MailDesk(self.ground, self.faults, self.home / "mail"), settings)
        self._http = HttpServer((settings.host, settings.http_port), self._answer)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)

    @property
    def http_url(self) -> str:
        """Where the HTTP far sides answer."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def smtp_address(self) -> tuple[str, int]:
        """Where the mail relay answers."""
        return str(self._mail.hostname), int(self._mail.port)

    def start(self) -> None:
        """Begin to answer."""
        self.outbox.start()
        self._mail.start()
        self._thread.start()

    def stop(self) -> None:
        """Hang up, drop what is still to be sent, and leave no thread or throw-away file."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._mail.stop()
        self.outbox.stop()
        if self._own_home:
            shutil.rmtree(self.home.parent, ignore_errors=True)

    def _answer(self, request: Request) -> Reply:
        for route in self._routes:
            found = route.pattern.fullmatch(request.path)
            if found and route.method == request.method:
                self.journal.count_request(route.name)
                of = found.group(1) if found.groups() else ""
                return self._with_fault(route, request, of)
        return graph_error(100, f"Unknown path {request.path}", subcode=33, status=404)

    def _with_fault(self, route: Route, request: Request, of: str) -> Reply:
        """The route's answer, or what an ordered fault makes of it."""
        fault = self.faults.take(route.channel, request.path, request.text) or _NO_FAULT
        if fault.kind == "drop_before":
            raise Hangup
        if fault.kind == "status":
            return _ordered_error(route.channel, fault)
        if fault.kind == "slow":
            self._stopping.wait(fault.seconds)
        try:
            reply = route.answer(request, of)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            reply = graph_error(100, f"cannot be understood: {error}")
        if fault.kind == "timeout":
            self._stopping.wait(fault.seconds)
        if fault.kind in ("timeout", "drop"):
            raise Hangup
        if fault.kind == "garbage":
            return Reply(200, raw=b"<html>ok</html>", content_type="text/html")
        return reply

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _routes(ground: Ground, faults: Faults) -> tuple[Route, ...]:
    whatsapp, templates, sms = WhatsAppDesk(ground), TemplateDesk(ground), SmsDesk(ground)
    control = ControlDesk(ground, faults, whatsapp, templates, sms)
    messages = f"{_VERSION}/([^/]+)/messages"
    filed = f"{_VERSION}/([^/]+)/message_templates"
    return (
        _far("POST", messages, "whatsapp", lambda r, to: whatsapp.send(to, r.token, r.body)),
        _far("POST", filed, "whatsapp", lambda r, of: templates.create(of, r.token, r.body)),
        _far("GET", filed, "whatsapp", lambda r, of: templates.list_page(of, r.token, r.params)),
        _far("POST", "/sms/v1/submit", "sms", lambda r, _: sms.submit(r.token, r.body)),
        _far("GET", "/sms/v1/status/([^/]+)", "sms", lambda r, of: sms.status(r.token, unquote(of))),
        _own("GET", "state", lambda _r, _: control.state()),
        _own("GET", "messages", lambda r, _: control.messages(r.params.get("to", ""))),
        _own("GET", "mail", lambda _r, _: control.mails()),
        _own("GET", "mail/([^/]+)", lambda _r, of: control.mail(of)),
        _own("GET", "routes", lambda _r, _: Reply(200, ground.registry.describe())),
        _own("POST", "routes", lambda r, _: control.add_routes(r.body)),
        _own("POST", "faults", lambda r, _: control.add_fault(r.body)),
        _own("DELETE", "faults", lambda _r, _: control.clear_faults()),
        _own("POST", "inbound", lambda r, _: control.play(r.body)),
        _own("POST", "templates", lambda r, _: control.judge_template(r.body)),
        _own("POST", "reset", lambda _r, _: control.reset()),
        _far("GET", "/", "", lambda _r, _: Reply(200, {"service": "sandbox"})),
    )


def _far(method: str, path: str, channel: str, answer: Callable[[Request, str], Reply]) -> Route:
    name = path.replace(_VERSION, "").replace("/([^/]+)", "")
    return Route(method, re.compile(path), f"{method} {name}", channel, answer)


def _own(method: str, name: str, answer: Callable[[Request, str], Reply]) -> Route:
    return _far(method, f"/_sandbox/{name}", "", answer)


def _ordered_error(channel: str, fault: Fault) -> Reply:
    if not fault.code:
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
        return Reply(fault.status, headers=headers, raw=b"", content_type="text/plain")
    wait = fault.retry_after
    if channel == "sms":
        return sms_error(fault.code, "ordered", status=fault.status, retry_after=wait)
    return graph_error(int(fault.code), "ordered", status=fault.status, retry_after=wait)
