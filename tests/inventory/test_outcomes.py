"""Predictions kept, settled by the ledger and the sales, learnt from; drift told; sums of days that tie."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.agent.learnt import with_learnt
from inventory.contracts import MonitoringPolicy
from inventory.contracts.outcomes import Factor, Predicted
from inventory.impact.calibration import (
    brier,
    population_stability,
    reliability,
    shift,
    shrunk_factor_bp,
)
from inventory.models import (
    BatchRisk,
    DailyDemand,
    DemandForecast,
    ImpactDaily,
    LearntFactor,
    MovementKind,
    Prediction,
    StockItem,
)
from inventory.selectors.cells import DAY_SUMS
from inventory.selectors.impact import CUTS, MEASURES, list_expiring_loss, list_impact_trend, sum_impact
from inventory.selectors.items import ItemFilter, sum_stock
from inventory.selectors.outcomes import current_learnt, list_outcomes
from inventory.services import outcomes, record_movements
from inventory.services.cells import renew_sums
from inventory.services.impact import KEEP_AGAIN, is_impact_due, is_impact_old, keep_impact
from inventory.services.lines import MovementLine
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from vyapar.engine.models import AuditEntry, Cycle, Event
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Invalid, NotFound

ME = system("tests")
HUNDRED = settings(max_examples=100, deadline=None)

# --- the arithmetic ------------------------------------------------------------------------

events = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@HUNDRED
@given(events)
def test_the_bands_of_a_reliability_table_hold_every_prediction_once(drawn):
    chances = np.array([chance for chance, _ in drawn])
    happened = np.array([float(did) for _, did in drawn])
    bands = reliability(chances, happened)
    assert sum(band.count for band in bands) == len(drawn)
    assert sum(band.count * band.happened for band in bands) == pytest.approx(happened.sum())
    assert sum(band.count * band.expected for band in bands) == pytest.approx(chances.sum())
    assert all(band.low <= band.expected <= band.high + 1e-9 for band in bands)
    assert 0 <= brier(chances, happened) <= 1
    gap, errors = shift(chances, happened)
    assert gap == pytest.approx((happened - chances).mean())
    assert np.isfinite(errors)


@HUNDRED
@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(1, 100))
def test_a_factor_lies_between_none_and_what_was_seen(happened, predicted, prior):
    factor = shrunk_factor_bp(happened, predicted, prior)
    assert 2_500 <= factor <= 40_000
    if happened >= predicted:
        assert factor >= 10_000
    if predicted >= happened:
        assert factor <= 10_000
    more = shrunk_factor_bp(happened * 10, predicted * 10, prior)
    assert abs(more - 10_000) >= abs(factor - 10_000) - 1, "more of the same is believed more"


def test_the_same_chances_are_stable_and_others_are_not():
    few, many = np.full(100, 0.05), np.full(100, 0.85)
    assert population_stability(few, few) == 0
    assert population_stability(few, many) > 0.25
    assert population_stability(few, np.empty(0)) == 0


def test_what_was_learnt_corrects_the_rates_and_can_be_switched_off():
    learnt = {"sell_through": 5_000, "claim_success": 40_000}
    told = with_learnt(MonitoringPolicy(), learnt)
    assert (told.discount_sell_through_bp, told.claim_success_bp) == (2_500, 10_000)
    off = MonitoringPolicy(learning=False)
    assert with_learnt(off, learnt) is off


# --- kept and settled ----------------------------------------------------------------------


@pytest.fixture
def book(in_alpha):
    """Two SKUs in Mumbai, scored today: S1 expires in 45 days, S2 in 200; sold until yesterday."""
    made = make_book(2)
    made.batch("S1", "B1", expires_in=45)
    made.batch("S2", "B2", expires_in=200)
    for sku, number in (("S1", "B1"), ("S2", "B2")):
        made.receive(sku, number, 100, at=NOW - timedelta(days=90))
        _score(made, sku, number, 0.6 if sku == "S1" else 0.1)
    renew_sums()
    return made


def _score(book, sku, number, chance, day=TODAY):
    position = book.position(sku, number)
    place = book.territories["MUM"]
    BatchRisk.objects.create(
        position=position, as_of=day, days_to_expiry=45, expected_unsold=40.0, probability_unsold=chance,
        p90_unsold=60, at_risk_quantity=40, at_risk_paise=200_000, best_net_paise=9_000,
        ways_out=[
            {"name": "hold", "net_paise": -1_000, "available": True, "components": {"carrying": -1_000}}
        ],
    )  # fmt: skip
    StockItem.objects.create(
        sku=book.skus[sku], territory=place, as_of=day, current_stock=100, updated_at=NOW,
        status="dead" if sku == "S1" else "active", value_paise=500_000, at_risk_quantity=40,
        at_risk_paise=200_000, loss_paise=123_457, days_without_movement=70 if sku == "S1" else 3,
    )  # fmt: skip
    DemandForecast.objects.create(
        sku=book.skus[sku], territory=place, cycle_id=1, as_of=day, pattern="smooth", method="mean",
        weekly_mean=[0.0 if sku == "S1" else 7.0] * 13, dispersion=1.0,
    )  # fmt: skip


def sell(book, sku, number, pieces, day):
    """Pieces sold on a day, in the ledger and in the roll-up."""
    at = NOW + (day - TODAY) * 1
    line = MovementLine(book.batches[sku, number].pk, book.godowns["MUM"].pk, MovementKind.SALE, -pieces)
    record_movements([line], actor=ME, at=at)
    DailyDemand.objects.create(
        sku=book.skus[sku], territory=book.territories["MUM"], day=day, quantity=pieces,
        revenue_paise=pieces * 8_000, lines=1, outlets=1,
    )  # fmt: skip


def test_what_is_predicted_is_kept_once_with_its_chance_and_its_last_day(book):
    count = outcomes.note_predictions(actor=ME, at=NOW)
    assert count == 1 + 2 * 3
    batch = Prediction.objects.get(kind="expiry")
    assert (batch.subject, batch.group) == ("batch:S1/B1@GD-MUM", "30")
    assert batch.due_on == TODAY + timedelta(days=15), "expiry less the life that a sale needs"
    assert (batch.probability, batch.pieces, batch.paise, batch.flagged) == (0.6, 100, 200_000, True)
    sure = Prediction.objects.get(kind="dead", group="30", subject="item:S1@MUM")
    assert (sure.probability, sure.flagged) == (1.0, True)
    assert sure.due_on == TODAY + timedelta(days=29)
    demand = Prediction.objects.get(kind="demand", subject="item:S2@MUM")
    assert demand.expected == 28
    assert demand.low < 28 < demand.high
    assert outcomes.note_predictions(actor=ME, at=NOW) == 0, "twice is once"
    assert AuditEntry.objects.filter(verb="PredictionsKept").count() == 1


def test_nothing_is_settled_before_its_day_is_over_and_its_sales_are_known(book):
    outcomes.note_predictions(actor=ME, at=NOW)
    sell(book, "S2", "B2", 5, TODAY + timedelta(days=10))
    late = NOW + timedelta(days=40)
    assert outcomes.settle_predictions(actor=ME, at=late) == 0, "sales are known for ten days only"
    sell(book, "S2", "B2", 6, TODAY + timedelta(days=27))
    assert outcomes.settle_predictions(actor=ME, at=NOW + timedelta(days=15)) == 0
    assert outcomes.settle_predictions(actor=ME, at=late) == 1 + 2
    demand = Prediction.objects.get(kind="demand", subject="item:S2@MUM")
    assert demand.happened == 11
    batch = Prediction.objects.get(kind="expiry")
    assert (batch.happened, batch.realised_paise, batch.disturbed) == (1, 100 * 5_000, False)


def test_a_batch_that_sold_out_in_time_did_not_expire_and_an_act_disturbs(book):
    outcomes.note_predictions(actor=ME, at=NOW)
    sell(book, "S1", "B1", 100, TODAY + timedelta(days=15))
    sell(book, "S2", "B2", 1, TODAY + timedelta(days=90))
    gone = MovementLine(book.batches["S2", "B2"].pk, book.godowns["MUM"].pk, MovementKind.WRITE_OFF, -50)
    record_movements([gone], actor=ME, at=NOW + timedelta(days=5))
    outcomes.settle_predictions(actor=ME, at=NOW + timedelta(days=100))
    batch = Prediction.objects.get(kind="expiry")
    assert (batch.happened, batch.realised_paise, batch.disturbed) == (0, 0, False)
    dead = {(row.subject, row.group): row for row in Prediction.objects.filter(kind="dead")}
    assert dead["item:S1@MUM", "30"].happened == 0, "it sold after all"
    assert dead["item:S2@MUM", "30"].happened == 1
    assert dead["item:S2@MUM", "30"].disturbed, "half of it was written off"
    told = {(one.kind, one.group): one for one in list_outcomes()}
    assert told["dead", "30"].settled == 2
    assert told["dead", "30"].disturbed == 1
    assert told["expiry", "30"].brier == pytest.approx(0.36)


# --- learnt and drifted --------------------------------------------------------------------


def _batches(book, count, chance, happened, made=TODAY - timedelta(days=60), settled=TODAY):
    position = book.position("S1", "B1")
    Prediction.objects.bulk_create(
        Prediction(
            kind=Predicted.EXPIRY, subject=f"batch:{made}:{n}", agent="monitoring", group="30", made_on=made,
            due_on=made + timedelta(days=30), probability=chance, position=position,
            settled_on=settled, happened=float(n < happened) if settled else None,
        )
        for n in range(count)
    )  # fmt: skip


def test_chances_that_are_too_high_are_learnt_drawn_towards_one_and_not_twice(book):
    _batches(book, 80, 0.75, happened=20)
    assert outcomes.learn(actor=ME, at=NOW) == {"expiry": 5_000}  # (20 + 20) / (20 + 60)
    assert current_learnt() == {"expiry": 5_000}
    assert outcomes.learn(actor=ME, at=NOW) == {"expiry": 5_000}
    row = LearntFactor.objects.get()
    assert (row.version, row.seen, row.predicted, row.happened) == (1, 80, 60, 20)
    # what is told from now on has the correction in it: true to it, the factor stays
    later = NOW + timedelta(days=40)
    _batches(book, 80, 0.375, 20, TODAY + timedelta(days=2), TODAY + timedelta(days=35))
    factor = outcomes.learn(actor=ME, at=later)["expiry"]
    assert factor == round(10_000 * (20 + 40) / (20 + 120))


def test_drift_is_told_once_a_week_and_only_where_it_is_seen_often_enough(book):
    _batches(book, 49, 0.75, happened=5)
    assert outcomes.find_drift(actor=ME, at=NOW) == ()
    _batches(book, 60, 0.75, 10, TODAY - timedelta(days=61))
    told = outcomes.find_drift(actor=ME, at=NOW)
    assert [(one.kind, one.measure, one.count, one.agent, one.group) for one in told] == [
        ("expiry", "shift", 109, "monitoring", "30")
    ]
    assert outcomes.find_drift(actor=ME, at=NOW + timedelta(days=6)) == ()
    assert Event.objects.filter(name="DriftDetected", subject="drift:expiry:monitoring:30").count() == 1


def _done(way, agent, nets):
    Prediction.objects.bulk_create(
        Prediction(
            kind=Predicted.ACTION, subject=f"action:{way}:{agent}:{n}", agent=agent, group=way, paise=told,
            made_on=TODAY - timedelta(days=60), due_on=TODAY - timedelta(days=10), expected=1.0,
            settled_on=TODAY, happened=1.0, realised_paise=came,
        )
        for n, (told, came) in enumerate(nets)
    )  # fmt: skip


def test_what_was_done_drifts_by_way_out_and_agent_and_only_those_that_are_off(book):
    _done("transfer", "reallocation", [(10_000 + n, 10_200 - n) for n in range(12)])
    _done("campaign", "liquidation", [(10_000 + n, 4_000 + 10 * n) for n in range(12)])
    _done("destroy", "compliance", [(-1_000, -2_000 - n) for n in range(12)])
    _done("donate", "compliance", [(-1_000, -5_000)] * 9)  # too few
    told = outcomes.find_drift(actor=ME, at=NOW)
    assert [(one.agent, one.group, one.measure, one.count) for one in told] == [
        ("compliance", "destroy", "amount", 12), ("liquidation", "campaign", "amount", 12),
    ]  # fmt: skip
    assert told[0].value == pytest.approx(-1.0, abs=0.01), "the cost doubled"
    assert told[1].value == pytest.approx(-0.6, abs=0.01)
    assert outcomes.find_drift(actor=ME, at=NOW) == ()


def test_rupees_that_came_are_set_against_those_told_for_each_way_and_agent(book):
    lakh = 1_00_000_00
    _done("campaign", "liquidation", [(lakh, lakh // 2)] * 4)
    _done("destroy", "compliance", [(-lakh, -2 * lakh)] * 4)
    _done("transfer", "reallocation", [(lakh, -lakh)] * 4)
    told = {one.group: one for one in list_outcomes(Predicted.ACTION)}
    assert (told["campaign"].factor_bp, told["campaign"].agent) == (5_122, "liquidation")  # 2.1 by 4.1
    assert told["destroy"].factor_bp == 19_756  # 8.1 by 4.1: a cost that is twice as large
    assert (told["transfer"].factor_bp, told["transfer"].signs_differ) == (None, True)
    assert (told["transfer"].predicted_paise, told["transfer"].realised_paise) == (4 * lakh, -4 * lakh)


@HUNDRED
@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(1, 100))
def test_a_cost_is_learnt_as_a_gain_of_its_size_is(happened, predicted, prior):
    gain = shrunk_factor_bp(happened, predicted, prior)
    assert shrunk_factor_bp(-happened, -predicted, prior) == gain
    assert shrunk_factor_bp(-100.0, -50.0, prior) > 10_000
    assert shrunk_factor_bp(-100.0, 50.0, prior) == 10_000


def test_chances_that_change_their_shape_are_told(book):
    for chance, made in ((0.1, 60), (0.9, 5)):
        _batches(book, 60, chance, 0, TODAY - timedelta(days=made), None)
    (told,) = outcomes.find_drift(actor=ME, at=NOW)
    assert (told.measure, told.kind) == ("psi", "expiry")
    assert told.value > 0.25


def test_chances_that_come_true_neither_drift_nor_teach(book):
    _batches(book, 100, 0.3, happened=30)
    assert outcomes.find_drift(actor=ME, at=NOW) == ()
    assert outcomes.learn(actor=ME, at=NOW) == {}


# --- actions -------------------------------------------------------------------------------


def _action(**values):
    from vyapar.engine.models import Action

    usual = {
        "number": 7, "kind": "transfer", "subject": "transfer:x", "status": "executed", "title": "t",
        "reason": "r", "payload": {}, "value_paise": 1, "net_paise": 50_000, "quantity": 40,
        "confidence": 0.8, "agent": "reallocation", "key": str(uuid4()), "proposed_at": NOW,
        "expires_at": NOW, "finished_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Action.objects.create(**(usual | values))


def test_a_transfer_is_settled_by_what_sold_where_it_went(book):
    action = _action(
        payload={"lines": [{"sku": "S2", "expected_price_paise": 7_000}]},
        alternatives=[
            {"name": "hold", "components": {"recovery": 30_000}},
            {"name": "transfer", "components": {"revenue": 280_000, "freight": -4_000}},
        ],
    )
    outcomes.note_predictions(actor=ME, at=NOW)
    batch, place = book.batches["S2", "B2"], book.godowns["BLR"]
    moves = [
        MovementLine(batch.pk, place.pk, MovementKind.TRANSFER_IN, 40, reference="r", action_id=action.pk),
    ]
    record_movements(moves, actor=ME, at=NOW)
    sold = MovementLine(batch.pk, place.pk, MovementKind.SALE, -30)
    record_movements([sold], actor=ME, at=NOW + timedelta(days=9))
    DailyDemand.objects.create(
        sku=book.skus["S2"], territory=book.territories["BLR"], day=TODAY + timedelta(days=60), quantity=30,
        revenue_paise=30 * 4_000, lines=1, outlets=1,
    )  # fmt: skip
    outcomes.settle_predictions(actor=ME, at=NOW + timedelta(days=62))
    row = Prediction.objects.get(kind="action")
    assert (row.happened, row.paise) == (30, 50_000)
    # sold at half the trade price of 80 rupees: half of the 70 rupees that were expected
    assert row.realised_paise == 30 * 3_500 - 4_000 - 30_000


def test_an_offer_is_settled_by_what_it_brought_over_the_held_out(book):
    action = _action(
        kind="campaign", agent="liquidation", discount_bp=2_000, payload={"ends_on": TODAY.isoformat()},
        evidence={"expected_pieces": 20}, number=8,
        alternatives=[{"name": "discount", "components": {"recovered": 90_000, "message": -4_000}}],
    )  # fmt: skip
    outcomes.note_predictions(actor=ME, at=NOW)
    Event.objects.create(
        name="CampaignEnded", subject="campaign:1", actor_ref="x", at=NOW, action_id=action.pk,
        payload={"revenue": "900.00", "pieces": 10, "incremental": "550.00", "measured": True},
    )  # fmt: skip
    sell(book, "S2", "B2", 1, TODAY)
    outcomes.settle_predictions(actor=ME, at=NOW + timedelta(days=1))
    row = Prediction.objects.get(kind="action")
    assert (row.happened, row.realised_paise) == (10, 55_000 - 4_000)
    # 40 pieces at half cleared should have been 20; (50 + 10) / (50 + 20)
    assert outcomes.learn(actor=ME, at=NOW + timedelta(days=1)) == {Factor.SELL_THROUGH: 8_571}


# --- the sums of days ----------------------------------------------------------------------


def test_every_cut_of_a_day_adds_up_to_the_same_and_to_the_items(book):
    assert is_impact_due()
    assert keep_impact(actor=ME, at=NOW) == 2
    assert not is_impact_due()
    assert keep_impact(actor=ME, at=NOW) == 2, "again on the day takes the place of what was"
    whole = {name: sum(getattr(i, name) for i in StockItem.objects.all())
             for name in ("value_paise", "at_risk_paise", "loss_paise")}  # fmt: skip
    for size in range(len(CUTS) + 1):
        for by in combinations(CUTS, size):
            found = sum_impact(by)
            assert {name: found.total[name] for name in whole} == whole
            assert all(found.total[m] == sum(cell.sums[m] for cell in found.cells) for m in MEASURES)
    assert [cell.keys["age"] for cell in sum_impact(("age",)).cells] == [0, 61]


def test_the_sums_of_today_are_those_of_the_stock_pages_at_any_moment(book):
    """Causes are found after the day's first scores, and stock moves until the evening."""
    keep_impact(actor=ME, at=NOW)
    StockItem.objects.filter(sku__code="S1").update(cause="over_buy", at_risk_paise=150_000, expired_paise=70)
    renew_sums()
    written_off = MovementLine(
        book.batches["S2", "B2"].pk, book.godowns["MUM"].pk, MovementKind.WRITE_OFF, -3
    )
    record_movements([written_off], actor=ME, at=NOW)
    by_cause = {cell.keys["cause"]: cell.sums for cell in sum_impact(("cause",)).cells}
    assert by_cause["over_buy"]["at_risk_paise"] == 150_000
    assert {cause: sums["expired_paise"] for cause, sums in by_cause.items()} == {"over_buy": 70, "": 0}
    cost = book.batches["S2", "B2"].cost_paise
    assert {cause: sums["written_off_paise"] for cause, sums in by_cause.items()} == {
        "over_buy": 0, "": 3 * cost,
    }  # fmt: skip
    today = sum_stock(ItemFilter()).total
    assert sum_impact(()).total["at_risk_paise"] == today.at_risk_paise == 350_000
    assert sum_impact((), TODAY).total == sum_impact(()).total
    keep_impact(actor=ME, at=NOW + timedelta(hours=2))
    kept = ImpactDaily.objects.filter(cause="over_buy").values_list("at_risk_paise", "expired_paise")
    assert list(kept) == [(150_000, 70)], "and what is kept of the day is what stood at its end"


def test_the_sums_of_a_day_are_kept_again_when_agents_were_at_work_and_an_hour_is_over(book):
    def work(at, agent="prediction"):
        Cycle.objects.create(agent=agent, as_of=at, state="done", claimed_at=at, finished_at=at)

    assert not is_impact_old(NOW), "nothing was kept yet"
    keep_impact(actor=ME, at=NOW)
    later = NOW + KEEP_AGAIN
    assert not is_impact_old(later), "nobody was at work"
    work(NOW + timedelta(minutes=5))
    assert not is_impact_old(later - timedelta(seconds=1))
    assert is_impact_old(later)
    keep_impact(actor=ME, at=later)
    assert not is_impact_old(later + KEEP_AGAIN)


def test_a_day_is_found_again_and_days_before_the_first_are_not(book):
    keep_impact(actor=ME, at=NOW)
    ImpactDaily.objects.create(
        day=TODAY - timedelta(days=10), territory="MUM", category="BIS", brand="T", age=0, status="dead",
        items=1, pieces=1, value_paise=7, at_risk_pieces=0, at_risk_paise=0, loss_paise=0, expired_paise=3,
        written_off_paise=0,
    )  # fmt: skip
    assert sum_impact((), TODAY - timedelta(days=4)).total["value_paise"] == 7
    assert sum_impact(()).total["value_paise"] == 1_000_000
    assert [row.day for row in list_impact_trend(date(2026, 1, 1))] == [TODAY - timedelta(days=10), TODAY]
    with pytest.raises(NotFound):
        sum_impact((), date(2020, 1, 1))
    with pytest.raises(Invalid):
        sum_impact(("colour",))


def test_what_will_expire_is_told_week_by_week(book):
    weeks = list_expiring_loss(TODAY)
    assert [(w.starts, w.batches, w.pieces) for w in weeks] == [(TODAY + timedelta(days=42), 1, 40.0)]
    assert (weeks[0].loss_paise, weeks[0].avoidable_paise) == (200_000, 10_000)


def test_what_was_written_off_is_found_by_an_index_of_its_own(book):
    """However many movements a day has, the pivot of today can read the few that wrote something off: it asks
    for what the index holds, by what the index is sorted by. Of a few rows the planner takes any index.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(indpred, indrelid), pg_get_indexdef(indexrelid, 1, true) FROM pg_index "
            "WHERE indexrelid = 'movement_written_off'::regclass AND indisvalid"
        )
        assert cursor.fetchone() == ("((kind)::text = 'write_off'::text)", "at")
    assert "WHERE m.kind = 'write_off' AND m.at >= " in DAY_SUMS
    assert "AND m.at < " in DAY_SUMS
