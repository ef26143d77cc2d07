"""Transport to a mail relay over SMTP."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal, TypeVar

from vyapar.farside.http import Timeouts, masked
from vyapar.farside.resilience import RetryPolicy, with_retries
from vyapar.kernel.errors import Misconfigured, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.email import mapping
from vyapar.messaging.contracts import Handed, Outgoing

T = TypeVar("T")
log = logging.getLogger(__name__)

Tls = Literal["none", "starttls", "ssl"]
#: SMTP extension with which a simulator marks itself in its EHLO answer.
_SIMULATED_EXTENSION = "x-simulated"
#: The slowest line on which a mail with files still arrives; a socket's timeout bounds all that is sent.
_BYTES_A_SECOND = 100_000
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class EmailClient:
    """Sends mails from one address; one connection per mail, safe to share between threads.

    `tls` is `none`, `starttls` or `ssl`; certificates are verified (`tls_context` replaces the
    system's trust). `read_seconds` bounds every single reply. With `sandbox`, and when the relay
    says so itself, hand-overs are marked simulated. DKIM is the relay's work.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str = "",
        password: str = "",
        tls: Tls = "starttls",
        *,
        sender: str,
        sender_name: str = "",
        timeout: Timeouts = Timeouts(),
        retry: RetryPolicy = RetryPolicy(),
        sandbox: bool = False,
        tls_context: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if password and tls == "none" and host not in _LOOPBACK:
            raise Misconfigured(_("a password would travel in clear text"), code="email_clear_password")
        self._host, self._port, self._tls = host, port, tls
        self._user, self._password = user, password
        self._sender, self._sender_name = sender, sender_name
        self._timeouts, self._retry, self._sandbox = timeout, retry, sandbox
        self._context = tls_context
        self._clock = clock

    def send(self, outgoing: Outgoing) -> Handed:
        """Hand one mail to the relay; `provider_id` is its Message-ID.

        Raises `Invalid` before sending for a mail that cannot be written, `Rejected` for a 5xx,
        `Misconfigured` for credentials and TLS, `Unavailable` for a 4xx or no connection. When the
        connection is lost after the text went out, `outcome_unknown` is set and nothing is
        repeated.
        """
        message = mapping.to_message(
            outgoing, sender=self._sender, sender_name=self._sender_name, at=self._clock()
        )
        recipient = mapping.address(outgoing.to)
        data = message.as_bytes()

        def attempt() -> Handed:
            with self._session() as smtp:
                # said before it is sent, so that a relay which takes less refuses it at once
                size = [f"SIZE={len(data)}"] if smtp.has_extn("size") else []
                _expect(250, "MAIL", lambda: smtp.mail(self._sender, size))
                _expect(250, "RCPT", lambda: smtp.rcpt(recipient))
                status = self._hand_over(smtp, data)
                marked = smtp.has_extn(_SIMULATED_EXTENSION)
            log.info("email to %s: %s", masked_address(recipient), status)
            return Handed(str(message["Message-ID"]), "accepted", marked or self._sandbox)

        return with_retries(attempt, self._retry)

    def check(self) -> None:
        """Reach the relay, make the line safe, sign in, and leave; nothing is sent. Raises as `send`."""
        with self._session():
            pass

    def __repr__(self) -> str:
        return f"<EmailClient {self._host}:{self._port} tls={self._tls}>"

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        smtp = _reach(self._connect)
        try:
            _reach(lambda: self._greet(smtp))
            yield smtp
        finally:
            # smtplib has closed a connection that broke or fell silent: QUIT then fails at once
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        seconds = self._timeouts.connect_seconds
        if self._tls == "ssl":
            context = self._context or ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=seconds, context=context)
        else:
            smtp = smtplib.SMTP(self._host, self._port, timeout=seconds)
        if smtp.sock:
            smtp.sock.settimeout(self._timeouts.read_seconds)
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self._tls == "starttls":
            if not smtp.has_extn("starttls"):
                raise Misconfigured(_("the relay offers no STARTTLS"), code="email_no_starttls")
            smtp.starttls(context=self._context or ssl.create_default_context())
            smtp.ehlo()
        if self._user:
            smtp.login(self._user, self._password)

    def _hand_over(self, smtp: smtplib.SMTP, data: bytes) -> str:
        if smtp.sock:
            smtp.sock.settimeout(self._timeouts.read_seconds + len(data) / _BYTES_A_SECOND)
        try:
            code, said = smtp.data(data)
        except smtplib.SMTPDataError as error:  # the relay refused DATA: nothing was sent
            raise _reply(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise Unavailable(
                _("the relay broke off while it took the mail"),
                code="email_broken_off",
                outcome_unknown=True,
            ) from error
        if code != 250:
            raise _reply(code, said)
        return _text(said)


def masked_address(address: str) -> str:
    """First letter and domain only: `s•••@example.in`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}•••@{masked(domain)}"


def _reach(step: Callable[[], T]) -> T:
    """Run a step before the mail itself goes out: whatever fails here can be repeated."""
    try:
        return step()
    except VyaparError:
        raise
    except ssl.SSLError as error:
        raise Misconfigured(
            _("TLS with the relay failed: %(error)s", error=str(error)), code="email_tls"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Misconfigured(str(error), code="email_not_supported") from error
    except smtplib.SMTPResponseException as error:
        raise _reply(error.smtp_code, error.smtp_error) from error
    except TimeoutError as error:
        raise Unavailable(_("the relay did not answer in time"), code="email_timeout") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable(_("the relay cannot be reached"), code="email_unreachable") from error


def _expect(wanted: int, step: str, call: Callable[[], tuple[int, bytes]]) -> None:
    code, said = _reach(call)
    if code != wanted:
        log.info("email %s refused with %d", step, code)
        raise _reply(code, said)


def _reply(code: int, said: bytes | str) -> VyaparError:
    return mapping.failure(code, masked(_text(said)))


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
