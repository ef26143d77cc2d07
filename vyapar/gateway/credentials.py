"""The form of keys and tokens, and what is kept of them. Pure but for the randomness of new ones."""

from __future__ import annotations

import hashlib
import secrets

#: First word of a key's secret and of an access token.
KEY, TOKEN = "vs", "vt"


def digest_of(secret: str) -> str:
    """What is kept of a secret. It is long and random, so one plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_prefix() -> str:
    """The part of a key that is shown."""
    return secrets.token_hex(5)


def new_secret() -> str:
    """256 bits from the system's source of randomness."""
    return secrets.token_urlsafe(32)


def key_text(prefix: str, secret: str) -> str:
    """A key as its owner writes it."""
    return f"{KEY}_{prefix}_{secret}"


def token_text(secret: str) -> str:
    """An access token as its owner writes it."""
    return f"{TOKEN}_{secret}"


def split_key(text: str) -> tuple[str, str] | None:
    """Prefix and secret of a key; None when it is none."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    return (prefix, secret) if mark == KEY and prefix and secret else None


def split_token(text: str) -> str | None:
    """The secret of an access token; None when it is none."""
    mark, _, secret = text.partition("_")
    return secret if mark == TOKEN and secret else None
