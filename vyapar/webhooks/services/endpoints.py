"""Endpoints: added, changed, removed; secrets made and rotated, each shown once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.selectors import current_distributor
from vyapar.webhooks.addresses import resolve
from vyapar.webhooks.models import Endpoint
from vyapar.webhooks.rules import OVERLAP, check_events, check_url, is_secret, secret_of
from vyapar.webhooks.selectors import get_endpoint

MOST_ENDPOINTS = 20
MOST_OVERLAP = timedelta(days=30)


@transaction.atomic
def add_endpoint(
    *,
    url: str,
    events: Sequence[str],
    description: str = "",
    secret: str = "",
    actor: Actor,
    at: datetime,
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is shown this once.

    A `secret` of the caller's own is taken when it has the form of one.
    """
    check_address(url)
    if Endpoint.objects.filter(removed_at__isnull=True).count() >= MOST_ENDPOINTS:
        raise Refused(
            _("there are %(most)s endpoints already; remove one", most=MOST_ENDPOINTS),
            code="too_many",
        )
    if secret and not is_secret(secret):
        fault = Fault("bad_secret", _("whsec_ and base64 of 24 to 64 bytes"), "secret")
        raise Invalid(_("this cannot be a secret"), code="bad_secret", faults=[fault])
    made = secret or secret_of(secrets.token_bytes(32))
    endpoint = Endpoint.objects.create(
        url=url,
        events=check_events(events),
        description=description[:200],
        secret=made,
        created_by=actor.ref,
        created_at=at,
        updated_at=at,
    )
    _note("WebhookAdded", endpoint, actor, at)
    return endpoint, made


@transaction.atomic
def change_endpoint(
    endpoint_id: UUID,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    active: bool | None = None,
    actor: Actor,
    at: datetime,
) -> Endpoint:
    """Change what is given. Switching an endpoint on forgets that it failed; what waits goes on then."""
    endpoint = get_endpoint(endpoint_id, for_update=True)
    before = _facts(endpoint)
    if url is not None and url != endpoint.url:
        check_address(url)
        endpoint.url = url
    if events is not None:
        endpoint.events = check_events(events)
    if description is not None:
        endpoint.description = description[:200]
    if active is not None:
        endpoint.active = active
        endpoint.failing_since, endpoint.disabled_at = None, None
        endpoint.disabled_reason, endpoint.words = "", []
        if active:
            endpoint.deliveries.filter(state="pending").update(next_try_at=at)
    endpoint.updated_at = at
    endpoint.save()
    _note("WebhookChanged", endpoint, actor, at, before)
    return endpoint


@transaction.atomic
def remove_endpoint(endpoint_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Tell it nothing any more; its log stays."""
    endpoint = get_endpoint(endpoint_id, for_update=True)
    endpoint.active, endpoint.removed_at, endpoint.updated_at = False, at, at
    endpoint.secret = endpoint.previous_secret = ""
    endpoint.save()
    endpoint.deliveries.filter(state="pending").update(
        state="dead", error="the endpoint was removed", next_try_at=None, done_at=at
    )
    _note("WebhookRemoved", endpoint, actor, at)


@transaction.atomic
def rotate_secret(
    endpoint_id: UUID, *, overlap: timedelta = OVERLAP, actor: Actor, at: datetime
) -> tuple[Endpoint, str]:
    """A new secret, shown this once; the one before signs too until the overlap is over.

    With no overlap the old one is worthless at once: for a secret that leaked.
    """
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        fault = Fault("overlap", _("0 to %(hours)s hours", hours=MOST_OVERLAP.days * 24), "overlapHours")
        raise Invalid(_("this overlap cannot be"), code="overlap", faults=[fault])
    endpoint = get_endpoint(endpoint_id, for_update=True)
    made = secret_of(secrets.token_bytes(32))
    endpoint.previous_secret, endpoint.secret = (endpoint.secret if overlap else ""), made
    endpoint.previous_until, endpoint.updated_at = at + overlap, at
    endpoint.save()
    _note("WebhookSecretRotated", endpoint, actor, at)
    return endpoint, made


def check_address(url: str) -> None:
    """`Invalid` for an address that would not be called now: its form, or where its host leads."""
    sandbox = current_distributor().sandbox
    parts = check_url(url, sandbox=sandbox)
    resolve(parts, sandbox=sandbox)


def _facts(endpoint: Endpoint) -> dict[str, object]:
    return {"url": endpoint.url, "events": endpoint.events, "active": endpoint.active}


def _note(verb: str, endpoint: Endpoint, actor: Actor, at: datetime, before: object = None) -> None:
    append_audit(
        actor=actor,
        verb=verb,
        subject=f"webhook:{endpoint.pk}",
        at=at,
        before=before,
        after=_facts(endpoint),
    )
