"""Issuing and revoking keys; remembering replies."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from vyapar.gateway.models import ApiKey, StoredReply
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.people.contracts import May

#: A first call that has not answered for this long was cut off; its key may be used again.
LEASE = timedelta(minutes=10)


def digest_of(secret: str) -> str:
    """What is kept of a secret. It is long and random, so one plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue_key(
    *, name: str, scopes: Iterable[May], actor: Actor, at: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once."""
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        digest=digest_of(secret),
        scopes=sorted(scope.value for scope in scopes),
        created_by=actor.ref,
        created_at=at,
        expires_at=expires_at,
    )
    return key, f"vs_{prefix}_{secret}"


@transaction.atomic
def revoke_key(prefix: str, *, actor: Actor, at: datetime) -> None:
    """Switch a key off for good."""
    if not ApiKey.objects.filter(prefix=prefix, revoked_at=None).update(revoked_at=at, revoked_by=actor.ref):
        raise NotFound("there is no live key of that prefix", code="no_such_key")


def begin_reply(*, caller: str, key: str, digest: str, at: datetime) -> StoredReply:
    """Open the reply of a call, or find the one that the same call got before.

    The caller looks at `status`: None means the reply is still to be made, by this call. `Invalid`
    when the key was used for another request, `Refused` while the first call is still running.
    """
    try:
        with transaction.atomic():
            return StoredReply.objects.create(caller=caller, key=key, digest=digest, started_at=at)
    except IntegrityError:
        pass
    with transaction.atomic():
        kept = StoredReply.objects.select_for_update().get(caller=caller, key=key)
        if kept.digest != digest:
            raise Invalid("this Idempotency-Key was used for another request", code="key_reused")
        if kept.status is None:
            if kept.started_at > at - LEASE:
                raise Refused("the first call with this key is still running", code="in_progress")
            kept.started_at = at
            kept.save(update_fields=["started_at"])
        return kept


def keep_reply(reply: StoredReply, *, status: int, content_type: str, body: bytes) -> None:
    """Keep a reply for repetitions; what may turn out otherwise next time (5xx, 429) is not kept."""
    if status >= 500 or status == 429:
        reply.delete()
        return
    reply.status, reply.content_type, reply.body = status, content_type, body
    reply.save(update_fields=["status", "content_type", "body"])
