"""Property 6: the order of transfers is the weighted mean of nearness, demand and urgency."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reallocation.agent import decide
from reallocation.rules import Opportunity, PriorityWeights, rank
from tests.reallocation.snapshots import FREE, lane, need, snapshot, surplus

HUNDRED = settings(max_examples=100, deadline=None)

weights = st.builds(
    PriorityWeights,
    proximity=st.sampled_from([0.1, 0.3, 1.0, 5.0]),
    velocity=st.sampled_from([0.0, 0.3, 1.0]),
    urgency=st.sampled_from([0.0, 0.4, 2.0]),
    radius_km=st.sampled_from([0, 1, 500]),
    velocity_half_pieces=st.sampled_from([0.5, 20.0]),
    urgency_half_days=st.sampled_from([1.0, 30.0]),
)
one = st.builds(
    Opportunity,
    subject=st.sampled_from([f"lane:A>{n}" for n in range(40)]),
    distance_km=st.sampled_from([0, 1, 250, 499, 500, 501]),
    daily_demand=st.one_of(st.just(0.0), st.floats(0.01, 1e4)),
    spare_days=st.one_of(st.none(), st.integers(0, 400)),
    net_paise=st.sampled_from([1, 100, 10**9]),
)
many = st.lists(one, max_size=12, unique_by=lambda o: o.subject)


def combination(o: Opportunity, w: PriorityWeights) -> float:
    """The weighted mean as a person would compute it by hand."""
    near = (1 - o.distance_km / w.radius_km) if w.radius_km else float(o.distance_km == 0)
    fast = o.daily_demand / (w.velocity_half_pieces + o.daily_demand)
    soon = 0.0 if o.spare_days is None else 1 / (1 + o.spare_days / w.urgency_half_days)
    whole = w.proximity + w.velocity + w.urgency
    return (w.proximity * max(near, 0) + w.velocity * fast + w.urgency * soon) / whole


@HUNDRED
@given(many, weights)
def test_the_order_is_that_of_the_weighted_combination(opportunities, scales):
    """Feature: vyapar-sahayak-distributor, Property 6: For any set of reallocation opportunities, the prioritization ranking should consistently reflect the weighted combination of proximity, demand velocity, and expiry urgency factors."""  # noqa: E501
    ranked = rank(opportunities, scales)
    assert sorted(r.opportunity.subject for r in ranked) == sorted(o.subject for o in opportunities)
    for r in ranked:
        assert abs(r.score - combination(r.opportunity, scales)) < 1e-8
    for first, second in pairwise(ranked):
        assert combination(first.opportunity, scales) >= combination(second.opportunity, scales) - 2e-9


@HUNDRED
@given(one, one, weights)
def test_nearer_faster_and_more_urgent_never_comes_later(a, b, scales):
    """Feature: vyapar-sahayak-distributor, Property 6: For any set of reallocation opportunities, the prioritization ranking should consistently reflect the weighted combination of proximity, demand velocity, and expiry urgency factors."""  # noqa: E501
    never = 10**9
    days = [never if o.spare_days is None else o.spare_days for o in (a, b)]
    better = Opportunity(
        "lane:better>0",
        min(a.distance_km, b.distance_km),
        max(a.daily_demand, b.daily_demand),
        None if min(days) == never else min(days),
        net_paise=10**10,
    )
    assert rank([a, better], scales)[0].opportunity is better
    assert rank([better, b], scales)[0].opportunity is better


@HUNDRED
@given(many, weights, st.randoms(use_true_random=False), st.sampled_from([0.25, 2.0, 1024.0]))
def test_neither_input_order_nor_company_nor_the_unit_of_the_weights_matters(
    opportunities, scales, random, factor
):
    """Feature: vyapar-sahayak-distributor, Property 6: For any set of reallocation opportunities, the prioritization ranking should consistently reflect the weighted combination of proximity, demand velocity, and expiry urgency factors."""  # noqa: E501
    order = [r.opportunity for r in rank(opportunities, scales)]
    assert [r.opportunity for r in rank(random.sample(opportunities, len(opportunities)), scales)] == order
    fewer = [o for o in opportunities if random.random() < 0.5]
    assert [r.opportunity for r in rank(fewer, scales)] == [o for o in order if o in fewer]
    scaled = replace(
        scales,
        proximity=scales.proximity * factor,
        velocity=scales.velocity * factor,
        urgency=scales.urgency * factor,
    )
    assert [r.opportunity for r in rank(opportunities, scaled)] == order


@HUNDRED
@given(many, st.sampled_from(["proximity", "velocity", "urgency"]))
def test_a_weight_that_stands_alone_decides_alone(opportunities, alone):
    """Feature: vyapar-sahayak-distributor, Property 6: For any set of reallocation opportunities, the prioritization ranking should consistently reflect the weighted combination of proximity, demand velocity, and expiry urgency factors."""  # noqa: E501
    only = {"proximity": 0.0, "velocity": 0.0, "urgency": 0.0, alone: 1.0}
    ranked = [r.opportunity for r in rank(opportunities, PriorityWeights(**only))]
    worth = {
        "proximity": lambda o: -min(o.distance_km, 500),
        "velocity": lambda o: o.daily_demand / (o.daily_demand + 20.0),
        "urgency": lambda o: -(10**9 if o.spare_days is None else o.spare_days),
    }[alone]
    for first, second in pairwise(ranked):
        assert worth(first) >= worth(second) - 1e-8


@HUNDRED
@given(
    st.lists(
        st.tuples(st.integers(1, 600), st.floats(1, 500), st.sampled_from([None, 31, 40, 90])),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from([(1.0, 0.0, 0.0), (0.3, 0.3, 0.4), (0.0, 1.0, 1.0)]),
)
def test_the_agent_proposes_in_that_order(ways, chosen):
    """Feature: vyapar-sahayak-distributor, Property 6: For any set of reallocation opportunities, the prioritization ranking should consistently reflect the weighted combination of proximity, demand velocity, and expiry urgency factors."""  # noqa: E501
    policy = replace(FREE, proximity_weight=chosen[0], velocity_weight=chosen[1], urgency_weight=chosen[2])
    shot = snapshot(
        [surplus(f"S{n}", "A", pieces=5, days_to_expiry=days) for n, (_, _, days) in enumerate(ways)],
        [need(f"S{n}", f"P{n}", pieces=5, daily_mean=mean) for n, (_, mean, _) in enumerate(ways)],
        [lane("A", f"P{n}", km=km) for n, (km, _, _) in enumerate(ways)],
    )
    proposals = decide(shot, policy).proposals
    assume(len(proposals) == len(ways))
    by_hand = {}
    for n, (km, mean, days) in enumerate(ways):
        spare = None if days is None else days - 1
        by_hand[f"lane:A>P{n}"] = combination(Opportunity("", km, mean, spare, 0), policy.weights)
    for first, second in pairwise(proposals):
        assert by_hand[first.subject] >= by_hand[second.subject] - 2e-9
    for proposal in proposals:
        assert abs(proposal.urgency - by_hand[proposal.subject]) < 1e-8
        assert proposal.payload["urgency_score"] == proposal.urgency
