"""Announced offers lift the forecast of their own days, no further than they reach, and no longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy
from inventory.contracts.offers import OfferAnnounced, OfferedGoods, SeriesOffer
from inventory.forecasting import forecast
from inventory.forecasting.effects.offered import lifts_of, past_factors
from inventory.forecasting.effects.uplift import usual_uplift
from inventory.forecasting.weeks import in_weeks
from inventory.models import DailyDemand, Offer
from inventory.selectors.charged import list_offers_ahead
from inventory.selectors.demand import take_demand_snapshot
from inventory.services.offers import keep_offer, take_offer_back
from tests.inventory.book import Book, make_book
from tests.inventory.test_prices_felt import offered
from vyapar.kernel.calendar import ist_instant
from vyapar.kernel.errors import NotFound

POLICY = AnalysisPolicy()
DAY = date(2026, 11, 2)
AT = ist_instant(DAY)


def on_offer(series: int, first: int, last: int, *, off: float = 0.2, pieces: int = 10**6) -> SeriesOffer:
    return SeriesOffer(series, first, last, off, pieces, last - first + 1)


def lifted(*offers: SeriesOffer) -> np.ndarray:
    """(series, horizon), the forecast of the planted set with offers over that without."""
    snapshot, _level = offered((2.5, 2.5))
    return (
        forecast(replace(snapshot, offers=offers), POLICY).weekly_mean
        / forecast(snapshot, POLICY).weekly_mean
    )


def test_an_offer_next_week_lifts_that_week_by_the_learnt_response_and_no_other() -> None:
    found = lifted(on_offer(3, 7, 13))
    # a level holds some 5 % of cheaper weeks already: the larger of the two counts, not both
    assert found[3, 1] == pytest.approx(1.5 / 1.05, rel=0.08)
    np.testing.assert_allclose(np.delete(found[3], 1), 1.0)
    np.testing.assert_allclose(np.delete(found, 3, axis=0), 1.0)


def test_a_week_is_lifted_by_the_share_of_its_days_that_are_on_offer() -> None:
    whole, part = lifted(on_offer(3, 7, 13)), lifted(on_offer(3, 11, 15))
    assert part[3, 1] - 1 == pytest.approx(3 / 7 * (whole[3, 1] - 1), rel=1e-6)
    assert part[3, 2] - 1 == pytest.approx(2 / 7 * (whole[3, 1] - 1), rel=0.02)


def test_no_offer_brings_more_pieces_than_it_has() -> None:
    snapshot, _level = offered((2.5, 2.5))
    plain = forecast(snapshot, POLICY).weekly_mean
    found = forecast(replace(snapshot, offers=(on_offer(3, 7, 20, pieces=4),)), POLICY).weekly_mean
    assert (found - plain).sum() == pytest.approx(4.0)
    # of an offer that began a week ago half is taken to be left
    found = forecast(replace(snapshot, offers=(on_offer(3, -7, 6, pieces=4),)), POLICY).weekly_mean
    assert (found - plain)[3].max() == pytest.approx(2.0, abs=0.8)  # the week that it sold in is evened


def test_what_an_own_offer_sold_does_not_raise_the_level_after_it() -> None:
    snapshot, level = offered((2.5, 2.5))
    demand = snapshot.demand.copy()
    demand[3, -28:] = np.round(demand[3, -28:] * 1.75)
    sold = replace(snapshot, demand=demand)
    known = replace(sold, offers=(on_offer(3, -28, -1, off=0.3),))
    blind, found = (forecast(one, POLICY).weekly_mean[3].mean() for one in (sold, known))
    assert found < 0.95 * blind  # the mean of a year stands here, which four weeks move little
    assert found == pytest.approx(level[3] * 1.05, rel=0.05)


def test_where_no_response_was_learnt_an_offer_lifts_nothing() -> None:
    snapshot, _level = offered((0.0, 0.0))
    with_offer = replace(snapshot, offers=(on_offer(3, 7, 13),))
    np.testing.assert_array_equal(
        forecast(with_offer, POLICY).weekly_mean, forecast(snapshot, POLICY).weekly_mean
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(0, 6))
def test_lifts_are_bounded_and_a_week_gives_back_no_more_than_was_on_offer(seed, series, count) -> None:
    chance = np.random.default_rng(seed)
    snapshot, _level = offered((2.5, 2.5), seed=seed % 7)
    weeks = in_weeks(snapshot).take(np.arange(series))
    offers = []
    for _ in range(count):
        first = int(chance.integers(-800, 100))
        last = first + int(chance.integers(0, 30))
        offers.append(
            SeriesOffer(
                int(chance.integers(series)), first, last, float(chance.uniform(0, 0.75)),
                int(chance.integers(1, 500)), last - first + 1 + int(chance.integers(0, 5)),
            )
        )  # fmt: skip
    response, usual = chance.uniform(0, 8, series), chance.uniform(1, 1.5, series)
    rows, past = past_factors(weeks, response, offers)
    assert (past >= 1.0).all()
    assert (past <= 3.0).all()
    for row, factor in zip(rows.tolist(), past, strict=True):
        given_back = weeks.sales[row] - weeks.sales[row] / factor
        assert given_back.sum() <= sum(one.pieces for one in offers if one.series == row) + 1e-6
    means = chance.uniform(0, 50, (series, 13))
    extra = lifts_of(response, usual, offers, 13).over(means) - means
    assert (extra >= -1e-9).all()
    assert extra.sum() <= sum(one.pieces for one in offers if one.last_day >= 0) + 1e-6
    assert (extra <= 2.0 * means + 1e-9).all()


def test_what_is_added_to_all_goods_stays_within_what_any_weeks_of_the_year_gained() -> None:
    chance = np.random.default_rng(4)
    sold = chance.poisson(20.0, (40, 80)).astype(float)
    factor = np.where(chance.random((40, 80)) < 0.1, 1.5, 1.0)
    factor[:, -8:] = 1.0  # none of the last weeks was seen to be cheap
    usual = usual_uplift(sold * factor, factor, 80)
    gained = float((sold[:, -8:].sum(axis=1) * usual).sum() / sold[:, -8:].sum())
    assert 1.015 < gained < 1.045  # halfway between 1.05 and the least that eight weeks gained
    assert (usual >= 1.0).all()


# --- from the database


@pytest.fixture
def book(in_alpha: None) -> Book:
    return make_book()


def told(**changes) -> OfferAnnounced:
    base = OfferAnnounced(
        "campaign:C-1", "MUM", 1_000, (OfferedGoods("S1", 40), OfferedGoods("S2", 60)),
        DAY + timedelta(days=7), DAY + timedelta(days=13),
    )  # fmt: skip
    return replace(base, **changes)


def test_a_second_telling_changes_nothing_and_an_unknown_sku_is_named(book: Book) -> None:
    assert (keep_offer(told(), at=AT), keep_offer(told(), at=AT)) == (2, 0)
    assert Offer.objects.count() == 2
    with pytest.raises(NotFound) as refused:
        keep_offer(told(origin="campaign:C-2", goods=(OfferedGoods("NONE", 1),)), at=AT)
    assert [(one.field, one.value) for one in refused.value.faults] == [("sku", "NONE")]
    assert Offer.objects.count() == 2


def test_what_is_withdrawn_holds_no_longer_and_the_earliest_day_stays(book: Book) -> None:
    keep_offer(told(), at=AT)
    over = DAY + timedelta(days=10)
    assert take_offer_back("campaign:C-1", over_on=over) == 2
    assert take_offer_back("campaign:C-1", over_on=over + timedelta(days=1)) == 0
    [known] = list_offers_ahead("S1", "MUM", over - timedelta(days=1))
    # in the morning before, nobody knew
    assert known.to_date == DAY + timedelta(days=13)
    assert list_offers_ahead("S1", "MUM", over) == ()


def test_the_snapshot_has_offers_as_they_were_known_on_its_day(book: Book) -> None:
    keep_offer(told(), at=AT)

    for ago in (40, 20, 1):
        DailyDemand.objects.create(
            sku=book.skus["S1"], territory=book.territories["MUM"], day=DAY - timedelta(days=ago), quantity=3
        )
    snapshot = take_demand_snapshot(AT, POLICY)
    row = snapshot.series_keys.index(("S1", "MUM"))
    assert [one for one in snapshot.offers if one.series == row] == [SeriesOffer(row, 7, 13, 0.1, 40, 7)]
    assert take_demand_snapshot(ist_instant(DAY - timedelta(days=1)), POLICY).offers == ()
    take_offer_back("campaign:C-1", over_on=DAY)
    assert take_demand_snapshot(AT, POLICY).offers == ()
