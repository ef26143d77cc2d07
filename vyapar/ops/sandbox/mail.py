"""A mail relay that keeps every mail as a file and refuses some as real ones do."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from collections.abc import Awaitable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from vyapar.ops.sandbox import behaviour
from vyapar.ops.sandbox.faults import Faults
from vyapar.ops.sandbox.ground import Ground
from vyapar.ops.sandbox.journal import Mail
from vyapar.ops.sandbox.outbox import is_local
from vyapar.ops.sandbox.settings import Settings

_LARGEST = 10 * 1024 * 1024
#: Addresses that always behave the same, for tests; `.invalid` can never exist.
_MAGIC = {
    "unknown.invalid": "550 5.1.1 The mailbox does not exist (simulated)",
    "full.invalid": "452 4.2.2 The mailbox is full (simulated)",
    "spam.invalid": "554 5.7.1 Refused as unwanted mail (simulated)",
    "policy.invalid": "550 5.7.26 The mail is not authenticated (simulated)",
}


class MailDesk:
    """The relay's rules, as aiosmtpd's hooks."""

    def __init__(self, ground: Ground, faults: Faults, folder: Path) -> None:
        self._ground = ground
        self._faults = faults
        self._folder = folder
        self._asked: set[tuple[str, str]] = set()
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_EHLO(  # noqa: N802  the library's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        """Announce what is simulated among the extensions."""
        session.host_name = hostname
        return [*answers[:-1], "250-X-SIMULATED", answers[-1]]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse mailboxes that do not exist, and ask greylisted senders to come back once."""
        refusal = self._refuse(str(envelope.mail_from), address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store the mail and say so, unless a fault was ordered."""
        self._ground.journal.count_request("SMTP DATA")
        recipients = [str(address) for address in envelope.rcpt_tos]
        fault = self._faults.take("smtp", *recipients)
        if fault and fault.kind == "status":
            return f"{fault.status} {fault.code or 'refused'} (simulated)"
        if fault and fault.kind == "drop_before":
            return _hang_up(server)
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        ident = self._store(envelope, recipients)
        if fault and fault.kind == "timeout":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind in ("drop", "timeout"):
            return _hang_up(server)
        return f"250 2.0.0 queued as {ident} (simulated)"

    def _refuse(self, sender: str, address: str) -> str:
        domain = address.rpartition("@")[2].lower()
        if domain in _MAGIC:
            return _MAGIC[domain]
        fault = behaviour.mail_fault(address, self._ground.settings.shares)
        if domain == "grey.invalid" or fault == "greylisted":
            if (sender, address) in self._asked:
                return ""
            self._asked.add((sender, address))
            return "451 4.7.1 Greylisted, please come back (simulated)"
        return _MAGIC["unknown.invalid"] if fault == "unknown" else ""

    def _store(self, envelope: Envelope, recipients: list[str]) -> str:
        raw = bytes(cast("bytes", envelope.content or b""))
        message = cast("EmailMessage", message_from_bytes(raw, policy=cast("Any", default)))
        ident = secrets.token_hex(6)
        path = self._folder / f"{self._ground.clock():%Y%m%dT%H%M%S}-{ident}.eml"
        path.write_bytes(raw)
        mail = Mail(
            id=ident,
            sender=str(envelope.mail_from),
            recipients=tuple(recipients),
            subject=str(message.get("Subject", "")),
            message_id=str(message.get("Message-ID", "")),
            unsubscribe=str(message.get("List-Unsubscribe", "")),
            path=str(path),
            at=self._ground.clock(),
        )
        self._ground.journal.add_mail(mail)
        self._perhaps_unsubscribe(mail, one_click="List-Unsubscribe-Post" in message)
        return ident

    def _perhaps_unsubscribe(self, mail: Mail, *, one_click: bool) -> None:
        """Some people press the mail program's button; only links to this machine are followed."""
        link = mail.unsubscribe.partition(">")[0].lstrip("< ")
        shares = self._ground.settings.shares
        if not (one_click and is_local(link) and mail.recipients):
            return
        if behaviour.mail_unsubscribes(mail.recipients[0], mail.subject, shares):
            act = lambda: self._ground.outbox.form(link, "List-Unsubscribe=One-Click")  # noqa: E731
            self._ground.outbox.later(5.0, act)


class MailServer(Controller):
    """The SMTP server in a thread of its own; the port is bound before it starts."""

    def __init__(self, desk: MailDesk, settings: Settings) -> None:
        self._socket = socket.create_server((settings.host, settings.smtp_port))
        options: dict[str, Any] = {
            "data_size_limit": _LARGEST,
            "ident": "sandbox (simulated)",
            "server_hostname": "sandbox.localhost",
            "auth_require_tls": False,
            "tls_context": _tls(settings),
        }
        if settings.smtp_user:
            options |= {"auth_required": True, "authenticator": _authenticator(settings)}
        host, port = self._socket.getsockname()[:2]
        super().__init__(desk, hostname=host, port=port, ready_timeout=10.0, **options)

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)


def _hang_up(server: SMTP) -> str:
    transport = cast("Any", server.transport)
    transport.abort()
    return "421 4.3.0 hung up"


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.smtp_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.smtp_certificate, settings.smtp_key)
    return context


def _authenticator(settings: Settings) -> Any:
    expected = (settings.smtp_user.encode(), settings.smtp_password.encode())

    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login, data.password) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == expected, handled=False)

    return check
