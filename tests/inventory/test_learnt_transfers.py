"""What transfers came to corrects the next cycle: shrunk, bounded, seen often enough, and by no one else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.agent.learnt import with_lanes, with_learnt
from inventory.contracts import MonitoringPolicy
from inventory.contracts.outcomes import Predicted
from inventory.impact import WAYS
from inventory.models import DemandForecast, LearntFactor, MovementKind, Prediction, Sku
from inventory.selectors.book import read_book
from inventory.selectors.outcomes import current_learnt
from inventory.services import outcomes, record_movements
from inventory.services.lines import MovementLine
from inventory.services.outcomes.learning import _cases
from reallocation.agent import ReallocationPolicy
from reallocation.selectors import take_snapshot
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.stock import Item, stock
from vyapar.engine.models import Action
from vyapar.engine.services import set_policy
from vyapar.kernel.actor import system

ME = system("tests")
TRANSFER = WAYS.index("transfer")


@pytest.fixture
def book(in_alpha):
    """S1 lies in Mumbai, where nobody asks for it, and sells in Bengaluru, where there is none."""
    made = make_book(1)
    made.batch("S1", "B1", expires_in=90)
    made.receive("S1", "B1", 100, at=NOW - timedelta(days=60))
    for place, weekly in (("MUM", 0.0), ("BLR", 70.0)):
        DemandForecast.objects.create(
            sku=made.skus["S1"], territory=made.territories[place], cycle_id=1, as_of=TODAY,
            pattern="smooth", method="mean", weekly_mean=[weekly] * 13, dispersion=1.0,
        )  # fmt: skip
    return made


def moved(count, sold, told=100, evidence=None, days=(2, 2)):
    """Transfers of some pieces that are over, of which so many sold; with their way in the ledger."""
    for n in range(count):
        action = Action.objects.create(
            number=100 + Action.objects.count(), kind="transfer", subject=f"lane:{uuid4()}", title="t",
            status="executed", reason="r", payload={"transit_days": days[0]}, value_paise=1, net_paise=50_000,
            quantity=told, confidence=0.8, agent="reallocation", key=str(uuid4()), proposed_at=NOW,
            expires_at=NOW, finished_at=NOW, updated_at=NOW, evidence=evidence or {},
        )  # fmt: skip
        Prediction.objects.create(
            kind=Predicted.ACTION, subject=f"action:{action.pk}", agent="reallocation", group="transfer",
            made_on=TODAY - timedelta(days=70 + n), due_on=TODAY - timedelta(days=10), pieces=told,
            expected=float(told), paise=50_000, action_id=action.pk, settled_on=TODAY, happened=float(sold),
            realised_paise=sold * 500,
        )  # fmt: skip


def _skus():
    return list(Sku.objects.values_list("pk", flat=True))


def worth():
    """Net paise of moving S1 away, as Monitoring counts it in the next cycle, and in what it rests."""
    from inventory.handlers import decide_on_book

    found = read_book(TODAY, "", _skus(), current_learnt())
    ways = decide_on_book(found, MonitoringPolicy()).outcome.outcome.ways
    return int(ways.net[TRANSFER, 0]), int(ways.components[TRANSFER, :, 0].sum())


def test_transfers_that_recover_less_than_told_are_worth_less_in_the_next_cycle(book):
    before, whole = worth()
    assert before == whole > 0
    assert outcomes.learn(actor=ME, at=NOW) == {}, "without a case nothing is learnt"
    assert worth() == (before, whole)
    moved(10, sold=60)
    assert outcomes.learn(actor=ME, at=NOW) == {"moved_sales": 7_333}  # (5 + 6) / (5 + 10)
    row = LearntFactor.objects.get()
    assert (row.seen, row.predicted, round(row.happened, 9), row.learnt_at) == (10, 10, 6, NOW)
    after, whole = worth()
    assert after == whole < before * 0.8
    moved(40, sold=60)
    assert outcomes.learn(actor=ME, at=NOW) == {"moved_sales": 6_364}, "more of the same is believed more"
    assert worth()[0] < after
    assert [one.version for one in LearntFactor.objects.order_by("version")] == [1, 2]


def test_four_transfers_teach_nothing_and_five_do(book):
    moved(4, sold=10)
    assert outcomes.learn(actor=ME, at=NOW) == {}
    moved(1, sold=10)
    assert outcomes.learn(actor=ME, at=NOW) == {"moved_sales": 5_500}


def test_another_distributor_learns_nothing_of_it(book, beta):
    from django_tenants.utils import tenant_context

    moved(10, sold=60)
    outcomes.learn(actor=ME, at=NOW)
    with tenant_context(beta):
        assert outcomes.learn(actor=ME, at=NOW) == {}
        assert current_learnt() == {}


def test_the_transfer_program_counts_with_what_was_learnt_and_says_so(book):
    from inventory.handlers import decide_on_book
    from inventory.services import keep_scores

    def price():
        found = read_book(TODAY, "", _skus(), {})
        keep_scores(decide_on_book(found, MonitoringPolicy()).outcome, cycle_id=1, actor=ME, at=NOW)
        snapshot = take_snapshot(NOW, ReallocationPolicy())
        assert snapshot is not None
        return snapshot.needs[0].net_price_paise, snapshot.lanes[0], snapshot.learnt

    whole, lane, learnt = price()
    assert learnt == {}
    LearntFactor.objects.create(name="moved_sales", version=1, factor_bp=6_000, seen=9, predicted=9,
                                happened=3, learnt_at=NOW)  # fmt: skip
    LearntFactor.objects.create(name="moved_freight", version=1, factor_bp=15_000, seen=9, predicted=9,
                                happened=14, learnt_at=NOW)  # fmt: skip
    cut, dear, learnt = price()
    assert cut == whole * 6_000 // 10_000
    assert dear.freight_paise_per_kg == -(-lane.freight_paise_per_kg * 3 // 2)
    assert dict(learnt) == {"moved_sales": 6_000, "moved_freight": 15_000}
    set_policy("monitoring", {"learning": False}, effective_date=TODAY, actor=OWNER, at=NOW)
    assert price() == (whole, lane, {})


def test_the_days_that_loads_took_are_learnt_by_what_was_told_before_any_correction(book):
    batch, home, away = book.batches["S1", "B1"], book.godowns["MUM"], book.godowns["BLR"]
    moved(5, sold=100, told=100, days=(3, 0), evidence={"learnt": {"moved_days": 15_000}})  # told 2, so 3
    for action in Action.objects.all():
        for place, kind, pieces, day in (
            (home, MovementKind.TRANSFER_OUT, -1, 10), (away, MovementKind.TRANSFER_IN, 1, 6)
        ):  # fmt: skip
            line = MovementLine(batch.pk, place.pk, kind, pieces, reference="x", action_id=action.pk)
            record_movements([line], actor=ME, at=NOW - timedelta(days=day))
    assert outcomes.learn(actor=ME, at=NOW) == {"moved_days": 15_000}  # (5 + 5 x 4/2) / (5 + 5)


def test_what_was_learnt_of_lanes_opens_none_and_changes_nothing_else():
    found = stock(Item(), Item(territory="T1"), lanes={("T0", "T1"): (333, 3)})
    assert with_lanes(found, MonitoringPolicy(), {}) is found
    assert with_lanes(found, MonitoringPolicy(learning=False), {"moved_freight": 20_000}) is found
    dear = with_lanes(found, MonitoringPolicy(), {"moved_freight": 20_000, "moved_days": 15_000})
    closed = found.lane_paise_per_kg < 0
    assert (dear.lane_paise_per_kg[closed] == found.lane_paise_per_kg[closed]).all()
    assert (dear.lane_paise_per_kg[~closed] == 2 * found.lane_paise_per_kg[~closed]).all()
    assert np.array_equal(dear.lane_days, (found.lane_days * 3 + 1) // 2)
    told = with_learnt(MonitoringPolicy(), {"moved_sales": 40_000, "claim_days": 40_000})
    assert (told.moved_sales_bp, told.claim_days) == (10_000, 240)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 1e6)), max_size=30))
def test_each_case_counts_once_however_large_and_a_slip_is_bounded(cases):
    sums = _cases(cases)
    known = [one for one in cases if one[0] > 0]
    assert sums.seen == (len(known) if len(known) >= 5 else 0)
    assert sums.predicted == sums.seen
    assert 0 <= sums.happened <= 4 * sums.seen
