"""Reads of keys."""

from __future__ import annotations

import hmac

from vyapar.gateway.models import ApiKey
from vyapar.gateway.services import digest_of


def find_key(token: str) -> ApiKey | None:
    """The key that a token belongs to, live or not; None when the secret is wrong."""
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != "vs" or not secret:
        return None
    key = ApiKey.objects.filter(prefix=prefix).first()
    if key is None or not hmac.compare_digest(key.digest, digest_of(secret)):
        return None
    return key


def list_keys() -> list[ApiKey]:
    """All keys, newest first."""
    return list(ApiKey.objects.order_by("-created_at"))
