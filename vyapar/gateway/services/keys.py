"""The life of a key: issued, changed, rotated, warned about, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from django.db import transaction

from vyapar.gateway.contracts import KeyChanged, KeyExpiring, KeyIssued, KeyRevoked, KeyRotated
from vyapar.gateway.credentials import digest_of, key_text, new_prefix, new_secret
from vyapar.gateway.models import ApiKey, KeySecret
from vyapar.gateway.scopes import check_within, read_scopes
from vyapar.gateway.telling import tell
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused, Stale
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

#: How long a key lives unless its maker says otherwise, and at most.
LIFE, LONGEST_LIFE = timedelta(days=365), timedelta(days=2 * 366)
#: How long before its end a key is announced to run out.
WARNING = timedelta(days=14)
#: How long the secret before stays valid after a rotation, unless said otherwise, and at most.
OVERLAP, LONGEST_OVERLAP = timedelta(days=1), timedelta(days=30)
#: Last use is kept to the minute, so that a busy key writes one row a minute.
_USE_GRAIN = timedelta(minutes=1)


@transaction.atomic
def issue_key(
    *,
    name: str,
    scopes: Iterable[May | str],
    actor: Actor,
    at: datetime,
    expires_at: datetime | None = None,
    networks: Iterable[str] = (),
    within: Iterable[str] | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once.

    `within`: scopes of the one who makes it, beyond which nothing can be handed on; None for the
    house itself. `networks`: CIDR from which the key may call; none means from anywhere.
    """
    chosen = read_scopes(scopes)
    if within is not None:
        check_within(chosen, within)
    key = ApiKey.objects.create(
        name=_read_name(name),
        prefix=new_prefix(),
        scopes=list(chosen),
        networks=read_networks(networks),
        created_by=actor.ref,
        created_by_name=str(actor)[:160],
        created_at=at,
        expires_at=at + LIFE if expires_at is None else _read_end(expires_at, at),
    )
    secret = _add_secret(key, actor, at)
    _tell(KeyIssued, key, actor, at)
    return key, secret


@transaction.atomic
def change_key(
    prefix: str,
    *,
    actor: Actor,
    at: datetime,
    name: str | None = None,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    networks: Iterable[str] | None = None,
    within: Iterable[str] | None = None,
    seen_version: int | None = None,
) -> ApiKey:
    """Change what a live key may do, from where, until when, or its name; None leaves a thing alone."""
    key = _lock(prefix, at, within, seen_version)
    before = _face(key)
    if name is not None:
        key.name = _read_name(name)
    if scopes is not None:
        key.scopes = list(read_scopes(scopes))
        if within is not None:
            check_within(key.scopes, within)
    if networks is not None:
        key.networks = read_networks(networks)
    if expires_at is not None:
        key.expires_at, key.warned_at = _read_end(expires_at, at), None
    key.version += 1
    key.save()
    _tell(KeyChanged, key, actor, at, before=before)
    return key


@transaction.atomic
def rotate_key(
    prefix: str,
    *,
    actor: Actor,
    at: datetime,
    overlap: timedelta = OVERLAP,
    expires_at: datetime | None = None,
    within: Iterable[str] | None = None,
    seen_version: int | None = None,
) -> tuple[ApiKey, str]:
    """A new secret for a live key; the ones before stay valid for `overlap`, none longer than it was.

    With `expires_at` the key itself is prolonged.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        fault = Fault(
            "overlap", _("0 to %(days)s days", days=LONGEST_OVERLAP.days), "overlapHours", value=str(overlap)
        )
        raise Invalid(_("the old secret cannot stay valid for that long"), code="overlap", faults=[fault])
    key = _lock(prefix, at, within, seen_version)
    ends = at + overlap
    key.secrets.filter(ends_at=None).update(ends_at=ends)
    key.secrets.filter(ends_at__gt=ends).update(ends_at=ends)
    if expires_at is not None:
        key.expires_at, key.warned_at = _read_end(expires_at, at), None
    key.version += 1
    key.save()
    secret = _add_secret(key, actor, at)
    told = KeyRotated(key.prefix, key.name, min(ends, key.expires_at).isoformat())
    tell(told, subject=f"key:{key.prefix}", actor=actor, at=at)
    return key, secret


@transaction.atomic
def revoke_key(
    prefix: str,
    *,
    actor: Actor,
    at: datetime,
    within: Iterable[str] | None = None,
    seen_version: int | None = None,
) -> ApiKey:
    """Switch a key off for good; its tokens die with it."""
    key = _lock(prefix, None, within, seen_version)
    key.revoked_at, key.revoked_by, key.revoked_by_name = at, actor.ref, str(actor)[:160]
    key.version += 1
    key.save()
    tell(KeyRevoked(key.prefix, key.name), subject=f"key:{key.prefix}", actor=actor, at=at)
    return key


def warn_expiring_keys(at: datetime) -> int:
    """Announce each live key that ends within the warning time, once; returns how many."""
    due = ApiKey.objects.filter(
        warned_at=None, revoked_at=None, expires_at__gt=at, expires_at__lte=at + WARNING
    )
    count = 0
    for pk in list(due.values_list("pk", flat=True)[:100]):
        with transaction.atomic():
            key = due.select_for_update(skip_locked=True).filter(pk=pk).first()
            if key is None:
                continue
            key.warned_at = at
            key.save(update_fields=["warned_at"])
            used = key.last_used_at.isoformat() if key.last_used_at else ""
            told = KeyExpiring(
                key.prefix, key.name, key.expires_at.isoformat(), max((key.expires_at - at).days, 0), used
            )
            tell(told, subject=f"key:{key.prefix}", actor=system("gateway"), at=at)
            count += 1
    return count


def mark_used(secret: KeySecret, at: datetime) -> None:
    """Remember that a secret opened a door, to the minute."""
    if secret.last_used_at is None or secret.last_used_at < at - _USE_GRAIN:
        KeySecret.objects.filter(pk=secret.pk).update(last_used_at=at)
        ApiKey.objects.filter(pk=secret.key_id).update(last_used_at=at)


def read_networks(networks: Iterable[str]) -> list[str]:
    """Networks in their one form; `Invalid` names those that are none."""
    found, faults = [], []
    for text in networks:
        try:
            found.append(str(ip_network(text.strip(), strict=False)))
        except ValueError:
            faults.append(Fault("network", _("write it as 203.0.113.0/24"), "networks", value=text[:60]))
    if faults or len(found) > 50:
        faults = faults or [Fault("network", _("at most 50 networks"), "networks")]
        raise Invalid(_("some networks cannot be read"), code="network", faults=faults)
    return sorted(set(found))


# --- parts ---------------------------------------------------------------------------------


def _add_secret(key: ApiKey, actor: Actor, at: datetime) -> str:
    secret = new_secret()
    KeySecret.objects.create(key=key, digest=digest_of(secret), created_at=at, created_by=actor.ref)
    return key_text(key.prefix, secret)


def _lock(prefix: str, at: datetime | None, within: Iterable[str] | None, seen_version: int | None) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(prefix=prefix, revoked_at=None).first()
    if key is None:
        raise NotFound(_("there is no live key of that prefix"), code="no_such_key")
    if at is not None and not key.is_live(at):
        raise Refused(_("this key has run out; issue a new one"), code="key_expired")
    if seen_version is not None and key.version != seen_version:
        raise Stale(_("the key changed since you looked at it; look again"), code="stale")
    if within is not None:
        check_within(key.scopes, within)
    return key


def _read_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 120 or not name.isprintable():
        fault = Fault("required", _("1 to 120 characters that say whose key it is"), "name", value=name[:40])
        raise Invalid(_("a key needs a name"), code="key_name", faults=[fault])
    return name


def _read_end(expires_at: datetime, at: datetime) -> datetime:
    if not at < expires_at <= at + LONGEST_LIFE:
        message = _("an instant in the next %(days)s days", days=LONGEST_LIFE.days)
        fault = Fault("key_life", message, "expiresAt", value=expires_at.isoformat())
        raise Invalid(_("a key cannot live until then"), code="key_life", faults=[fault])
    return expires_at


def _face(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "scopes": list(key.scopes),
        "networks": list(key.networks),
        "expires_at": key.expires_at.isoformat(),
    }


def _tell(event: type[Any], key: ApiKey, actor: Actor, at: datetime, before: Any = None) -> None:
    tell(event(**_face(key)), subject=f"key:{key.prefix}", actor=actor, at=at, before=before)
