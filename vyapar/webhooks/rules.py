"""Signing after the Standard Webhooks scheme, which addresses may be called, when to try again. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

#: What a secret begins with, so that a leak is recognised by tools that look for them.
SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of a secret, not one
EVERY = "*"
#: Seconds before the next attempt; after the last one a delivery is given up (about three days).
BACKOFF_SECONDS = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
MAX_ATTEMPTS = len(BACKOFF_SECONDS) + 1
#: An endpoint that has failed for so long is left alone until a person says otherwise.
PATIENCE = timedelta(days=5)
#: How long the secret before still signs after a rotation, unless the caller says otherwise.
OVERLAP = timedelta(hours=24)
_URL_LENGTH = 500


def secret_of(raw: bytes) -> str:
    """A secret as it is shown and kept: `whsec_` and base64 of 24 to 64 random bytes."""
    return SECRET_PREFIX + base64.b64encode(raw).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with the secret's bytes."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def headers_of(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of the scheme; one signature for each secret, parted by a space."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }


def is_secret(text: str) -> bool:
    """Whether a text has the form of a secret."""
    try:
        raw = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(SECRET_PREFIX) and 24 <= len(raw) <= 64


def wait_after(attempts: int, seed: str, asked_seconds: int = 0) -> timedelta | None:
    """How long to wait after so many attempts; None when it is given up.

    Spread by up to a fifth either way by `seed`, so that what failed together does not come back
    together. Never sooner than the far side asked, within a day.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    base = BACKOFF_SECONDS[attempts - 1]
    chance = int.from_bytes(hashlib.sha256(f"{seed}:{attempts}".encode()).digest()[:4], "big") / 2**32
    spread = base * (0.8 + 0.4 * chance)
    return timedelta(seconds=max(spread, min(asked_seconds, 86_400)))


def secrets_at(secret: str, previous: str, previous_until: datetime | None, at: datetime) -> list[str]:
    """The secrets that sign at an instant, the new one first."""
    overlap = previous and previous_until is not None and at < previous_until
    return [secret, previous] if overlap else [secret]


def check_url(url: str, *, sandbox: bool) -> SplitResult:
    """The parts of an endpoint's address; `Invalid` for what is never called.

    Https only, unless in a sandbox; no user and password, no fragment. Whether the host's addresses
    may be called is asked anew for every call.
    """
    if len(url) > _URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        raise _bad_url(_("at most %(most)s printable ASCII characters without spaces", most=_URL_LENGTH), url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url(str(error), url) from error
    if parts.scheme != "https" and not (sandbox and parts.scheme == "http"):
        raise _bad_url(_("the address begins with https://"), url)
    if not parts.hostname or port == 0:
        raise _bad_url(_("write the address with its host, e.g. https://erp.example.in/hooks"), url)
    if parts.username is not None or parts.password is not None:
        raise _bad_url(_("leave user and password out; messages are signed"), url)
    if parts.fragment:
        raise _bad_url(_("leave out what follows #"), url)
    return parts


def _bad_url(message: str, url: str) -> Invalid:
    fault = Fault("bad_url", message, "url", value=url[:80])
    return Invalid(_("this address cannot be told of events"), code="bad_url", faults=[fault])


def check_events(names: Sequence[Any]) -> list[str]:
    """Names of events an endpoint wants, each once; `*` alone for all. `Invalid` for none or odd ones."""
    wanted = sorted({str(name) for name in names})
    odd = [name for name in wanted if name != EVERY and not (name.isidentifier() and len(name) <= 64)]
    if odd or not wanted or len(wanted) > 100:
        said = _("names of events such as ReallocationExecuted, or * for all of them")
        fault = Fault("bad_events", said, "events", value=json.dumps(odd or wanted)[:80])
        raise Invalid(_("say which events are wanted"), code="bad_events", faults=[fault])
    return [EVERY] if EVERY in wanted else wanted


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Whether an endpoint wants an event of this name."""
    return EVERY in wanted or name in wanted
