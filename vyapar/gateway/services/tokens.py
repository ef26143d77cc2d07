"""Access tokens: short-lived, given for a key's secret."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from vyapar.gateway.credentials import digest_of
from vyapar.gateway.models import AccessToken, KeySecret

#: How long a token opens doors.
TOKEN_LIFE = timedelta(hours=1)


@transaction.atomic
def issue_token(secret: KeySecret, *, text: str, scopes: Iterable[str], at: datetime) -> AccessToken:
    """Keep a token made for a secret; it ends with the secret or the key, if they end sooner."""
    ends = [at + TOKEN_LIFE, secret.key.expires_at, *([secret.ends_at] if secret.ends_at else [])]
    return AccessToken.objects.create(
        secret=secret, digest=digest_of(text), scopes=list(scopes), issued_at=at, expires_at=min(ends)
    )
