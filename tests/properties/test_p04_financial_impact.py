"""Property 4: the rupees of every way out are complete and add up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings

from inventory.agent import monitoring
from inventory.impact import COMPONENTS, WAYS
from tests.strategies import monitoring_policies, stock_snapshots

YEAR = 10_000 * 365


def half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)) // 1)


def waiting(lot, rate: int, sold: int, selling_days: int) -> int:
    """Sold pieces wait half their selling days, the rest waits to the end; each rounded once."""
    cost = lot["cost"]
    short = half_up(Fraction(cost * sold * rate * selling_days, 2 * YEAR))
    return short + half_up(Fraction(cost * (lot["quantity"] - sold) * rate * lot["days"], YEAR))


def destroyed(lot, rates, pieces: int) -> dict[str, int]:
    grams = pieces * lot["grams"]
    return {
        "transport": -half_up(Fraction(grams * rates.local_freight_paise_per_kg, 1_000)),
        "handling": -pieces * rates.handling_paise_per_piece,
        "documents": -rates.document_paise if pieces else 0,
        "disposal": -half_up(Fraction(grams * rates.disposal_paise_per_kg, 1_000)),
        "itc_reversal": -pieces * lot["itc"],
    }


def kept(lot, rates, sold: int, selling_days: int) -> dict[str, int]:
    left = lot["quantity"] - sold
    found = destroyed(lot, rates, left if lot["perishes"] else 0)
    found["recovered"] = sold * lot["price"]
    found["carrying"] = -waiting(lot, rates.carrying_rate_bp, sold, selling_days)
    found["opportunity"] = -waiting(lot, rates.opportunity_rate_bp, sold, selling_days)
    worth = 0 if lot["perishes"] else left * lot["cost"]
    found["residual"] = half_up(Fraction(worth * rates.residual_bp, 10_000))
    return found


def transfer(lot, rates) -> dict[str, int]:
    # what sells waits all of the transit and half of what is left: half of both sums
    found = kept(lot, rates, lot["moved_sold"], lot["days"] + min(lot["moved_days"], lot["days"]))
    weight = Fraction(lot["quantity"] * lot["grams"] * max(lot["moved_paise_per_kg"], 0), 1_000)
    locked = Fraction(lot["quantity"] * lot["itc"] * rates.opportunity_rate_bp * rates.tax_lock_days, YEAR)
    found["transport"] -= half_up(weight)
    found["handling"] -= lot["quantity"] * rates.handling_paise_per_piece
    found["documents"] -= rates.document_paise
    found["output_tax"] = -half_up(locked) if lot["crosses"] else 0
    return found


def rungs(rates) -> dict[int, int]:
    """What each discount clears: the curve through the distributor's own figure."""
    known, kept = rates.discount_bp, 1.0 - rates.discount_sell_through_bp / 10_000
    wanted = sorted({known, *rates.discount_rungs_bp})
    return {bp: int(10_000 * (1.0 - kept ** (bp / known if known else 1.0)) + 0.5) for bp in wanted}


def discount(lot, rates) -> dict[str, int]:
    """The best rung of the ladder, the smaller discount on ties."""
    tried = [rung(lot, rates, bp, share) for bp, share in rungs(rates).items()]
    return max(tried, key=lambda parts: sum(parts.values()))


def rung(lot, rates, bp: int, share: int) -> dict[str, int]:
    cleared = half_up(Fraction(lot["quantity"] * share, 10_000))
    plain = lot["held_sold"] * min(lot["days"], rates.discount_days) // max(lot["days"], 1)
    answered = plain + half_up(Fraction(plain * (rates.discount_response_bp * bp // 100), 10_000))
    sold = min(max(cleared, lot["held_sold"], answered), lot["quantity"])
    found = kept(lot, rates, sold, min(lot["days"], rates.discount_days))
    found["discount"] = -half_up(Fraction(sold * lot["price"] * bp, 10_000))
    found["message"] = -rates.message_paise
    return found


def returned(lot, rates) -> dict[str, int]:
    credit = half_up(Fraction(lot["quantity"] * lot["cost"] * lot["return_bp"], 10_000))
    claim = half_up(Fraction(credit * rates.claim_success_bp, 10_000))
    refused = Fraction(10_000 - rates.claim_success_bp, 10_000)
    found = {name: -half_up(-cost * refused) for name, cost in destroyed(lot, rates, lot["quantity"]).items()}
    found["claim"] = claim
    found["opportunity"] = -half_up(Fraction(claim * rates.opportunity_rate_bp * rates.claim_days, YEAR))
    weight = Fraction(lot["quantity"] * lot["grams"] * rates.local_freight_paise_per_kg, 1_000)
    found["transport"] -= half_up(weight)
    found["handling"] -= lot["quantity"] * rates.handling_paise_per_piece
    found["documents"] -= rates.document_paise
    return found


def by_hand(name: str, lot, rates) -> dict[str, int]:
    """The components of a way out of one lot, in exact fractions."""
    if name == "hold":
        return kept(lot, rates, lot["held_sold"], lot["days"])
    if name == "donate":
        return destroyed(lot, rates, lot["quantity"]) | {"disposal": 0}
    if name == "destroy":
        return destroyed(lot, rates, lot["quantity"])
    return {"transfer": transfer, "discount": discount, "return_to_company": returned}[name](lot, rates)


@settings(max_examples=120, deadline=None)
@given(stock_snapshots(min_positions=1), monitoring_policies())
def test_every_way_out_has_all_components_and_they_add_up(snapshot, policy):
    """Feature: vyapar-sahayak-distributor, Property 4: Financial Impact Calculation Completeness.

    For any dead stock scenario, the calculated financial impact should include all specified cost
    components (carrying costs, opportunity costs, disposal costs, transportation costs) and produce
    mathematically consistent results.
    """
    outcome = monitoring.decide(snapshot, policy).outcome
    assert {"carrying", "opportunity", "disposal", "transport"} <= set(COMPONENTS)
    for number in range(snapshot.positions):
        lot = {name: getattr(outcome.lots, name)[number].item() for name in outcome.lots.__slots__}
        told = outcome.ways.of(number)
        assert sorted(way.name for way in told) == sorted(WAYS)
        assert [way.net_paise for way in told if way.available] == sorted(
            (way.net_paise for way in told if way.available), reverse=True
        )
        for way in told:
            assert tuple(way.components) == COMPONENTS
            assert sum(way.components.values()) == way.net_paise
            assert way.available or (way.net_paise == 0 and way.note)
            expected = by_hand(way.name, lot, policy) if way.available and lot["quantity"] else {}
            assert dict(way.components) == {name: expected.get(name, 0) for name in COMPONENTS}


@settings(max_examples=100, deadline=None)
@given(stock_snapshots(min_positions=1), monitoring_policies())
def test_the_impact_told_of_an_item_is_the_loss_of_its_lots(snapshot, policy):
    """Feature: vyapar-sahayak-distributor, Property 4: Financial Impact Calculation Completeness.

    The impact of an item is the cost of what needs a way out, less what doing nothing brings.
    """
    outcome = monitoring.decide(snapshot, policy).outcome
    loss, lots, ways = outcome.loss, outcome.lots, outcome.ways
    assert (loss.parts.sum(axis=0) == loss.total).all()
    nothing = np.where(ways.available[0], ways.net[0], ways.net[-1])
    assert (loss.total == lots.quantity * lots.cost - nothing).all()
    by_item = [int(loss.total[snapshot.position_item == item].sum()) for item in range(snapshot.items)]
    assert outcome.loss_paise.tolist() == by_item
    told = {(one.sku, one.territory): one.financial_impact_paise for one in outcome.detected}
    for item in range(snapshot.items):
        key = (snapshot.skus[snapshot.item_sku[item]], snapshot.territories[snapshot.item_territory[item]])
        assert told.get(key, by_item[item]) == by_item[item]
