"""Who is calling: a machine with a key, or a person with a session."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from vyapar.gateway.models import ApiKey
from vyapar.gateway.selectors import find_key


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer vs_…`."""

    def authenticate(self, request: Request) -> tuple[ApiKey, ApiKey] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        key = find_key(token.strip())
        if key is None or not key.is_live(now):
            raise AuthenticationFailed("this key is unknown here, expired or revoked")
        if key.last_used_at is None or key.last_used_at < now - timedelta(minutes=1):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        return key, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in person; writes need the CSRF token."""
