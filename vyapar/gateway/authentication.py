"""Who is calling: a machine with a key or a token made for it, or a person with a session."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any

import structlog
from django.http import QueryDict
from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from vyapar.gateway.addresses import client_address, is_within
from vyapar.gateway.models import ApiKey, KeySecret
from vyapar.gateway.selectors import find_secret, find_token
from vyapar.gateway.services import mark_used
from vyapar.kernel.errors import Forbidden
from vyapar.kernel.phrases import phrase as gettext


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer vs_…` (a key) or `Bearer vt_…` (a token from `/oauth/token`)."""

    def authenticate(self, request: Request) -> tuple[ApiKey, Any] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        secret, scopes = _read(text.strip(), now)
        if secret is None:
            raise AuthenticationFailed("this key or token is unknown here, expired or revoked")
        key: ApiKey = secret.key
        if scopes is not None:
            key.scopes = scopes  # of this request only; nobody saves what authenticates
        structlog.contextvars.bind_contextvars(caller=key.actor.ref)
        check_network(key, request)
        mark_used(secret, now)
        return key, secret

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _read(text: str, now: datetime) -> tuple[KeySecret | None, list[str] | None]:
    token = find_token(text, now)
    if token is not None:
        return token.secret, list(token.scopes)
    return find_secret(text, now), None


def check_network(key: ApiKey, request: Any) -> None:
    """Raise `Forbidden` when a key calls from outside of its networks."""
    if key.networks and not is_within(client_address(request), key.networks):
        raise Forbidden(gettext("this key may not be used from this network"), code="wrong_network")


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in person; writes need the CSRF token, in its header."""

    def enforce_csrf(self, request: Request) -> None:
        """Judge by cookie and header alone: a look for the token in the body would use the body up."""
        asked: Any = copy(getattr(request, "_request", request))
        asked.POST = QueryDict()
        super().enforce_csrf(asked)
