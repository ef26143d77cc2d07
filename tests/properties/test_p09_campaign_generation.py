"""Property 9: offers go to outlets that may and would be asked, at lawful prices, by channels they allow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.agent import decide
from campaigns.contracts import CampaignPolicy, read_payload
from campaigns.rules import floor_bp, is_above_floor, net_of_gst
from tests.campaigns.test_agent import item, look, outlet

money = st.one_of(st.sampled_from([0, 1, 99, 100]), st.integers(1, 30_000))


@st.composite
def shelves(draw):
    """At-risk batches with prices that lie near each other, so that floors and ceilings bite."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        trade = draw(money)
        found.append(
            item(
                sku=draw(st.sampled_from(["BIS-100", "TEA-250"])),
                category=draw(st.sampled_from(["Biscuits", "Tea"])),
                territory=draw(st.sampled_from(["PUNE", "NAGPUR"])),
                batch=f"B{number}",
                quantity=draw(st.integers(0, 500)),
                days_to_expiry=draw(st.one_of(st.none(), st.sampled_from([0, 38, 39, 45, 46, 200]))),
                trade_price_paise=trade,
                mrp_paise=max(trade - draw(st.sampled_from([0, 0, 50])), 0),
                cost_paise=draw(money),
                hold_paise=draw(st.integers(-500, 500)),
                rate_bp=draw(st.sampled_from([0, 500, 1_800])),
            )
        )
    return found


@st.composite
def crowds(draw):
    return [
        outlet(
            number,
            territory=draw(st.sampled_from(["PUNE", "PUNE", "NAGPUR"])),
            channels=draw(st.sampled_from([(), ("whatsapp",), ("sms", "email")])),
            credit_left_paise=draw(st.sampled_from([-1, 0, 1, 100_000])),
            offers_this_week=draw(st.integers(0, 4)),
            bought=draw(st.sampled_from([{}, {"BIS-100": 600}, {"TEA-250": 900, "BIS-100": 60}])),
            bought_categories=draw(st.sampled_from([{}, {"Biscuits": 600}, {"Tea": 900}])),
        )
        for number in range(draw(st.integers(0, 14)))
    ]


policies = st.builds(
    CampaignPolicy,
    margin_floor_bp=st.sampled_from([0, 500]),
    near_expiry_floor_bp=st.sampled_from([-3_000, 0]),
    max_discount_bp=st.sampled_from([500, 1_500, 4_000]),
    min_outlets=st.integers(1, 4),
    max_outlets=st.integers(1, 10),
    max_lines=st.integers(1, 3),
    holdout_bp=st.sampled_from([0, 1_500, 5_000]),
    minimum_net_paise=st.sampled_from([0, 5_000]),
)


@settings(max_examples=100, deadline=None)
@given(shelves(), crowds(), policies)
def test_campaigns_ask_the_right_outlets_at_lawful_prices_by_allowed_channels(shelf, crowd, policy):
    """Feature: vyapar-sahayak-distributor, Property 9: Campaign Generation Appropriateness.

    For any dead stock liquidation scenario, generated campaigns should target appropriate retailer
    segments, use compliant pricing strategies, and select optimal communication channels based on
    targeting criteria.
    """
    decision = decide(look(shelf, crowd), policy)
    known = {(i.sku, i.batch, i.location): i for i in shelf}
    shops = {o.retailer_id: o for o in crowd}
    for proposal in decision.proposals:
        offer = read_payload(proposal.payload)
        asked, kept_out = set(offer.targets), set(offer.holdout)
        assert not asked & kept_out
        assert policy.min_outlets <= len(asked | kept_out) <= policy.max_outlets
        for shop in (shops[ident] for ident in asked | kept_out):
            assert shop.territory == offer.territory
            assert shop.channels
            assert shop.credit_left_paise > 0
            assert shop.offers_this_week < policy.weekly_cap
            assert shop.bought or shop.bought_categories, "nobody is asked who never bought its like"
        assert set(offer.channels) == {shops[ident].channels[0] for ident in asked}
        assert 0 < offer.discount_bp <= policy.max_discount_bp
        assert 1 <= len(offer.lines) <= policy.max_lines
        for line in offer.lines:
            batch = known[line.sku, line.batch, line.location]
            assert line.offer_price_paise <= batch.mrp_paise
            net = net_of_gst(line.offer_price_paise, batch.rate_bp)
            assert is_above_floor(net, batch.cost_paise, floor_bp(batch, policy))
            assert 0 < line.expected_pieces <= line.quantity == batch.quantity
            assert (batch.territory, batch.category) == (offer.territory, offer.category)
        assert proposal.net_paise >= policy.minimum_net_paise
    assert all(one.reason for one in decision.passed_over)


@settings(max_examples=100, deadline=None)
@given(shelves(), crowds(), policies, st.randoms(use_true_random=False))
def test_the_order_in_which_stock_and_shops_are_named_changes_nothing(shelf, crowd, policy, chance):
    first = decide(look(shelf, crowd), policy)
    chance.shuffle(shelf)
    chance.shuffle(crowd)
    assert decide(look(shelf, crowd), replace(policy)) == first
