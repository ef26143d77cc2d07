"""Campaigns on the real database: who is asked, what is held, what is learnt, how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from campaigns import services
from campaigns.contracts import CampaignPolicy, read_payload
from campaigns.models import Campaign, CampaignOutlet
from campaigns.rules import terms_of
from campaigns.selectors import analytics, read_arms, take_learnt, take_snapshot
from inventory.models import BatchRisk, Retailer
from tests.builders import (
    AT,
    OWNER,
    TODAY,
    World,
    build_world,
    campaign_payload,
    consent,
    deliver_all,
    offer_line,
    open_channels,
    propose_campaign,
    sell,
)
from vyapar.engine.models import Action, Event
from vyapar.engine.services import approve, carry_out, edit, undo
from vyapar.kernel.errors import Invalid, Misconfigured, Refused
from vyapar.kernel.lifecycle import Status
from vyapar.messaging.contracts import Channel, InboundText
from vyapar.messaging.models import Message, Template
from vyapar.messaging.services import apply_reports
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")

TARGETS = ("R001", "R002", "R003", "R004")
HOLDOUT = ("R005", "R006")
OVER = AT + timedelta(days=8)


@pytest.fixture
def world(in_alpha: None) -> World:
    world = build_world()
    open_channels()
    consent("R001", "R002", "R003", "R005", "R006")
    return world


def start(world: World, **changes) -> tuple[Action, Campaign]:
    action = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT, **changes))
    return action, services.start(action.view(), actor=OWNER, at=AT)


def test_letters_go_to_consenting_targets_and_never_to_those_held_out(world: World) -> None:
    _, campaign = start(world)
    rows = {m.party: m.status for m in Message.objects.all()}
    assert rows == {
        "retailer:R001": "queued",
        "retailer:R002": "queued",
        "retailer:R003": "queued",
        "retailer:R004": "skipped",
    }
    arms = dict(campaign.outlets.values_list("retailer_id", "arm"))
    assert {i for i, arm in arms.items() if arm == "held_out"} == set(HOLDOUT)
    told = Event.objects.get(name="CampaignTriggered")
    assert told.payload["targetRetailers"] == list(TARGETS)
    assert told.payload["discountPercentage"] == 10.0


def test_each_outlet_reads_its_own_language(world: World) -> None:
    start(world)
    languages = {m.party: m.template.language for m in Message.objects.filter(status="queued")}
    assert languages == {"retailer:R001": "hi", "retailer:R002": "en", "retailer:R003": "hi"}
    message = Message.objects.get(party="retailer:R002")
    assert message.parameters == ["Shop 2", "30-11-2026", "Kuruvi BIS-100 Rs 76.50 (MRP Rs 100)"]


def test_starting_twice_is_once(world: World) -> None:
    action, first = start(world)
    assert services.start(action.view(), actor=OWNER, at=AT + timedelta(hours=1)).pk == first.pk
    assert Message.objects.count() == 4
    assert Event.objects.filter(name="CampaignTriggered").count() == 1


def test_without_a_template_nothing_starts_and_nothing_is_left(world: World) -> None:
    Template.objects.all().delete()
    action = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT))
    with pytest.raises(Misconfigured):
        services.start(action.view(), actor=OWNER, at=AT)
    assert not Campaign.objects.exists()
    assert not Message.objects.exists()
    assert not Event.objects.filter(name="CampaignTriggered").exists()


def test_the_offer_is_held_while_it_runs_and_let_go_when_it_ends(world: World) -> None:
    action, campaign = start(world)
    assert world.position().reserved == 100
    for _ in range(2):
        services.end(campaign.campaign_id, actor=OWNER, at=OVER, reason="its days are over")
    assert world.position().reserved == 0
    campaign.refresh_from_db()
    assert (campaign.state, campaign.ended_at) == ("ended", OVER)
    assert Event.objects.filter(name="CampaignEnded", action_id=action.pk).count() == 1


def test_the_law_stops_an_offer_above_the_mrp_and_one_below_the_floor(world: World) -> None:
    above = replace(offer_line(world, "BIS-100", "B1", 100, 1000), offer_price_paise=10_001)
    below = replace(offer_line(world, "TEA-250", "B1", 100, 1000), offer_price_paise=8_000)
    for line, code in ((above, "P01"), (below, "P10")):
        action = propose_campaign(campaign_payload(world, TARGETS, lines=(line,)))
        assert code in {f["code"] for f in action.findings if f["severity"] == "block"}
        with pytest.raises(Refused):
            approve(action.pk, actor=OWNER, at=AT)


def test_an_edit_to_another_rung_recalculates_price_pieces_and_gain(world: World) -> None:
    action = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT), confidence=0.1)
    edited = edit(action.pk, {"discount_bp": 2_000}, actor=OWNER, at=AT)
    (line,) = read_payload(edited.payload).lines
    assert line.offer_price_paise == 6_800
    assert line.expected_pieces == int(50 * 1.5 / 1.25)
    revenue = line.expected_pieces * (6_800 * 10_000 // 10_500)
    assert edited.net_paise == revenue - line.expected_pieces * 1_000 - 344
    assert (edited.discount_bp, edited.quantity) == (2_000, 100)
    for bad in (0, 4_001, True, "1000", 10.0):
        with pytest.raises(Invalid):
            edit(action.pk, {"discount_bp": bad}, actor=OWNER, at=AT)
    with pytest.raises(Invalid, match="nothing is left"):
        edit(action.pk, {"drop": [{"sku": "BIS-100", "batch": "B1"}]}, actor=OWNER, at=AT)


def test_dropping_a_batch_frees_its_pieces(world: World) -> None:
    lines = (offer_line(world, "BIS-100", "B1", 100, 1000), offer_line(world, "SOAP-75", "B1", 80, 1000))
    action = propose_campaign(campaign_payload(world, TARGETS, lines=lines), confidence=0.1)
    edit(action.pk, {"drop": [{"sku": "SOAP-75", "batch": "B1"}]}, actor=OWNER, at=AT)
    assert world.position("SOAP-75").reserved == 0
    assert world.position("BIS-100").reserved == 100


def test_the_engine_starts_a_campaign_and_stops_it(world: World) -> None:
    action = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT))
    if action.status == Status.PROPOSED:
        approve(action.pk, actor=OWNER, at=AT)
    done = carry_out(action.pk, at=AT + timedelta(hours=1))
    assert done.status == Status.EXECUTED, done.last_error
    undone = undo(action.pk, actor=OWNER, at=AT + timedelta(hours=2))
    assert undone.status == Status.ROLLED_BACK
    assert Campaign.objects.get().state == "stopped"
    assert world.position().reserved == 0


def test_an_answer_is_noted_on_its_outlet(world: World) -> None:
    _, campaign = start(world)
    Message.objects.filter(party="retailer:R001").update(provider_id="wamid.1", status="sent", sent_at=AT)
    answer = InboundText("919812300001", "send 36", AT, "in-1", reply_to="wamid.1")
    apply_reports(Channel.WHATSAPP, [answer], at=AT)
    deliver_all()
    outlet = CampaignOutlet.objects.get(campaign=campaign, retailer_id="R001")
    assert (outlet.wants_pieces, outlet.answered_at) == (36, AT)


# --- what it brought ---------------------------------------------------------------------------


def test_arms_count_what_each_bought_of_the_offer_while_it_ran(world: World) -> None:
    lines = (offer_line(world, "BIS-100", "B1", 100, 1000), offer_line(world, "DET-1KG", "B1", 50, 1000))
    _, campaign = start(world, lines=lines)
    day = TODAY + timedelta(days=2)
    sell(("R001", "BIS-100", 30), on=day, paise=7_650)
    sell(("R002", "DET-1KG", 10), on=day, paise=9_000)
    sell(("R005", "BIS-100", 4), on=day, paise=8_500)
    sell(("R007", "BIS-100", 99), on=day)  # of neither arm
    sell(("R001", "TEA-250", 99), on=day)  # not on offer
    sell(("R003", "BIS-100", 99), on=TODAY - timedelta(days=1))  # before it
    sell(("R003", "BIS-100", 99), on=TODAY + timedelta(days=9))  # after it
    services.end(campaign.campaign_id, actor=OWNER, at=AT + timedelta(days=30), reason="late")
    campaign.refresh_from_db()
    arms = read_arms(campaign)
    assert (arms.asked, arms.asked_buyers, arms.asked_pieces) == (4, 2, 40)
    assert (arms.held_out, arms.held_out_buyers, arms.held_out_pieces) == (2, 1, 4)
    # each SKU's own rate: 30 x 76.50 at 5 % and 10 x 90.00 at 18 %
    assert arms.asked_paise == 229_500 * 10_000 // 10_500 + 90_000 * 10_000 // 11_800
    results = campaign.results
    assert results["pieces"] == 40
    assert results["conversion_rate"] == 0.5
    assert results["clearance"] == round(40 / 150, 4)


def test_results_are_frozen_when_a_campaign_ends(world: World) -> None:
    _, campaign = start(world)
    sell(("R001", "BIS-100", 30), on=TODAY + timedelta(days=1))
    services.end(campaign.campaign_id, actor=OWNER, at=OVER, reason="over")
    campaign.refresh_from_db()
    before = analytics(campaign)
    sell(("R001", "BIS-100", 50), on=TODAY + timedelta(days=2))
    assert analytics(campaign) == before


def test_an_ended_campaign_teaches_its_rung_and_a_running_one_does_not(world: World) -> None:
    policy = CampaignPolicy()
    before = take_learnt(policy)
    sell(*[(r, "BIS-100", 180) for r in TARGETS], on=TODAY - timedelta(days=60))
    _, campaign = start(world)
    sell(*[(r, "BIS-100", 60) for r in TARGETS], on=TODAY + timedelta(days=1))
    assert take_learnt(policy) == before == {}
    services.end(campaign.campaign_id, actor=OWNER, at=OVER, reason="over")
    learnt = take_learnt(policy)["1000"]
    campaign.refresh_from_db()
    # 720 own pieces and a tenth of as many of the category in 180 days: 30.8 in 7 days
    assert campaign.results["plain_pieces"] == pytest.approx(30.8, abs=4)
    seen = campaign.results["pieces"] / campaign.results["plain_pieces"]
    assert 1.25 < learnt < seen, "between what was held before and what was seen"


# --- what life trade channels want -------------------------------------------------------------


def two_lines(world: World) -> tuple:
    """Biscuits that R001 is not offered, and soap for everybody."""
    biscuits = offer_line(world, "BIS-100", "B1", 100, 1000)
    return replace(biscuits, not_for=("R001",)), offer_line(world, "SOAP-75", "B1", 80, 1000)


def test_a_letter_names_only_what_reaches_its_outlet_with_enough_life(world: World) -> None:
    _, campaign = start(world, lines=two_lines(world))
    texts = {m.party: m.parameters[2] for m in Message.objects.filter(status="queued")}
    assert "BIS-100" not in texts["retailer:R001"]
    assert "SOAP-75" in texts["retailer:R001"]
    assert "BIS-100" in texts["retailer:R002"]
    assert campaign.lines.get(sku="BIS-100").not_for == ["R001"]


def test_an_outlet_for_which_nothing_is_left_is_asked_no_more(world: World) -> None:
    action = propose_campaign(
        campaign_payload(world, TARGETS, HOLDOUT, lines=two_lines(world)), confidence=0.1
    )
    edited = edit(action.pk, {"drop": [{"sku": "SOAP-75", "batch": "B1"}]}, actor=OWNER, at=AT)
    payload = read_payload(edited.payload)
    assert payload.targets == ("R002", "R003", "R004")
    assert payload.holdout == HOLDOUT


def test_an_outlet_that_wants_more_life_since_it_was_proposed_stops_the_offer(world: World) -> None:
    action = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT), confidence=0.1)
    assert not {f["code"] for f in action.findings if f["severity"] == "block"}
    Retailer.objects.filter(retailer_id="R003").update(minimum_life_days=700)
    with pytest.raises(Refused) as refused:
        approve(action.pk, actor=OWNER, at=AT)
    assert "of life" in refused.value.message, refused.value.message


def test_what_is_offered_to_an_online_shop_is_held_to_fssais_word(world: World) -> None:
    Retailer.objects.filter(retailer_id="R003").update(trade_channel="e_commerce", minimum_life_days=0)
    batch = world.batches["BIS-100", "B1"]
    batch.manufacture_date, batch.expiry_date = TODAY - timedelta(days=100), TODAY + timedelta(days=47)
    batch.save()
    action = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT))
    assert "P08" in {f["code"] for f in action.findings if f["severity"] == "block"}
    kept = replace(offer_line(world, "BIS-100", "B1", 100, 1000), not_for=("R003",))
    other = propose_campaign(campaign_payload(world, TARGETS, HOLDOUT, lines=(kept,)))
    assert "P08" not in {f["code"] for f in other.findings}


def test_the_snapshot_knows_channels_lives_and_whole_lives(world: World) -> None:
    Retailer.objects.filter(retailer_id="R002").update(trade_channel="modern_trade", minimum_life_days=50)
    batch = world.batches["BIS-100", "B1"]
    batch.manufacture_date, batch.expiry_date = TODAY - timedelta(days=100), TODAY + timedelta(days=80)
    batch.save()
    BatchRisk.objects.create(
        position=world.position(), cycle_id=1, as_of=TODAY, expected_unsold=50.0, probability_unsold=0.9,
        p90_unsold=60, at_risk_quantity=50, at_risk_paise=50_000,
    )  # fmt: skip
    found = take_snapshot(AT, CampaignPolicy())
    assert found is not None
    shops = {one.retailer_id: terms_of(one) for one in found.outlets}
    assert (shops["R001"], shops["R002"]) == (("general_trade", None), ("modern_trade", 50))
    assert {one.whole_days for one in found.items if one.sku == "BIS-100"} == {180}
    assert found.lives is not None
    assert found.lives.days["e_commerce"] == 45


def test_the_page_of_an_action_says_which_lines_are_kept_from_whom(world: World) -> None:
    payload = campaign_payload(world, TARGETS, HOLDOUT, lines=two_lines(world))
    action = propose_campaign(payload, confidence=0.1)
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(add_person(username="asha", password="a long pass phrase", role=Role.OWNER))
    page = browser.get(f"/inbox/{action.pk}").content.decode()
    assert page.count("not offered to 1 outlet that wants more life") == 1
