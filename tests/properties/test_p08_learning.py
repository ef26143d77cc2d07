"""Property 8: what campaigns brought is learnt, and what is expected next comes closer to it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaigns.agent import decide
from campaigns.contracts import CampaignPolicy, read_payload
from campaigns.rules import learnt_uplift, uplift
from tests.campaigns.test_agent import item, look

RUNG = 1_000
POLICY = CampaignPolicy(minimum_net_paise=-(10**9), rungs_bp=(RUNG,), holdout_bp=0)

truths = st.floats(0.0, 6.0, allow_nan=False)
elasticities = st.floats(0.0, 10.0, allow_nan=False)
sizes = st.lists(st.floats(0.5, 400.0, allow_nan=False), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(truths, elasticities, sizes)
def test_each_campaign_brings_the_expected_response_closer_to_the_true_one(truth, elasticity, campaigns):
    """Feature: vyapar-sahayak-distributor, Property 8: Learning and Adaptation Effectiveness.

    For any sequence of reallocation or campaign executions, the system should track outcomes and
    demonstrate measurable improvement in success rates over time.
    """
    policy = replace(POLICY, elasticity=elasticity)
    off = abs(uplift(RUNG, policy, {}) - truth)
    first, plain = off, 0.0
    for size in campaigns:
        plain += size
        learnt = learnt_uplift(RUNG, policy, truth * plain, plain)
        assert abs(learnt - truth) <= off + 1e-9
        off = abs(learnt - truth)
    assert off <= first * 50 / (50 + plain) + 1e-9, "fifty pieces seen halve the error"


@settings(max_examples=100, deadline=None)
@given(truths, elasticities, st.floats(200, 5_000))
def test_the_next_proposal_expects_what_the_last_ones_sold(truth, elasticity, plain):
    policy = replace(POLICY, elasticity=elasticity)
    assume(abs(uplift(RUNG, policy, {}) - truth) > 0.5)
    shelf = [item(quantity=100_000)]
    blind = decide(look(shelf), policy)
    learnt = learnt_uplift(RUNG, policy, truth * plain, plain)
    knowing = decide(look(shelf, learnt={str(RUNG): learnt}), policy)
    usual = 20 * 264 * 7 / 180

    def miss(decision) -> float:
        pieces = [read_payload(p.payload).lines[0].expected_pieces for p in decision.proposals]
        return abs((pieces[0] if pieces else 0) - truth * usual)

    assert miss(knowing) < miss(blind)
