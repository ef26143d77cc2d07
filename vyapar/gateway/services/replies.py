"""Replies of calls with an Idempotency-Key: opened, kept, given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from vyapar.gateway.models import StoredReply
from vyapar.kernel.errors import Invalid, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.holding import Hold

#: What may turn out otherwise next time, or was never tried: too fast, or about another version.
_NOT_KEPT = frozenset({412, 428, 429})


def begin_reply(*, caller: str, key: str, digest: str, at: datetime, hold: Hold) -> StoredReply:
    """Open the reply of a call, or find the one that the same call got before.

    The caller looks at `status`: None means the reply is still to be made, by this call, which holds it. A
    first call whose server died left it unheld: it is made anew. `Invalid` when the key was used for another
    request, `Refused` while the first call is still running.
    """
    try:
        with transaction.atomic():
            return _opened(caller, key, digest, at, hold)
    except IntegrityError:
        pass
    with transaction.atomic():
        kept = StoredReply.objects.select_for_update().filter(caller=caller, key=key).first()
        if kept is None:  # given up in between
            return _opened(caller, key, digest, at, hold)
        if kept.digest != digest:
            raise Invalid(_("this Idempotency-Key was used for another request"), code="key_reused")
        if kept.status is None:
            if not hold.take(kept.pk):
                raise Refused(_("the first call with this key is still running"), code="in_progress")
            kept.started_at = at
            kept.save(update_fields=["started_at"])
        return kept


def _opened(caller: str, key: str, digest: str, at: datetime, hold: Hold) -> StoredReply:
    reply = StoredReply.objects.create(caller=caller, key=key, digest=digest, started_at=at)
    hold.take(reply.pk)
    return reply


def keep_reply(
    reply: StoredReply,
    *,
    status: int,
    content_type: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Keep a reply for repetitions; what may turn out otherwise next time is not kept.

    Of a call that lost its hold and was taken over nothing is kept: the other one's reply counts.
    """
    if status >= 500 or status in _NOT_KEPT:
        drop_reply(reply)
        return
    _mine(reply).update(status=status, content_type=content_type, body=body, headers=dict(headers or {}))


def drop_reply(reply: StoredReply) -> None:
    """Give a key free again: its call came to nothing."""
    _mine(reply).delete()


def _mine(reply: StoredReply) -> QuerySet[StoredReply]:
    return StoredReply.objects.filter(pk=reply.pk, status=None, started_at=reply.started_at)
