"""Telling an endpoint what is due: one worker at a time, event by event, no transaction open in a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from vyapar.engine.services import append_audit, emit
from vyapar.farside.resilience import breakers
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.errors import NotNow, Unavailable
from vyapar.kernel.phrases import kept
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema
from vyapar.tenancy.selectors import current_distributor
from vyapar.webhooks.client import Call, Came, call
from vyapar.webhooks.contracts import WebhookDisabled
from vyapar.webhooks.models import Endpoint, WebhookAttempt, WebhookDelivery
from vyapar.webhooks.rules import PATIENCE, headers_of, secrets_at, wait_after
from vyapar.webhooks.selectors import PING, envelope_of, get_endpoint, message_id

log = structlog.get_logger(__name__)

State = WebhookDelivery.State
#: Events that one task tells, and how long it does so, before others have the worker.
BATCH = 100
SPELL = timedelta(seconds=45)
#: A worker without a sign of life for this long was cut off; what it was telling is told again.
LEASE = timedelta(seconds=60)
TELLER = system("webhooks")
_GONE, _THROTTLED = 410, 429


def tell(endpoint_id: UUID, *, clock: Callable[[], datetime]) -> bool:
    """Tell an endpoint what is due, in the order of events; True when more is due at the end.

    While one worker tells an endpoint no other does. What fails is put off, and those after it go on:
    a receiver that needs the order reads `sequence`. A worker killed after a call and before its
    note tells that event again, under the same id.
    """
    began = clock()
    if not _claim(endpoint_id, began):
        return False
    try:
        for _ in range(BATCH):
            delivery = _next(endpoint_id, clock())
            if delivery is None or not _tell(delivery, clock):
                return False
            if clock() - began > SPELL:
                break
    finally:
        Endpoint.objects.filter(pk=endpoint_id).update(claimed_until=None)
    return _next(endpoint_id, clock()) is not None


def ping(endpoint_id: UUID, *, actor: Actor, at: datetime) -> WebhookDelivery:
    """Send a test message now, once, and say what came of it; it is in the log like any other."""
    endpoint = get_endpoint(endpoint_id)
    delivery = WebhookDelivery.objects.create(endpoint=endpoint, name=PING, created_at=at)
    came = call(_call_of(delivery, at))
    with transaction.atomic():
        delivery.state = State.DELIVERED if came.is_success else State.DEAD
        _log(delivery, came, at, None)
        append_audit(
            actor=actor, verb="WebhookPinged", subject=f"webhook:{endpoint.pk}", at=at, after=came.said
        )
    return delivery


# --- claim ---------------------------------------------------------------------------------


def _claim(endpoint_id: UUID, at: datetime) -> bool:
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=at)
    rows = Endpoint.objects.filter(free, pk=endpoint_id, active=True)
    return bool(rows.update(claimed_until=at + LEASE))


def _next(endpoint_id: UUID, at: datetime) -> WebhookDelivery | None:
    rows = WebhookDelivery.objects.select_related("endpoint", "event").filter(
        endpoint_id=endpoint_id, endpoint__active=True, state=State.PENDING, next_try_at__lte=at
    )
    return rows.order_by(F("event_id").asc(nulls_first=True)).first()


# --- call ----------------------------------------------------------------------------------


def _tell(delivery: WebhookDelivery, clock: Callable[[], datetime]) -> bool:
    """One call and its note; False when this endpoint is better left alone for now."""
    at, endpoint = clock(), delivery.endpoint
    Endpoint.objects.filter(pk=endpoint.pk).update(claimed_until=at + LEASE)
    caught: list[Came] = []

    def once() -> None:
        caught.append(call(_call_of(delivery, at)))
        if caught[0].is_outage:  # for the breaker, which hears of errors only
            raise (NotNow if caught[0].status == _THROTTLED else Unavailable)(caught[0].said)

    try:
        breakers(settings.REDIS_URL).call(f"webhook:{endpoint.pk}", current_schema(), once)
    except Unavailable as error:
        if not caught:
            _spare(delivery, error.retry_after, at)
            return False
    return _note(delivery.pk, caught[0], at)


def _call_of(delivery: WebhookDelivery, at: datetime) -> Call:
    endpoint, distributor = delivery.endpoint, current_distributor()
    body = orjson.dumps(envelope_of(delivery), option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS, default=str)
    secrets = secrets_at(endpoint.secret, endpoint.previous_secret, endpoint.previous_until, at)
    headers = headers_of(secrets, message_id(delivery), int(at.timestamp()), body)
    if distributor.sandbox:
        headers["x-simulated"] = "true"
    return Call(endpoint.url, headers, body, distributor.sandbox)


# --- note ----------------------------------------------------------------------------------


@transaction.atomic
def _note(delivery_id: UUID, came: Came, at: datetime) -> bool:
    """Keep what came of a call; False when the endpoint was switched off by it."""
    delivery = (
        WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery_id)
    )
    endpoint = Endpoint.objects.select_for_update().get(pk=delivery.endpoint_id)
    if came.is_success:
        delivery.state, delivery.done_at = State.DELIVERED, at
        _log(delivery, came, at, None)
        if endpoint.failing_since is not None:
            _welcome_back(endpoint, at)
        return True
    wait = wait_after(delivery.attempts + 1, str(delivery.pk), came.retry_after)
    if wait is None:
        delivery.state, delivery.done_at = State.DEAD, at
    _log(delivery, came, at, None if wait is None else at + wait)
    return _bear(endpoint, came, at)


def _welcome_back(endpoint: Endpoint, at: datetime) -> None:
    """It answers again: what nobody answered is told now, not when its own wait is over.

    What it answered with an error keeps its wait: an event that it cannot take would use up its attempts.
    """
    Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
    unheard = endpoint.deliveries.filter(state=State.PENDING, attempts__gt=0, status=None)
    unheard.filter(next_try_at__gt=at).update(next_try_at=at)


def _log(delivery: WebhookDelivery, came: Came, at: datetime, again: datetime | None) -> None:
    delivery.attempts += 1
    delivery.status = came.status
    delivery.error, delivery.words = kept(came.error, 300)
    delivery.next_try_at = again
    if delivery.state != State.PENDING:
        delivery.done_at = at
    delivery.save()
    WebhookAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        at=at,
        status=came.status,
        duration_ms=came.duration_ms,
        response_head=came.response_head[:600],
        error=delivery.error,
        words=delivery.words,
        next_try_at=again,
    )


def _bear(endpoint: Endpoint, came: Came, at: datetime) -> bool:
    """Bear with a failing endpoint for some days; then, or when it says it is gone, switch it off."""
    since = endpoint.failing_since or at
    gone = came.status == _GONE
    if not gone and at - since < PATIENCE:
        Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=since)
        return True
    reason = _("it answered that it is gone")
    if not gone:
        reason = _("it has failed since %(day)s: %(why)s", day=f"{since:%d-%m-%Y}", why=came.said)
    text, words = kept(reason, 300)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        active=False, failing_since=since, disabled_at=at, disabled_reason=text, words=words, updated_at=at
    )
    waiting = endpoint.deliveries.filter(state=State.PENDING).count()
    host = endpoint.url.split("/")[2]
    emit(
        WebhookDisabled(str(endpoint.pk), host, reason, waiting),
        subject=f"webhook:{endpoint.pk}",
        actor=TELLER,
        at=at,
        reason=reason,
    )
    log.warning("webhook_disabled", endpoint=str(endpoint.pk), reason=reason)
    return False


@transaction.atomic
def _spare(delivery: WebhookDelivery, seconds: int, at: datetime) -> None:
    """The breaker is open: nothing was tried, so nothing is counted; all of it waits."""
    rows = WebhookDelivery.objects.filter(
        endpoint_id=delivery.endpoint_id, state=State.PENDING, next_try_at__lte=at
    )
    rows.update(next_try_at=at + timedelta(seconds=max(seconds, 1)))
