"""A campaign tells its own inventory, and no other, what is on offer: once, and until it is stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_tenants.utils import tenant_context

from campaigns import services
from campaigns.models import Campaign
from inventory.models import Offer
from inventory.selectors.charged import list_offers_ahead
from tests.builders import (
    AT,
    OWNER,
    TODAY,
    World,
    add_batch,
    build_world,
    campaign_payload,
    deliver_all,
    offer_line,
    open_channels,
    propose_campaign,
    receive_stock,
)
from vyapar.engine.models import Action, Delivery, Event

pytestmark = pytest.mark.usefixtures("in_alpha")

NEXT_WEEK = {"starts_on": TODAY + timedelta(days=7), "ends_on": TODAY + timedelta(days=13)}


@pytest.fixture
def world(in_alpha: None) -> World:
    made = build_world()
    open_channels()
    return made


def start(world: World, **changes) -> tuple[Action, Campaign]:
    action = propose_campaign(campaign_payload(world, ("R001",), **{**NEXT_WEEK, **changes}))
    return action, services.start(action.view(), actor=OWNER, at=AT)


def test_an_offer_for_next_week_is_known_ahead_with_its_pieces_and_days(world: World) -> None:
    add_batch(world, "BIS-100", "B2", expires_in=90)
    receive_stock(world, "BIS-100", "B2", 40)
    start(world, lines=tuple(offer_line(world, "BIS-100", *one, 1_000) for one in (("B1", 60), ("B2", 40))))
    assert list_offers_ahead("BIS-100", "PUNE", TODAY) == ()
    deliver_all()
    [ahead] = list_offers_ahead("BIS-100", "PUNE", TODAY)
    assert (ahead.from_date, ahead.to_date) == (NEXT_WEEK["starts_on"], NEXT_WEEK["ends_on"])
    assert (ahead.discount_bp, ahead.pieces) == (1_000, 100)


def test_a_doubled_event_changes_nothing(world: World) -> None:
    start(world)
    deliver_all()
    before = list(Offer.objects.values())
    Delivery.objects.filter(event__name="OfferAnnounced").update(state=Delivery.State.PENDING, next_try_at=AT)
    assert deliver_all() == 1
    assert list(Offer.objects.values()) == before


def test_stopping_a_campaign_takes_its_offer_back(world: World) -> None:
    action, _campaign = start(world)
    deliver_all()
    services.stop(action.pk, actor=OWNER, at=AT)
    services.stop(action.pk, actor=OWNER, at=AT)
    deliver_all()
    assert list_offers_ahead("BIS-100", "PUNE", TODAY) == ()
    assert [row.over_on for row in Offer.objects.all()] == [TODAY]
    assert Event.objects.filter(name="OfferWithdrawn").count() == 1


def test_news_that_come_in_the_wrong_order_leave_no_offer_standing(world: World) -> None:
    action, _campaign = start(world)
    services.stop(action.pk, actor=OWNER, at=AT)
    for name in ("OfferWithdrawn", "OfferAnnounced"):
        Delivery.objects.exclude(event__name=name).update(next_try_at=AT + timedelta(days=1))
        Delivery.objects.filter(event__name=name).update(next_try_at=AT)
        assert deliver_all() == 1
    assert Offer.objects.count() == 1
    assert list_offers_ahead("BIS-100", "PUNE", TODAY) == ()


def test_another_distributor_sees_nothing_of_it(world: World, beta) -> None:
    start(world)
    deliver_all()
    with tenant_context(beta):
        assert not Offer.objects.exists()
