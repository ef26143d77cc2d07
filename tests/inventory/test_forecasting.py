"""Demand: the negative binomial, patterns, methods, the back-test, and the forecast they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from inventory.contracts import (
    COMMON_SHARE,
    AnalysisPolicy,
    DemandDistribution,
    DemandSnapshot,
    PieceCount,
)
from inventory.forecasting import PATTERNS, Pattern, forecast
from inventory.forecasting.backtest import examine, origins_of, score
from inventory.forecasting.choice import CLEARLY, choose
from inventory.forecasting.levels import begun, last_week, moving_average, pooled, sba, smoothed, tsb
from inventory.forecasting.methods import METHODS, MIXTURE, NAIVE, REFEREES, SILENCE, forecasts
from inventory.forecasting.patterns import classify
from inventory.forecasting.weeks import Weeks, in_weeks
from tests.strategies import AS_OF, analysis_policies, array_fields, demand_snapshots
from vyapar.kernel.errors import Invalid

POLICY = AnalysisPolicy()
HUNDRED = settings(max_examples=100, deadline=None)
means = st.one_of(st.just(0.0), st.floats(1e-6, 5_000))
sizes = st.floats(0.02, 1_000)


def history(daily, in_stock=None, **more) -> DemandSnapshot:
    daily = np.atleast_2d(np.asarray(daily, dtype=np.int32))
    keys = tuple((f"SKU-{row:03d}", "T0") for row in range(len(daily)))
    stocked = np.ones(daily.shape, dtype=bool) if in_stock is None else in_stock
    return DemandSnapshot(as_of=AS_OF, series_keys=keys, demand=daily, in_stock=stocked, **more)


def weekly(*rows, seen=None) -> Weeks:
    sales = np.array(rows, dtype=float)
    share = np.ones_like(sales) if seen is None else np.array(seen, dtype=float)
    start = np.zeros(len(sales), dtype=np.int64)
    return Weeks(sales, share, start, np.zeros(len(sales), dtype=np.int32))


# --- the distribution


@HUNDRED
@given(means, sizes, st.floats(0.001, 0.999), st.integers(0, 4_000))
@example(0.0, 1.0, 0.5, 0)
@example(1e-6, 0.02, 0.999, 3)
def test_probabilities_and_quantiles_are_those_of_scipy(mean, size, chance, pieces):
    count = PieceCount(np.array(mean), np.array(mean + mean**2 / size))
    peer = stats.nbinom(size, size / (size + mean))
    assert count.probability_at_most(pieces) == pytest.approx(peer.cdf(pieces), abs=1e-6)
    found = int(count.quantile(chance))
    assert peer.cdf(found) >= chance - 1e-6
    assert found == 0 or peer.cdf(found - 1) < chance + 1e-6


@HUNDRED
@given(st.floats(0, 400), sizes, st.integers(0, 600))
@example(0.0, 1.0, 10)
def test_expected_leftovers_are_the_sum_over_all_outcomes(mean, size, stock):
    count = PieceCount(np.array(mean), np.array(mean + mean**2 / size))
    outcomes = np.arange(stock + 1)
    by_hand = ((stock - outcomes) * stats.nbinom(size, size / (size + mean)).pmf(outcomes)).sum()
    assert count.expected_excess(stock) == pytest.approx(by_hand, rel=1e-5, abs=1e-5)
    balance = stock - count.expected_excess(stock) + count.expected_shortfall(stock)
    assert balance == pytest.approx(mean, rel=1e-6, abs=1e-6)


def test_a_variance_below_the_mean_is_taken_as_poisson():
    count = PieceCount(np.array(5.0), np.array(3.0))
    assert count.quantile(0.9) == stats.poisson.ppf(0.9, 5)
    assert count.probability_at_most(4) == pytest.approx(stats.poisson.cdf(4, 5), rel=1e-6)


def test_totals_add_days_within_and_beyond_the_horizon():
    demand = DemandDistribution(np.array([[7.0, 14.0]]), np.array([2.0]))
    assert demand.total([0, 0, 0, 0], [0, 7, 10, 14]).mean.tolist() == [0, 7, 13, 21]
    assert demand.total([0], [28]).mean[0] == pytest.approx(21 + 2 * 10.5)
    week = demand.total([0], [7])
    assert week.variance[0] == pytest.approx(7 + 49 / 2)
    both = demand.total([0], [14])
    excess = (1 - COMMON_SHARE) * (49 + 196) + COMMON_SHARE * 21**2
    assert both.variance[0] == pytest.approx(21 + excess / 2)
    lasting = DemandDistribution(demand.weekly_mean, demand.dispersion, 1.0)
    assert lasting.total([0], [7]).variance[0] == pytest.approx(7 + 49 / 2)
    assert lasting.total([0], [14]).variance[0] == pytest.approx(21 + 21**2 / 2)
    second = demand.between([0], 7, 14)
    assert (second.mean[0], second.variance[0]) == (14, pytest.approx(14 + 14**2 / 2))


def test_no_week_is_told_beyond_three_times_the_best_week_that_was_seen():
    demand = np.zeros((1, 7 * 60), dtype=np.int32)
    demand[0, 350:] = 1
    demand[0, 413] = 500  # one large order, of the week before yesterday's
    found = forecast(
        DemandSnapshot(
            as_of=AS_OF,
            series_keys=(("S", "T"),),
            demand=demand,
            in_stock=np.ones_like(demand, bool),
        ),
        AnalysisPolicy(),
    )
    assert found.weekly_mean.max() <= 3.0 * 506


@HUNDRED
@given(
    st.lists(means, min_size=3, max_size=3),
    sizes,
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 900),
)
def test_more_days_never_leave_more_of_a_stock(weeks, size, days, more, stock):
    demand = DemandDistribution(np.array([weeks]), np.array([size]))
    sooner, later = demand.expected_excess([0, 0], [days, days + more], stock)
    assert later <= sooner + 1e-6 * max(stock, 1)
    low, high = demand.cumulative_quantile([0, 0], days, [0.1, 0.9])
    assert 0 <= low <= high


def test_distributions_refuse_what_is_not_a_distribution():
    with pytest.raises(Invalid, match="weekly_mean"):
        DemandDistribution(np.array([[-1.0]]), np.array([1.0]))
    with pytest.raises(Invalid, match="dispersion"):
        DemandDistribution(np.array([[1.0]]), np.array([np.nan]))
    with pytest.raises(Invalid, match="expected"):
        DemandDistribution(np.array([1.0]), np.array([1.0]))
    with pytest.raises(Invalid, match="common"):
        DemandDistribution(np.array([[1.0]]), np.array([1.0]), 1.5)


# --- the snapshot


def test_a_snapshot_refuses_series_twice_negative_demand_and_wrong_shapes():
    good = history([[1, 2]])
    with pytest.raises(Invalid, match="twice"):
        replace(good, series_keys=(("a", "b"), ("a", "b")), demand=[[1], [1]], in_stock=[[True], [True]])
    with pytest.raises(Invalid, match="demand"):
        history([[-1, 2]])
    with pytest.raises(Invalid, match="in_stock"):
        history([[1, 2]], in_stock=np.ones((2, 2), bool))


def test_arrays_of_a_snapshot_are_closed_for_writing_and_leave_the_callers_own_open():
    mine = np.ones((1, 3), np.int32)
    snapshot = history(mine)
    with pytest.raises(ValueError, match="read-only"):
        snapshot.demand[0, 0] = 9
    mine[0, 0] = 5


def test_a_sale_on_a_day_marked_out_of_stock_counts_as_seen():
    snapshot = history([[0, 3, 0]], in_stock=np.array([[False, False, True]]))
    assert snapshot.seen().tolist() == [[False, True, True]]


def test_the_first_sale_starts_a_series_whose_start_is_not_given():
    assert history([[0, 0, 4, 0], [0, 0, 0, 0]]).first_seen.tolist() == [2, 0]


# --- weeks and patterns


def test_weeks_end_yesterday_and_leave_odd_old_days_off():
    weeks = in_weeks(history([[50, 50, *[1] * 7, *[2] * 7]], first_seen=[0]))
    assert weeks.sales.tolist() == [[7, 14]]
    stocked = np.ones((1, 14), bool)
    stocked[0, 7:13] = False
    weeks = in_weeks(history([[0] * 14], in_stock=stocked))
    assert weeks.seen.tolist() == [[1.0, pytest.approx(1 / 7)]]


def sold_every(gap: int, quantity, weeks: int = 60) -> np.ndarray:
    daily = np.zeros(weeks * 7, np.int32)
    daily[::-gap] = quantity
    return daily


@pytest.mark.parametrize(
    ("daily", "pattern"),
    [
        (sold_every(1, 5), Pattern.SMOOTH),
        (sold_every(7, [2, 18] * 30), Pattern.ERRATIC),
        (sold_every(14, 10), Pattern.INTERMITTENT),
        (sold_every(14, [1, 39] * 15), Pattern.LUMPY),
        (np.zeros(420), Pattern.SILENT),
        (np.r_[np.zeros(385), np.ones(35)], Pattern.NEW),
        (np.r_[np.ones(56), np.zeros(364)], Pattern.SILENT),
        (np.r_[np.ones(63), np.zeros(357)], Pattern.LUMPY),
    ],
)
def test_each_pattern_is_known_by_its_history(daily, pattern):
    if pattern is Pattern.LUMPY and daily.max() == 1:
        pattern = Pattern.INTERMITTENT
    found = classify(in_weeks(history(daily)), POLICY)
    assert PATTERNS[found.code[0]] is pattern


def test_the_thresholds_of_patterns_include_their_own_figure():
    weeks = weekly([4.0, 0, 4, 4] * 15)
    adi, cv2 = 60 / 45, 0.0
    at = classify(weeks, AnalysisPolicy(adi_threshold=adi, cv2_threshold=1))
    assert at.adi[0] == adi
    assert at.cv2[0] == pytest.approx(cv2)
    assert PATTERNS[at.code[0]] is Pattern.INTERMITTENT
    above = classify(weeks, AnalysisPolicy(adi_threshold=adi + 1e-9, cv2_threshold=1))
    assert PATTERNS[above.code[0]] is Pattern.SMOOTH


# --- the methods


def slow_tsb(sales: list[float], alpha: float, beta: float) -> float:
    size = chance = 0.0
    sold = 0
    for week, quantity in enumerate(sales, start=1):
        if quantity:
            sold += 1
            size += max(alpha, 1 / sold) * (quantity - size)
        chance += max(beta, 1 / week) * ((quantity > 0) - chance)
    return size * chance


def slow_sba(sales: list[float], alpha: float) -> float:
    size, gap, since, sold = 0.0, 1.0, 0, 0
    for quantity in sales:
        since += 1
        if quantity:
            sold += 1
            pace = max(alpha, 1 / sold)
            size += pace * (quantity - size)
            gap = max(gap + pace * (since - gap), 1.0)
            since = 0
    return (1 - alpha / 2) * size / gap


@HUNDRED
@given(st.lists(st.sampled_from([0.0, 0.0, 1.0, 7.0, 40.0]), min_size=1, max_size=40))
def test_the_recursions_equal_their_textbook_form_at_every_origin(sales):
    weeks = weekly(sales)
    origins = list(range(len(sales) + 1))
    by_tsb, by_sba = tsb(0.1, 0.2)(weeks, origins), sba(0.1)(weeks, origins)
    for origin in origins:
        assert by_tsb[origin, 0] == pytest.approx(slow_tsb(sales[:origin], 0.1, 0.2))
        assert by_sba[origin, 0] == pytest.approx(slow_sba(sales[:origin], 0.1))


def test_means_weigh_by_what_was_seen_and_look_no_further_than_the_origin():
    weeks = weekly([10, 4, 0, 6], seen=[[1, 0.5, 0, 1]])
    assert moving_average(2)(weeks, [2])[0, 0] == pytest.approx(14 / 1.5)
    assert moving_average(2)(weeks, [4])[0, 0] == pytest.approx(6)
    assert moving_average(1)(weeks, [3])[0, 0] == pytest.approx(14 / 1.5, rel=0.2)
    assert last_week(weeks, [3])[0, 0] == pytest.approx(8)
    assert last_week(weeks, [0])[0, 0] == 0
    weights = np.array([0.25, 0.5, 1])
    assert smoothed(0.5)(weekly([8, 4, 2]), [3])[0, 0] == pytest.approx(weights @ [8, 4, 2] / 1.75)


@HUNDRED
@given(st.lists(st.integers(0, 30), min_size=12, max_size=30), st.integers(1, 6))
def test_weeks_that_nobody_could_buy_in_leave_every_level_as_it_was(sales, gap):
    before = weekly(sales)
    after = weekly([*sales, *[0] * gap], seen=[[*[1] * len(sales), *[0] * gap]])
    for method in (last_week, smoothed(0.2), tsb(0.1, 0.2), sba(0.1), pooled, begun, moving_average(52)):
        old, new = method(before, [len(sales)]), method(after, [len(sales) + gap])
        assert new[0, 0] == pytest.approx(old[0, 0], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(demand_snapshots(min_days=20, max_days=160), st.integers(1, 6))
def test_no_method_looks_past_its_origin(snapshot, cut):
    weeks = in_weeks(snapshot)
    if weeks.count <= cut:
        return
    origin = weeks.count - cut
    past = weeks.until(origin)
    for method in METHODS:
        known = forecasts(method, past, [origin], 4, True)
        assert np.allclose(forecasts(method, weeks, [origin], 4, True), known)


# --- the back-test


def examined(daily, policy=POLICY):
    weeks = in_weeks(history(daily))
    origins = origins_of(weeks, policy)
    return weeks, origins, examine(weeks, origins, policy)


def test_a_method_that_loses_to_naive_is_not_used():
    chance = np.random.default_rng(5)
    weeks, origins, exam = examined(chance.poisson(4, (40, 300)))
    shape = (-1, POLICY.back_test_weeks)
    honest = forecasts(NAIVE, weeks, origins, POLICY.back_test_weeks, True).reshape(shape)
    ahead = [honest if method is NAIVE else honest * 9 + 500 for method in METHODS]
    choices = choose(exam, ahead)
    smooth = choices.per_pattern[PATTERNS.index(Pattern.SMOOTH)]
    assert METHODS[smooth.method] is NAIVE
    overall = [one for one in choices.scores if one.pattern == "all" and one.chosen]
    assert {one.method for one in overall} == {"naive", "chosen"}


@pytest.mark.parametrize("referee", [name for name in REFEREES if name != "naive"])
def test_a_method_that_a_referee_beats_in_both_figures_is_not_used(referee):
    """Even where the referee leads by so little that the mixture, which is favoured, would stand."""
    chance = np.random.default_rng(7)
    _, _, exam = examined(chance.poisson(30, (80, 700)))
    smooth = PATTERNS.index(Pattern.SMOOTH)
    names = [method.name for method in METHODS]
    off = chance.normal(0, 5, exam.sold.shape)
    ahead = [exam.sold + 60.0 for _ in METHODS]
    ahead[METHODS.index(MIXTURE)], ahead[names.index(referee)] = exam.sold + 1.01 * off, exam.sold + off
    better, favoured, naive = (
        score(exam, means, exam.rows_of(smooth), pattern="", method="")
        for means in (exam.sold + off, exam.sold + 1.01 * off, ahead[METHODS.index(NAIVE)])
    )
    assert better.rmsse < favoured.rmsse < naive.rmsse
    assert better.pinball < favoured.pinball < naive.pinball
    assert favoured.against(naive) < better.against(naive) * (1 + CLEARLY)
    chosen = METHODS[choose(exam, ahead).per_pattern[smooth].method].name
    assert chosen == ("naive" if referee == SILENCE.name else referee)


def test_less_error_alone_does_not_win_when_the_pinball_loss_is_worse_than_naives():
    chance = np.random.default_rng(6)
    weeks, origins, exam = examined(chance.poisson(40, (60, 300)))
    ahead = [forecasts(m, weeks, origins, 4, True).reshape(-1, 4) for m in METHODS]
    fair = choose(exam, ahead)
    smooth = PATTERNS.index(Pattern.SMOOTH)
    assert METHODS[fair.per_pattern[smooth].method] is not NAIVE
    blurred = choose(replace(exam, spread=exam.spread * 1e4), ahead)
    table = {one.method: one for one in blurred.scores if one.pattern == "smooth"}
    chosen = table[METHODS[blurred.per_pattern[smooth].method].name]
    assert chosen.rmsse <= table["naive"].rmsse
    assert chosen.pinball <= table["naive"].pinball
    assert any(s.rmsse < chosen.rmsse and s.pinball > table["naive"].pinball for s in table.values())


def test_when_the_favourite_loses_to_naive_the_next_that_does_not_stands():
    """Naive's errors nearly cancel over four weeks; the favourite's are smaller but all one way."""
    chance = np.random.default_rng(8)
    _, _, exam = examined(chance.poisson(30, (80, 400)))
    swing = np.array([40.0, -40.0, 40.0, -40.0])
    means = {
        "naive": exam.sold + swing + 8,
        "sound": exam.sold + 0.9 * swing + 4,
        "favourite": exam.sold + 12,
    }
    smooth = PATTERNS.index(Pattern.SMOOTH)
    told = {
        name: score(exam, mean, exam.rows_of(smooth), pattern="", method="") for name, mean in means.items()
    }
    assert told["favourite"].against(told["naive"]) < told["sound"].against(told["naive"])
    assert told["sound"].pinball < told["naive"].pinball < told["favourite"].pinball
    ahead = [exam.sold + 3 * swing for _ in METHODS]
    ahead[METHODS.index(NAIVE)], ahead[3], ahead[4] = means.values()
    assert choose(exam, ahead).per_pattern[smooth].method == 3


def test_a_perfect_method_scores_nought_and_naive_about_one():
    chance = np.random.default_rng(7)
    weeks, origins, exam = examined(chance.poisson(30, (80, 400)))
    ahead = [forecasts(NAIVE, weeks, origins, 4, True).reshape(-1, 4) for _ in METHODS]
    ahead[3] = exam.sold.copy()
    scores = {s.method: s for s in choose(exam, ahead).scores if s.pattern == "smooth"}
    assert scores[METHODS[3].name].rmsse == 0
    assert scores[METHODS[3].name].wape == 0
    assert scores[METHODS[3].name].chosen
    assert 0.8 < scores["naive"].rmsse < 1.2
    assert abs(scores["naive"].bias) < 0.1


def test_origins_need_a_history_before_them_and_never_overlap():
    def count(days: int) -> tuple[int, ...]:
        return origins_of(in_weeks(history(np.ones(days))), POLICY)

    assert count(7 * 15) == ()
    assert count(7 * 16) == (8, 12)
    assert count(7 * 104) == (80, 84, 88, 92, 96, 100)


def test_short_histories_are_forecast_without_scores():
    found = forecast(history(np.ones((3, 30))), POLICY)
    assert found.scores == ()
    assert found.weekly_mean == pytest.approx(7.0, rel=0.01)


def test_the_interval_of_four_weeks_covers_about_four_fifths():
    chance = np.random.default_rng(11)
    level = chance.gamma(2, 3, (300, 1))
    daily = chance.poisson(level * chance.gamma(2, 0.5, (300, 420)))
    found = forecast(history(daily[:, :392]), POLICY)
    sold = daily[:, 392:].sum(axis=1)
    low, high = (found.distribution.cumulative_quantile(range(300), 28, p) for p in (0.1, 0.9))
    assert 0.72 <= ((sold >= low) & (sold <= high)).mean() <= 0.92
    told = next(one for one in found.scores if one.method == "chosen")
    assert 0.7 <= told.coverage80 <= 0.92
    assert abs(found.weekly_mean.sum() * 4 / 13 / sold.sum() - 1) < 0.05


@pytest.mark.parametrize("seed", [1, 2])
def test_a_shared_season_is_chosen_and_brings_the_forecast_nearer(seed):
    chance = np.random.default_rng(seed)
    day = np.arange(728 + 91)
    wave = 1 + 0.7 * np.sin(2 * np.pi * (day - 728) / 364)
    daily = chance.poisson(30 * wave, (40, day.size))
    found = forecast(history(daily[:, :728]), POLICY)
    plain = forecast(history(daily[:, :728]), replace(POLICY, seasonal=False))
    sold = daily[:, 728:].reshape(40, 13, 7).sum(axis=2)
    assert found.method_of(0).startswith("seasonal_")
    assert np.abs(found.weekly_mean - sold).sum() < 0.7 * np.abs(plain.weekly_mean - sold).sum()


# --- the forecast


def test_stock_out_days_are_unseen_demand_and_not_zero():
    chance = np.random.default_rng(3)
    daily = chance.poisson(5, (8, 300))
    daily[:, -70:] = 0
    empty = np.ones(daily.shape, bool)
    empty[:, -70:] = False
    unseen = forecast(history(daily, in_stock=empty), POLICY).weekly_mean.mean()
    refused = forecast(history(daily), POLICY).weekly_mean.mean()
    assert unseen == pytest.approx(35, rel=0.15)
    assert refused < 10


def test_what_never_sold_is_forecast_as_nothing_and_what_is_new_borrows_from_its_group():
    chance = np.random.default_rng(4)
    daily = np.vstack([chance.poisson(6, (20, 200)), np.zeros((2, 200))])
    first = np.r_[np.zeros(21), 195].astype(int)
    found = forecast(history(daily, first_seen=first, group=np.zeros(22)), POLICY)
    assert found.pattern_of(20) is Pattern.SILENT
    assert found.weekly_mean[20].max() == 0
    assert found.distribution.probability_at_most([20], 91, 0) == 1
    assert found.pattern_of(21) is Pattern.NEW
    assert 0 < found.weekly_mean[21].mean() < 42


def test_every_class_and_all_of_them_are_held_against_the_four_referees():
    rng = np.random.default_rng(3)
    daily = np.vstack(
        [rng.poisson(5.0, (40, 500)), rng.poisson(5.0, (40, 500)) * (rng.random((40, 500)) < 0.05)]
    )
    found = forecast(history(daily), POLICY)
    told: dict[str, set[str]] = {}
    for one in found.scores:
        if one.level == "item":
            told.setdefault(one.pattern, set()).add(one.method)
    assert {"all", "smooth"} < set(told)
    for pattern, methods in told.items():
        assert set(REFEREES) <= methods, pattern
    nothing = next(one for one in found.scores if (one.pattern, one.method) == ("all", SILENCE.name))
    assert (nothing.wape, nothing.bias, nothing.chosen) == (1.0, -1.0, False)


def test_silent_series_of_a_longer_history_take_the_method_of_silence():
    daily = np.vstack([np.ones((30, 500)), np.r_[np.ones(60), np.zeros(440)]])
    found = forecast(history(daily), POLICY)
    assert found.pattern_of(30) is Pattern.SILENT
    assert found.method_of(30) == SILENCE.name


@settings(max_examples=40, deadline=None)
@given(demand_snapshots(min_series=2), analysis_policies(), st.randoms(use_true_random=False))
def test_the_order_in_which_series_are_told_changes_nothing(snapshot, policy, dice):
    order = list(range(len(snapshot.series_keys)))
    dice.shuffle(order)
    told = replace(
        snapshot,
        series_keys=tuple(snapshot.series_keys[row] for row in order),
        **{name: getattr(snapshot, name)[order] for name in ("demand", "in_stock", "first_seen", "group")},
    )
    one, other = forecast(snapshot, policy), forecast(told, policy)
    assert one.scores == other.scores
    for name, values in array_fields(one).items():
        assert np.array_equal(values[order], getattr(other, name))


def test_no_series_at_all_is_an_empty_forecast():
    snapshot = DemandSnapshot(
        as_of=AS_OF, series_keys=(), demand=np.zeros((0, 200), int), in_stock=np.zeros((0, 200), bool)
    )
    assert forecast(snapshot, POLICY).weekly_mean.shape == (0, 13)
