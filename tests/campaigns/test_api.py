"""Doors of campaigns: broadcasts to those who consented, the list, what came of one."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from campaigns import services
from campaigns.models import Campaign
from tests.builders import (
    AT,
    OWNER,
    World,
    build_world,
    campaign_payload,
    consent,
    open_channels,
    propose_campaign,
)
from vyapar.gateway.models import StoredReply
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.messaging.models import Message
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")

DOORS = {
    "whatsapp": "/whatsapp/v1/messages/broadcast",
    "sms": "/sms/v1/campaigns/create",
    "email": "/email/v1/templates/send",
}
WORDS = ["Shop", "30-11-2026", "Biscuits Rs 16 (MRP Rs 20)"]


@pytest.fixture
def world(in_alpha: None) -> World:
    world = build_world()
    open_channels()
    services.ensure_templates()
    consent("R001", "R002")
    return world


def caller(*scopes: May) -> APIClient:
    _row, secret = issue_key(name="erp", scopes=scopes, actor=system("tests"), at=timezone.now())
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def ask(channel: str = "whatsapp", *, client: APIClient | None = None, **changes):
    body = {
        "template": "clearance_offer",
        "parameters": WORDS,
        "retailerIds": ["R001", "R002", "R003"],
        "origin": "one",
    }
    return (client or caller(May.DECIDE)).post(DOORS[channel], body | changes, format="json")


@pytest.mark.parametrize("channel", DOORS)
def test_a_broadcast_is_taken_for_those_who_consented_and_says_who_was_skipped(
    world: World, channel: str
) -> None:
    answer = ask(channel, origin="november")
    taken = answer.json()
    assert answer.status_code == 202
    assert taken["origin"] == "broadcast:november"
    assert taken["queued"] + taken["skipped"] == 3
    rows = {m.party: m for m in Message.objects.filter(origin="broadcast:november")}
    assert {m.channel for m in rows.values()} == {channel}
    assert rows["retailer:R003"].status == "skipped"
    assert rows["retailer:R003"].reason
    assert taken["queued"] == sum(m.status == "queued" for m in rows.values())


def test_whatsapp_reaches_those_who_consented_in_their_own_language(world: World) -> None:
    assert ask().json()["queued"] == 2
    languages = {m.party: m.language for m in Message.objects.filter(status="queued")}
    assert languages == {"retailer:R001": "hi", "retailer:R002": "en"}


def test_under_the_same_name_nobody_is_written_to_twice(world: World) -> None:
    assert ask(origin="once").json()["queued"] == 2
    assert ask(origin="once").json() == {"origin": "broadcast:once", "queued": 0, "skipped": 0}
    assert Message.objects.count() == 3


def nameless(client: APIClient, key: str = ""):
    body = {"template": "clearance_offer", "parameters": WORDS, "retailerIds": ["R001", "R002"]}
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client.post(DOORS["whatsapp"], body, format="json", **headers)


def test_a_broadcast_without_a_name_or_key_is_refused_as_its_repeat_would_write_twice(world: World) -> None:
    answer = nameless(caller(May.DECIDE))
    assert (answer.status_code, answer.json()["code"]) == (422, "needs_name")
    assert answer.json()["errors"][0]["field"] == "origin"
    assert not Message.objects.exists()


def test_an_idempotency_key_names_the_broadcast_even_if_its_first_answer_was_lost(world: World) -> None:
    client = caller(May.DECIDE)
    first = nameless(client, "nightly-1").json()
    StoredReply.objects.all().delete()  # we died before the answer was kept
    assert nameless(client, "nightly-1").json() == {**first, "queued": 0, "skipped": 0}
    assert Message.objects.count() == 2
    assert nameless(caller(May.DECIDE), "nightly-1").json()["origin"] != first["origin"], "another caller's"


def test_a_retailer_named_twice_gets_one_letter(world: World) -> None:
    assert ask(retailerIds=["R001", "R001"]).json()["queued"] == 1


def test_unknown_retailers_are_named_by_row_and_nobody_is_written_to(world: World) -> None:
    answer = ask(retailerIds=["R001", "NOBODY"])
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_retailer")
    assert [(e["row"], e["value"]) for e in answer.json()["errors"]] == [(2, "NOBODY")]
    assert not Message.objects.exists()


def test_an_unknown_template_is_not_found(world: World) -> None:
    assert ask(template="no_such_thing").status_code == 404


@pytest.mark.parametrize("words", [[], ["one"], [*WORDS, "four"]])
def test_parameters_must_fit_the_template(world: World, words: list[str]) -> None:
    answer = ask(parameters=words)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameters")


def test_only_those_who_may_decide_may_broadcast(world: World) -> None:
    assert ask(client=caller(May.READ, May.FEED)).status_code == 403


@pytest.fixture
def campaign(world: World) -> Campaign:
    action = propose_campaign(campaign_payload(world, ("R001", "R002"), ("R005",)))
    return services.start(action.view(), actor=OWNER, at=AT)


def test_a_campaign_has_the_fields_of_the_contract(campaign: Campaign) -> None:
    found = caller(May.READ).get("/api/v1/campaigns").json()["results"][0]
    assert found["campaignId"] == campaign.campaign_id
    assert found["targetRetailers"] == ["R001", "R002"]
    assert found["discountPercentage"] == 10.0
    assert found["skus"]
    assert set(found["performanceMetrics"]) == {"impressions", "clicks", "conversions", "revenueGenerated"}
    assert found["startDate"].endswith("+05:30")


def test_its_analytics_tell_the_funnel_both_arms_and_an_honest_status(campaign: Campaign) -> None:
    found = caller(May.READ).get(f"/campaigns/{campaign.campaign_id}/analytics").json()
    assert found["performanceMetrics"]["revenueGenerated"] == "0.00"
    assert (found["arms"]["asked"], found["arms"]["heldOut"]) == (2, 1)
    assert found["funnel"]["queued"] == 2
    assert found["funnel"]["cost"] == "0.00"
    assert found["incremental"]["net"] == "0.00"
    assert found["status"]


def test_the_list_is_paged_and_filtered(campaign: Campaign) -> None:
    client = caller(May.READ)
    assert client.get("/api/v1/campaigns", {"state": "ended"}).json()["results"] == []
    assert client.get("/api/v1/campaigns", {"limit": 1}).json()["nextCursor"] is None
    for query in ({"state": "asleep"}, {"cursor": "Wzld9"}):
        assert client.get("/api/v1/campaigns", query).status_code == 422


@pytest.mark.parametrize("name", ["C-NONE", "a%00b"])
def test_a_campaign_that_is_not_there_is_not_found(world: World, name: str) -> None:
    answer = caller(May.READ).get(f"/campaigns/{name}/analytics")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
