"""Reads of keys, tokens and calls."""

from __future__ import annotations

import hmac
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from vyapar.gateway.credentials import digest_of, split_key, split_token
from vyapar.gateway.models import AccessToken, ApiCall, ApiKey, KeySecret
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _


def find_secret(text: str, at: datetime) -> KeySecret | None:
    """The secret that a key as written shows, with its key; None unless both are live."""
    parts = split_key(text)
    if parts is None or "\x00" in text:
        return None
    prefix, digest = parts[0], digest_of(parts[1])
    for secret in KeySecret.objects.select_related("key").filter(key__prefix=prefix):
        if hmac.compare_digest(secret.digest, digest) and secret.is_live(at) and secret.key.is_live(at):
            return secret
    return None


def find_token(text: str, at: datetime) -> AccessToken | None:
    """An access token as written, with its secret and key; None unless all three are live."""
    secret = split_token(text)
    if secret is None:
        return None
    token = (
        AccessToken.objects.select_related("secret__key")
        .filter(digest=digest_of(text), expires_at__gt=at)
        .first()
    )
    if token is None or not (token.secret.is_live(at) and token.secret.key.is_live(at)):
        return None
    return token


def list_keys() -> list[ApiKey]:
    """All keys with their secrets, newest first."""
    secrets = Prefetch("secrets", KeySecret.objects.order_by("-created_at"))
    return list(ApiKey.objects.prefetch_related(secrets).order_by("-created_at", "-pk"))


def get_key(prefix: str) -> ApiKey:
    """One key by its prefix, with its secrets."""
    secrets = Prefetch("secrets", KeySecret.objects.order_by("-created_at"))
    key = ApiKey.objects.prefetch_related(secrets).filter(prefix=prefix).first()
    if key is None:
        raise NotFound(_("there is no key of that prefix"), code="no_such_key")
    return key


def list_calls(
    *, words: str = "", caller: str = "", outcome: str = "", method: str = ""
) -> QuerySet[ApiCall]:
    """Calls, newest first. `words`: part of an address, a problem's code or a whole request id;
    `outcome`: ok, refused or failed."""
    rows = ApiCall.objects.order_by("-at", "-id")
    if words:
        rows = rows.filter(Q(route__icontains=words) | Q(code=words) | Q(request_id=words))
    if caller:
        rows = rows.filter(caller=caller) if ":" in caller else rows.filter(caller__startswith=f"{caller}:")
    if method:
        rows = rows.filter(method=method)
    bounds = {"ok": (0, 400), "refused": (400, 500), "failed": (500, 600)}
    if outcome in bounds:
        least, most = bounds[outcome]
        rows = rows.filter(status__gte=least, status__lt=most)
    return rows
