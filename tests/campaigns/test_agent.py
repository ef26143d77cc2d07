"""The Liquidation agent's mind: prices, floors, audiences, lots; deterministic and order-free."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.agent import decide
from campaigns.contracts import CampaignPolicy, CampaignSnapshot, OfferItem, Outlet, read_payload
from campaigns.rules import (
    Arms,
    floor_bp,
    is_above_floor,
    life_wanted,
    measure,
    net_of_gst,
    offer_price,
    offer_words,
    terms_of,
    wanted_pieces,
)
from inventory.contracts import LifeRules
from tests.builders import AT
from vyapar.kernel.decision import Decision

POLICY = CampaignPolicy(minimum_net_paise=0)


def item(**changes) -> OfferItem:
    base = OfferItem(
        sku="BIS-100",
        name="Kuruvi biscuits",
        category="Biscuits",
        territory="PUNE",
        location="GD-PUNE",
        batch="B1",
        quantity=400,
        days_to_expiry=90,
        mrp_paise=10_000,
        trade_price_paise=8_500,
        cost_paise=6_000,
        hold_paise=500,
        rate_bp=500,
        case_pack=12,
        daily_mean=1.0,
        score=80.0,
    )
    return replace(base, **changes)


def outlet(number: int, **changes) -> Outlet:
    base = Outlet(
        retailer_id=f"R{number:03d}",
        territory="PUNE",
        language="en",
        channels=("whatsapp",),
        credit_left_paise=100_000,
        offers_this_week=0,
        bought={"BIS-100": 240},
        bought_categories={"Biscuits": 240},
    )
    return replace(base, **changes)


def look(items=(item(),), outlets=None, **changes) -> CampaignSnapshot:
    shops = tuple(outlet(n) for n in range(1, 21)) if outlets is None else tuple(outlets)
    return CampaignSnapshot(as_of=AT, items=tuple(items), outlets=shops, lookback_days=180, seed=1, **changes)


def only(decision: Decision):
    (proposal,) = decision.proposals
    return proposal, read_payload(proposal.payload)


def test_the_best_rung_is_taken_and_its_figures_add_up() -> None:
    proposal, payload = only(decide(look(), POLICY))
    assert payload.discount_bp in POLICY.rungs_bp
    (line,) = payload.lines
    assert payload.expected_revenue_paise == line.expected_pieces * net_of_gst(line.offer_price_paise, 500)
    discount, hold = proposal.alternatives
    assert (discount.name, hold.name) == ("discount", "hold")
    assert sum(discount.components.values()) == discount.net_paise
    assert set(payload.targets).isdisjoint(payload.holdout)
    assert len(payload.targets) + len(payload.holdout) == 20


def test_an_offer_is_titled_by_the_name_of_its_territory_where_it_is_known() -> None:
    (named, _), (coded, _) = (only(decide(look(places=names), POLICY)) for names in ({"PUNE": "Pune"}, {}))
    assert " in Pune at " in str(named.title)
    assert " in PUNE at " in str(coded.title)
    assert named.payload == coded.payload


def test_expected_pieces_are_what_the_outlets_buy_times_the_response() -> None:
    _, payload = only(decide(look(learnt={}), replace(POLICY, rungs_bp=(1000,), elasticity=0.0)))
    # 20 outlets, (240 + 240/10) pieces in 180 days each, for 7 days
    assert payload.lines[0].expected_pieces == int(20 * 264 * 7 / 180)


def test_what_was_learnt_stands_above_the_elasticity() -> None:
    policy = replace(POLICY, rungs_bp=(1000,), elasticity=2.5)
    _, guessed = only(decide(look(), policy))
    _, learnt = only(decide(look(learnt={"1000": 0.8}), policy))
    assert learnt.lines[0].expected_pieces == int(20 * 264 * 7 / 180 * 0.8) < guessed.lines[0].expected_pieces


def passed(decision: Decision) -> list[str]:
    assert decision.proposals == ()
    return [one.code for one in decision.passed_over]


def test_each_reason_to_leave_stock_alone_is_said() -> None:
    assert passed(decide(look([item(days_to_expiry=38)]), POLICY)) == ["short_life"]
    assert passed(decide(look(outlets=[outlet(1)]), POLICY)) == ["few_outlets"]
    assert passed(decide(look([item(cost_paise=8_095)]), POLICY)) == ["margin_floor"]
    assert passed(decide(look([item(hold_paise=50_000)]), POLICY)) == ["no_gain"]


def test_the_edges_of_life_and_floor_are_inside() -> None:
    assert decide(look([item(days_to_expiry=39)]), POLICY).proposals
    # 8500 less 5 % is 8075, without 5 % GST 7690
    edge = replace(POLICY, rungs_bp=(500,))
    assert decide(look([item(cost_paise=7_690)]), edge).proposals
    assert not decide(look([item(cost_paise=7_691)]), edge).proposals


def test_near_expiry_the_lower_floor_holds() -> None:
    near, far = item(days_to_expiry=45, cost_paise=9_000), item(days_to_expiry=46, cost_paise=9_000)
    assert floor_bp(near, POLICY) == -3000
    assert decide(look([near]), POLICY).proposals
    assert passed(decide(look([far]), POLICY)) == ["margin_floor"]


def test_outlets_are_left_out_for_a_reason_that_is_counted() -> None:
    shops = [outlet(n) for n in range(1, 8)]
    shops += [
        outlet(8, channels=()),
        outlet(9, credit_left_paise=0),
        outlet(10, offers_this_week=3),
        outlet(11, territory="NAGPUR"),
        outlet(12, bought={}, bought_categories={}),
    ]
    decision = decide(look(outlets=shops), POLICY)
    _, payload = only(decision)
    assert sorted([*payload.targets, *payload.holdout]) == [f"R{n:03d}" for n in range(1, 8)]
    assert decision.counts["outlets:no_consent"] == 1
    assert decision.counts["outlets:credit_limit"] == 1
    assert decision.counts["outlets:weekly_cap"] == 1


def test_the_order_of_the_snapshot_does_not_matter() -> None:
    items = [item(batch=f"B{n}", quantity=50 + n) for n in range(12)]
    items += [item(sku="TEA", category="Tea", batch=f"T{n}") for n in range(3)]
    shops = [outlet(n, bought={"BIS-100": 10 * (n % 3), "TEA": 90}, bought_categories={"Tea": 90})
             for n in range(1, 30)]  # fmt: skip
    first = decide(look(items, shops), POLICY)
    chance = random.Random(4)
    for _ in range(5):
        chance.shuffle(items)
        chance.shuffle(shops)
        assert decide(look(items, shops), POLICY) == first


def test_the_best_campaigns_fill_the_cycle_and_the_rest_are_passed_over() -> None:
    items = [item(category=f"Cat {n}", sku=f"S{n}", quantity=100 + n) for n in range(5)]
    bought = {f"S{n}": 240 for n in range(5)}
    shops = [outlet(n, bought=bought) for n in range(1, 20)]
    decision = decide(look(items, shops), replace(POLICY, max_campaigns=2))
    assert len(decision.proposals) == 2
    assert [p.code for p in decision.passed_over] == ["enough_for_now"] * 3
    assert min(p.net_paise for p in decision.proposals) >= max(
        p.numbers["net_paise"] for p in decision.passed_over
    )


@settings(max_examples=100, deadline=None)
@given(
    price=st.integers(0, 10**8),
    discount=st.integers(0, 9_999),
    mrp=st.integers(0, 10**8),
    rate=st.sampled_from([0, 500, 1200, 1800, 4000]),
)
def test_an_offer_price_never_passes_the_mrp_nor_promises_too_much(price, discount, mrp, rate) -> None:
    offered = offer_price(price, discount, mrp)
    assert offered <= mrp
    assert offered * 10_000 <= price * (10_000 - discount)
    kept = net_of_gst(offered, rate)
    assert kept * (10_000 + rate) <= offered * 10_000 < (kept + 1) * (10_000 + rate)


def test_the_floor_is_counted_on_landed_cost() -> None:
    assert is_above_floor(100, 100, 0)
    assert not is_above_floor(99, 100, 0)
    assert is_above_floor(70, 100, -3000)
    assert not is_above_floor(102, 100, 201)


def test_the_words_of_an_offer_fit_and_say_what_they_leave_out() -> None:
    _, payload = only(
        decide(look([item(batch=f"B{n}", name=f"Biscuits {n}", quantity=40) for n in range(8)]), POLICY)
    )
    lines = payload.lines
    assert len(lines) == 8
    for most in (60, 100, 220, 1000):
        words = offer_words(lines, most)
        assert len(words) <= most
    assert "+" not in offer_words(lines, 1000)
    assert offer_words(lines, 100).endswith("+5"), "three of eight fit into a hundred characters"


def test_wanted_pieces_reads_the_first_number() -> None:
    assert wanted_pieces("24 pcs, or 36") == 24
    assert wanted_pieces("yes please") == 0


def test_uplift_is_said_only_when_both_arms_are_large_and_differ() -> None:
    assert measure(Arms(40, 10, 100, 1000, 0, 0, 0, 0)).status == "no_data"
    assert measure(Arms(9, 9, 100, 1000, 9, 0, 0, 0)).status == "not_enough_data"
    clear = measure(Arms(100, 60, 600, 60_000, 20, 2, 20, 2_000))
    assert (clear.status, clear.pieces, clear.paise) == ("measured", 500.0, 50_000)
    assert measure(Arms(100, 50, 600, 60_000, 20, 10, 20, 2_000)).status == "not_enough_data"


def test_two_batches_of_one_sku_share_what_the_outlets_take_of_it() -> None:
    whole, _ = only(decide(look([item(quantity=4_000)]), POLICY))
    near, far = item(batch="B1", quantity=150, days_to_expiry=60), item(batch="B2", quantity=4_000)
    _, payload = only(decide(look([far, near]), POLICY))
    taken = {line.batch: line.expected_pieces for line in payload.lines}
    assert sum(taken.values()) == whole.evidence["expected_pieces"]
    assert taken["B1"] == 150, "the batch that expires first goes first"


# --- what life trade channels want -------------------------------------------------------------

LIVES = LifeRules({"general_trade": 30, "e_commerce": 45, "modern_trade": 60}, {"e_commerce": 3_000})
WEEK = POLICY.campaign_days + POLICY.delivery_days


def mixed(**online) -> list[Outlet]:
    """Ten shops of general trade and five of another kind."""
    online = {"trade_channel": "modern_trade", **online}
    return [*(outlet(n) for n in range(1, 11)), *(outlet(n, **online) for n in range(11, 16))]


def offered(decision: Decision) -> dict[str, set[str]]:
    """Outlets asked or held out, by the batch that they are offered."""
    _, payload = only(decision)
    everybody = {*payload.targets, *payload.holdout}
    return {line.batch: everybody - set(line.not_for) for line in payload.lines}


def test_a_batch_is_offered_only_to_outlets_whose_channel_still_gets_its_life() -> None:
    items = [item(batch="NEAR", days_to_expiry=WEEK + 59), item(batch="FAR", days_to_expiry=WEEK + 60)]
    decision = decide(look(items, mixed(), lives=LIVES), POLICY)
    found = offered(decision)
    assert found["NEAR"] == {f"R{n:03d}" for n in range(1, 11)}
    assert found["FAR"] == {f"R{n:03d}" for n in range(1, 16)}
    (why,) = [one for one in decision.passed_over if one.code == "channel_life"]
    assert why.subject == "batch:BIS-100/NEAR"
    assert "Modern trade wants 60 days" in why.reason
    assert "of Modern trade" in only(decision)[0].reason


def test_an_outlet_that_can_take_nothing_is_not_asked() -> None:
    decision = decide(look([item(days_to_expiry=WEEK + 40)], mixed(), lives=LIVES), POLICY)
    _, payload = only(decision)
    assert sorted([*payload.targets, *payload.holdout]) == [f"R{n:03d}" for n in range(1, 11)]
    assert payload.lines[0].not_for == ()
    assert payload.lines[0].expected_pieces <= 10 * 264 * 7 / 180 * 2


def test_however_many_wishes_outlets_have_a_channel_is_named_once_with_the_least() -> None:
    shops = [outlet(n, trade_channel="modern_trade", minimum_life_days=100 + n) for n in range(1, 41)]
    decision = decide(look([item(days_to_expiry=60)], [*shops, outlet(50)]), POLICY)
    (why,) = [one for one in decision.passed_over if one.code == "channel_life"]
    assert why.reason.count("wants") == 1
    assert "Modern trade wants 101 days" in why.reason


def test_what_no_channel_takes_is_passed_over_with_what_each_wants() -> None:
    decision = decide(look([item(days_to_expiry=WEEK + 29)], mixed(), lives=LIVES), POLICY)
    assert passed(decision) == ["short_life"]
    assert "General trade wants 30 days, Modern trade wants 60 days" in decision.passed_over[0].reason


def test_an_outlets_own_least_life_stands_before_its_channels() -> None:
    shops = mixed(minimum_life_days=10)
    found = offered(decide(look([item(days_to_expiry=WEEK + 30)], shops, lives=LIVES), POLICY))
    assert len(found["B1"]) == 15
    found = offered(decide(look([item(days_to_expiry=WEEK + 10)], shops, lives=LIVES), POLICY))
    assert found["B1"] == {f"R{n:03d}" for n in range(11, 16)}


def test_a_share_of_a_short_whole_life_is_enough_for_e_commerce() -> None:
    shops = mixed(trade_channel="e_commerce")
    short = item(days_to_expiry=WEEK + 30, whole_days=100)
    assert len(offered(decide(look([short], shops, lives=LIVES), POLICY))["B1"]) == 15
    unknown = replace(short, whole_days=None)
    assert len(offered(decide(look([unknown], shops, lives=LIVES), POLICY))["B1"]) == 10


@settings(max_examples=100, deadline=None)
@given(
    days=st.lists(st.one_of(st.none(), st.integers(0, 120)), min_size=1, max_size=5),
    own=st.one_of(st.none(), st.sampled_from([0, 30, 60])),
    channel=st.sampled_from(["general_trade", "modern_trade", "e_commerce", "institution"]),
)
def test_nobody_is_ever_offered_less_life_than_he_wants(days, own, channel) -> None:
    items = [item(batch=f"B{n}", days_to_expiry=left) for n, left in enumerate(days)]
    shops = mixed(trade_channel=channel, minimum_life_days=own)
    decision = decide(look(items, shops, lives=LIVES), POLICY)
    if not decision.proposals:
        return
    _, payload = only(decision)
    want = {one.retailer_id: life_wanted(terms_of(one), None, POLICY, LIVES) for one in shops}
    left = {f"B{n}": one for n, one in enumerate(days)}
    for line in payload.lines:
        for shop in {*payload.targets, *payload.holdout} - set(line.not_for):
            assert left[line.batch] is None or left[line.batch] >= WEEK + want[shop]
    for shop in {*payload.targets, *payload.holdout}:
        assert any(shop not in line.not_for for line in payload.lines)


@settings(max_examples=50, deadline=None)
@given(days=st.lists(st.integers(20, 120), min_size=1, max_size=6), lives=st.sampled_from([None, LIVES]))
def test_where_all_are_of_general_trade_what_channels_want_changes_nothing(days, lives) -> None:
    items = [item(batch=f"B{n}", days_to_expiry=left) for n, left in enumerate(days)]
    assert decide(look(items, lives=lives), POLICY) == decide(look(items), POLICY)
