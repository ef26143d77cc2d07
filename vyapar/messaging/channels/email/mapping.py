"""Our mails as MIME, and SMTP's replies as our errors. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from vyapar.kernel.errors import Fault, Invalid, Misconfigured, NotNow, Rejected, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.errors import read_table
from vyapar.messaging.contracts import Outgoing

NAME = "email"
ERRORS = read_table(__package__)

_ADDRESS = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: Seven bits: relays without 8BITMIME must be able to take it unchanged.
_POLICY = SMTP.clone(cte_type="7bit")


def to_message(outgoing: Outgoing, *, sender: str, sender_name: str, at: datetime) -> EmailMessage:
    """A mail with text, HTML when there is some, and the headers asked for.

    The Message-ID is made from the key, so the same intent is the same mail to every system on the
    way. Raises `Invalid` for an unusable address, a missing text or a header that is ours to set.
    """
    if not outgoing.body_text or not outgoing.subject:
        raise _invalid("bodyText", _("a mail has a subject and a plain text"), "")
    try:
        message = EmailMessage(policy=_POLICY)
        message["From"] = Address(sender_name, addr_spec=sender)
        message["To"] = Address(addr_spec=address(outgoing.to))
        message["Subject"] = outgoing.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = message_id(outgoing.key, sender)
        message.set_content(outgoing.body_text)
        if outgoing.html:
            message.add_alternative(outgoing.html, subtype="html")
        for one in outgoing.attachments:
            kind, _semicolon, charset = one.media_type.partition("; charset=")
            main, _slash, sub = kind.partition("/")
            params = {"charset": charset} if charset else None
            message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name, params=params)
        for name, value in outgoing.headers:
            message[name] = value
    except ValueError as error:  # a line break that would forge headers, or one given twice
        raise _invalid("headers", str(error), outgoing.subject) from error
    return message


def address(text: str) -> str:
    """A bare ASCII address; `Invalid` for anything else."""
    tidy = text.strip()
    if not tidy.isascii() or not _ADDRESS.fullmatch(tidy):
        raise _invalid("to", _("write an address such as shop@example.in"), text)
    return tidy


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a key: the same key always has the same one."""
    name = hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{name}@{sender.rpartition('@')[2]}>"


def unsubscribe_headers(
    url: str, *, mailto: str = "", on_this_machine: bool = False
) -> tuple[tuple[str, str], ...]:
    """`List-Unsubscribe` and `List-Unsubscribe-Post` for one-click unsubscribe (RFC 8058).

    The link must be https and carry who unsubscribes; `on_this_machine` allows http to localhost
    for a sandbox. Raises `Misconfigured` otherwise: a bulk mail without it must not leave.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    local = host in ("localhost", "127.0.0.1") or host.endswith(".localhost")
    if not (parts.scheme == "https" or (on_this_machine and local and parts.scheme == "http")):
        raise Misconfigured(_("one-click unsubscribe needs an https link"), code="email_unsubscribe_link")
    links = f"<{url}>" + (f", <mailto:{mailto}>" if mailto else "")
    return (
        ("List-Unsubscribe", links),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def failure(code: int, text: str) -> VyaparError:
    """The kernel's error for an SMTP reply: 4xx is `Unavailable`, 5xx `Rejected`.

    What is about our own credentials or standing is `Misconfigured`. The code is the enhanced
    status when there is one (`email_5.1.1`), else the reply code (`email_550`).
    """
    found = _ENHANCED.search(text)
    name = found.group(1) if found and found.group(1)[0] == str(code)[0] else str(code)
    known = ERRORS.find(name) or ERRORS.find(str(code))
    message = f"SMTP {code}: {text}".strip()
    if known:
        return known.as_error(f"{NAME}_{name}", message)
    if code < 500:
        return NotNow(message, code=f"{NAME}_{name}", retry_after=300)
    return Rejected(message, code=f"{NAME}_{name}")


def _invalid(field: str, message: str, value: str) -> Invalid:
    fault = Fault("email_message", message, field, value=value)
    return Invalid(
        _("%(field)s: %(message)s", field=field, message=message), code="email_message", faults=[fault]
    )
