"""Keeping house: warnings of keys, and old replies, tokens and calls cleared."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Model, QuerySet

from vyapar.gateway.models import AccessToken, ApiCall, StoredReply
from vyapar.gateway.services.keys import warn_expiring_keys

#: How long a reply is given again, and how long calls are kept.
REPLY_LIFE, CALL_LIFE = timedelta(hours=48), timedelta(days=30)
#: Rows that one round clears at most of each table, so that a round stays short.
MOST = 5_000


def keep_house(at: datetime) -> None:
    """One round; called every few seconds, so that it never has much to do."""
    warn_expiring_keys(at)
    clear(StoredReply.objects.filter(started_at__lt=at - REPLY_LIFE))
    clear(AccessToken.objects.filter(expires_at__lt=at))
    clear(ApiCall.objects.filter(at__lt=at - CALL_LIFE))


def clear(old: QuerySet[Model]) -> int:
    """Delete old rows, at most so many; returns how many."""
    model = old.model
    deleted, _ = model._default_manager.filter(pk__in=old.values("pk")[:MOST]).delete()
    return deleted
