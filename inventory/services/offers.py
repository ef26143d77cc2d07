"""Offers kept as they are announced, and taken back: what the forecast knows ahead."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q

from inventory.contracts.offers import OfferAnnounced, read_withdrawn
from inventory.models import Offer, Sku, Territory
from vyapar.engine.selectors import list_events
from vyapar.kernel.errors import Fault, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema


@transaction.atomic
def keep_offer(told: OfferAnnounced, *, at: datetime) -> int:
    """Keep an announced offer; returns the SKUs that were new. A second telling changes nothing.

    An offer that is already over, because the news of it came first, is kept as over. `NotFound` names
    what the inventory does not have.
    """
    _in_turn(told.origin)
    territory = Territory.objects.filter(code=told.territory).first()
    skus = {sku.code: sku for sku in Sku.objects.filter(code__in=[one.sku for one in told.goods])}
    unknown = [one.sku for one in told.goods if one.sku not in skus]
    faults = [Fault("unknown", _("no such SKU"), "sku", value=code) for code in unknown]
    if territory is None:
        faults.append(Fault("unknown", _("no such territory"), "territory", value=told.territory))
    if territory is None or faults:
        raise NotFound(
            _("offer %(origin)s is of what is not here", origin=told.origin),
            code="unknown_offer",
            faults=faults,
        )
    known = set(Offer.objects.filter(origin=told.origin).values_list("number", flat=True))
    fresh = [
        Offer(
            origin=told.origin, number=number, sku=skus[one.sku], territory=territory,
            discount_bp=told.discount_bp, pieces=one.pieces, from_date=told.from_date, to_date=told.to_date,
            announced_at=at, over_on=_over_on(told.origin),
        )
        for number, one in enumerate(told.goods)
        if number not in known
    ]  # fmt: skip
    Offer.objects.bulk_create(fresh)
    return len(fresh)


@transaction.atomic
def take_offer_back(origin: str, *, over_on: date) -> int:
    """Have an offer hold no longer from a day on; the earliest day told stays. Returns the SKUs it was of."""
    _in_turn(origin)
    rows = Offer.objects.filter(Q(over_on=None) | Q(over_on__gt=over_on), origin=origin)
    return rows.update(over_on=over_on)


def _over_on(origin: str) -> date | None:
    """The day from which an offer was told to be over, if it was."""
    told = list_events(name="OfferWithdrawn", subject=origin)
    return min((read_withdrawn(event.payload).over_on for event in told), default=None)


def _in_turn(origin: str) -> None:
    """Until the transaction ends, nobody else keeps or takes back this offer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:offer:{origin}"])
