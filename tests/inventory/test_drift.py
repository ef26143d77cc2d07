"""Every score that acts is watched: planted drift is told by its name, and calm tells of nothing."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.handlers.data import hear_drift
from alerts.models import Alert
from inventory import handlers
from inventory.contracts.outcomes import Predicted
from inventory.impact.calibration import shift_between
from inventory.models import DemandForecast, ItemOutlook, Prediction, StockItem
from inventory.selectors.outcomes import list_outcomes
from inventory.services import outcomes
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.test_outcomes import sell
from vyapar.engine.models import Event
from vyapar.engine.selectors import autonomy_of, find_autonomy_change
from vyapar.engine.services import set_policy
from vyapar.engine.services.autonomy import put_autonomy
from vyapar.kernel.actor import Actor, system

ME, OWNER = system("tests"), Actor("user", "1", "The owner")
EARLIER = TODAY - timedelta(days=60)


def told(kind, agent, group, chances, happened, *, settled=TODAY, flagged=False, spans=None):
    """Settled predictions with these chances, and whether each came true; spans for pieces."""
    spans = spans or [(None, None)] * len(chances)
    Prediction.objects.bulk_create(
        Prediction(
            kind=kind, subject=f"item:{settled}:{n}@MUM", agent=agent, group=group, flagged=flagged,
            made_on=settled - timedelta(days=90), due_on=settled - timedelta(days=1), probability=chance,
            settled_on=settled, happened=float(came), low=low, high=high,
            expected=None if low is None else (low + high) / 2,
        )
        for n, (chance, came, (low, high)) in enumerate(zip(chances, happened, spans, strict=True))
    )  # fmt: skip


def came(count, share):
    return [n < count * share for n in range(count)]


@pytest.mark.parametrize("horizon", ["30", "60", "90"])
def test_a_predictive_score_that_no_longer_comes_true_is_told_by_its_horizon(in_alpha, horizon):
    for days in ("30", "60", "90"):
        share = 0.3 if days == horizon else 0.7
        told(Predicted.DEAD, "prediction", days, [0.7] * 80, came(80, share))
        told(Predicted.DEAD, "monitoring", days, [0.7] * 80, came(80, 0.7))
    (found,) = outcomes.find_drift(actor=ME, at=NOW)
    assert (found.kind, found.agent, found.group, found.measure) == ("dead", "prediction", horizon, "shift")
    assert found.value == pytest.approx(-0.4)
    event = Event.objects.get(name="DriftDetected")
    assert event.subject == f"drift:dead:prediction:{horizon}"
    hear_drift(event.view())
    alert = Alert.objects.get(cause="drift")
    assert alert.title == f"Chance of no sale within {horizon} days (Prediction): no longer fits"
    assert "-0.4" in alert.detail


def test_calm_predictions_of_every_score_tell_of_nothing(in_alpha):
    chance = np.random.default_rng(7)
    for settled in (EARLIER, TODAY):
        for days in ("30", "60", "90"):
            odds = chance.uniform(0, 1, 200)
            for agent in ("prediction", "monitoring"):
                for flagged in (True, False):
                    mine = odds + (2 if flagged else 0)
                    happened = (chance.uniform(0, 1, 200) < mine / 3).tolist()
                    told(Predicted.DEAD, agent, f"{days}{'f' * flagged}", np.minimum(mine / 3, 1).tolist(),
                         happened, settled=settled, flagged=flagged)  # fmt: skip
        pieces = chance.poisson(20, 200)
        told(Predicted.DEMAND, "analysis", "smooth", [0.83] * 200, pieces, settled=settled,
             spans=[(14.0, 26.0)] * 200)  # fmt: skip
    assert outcomes.find_drift(actor=ME, at=NOW) == ()


def test_an_interval_that_holds_less_than_it_should_is_told(in_alpha):
    pieces = [20 + (-1) ** n * (9 if n % 10 < 4 else 1) for n in range(100)]  # 60 of 100 within 14 to 26
    told(Predicted.DEMAND, "analysis", "smooth", [0.83] * 100, pieces, spans=[(14.0, 26.0)] * 100)
    (found,) = outcomes.find_drift(actor=ME, at=NOW)
    assert (found.kind, found.measure, found.group) == ("demand", "coverage", "smooth")
    assert found.value == pytest.approx(-0.23)
    few = [(0.0, 0.0)] * 100  # nothing is expected and nothing comes: as sure as was told
    told(Predicted.DEMAND, "analysis", "lumpy", [0.99] * 100, [0] * 100, spans=few)
    assert outcomes.find_drift(actor=ME, at=NOW) == ()


def test_a_dead_score_whose_flags_come_true_less_often_than_before_is_told(in_alpha):
    # chances and outcomes agree all along, so only the flags can tell
    for settled, share in ((EARLIER, 0.9), (TODAY, 0.5)):
        told(Predicted.DEAD, "monitoring", "90", [share] * 80, came(80, share), settled=settled, flagged=True)
    (found,) = outcomes.find_drift(actor=ME, at=NOW)
    assert (found.kind, found.agent, found.group, found.measure) == ("dead", "monitoring", "90", "flags")
    assert found.value == pytest.approx(-0.4)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), max_size=50), st.lists(st.booleans(), max_size=50))
def test_a_shift_between_two_times_is_finite_and_turns_with_them(before, lately):
    one, two = (np.array(part, dtype=np.float64) for part in (before, lately))
    gap, errors = shift_between(one, two)
    assert np.isfinite(errors)
    assert abs(gap) <= 1
    assert shift_between(two, one) == (-gap, pytest.approx(-errors))
    if before and lately and before == lately:
        assert gap == 0


def test_what_prediction_tells_is_kept_per_horizon_and_settled_by_the_sales(in_alpha):
    book = make_book(2)
    place = book.territories["MUM"]
    for sku, chances in (("S1", (0.9, 0.8, 0.7)), ("S2", (0.3, 0.2, 0.1))):
        book.batch(sku, sku)
        book.receive(sku, sku, 50, at=NOW - timedelta(days=30))
        StockItem.objects.create(sku=book.skus[sku], territory=place, as_of=TODAY, current_stock=50,
                                 updated_at=NOW, status="active", value_paise=1, at_risk_quantity=0,
                                 at_risk_paise=0, loss_paise=0, days_without_movement=1)  # fmt: skip
        ItemOutlook.objects.create(
            sku=book.skus[sku], territory=place, cycle_id=1, as_of=TODAY, no_sale_30=chances[0],
            no_sale_60=chances[1], no_sale_90=chances[2], method="ensemble", matrix="AXF",
            matrix_overall="AXF", value_share_bp=1,
        )  # fmt: skip
        DemandForecast.objects.create(sku=book.skus[sku], territory=place, cycle_id=1, as_of=TODAY,
                                      pattern="smooth", method="mean", weekly_mean=[2.0] * 13,
                                      dispersion=1.0)  # fmt: skip
    outcomes.note_predictions(actor=ME, at=NOW)
    mine = Prediction.objects.filter(agent="prediction")
    kept = {(row.subject, row.group): (row.probability, row.flagged) for row in mine}
    assert kept["item:S1@MUM", "60"] == (0.8, True)
    assert kept["item:S2@MUM", "90"] == (0.1, False)
    assert len(kept) == 6
    outcomes.note_predictions(actor=ME, at=NOW + timedelta(days=1))
    assert mine.count() == 6, "once a week"
    span = Prediction.objects.filter(kind="demand").first()
    assert 0.8 <= span.probability <= 1, "an interval of few pieces holds at least what it should"
    sell(book, "S1", "S1", 1, TODAY + timedelta(days=59))
    sell(book, "S2", "S2", 1, TODAY + timedelta(days=95))
    outcomes.settle_predictions(actor=ME, at=NOW + timedelta(days=100))
    came_true = {(row.subject, row.group): row.happened for row in mine.all()}
    assert [came_true["item:S1@MUM", days] for days in ("30", "60", "90")] == [1, 0, 0]
    assert [came_true["item:S2@MUM", days] for days in ("30", "60", "90")] == [1, 1, 1]
    shown = {(one.agent, one.group) for one in list_outcomes(Predicted.DEAD)}
    assert {("prediction", days) for days in ("30", "60", "90")} <= shown


# --- what follows from it ------------------------------------------------------------------


@pytest.fixture
def alone(in_alpha):
    """Both kinds run alone within limits, set yesterday by a person."""
    for kind in ("campaign", "transfer"):
        put_autonomy(kind, {"mode": "auto_within_limits"}, actor=OWNER, at=NOW - timedelta(days=1))


def modes() -> dict[str, str]:
    return {kind: autonomy_of(kind).mode.value for kind in ("campaign", "transfer")}


def drift(kind: Predicted, measure: str, value: float, group: str = "") -> dict:
    return {"kind": kind.value, "measure": measure, "value": value, "group": group, "agent": "monitoring"}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("told", "waits"),
    [
        (drift(Predicted.EXPIRY, "shift", -0.4, "30"), {"campaign", "transfer"}),
        (drift(Predicted.DEAD, "flags", 0.3, "60"), {"campaign", "transfer"}),
        (drift(Predicted.DEMAND, "amount", 0.5, "lumpy"), {"campaign", "transfer"}),
        (drift(Predicted.ACTION, "amount", -0.5, "campaign"), {"campaign"}),
        (drift(Predicted.ACTION, "amount", 0.5, "campaign"), set()),
        (drift(Predicted.ACTION, "amount", -0.5, "return_to_company"), set()),
        (drift(Predicted.DEMAND, "coverage", -0.3, "lumpy"), set()),
        (drift(Predicted.DEAD, "psi", 0.4, "30"), set()),
    ],
)
def test_what_rests_on_what_drifted_waits_for_a_person_again(told, waits):
    assert set(outcomes.ask_again(told, actor=ME, at=NOW)) == waits
    assert {kind for kind, mode in modes().items() if mode == "propose"} == waits
    assert outcomes.ask_again(told, actor=ME, at=NOW) == (), "once"


@pytest.mark.usefixtures("alone")
def test_drift_that_is_found_reaches_the_limits_through_its_event():
    told(Predicted.DEAD, "prediction", "30", [0.7] * 80, came(80, 0.2))
    outcomes.find_drift(actor=ME, at=NOW)
    handlers.ask_again(Event.objects.get(name="DriftDetected").view())
    assert set(modes().values()) == {"propose"}
    change = find_autonomy_change("campaign")
    assert (change.set_by, change.reason) == (
        system("outcomes").ref, "goods no longer stay unsold as often as was told",
    )  # fmt: skip


@pytest.mark.usefixtures("alone")
def test_a_distributor_may_want_none_of_it():
    set_policy("monitoring", {"steps_down": False}, effective_date=TODAY, actor=OWNER, at=NOW)
    assert outcomes.ask_again(drift(Predicted.DEAD, "shift", -0.4), actor=ME, at=NOW) == ()
    assert set(modes().values()) == {"auto_within_limits"}
