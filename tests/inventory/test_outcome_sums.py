"""What the database adds up of predictions is what adding them up one by one comes to."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from inventory.contracts.outcomes import Predicted
from inventory.impact.calibration import brier, reliability, shift
from inventory.models import Prediction
from inventory.selectors.outcomes import list_outcomes
from tests.inventory.book import TODAY

EDGES = (0.0, 0.1, 0.3, 0.7, 0.9, 1.0)
KINDS = (
    (Predicted.EXPIRY, ""),
    (Predicted.DEAD, "30"),
    (Predicted.DEMAND, "lumpy"),
    (Predicted.ACTION, "discount"),
)


@pytest.fixture
def kept(in_alpha) -> list[Prediction]:
    """Four hundred predictions of every kind: waiting, settled and disturbed, with gaps in what is known."""
    chance = np.random.default_rng(11)
    rows = []
    for n in range(400):
        kind, group = KINDS[n % 4]
        is_event, made = kind in (Predicted.EXPIRY, Predicted.DEAD), TODAY - timedelta(days=n % 50 + 1)
        is_settled, has_span = n % 7 != 0, n % 3 != 0
        pieces = float(chance.integers(0, 40))
        came = float(chance.integers(0, 2)) if is_event else float(chance.integers(0, 50))
        rows.append(
            Prediction(
                kind=kind, subject=f"item:{n}", agent=("monitoring", "analysis")[n // 4 % 2], group=group,
                made_on=made, due_on=made, flagged=True, pieces=40,
                probability=EDGES[n % 6] if n % 5 == 0 else float(chance.random()),
                expected=None if n % 31 == 0 else pieces,
                low=pieces - 5 if has_span else None, high=pieces + 5 if has_span else None,
                paise=int(chance.integers(-5_000, 90_000)), settled_on=TODAY if is_settled else None,
                disturbed=is_settled and n % 11 == 0,
                happened=came if is_settled and n % 37 else None,
                realised_paise=int(chance.integers(-9_000, 90_000)) if is_settled and n % 13 else None,
            )
        )  # fmt: skip
    return Prediction.objects.bulk_create(rows)


@pytest.mark.parametrize("since", [None, TODAY - timedelta(days=20)])
def test_sums_of_the_database_are_those_of_the_rows_one_by_one(kept, since):
    found = {(one.kind, one.group, one.agent): one for one in list_outcomes(since=since)}
    rows = [row for row in kept if since is None or row.made_on >= since]
    assert set(found) == {(str(row.kind), row.group, row.agent) for row in rows}
    for (kind, group, agent), one in found.items():
        mine = [row for row in rows if (row.kind, row.group, row.agent) == (kind, group, agent)]
        clean = [row for row in mine if row.settled_on and not row.disturbed]
        is_event = kind in (Predicted.EXPIRY, Predicted.DEAD)
        told = np.array([(row.probability if is_event else row.expected) or 0.0 for row in clean])
        came = np.array([row.happened or 0.0 for row in clean])
        assert one.waiting == sum(row.settled_on is None for row in mine) > 0
        assert (one.settled, one.settled - one.disturbed) == (
            sum(row.settled_on is not None for row in mine), len(clean),
        )  # fmt: skip
        assert (one.expected, one.happened) == pytest.approx((told.sum(), came.sum()))
        assert one.predicted_paise == sum(row.paise for row in clean)
        assert one.realised_paise == sum(row.realised_paise or 0 for row in clean)
        if not is_event:
            spans = [row for row in clean if row.low is not None]
            assert one.within == sum(row.low <= (row.happened or 0) <= row.high for row in spans) / len(spans)
            assert (one.brier, one.gap, one.bands) == (None, None, ())
            continue
        assert (one.gap, one.errors) == pytest.approx(shift(told, came))
        assert one.brier == pytest.approx(brier(told, came))
        wanted = reliability(told, came)
        assert [(band.low, band.high, band.count) for band in one.bands] == [
            (band.low, band.high, band.count) for band in wanted
        ]
        for here, there in zip(one.bands, wanted, strict=True):
            assert (here.expected, here.happened) == pytest.approx((there.expected, there.happened))


def test_outcomes_of_one_kind_are_its_own_and_take_one_query(kept, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = list_outcomes(Predicted.DEAD)
    assert {one.kind for one in found} == {"dead"}
    every = [one for one in list_outcomes() if one.kind == "dead"]
    assert [(one.agent, one.waiting, one.settled) for one in found] == [
        (one.agent, one.waiting, one.settled) for one in every
    ]
