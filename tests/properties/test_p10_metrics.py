"""Property 10: a campaign's figures are those of its messages and invoice lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign
from campaigns.selectors import analytics
from campaigns.services import end, start
from tests.builders import (
    AT,
    OWNER,
    TODAY,
    World,
    build_world,
    campaign_payload,
    consent,
    offer_line,
    open_channels,
    propose_campaign,
    sell_each,
)  # fmt: skip
from vyapar.messaging.contracts import Channel, DeliveryStatus, StatusUpdate
from vyapar.messaging.models import Message
from vyapar.messaging.services import apply_reports

ASKED, KEPT_OUT = ("R001", "R002", "R003", "R004"), ("R005", "R006")
OFFERED = ("BIS-100", "DET-1KG")
RATES = {"BIS-100": 500, "DET-1KG": 1_800}
ORDER = ("sent", "delivered", "read")

DB = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is taken back; the world is built once."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(in_alpha: None) -> World:
    world = build_world()
    open_channels()
    consent(*ASKED, *KEPT_OUT)
    lines = tuple(offer_line(world, sku, "B1", 100, 1_000) for sku in OFFERED)
    action = propose_campaign(campaign_payload(world, ASKED, KEPT_OUT, lines=lines))
    start(action.view(), actor=OWNER, at=AT)
    for message in Message.objects.all():
        message.provider_id, message.status = f"wamid.{message.party}", "sent"
        message.sent_at = AT
        message.save()
    return world


reports = st.lists(
    st.tuples(st.sampled_from(ASKED), st.sampled_from(["sent", "delivered", "read", "clicked", "replied"])),
    max_size=8,
)
sales = st.lists(
    st.tuples(
        st.sampled_from([*ASKED, *KEPT_OUT, "R007"]),
        st.sampled_from([*OFFERED, "TEA-250"]),
        st.one_of(st.integers(1, 60), st.integers(-20, -1)),
        st.sampled_from([-1, 0, 1, 7, 8]),
        st.integers(100, 9_000),
    ),
    max_size=10,
)


@DB
@given(reports=reports, sales=sales)
def test_every_figure_follows_from_the_interactions_behind_it(world, reports, sales):
    """Feature: vyapar-sahayak-distributor, Property 10: Performance Metrics Tracking Accuracy.

    For any executed campaign, all specified performance metrics (response rates, conversion rates,
    stock clearance velocity) should be accurately tracked and calculated from the underlying
    interaction data.
    """
    with undone():
        items = [StatusUpdate(f"wamid.retailer:{r}", DeliveryStatus(s), AT) for r, s in reports]
        apply_reports(Channel.WHATSAPP, items, at=AT)
        sell_each((r, sku, n, TODAY + timedelta(days=day), paise) for r, sku, n, day, paise in sales)
        campaign = Campaign.objects.get()
        end(campaign.campaign_id, actor=OWNER, at=AT + timedelta(days=20), reason="over")
        found = analytics(Campaign.objects.get())

    reached = {stage: {r for r, s in reports if _rank(s) >= n} for n, stage in enumerate(ORDER)}
    delivered = reached["delivered"]
    clicked = {r for r, s in reports if s == "clicked"}
    replied = {r for r, s in reports if s == "replied"}
    assert found["funnel"]["sent"] == len(ASKED)
    assert found["impressions"] == len(delivered)
    assert found["funnel"]["read"] == len(reached["read"])
    assert found["clicks"] == max(len(clicked), len(replied))
    assert found["response_rate"] == _share(found["clicks"], len(delivered))
    assert found["message_cost_paise"] == 86 * len(delivered)

    # sales are dated 11:00, the offer started at 12:00 of day 0 and ran to the end of day 7
    inside = [s for s in sales if s[0] in ASKED and s[1] in OFFERED and 1 <= s[3] <= 7]
    assert found["pieces"] == sum(s[2] for s in inside)
    bought = {}
    for retailer, sku, pieces, _day, _paise in inside:
        bought[retailer, sku] = bought.get((retailer, sku), 0) + pieces
    buyers = {retailer for (retailer, _sku), pieces in bought.items() if pieces > 0}
    assert found["conversions"] == len(buyers)
    assert found["conversion_rate"] == _share(len(buyers), len(ASKED))
    assert found["clearance"] == _share(found["pieces"], 200)
    assert found["clearance_per_day"] == pytest.approx(found["pieces"] / 7)
    money = {sku: sum(s[2] * s[4] for s in inside if s[1] == sku) for sku in OFFERED}
    assert found["revenue_paise"] == sum(
        max(paise, 0) * 10_000 // (10_000 + RATES[sku]) for sku, paise in money.items()
    )
    held = [s for s in sales if s[0] in KEPT_OUT and s[1] in OFFERED and 1 <= s[3] <= 7]
    assert found["arms"]["held_out_pieces"] == sum(s[2] for s in held)


def _rank(status: str) -> int:
    return ORDER.index("read" if status in ("clicked", "replied") else status)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
