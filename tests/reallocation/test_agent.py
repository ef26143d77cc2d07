"""What the Reallocation agent says, and what an edit of it is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reallocation.agent import decide, revalue
from reallocation.contracts import (
    ComplianceStatus,
    ExecutionStatus,
    ReallocationExecuted,
    TransferPayload,
)
from reallocation.engine.account import account, opportunities
from tests.reallocation.snapshots import (
    AS_OF,
    FREE,
    exact_net,
    lane,
    moves_of,
    need,
    policies,
    snapshot,
    snapshots,
    surplus,
)
from vyapar.kernel.digest import canonical_json, snapshot_digest
from vyapar.kernel.errors import Invalid
from vyapar.kernel.money import part

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def two_skus(**way):
    """Sixty pieces of two SKUs from Anand to Bharuch, forty-eight and twelve."""
    return snapshot(
        [
            surplus("S1", pieces=48, case_pack=12, hold_price_paise=1_000, dead_stock_score=81.5),
            surplus("S2", pieces=20, case_pack=12, days_to_expiry=45, weight_grams=250),
        ],
        [need("S1", pieces=60, daily_mean=4.0), need("S2", pieces=30, price=3_000, daily_mean=2.5)],
        [
            lane(
                km=145,
                days=2,
                trip_cost_paise=60_000,
                document_cost_paise=2_500,
                freight_paise_per_kg=333,
                **way,
            )
        ],
        location_names={"A": "Anand godown", "B": "Bharuch godown"},
        sku_names={"S1": "Nimora soap 100 g"},
    )


POLICY = replace(FREE, whole_cases_only=True, minimum_days_on_arrival=30, handling_paise_per_kg=75)


def the_proposal(shot=None, policy=POLICY):
    [proposal] = decide(shot or two_skus(), policy).proposals
    return proposal


# --- what is proposed -----------------------------------------------------------------------


def test_a_proposal_says_what_moves_what_it_costs_and_what_it_brings():
    proposal = the_proposal()
    assert (proposal.kind, proposal.subject) == ("transfer", "lane:A>B")
    assert proposal.title == "Move 60 pieces of 2 SKUs from Anand godown to Bharuch godown"
    assert proposal.quantity == 60
    assert proposal.value_paise == 60 * 8_000
    kilos, fixed = 48 + 3, 60_000 + 2_500
    assert proposal.payload["transportation_cost_paise"] == kilos * (333 + 75) + fixed
    assert proposal.payload["expected_revenue_paise"] == 48 * 10_000 + 12 * 3_000
    assert proposal.expires_at == AS_OF + timedelta(hours=48)
    assert "43 days of life left on arrival" in proposal.reason
    assert "145 km, 2 days on the road" in proposal.reason
    assert proposal.evidence["highest_dead_stock_score"] == 81.5
    assert proposal.evidence["spare_days"] == 45 - 2 - 30


def test_one_sku_is_called_by_its_name():
    shot = replace(two_skus(), surplus=two_skus().surplus[:1])
    assert (
        the_proposal(shot).title == "Move 48 pieces of Nimora soap 100 g from Anand godown to Bharuch godown"
    )


def test_leaving_and_moving_stand_side_by_side_and_differ_by_the_net():
    proposal = the_proposal()
    hold, transfer = proposal.alternatives
    assert (hold.name, transfer.name) == ("hold", "transfer")
    assert transfer.net_paise - hold.net_paise == proposal.net_paise
    for way in (hold, transfer):
        assert sum(way.components.values()) == way.net_paise


def test_confidence_falls_when_a_destination_gets_all_it_may_ask_for():
    full = the_proposal(replace(two_skus(), needs=(need("S1", pieces=48), *two_skus().needs[1:])))
    roomy = the_proposal(replace(two_skus(), needs=(need("S1", pieces=480), *two_skus().needs[1:])))
    assert 0.9 < full.confidence < roomy.confidence <= 1.0


def test_expiry_dates_count_from_the_indian_day():
    late = replace(two_skus(), as_of=AS_OF.replace(hour=19))
    assert the_proposal().payload["lines"][1]["expiry_date"] == str(date(2026, 4, 1) + timedelta(days=45))
    assert the_proposal(late).payload["lines"][1]["expiry_date"] == str(date(2026, 4, 2) + timedelta(days=45))


def test_a_decision_tells_the_weightiest_reasons_first_and_no_more_than_it_may():
    shot = snapshot([], [need(f"S{n}", pieces=n) for n in range(1, 6)], [])
    decision = decide(shot, replace(FREE, why_not_limit=2))
    assert [entry.subject for entry in decision.passed_over] == ["need:S5@B", "need:S4@B"]
    assert decision.counts["passed_over"] == 5
    assert len(decision.outcome.passed_over) == 5


def test_an_empty_snapshot_is_decided_too():
    decision = decide(snapshot([], [], []), FREE)
    assert (decision.proposals, decision.passed_over) == ((), ())
    assert decision.counts["transfers"] == 0


@QUICK
@given(snapshots(), policies(), st.integers(0, 2**16))
def test_the_same_facts_in_any_order_give_the_same_decision_to_the_byte(shot, policy, seed):
    def shuffled(rows):
        return tuple(Random(seed).sample(rows, len(rows)))

    other = replace(
        shot, surplus=shuffled(shot.surplus), needs=shuffled(shot.needs), lanes=shuffled(shot.lanes)
    )
    assert canonical_json(decide(shot, policy)) == canonical_json(decide(other, policy))


@QUICK
@given(snapshots(), policies())
def test_every_proposal_adds_up_and_can_be_read_back(shot, policy):
    decision = decide(shot, policy)
    assert len({p.subject for p in decision.proposals}) == len(decision.proposals)
    assert decision.counts["pieces"] == sum(p.quantity for p in decision.proposals)
    net = exact_net(shot, policy, moves_of(decision.outcome))
    for proposal in decision.proposals:
        payload = TransferPayload.parse(json.loads(canonical_json(proposal.payload)))
        assert payload.as_plain() == proposal.payload
        assert abs(proposal.net_paise - net[payload.source_location, payload.destination_location]) <= 2
        assert 0 <= proposal.confidence <= 1
        assert 0 <= proposal.urgency <= 1
        again = revalue(payload)
        assert again.payload == payload
        assert (again.net_paise, again.value_paise, again.quantity, again.alternatives) == (
            proposal.net_paise, proposal.value_paise, proposal.quantity, proposal.alternatives,
        )  # fmt: skip


def test_an_id_names_what_is_said_and_when():
    first, same = the_proposal(), the_proposal()
    later = the_proposal(replace(two_skus(), as_of=AS_OF + timedelta(minutes=5)))
    fewer = the_proposal(replace(two_skus(), surplus=two_skus().surplus[:1]))
    ids = [p.payload["recommendation_id"] for p in (first, same, later, fewer)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_snapshot_has_a_fingerprint():
    assert snapshot_digest(two_skus()) == snapshot_digest(two_skus())
    assert snapshot_digest(two_skus()) != snapshot_digest(two_skus(same_gstin=False))


# --- edits ----------------------------------------------------------------------------------


def payload() -> TransferPayload:
    return TransferPayload.parse(the_proposal(two_skus(same_gstin=False, tax_cash_bp=150)).payload)


def test_a_lowered_line_is_worth_exactly_that_much_less():
    whole, less = revalue(payload()), revalue(payload(), {("S1", "B1"): 30})
    assert less.quantity == whole.quantity - 18
    assert less.value_paise == whole.value_paise - 18 * 8_000
    kilos = 18 * (333 + 75)
    tax = part(whole.value_paise, 150) - part(less.value_paise, 150)
    assert abs((whole.net_paise - less.net_paise) - (18 * (10_000 - 1_000) - kilos - tax)) <= 1
    assert less.payload.recommendation_id == whole.payload.recommendation_id
    assert less.payload.transportation_cost_paise == less.cost_paise - part(less.value_paise, 150)


def test_a_dropped_line_leaves_the_transfer():
    edited = revalue(payload(), {("S2", "B1"): 0})
    assert [line.sku for line in edited.payload.lines] == ["S1"]
    assert edited.payload.expected_revenue_paise == 48 * 10_000


def test_a_raised_line_may_reach_its_surplus_and_pieces_beyond_the_need_bring_nothing():
    shot = replace(two_skus(), needs=(two_skus().needs[0], need("S2", pieces=15, price=3_000)))
    proposal = TransferPayload.parse(the_proposal(shot).payload)
    edited = revalue(proposal, {("S2", "B1"): 20})
    assert edited.payload.expected_revenue_paise == 48 * 10_000 + 15 * 3_000


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({("S2", "B1"): 21}, "above_surplus", "lines[2].quantity"),
        ({("S1", "B1"): -1}, "not_whole", "lines[1].quantity"),
        ({("S1", "B1"): 1.5}, "not_whole", "lines[1].quantity"),
        ({("S1", "B1"): True}, "not_whole", "lines[1].quantity"),
        ({("S9", "B1"): 1}, "no_such_line", "lines"),
        ({("S1", "B1"): 0, ("S2", "B1"): 0}, "empty", "lines"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_with_the_line(changes, code, field):
    with pytest.raises(Invalid) as refusal:
        revalue(payload(), changes)
    assert [(fault.code, fault.field) for fault in refusal.value.faults] == [(code, field)]


def test_fewer_vehicles_cost_less():
    shot = two_skus(vehicle_weight_grams=25_000)
    proposal = TransferPayload.parse(the_proposal(shot).payload)
    three, two = revalue(proposal), revalue(proposal, {("S1", "B1"): 40})
    assert account(three.payload.lines, proposal.terms).trips == 3
    assert account(two.payload.lines, proposal.terms).trips == 2


# --- the shapes others read -----------------------------------------------------------------


def changed(path: list, value):
    data = the_proposal().payload
    data = json.loads(json.dumps(data))
    at = data
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["recommendation_id"], "", "recommendation_id"),
        (["source_location"], None, "source_location"),
        (["distance_km"], "145", "distance_km"),
        (["transit_days"], -1, "transit_days"),
        (["urgency_score"], 1.2, "urgency_score"),
        (["lines"], [], "lines"),
        (["lines", 1, "quantity"], 0, "lines[2].quantity"),
        (["lines", 1, "quantity"], True, "lines[2].quantity"),
        (["lines", 0, "unit_cost_paise"], 80.0, "lines[1].unit_cost_paise"),
        (["lines", 0, "expiry_date"], "31-12-2026", "lines[1].expiry_date"),
        (["lines", 0, "colour"], "red", "lines[1].colour"),
        (["lines", 1, "sku"], "S1", "lines[2].batch"),
        (["lines", 1], "a line", "lines[2]"),
        (["terms"], "cheap", "terms"),
        (["terms", "tax_cash_bp"], -1, "terms.tax_cash_bp"),
        (["destination_location"], "A", "destination_location"),
        (["note"], "hello", "note"),
    ],
)
def test_a_payload_that_cannot_be_read_names_the_field(path, value, field):
    with pytest.raises(Invalid) as refusal:
        TransferPayload.parse(changed(path, value))
    assert field in {fault.field for fault in refusal.value.faults}


def test_all_faults_of_a_payload_are_told_at_once_with_their_rows():
    data = changed(["lines", 1, "quantity"], 0)
    data["distance_km"] = -5
    with pytest.raises(Invalid) as refusal:
        TransferPayload.parse(data)
    assert [(f.field, f.row) for f in refusal.value.faults] == [
        ("lines[2].quantity", 2),
        ("distance_km", None),
    ]


def test_one_opportunity_per_sku_shares_the_cost_to_the_paisa():
    events = opportunities(payload(), ComplianceStatus.REQUIRES_REVIEW)
    assert [(e.source_sku, e.quantity) for e in events] == [("S1", 48), ("S2", 12)]
    assert sum(e.transportation_cost_paise for e in events) == payload().transportation_cost_paise
    assert sum(e.expected_revenue_paise for e in events) == payload().expected_revenue_paise
    assert {e.recommendation_id for e in events} == {payload().recommendation_id}
    assert (events[0].source_territory, events[0].target_territory) == ("T-A", "T-B")


def test_events_speak_the_words_of_the_outside_world():
    assert [s.value for s in ComplianceStatus] == ["compliant", "requires_review"]
    assert [s.value for s in ExecutionStatus] == ["success", "failed", "partial"]
    done = ReallocationExecuted("r1", ExecutionStatus.PARTIAL, 40, 6_000, ("DC/26-27/00001",))
    assert (type(done).__name__, done.VERSION) == ("ReallocationExecuted", 1)
