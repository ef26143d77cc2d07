"""Property 12: predictions rest on trend and season, and have to beat naive on the past."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.agent import analysis
from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import PATTERNS
from inventory.forecasting.season import season
from inventory.forecasting.weeks import Weeks
from tests.strategies import AS_OF, analysis_policies, demand_snapshots

SLACK = 1e-9


@settings(max_examples=100, deadline=None)
@given(demand_snapshots(), analysis_policies())
def test_predictions_are_sound_and_never_worse_than_naive_on_the_back_test(snapshot, policy):
    """Feature: vyapar-sahayak-distributor, Property 12: Predictive Analysis Consistency.

    For any historical returns and sales pattern data, predictions for future dead stock should be
    based on statistically valid trend analysis and seasonal patterns.
    """
    found = analysis.decide(snapshot, policy).outcome
    series = len(snapshot.series_keys)
    assert found.weekly_mean.shape == (series, policy.horizon_weeks)
    assert np.isfinite(found.weekly_mean).all()
    assert (found.weekly_mean >= 0).all()
    assert ((found.dispersion > 0) & np.isfinite(found.dispersion)).all()
    best_week = snapshot.demand.reshape(series, -1).max(initial=0) * 7
    assert found.weekly_mean.max(initial=0) <= 3 * best_week + SLACK
    table = {(score.pattern, score.method): score for score in found.scores}
    for score in found.scores:
        naive = table[score.pattern, "naive"]
        if score.chosen:
            assert score.rmsse <= naive.rmsse + SLACK
            assert score.pinball <= naive.pinball + SLACK or score.method == "chosen"
    for row in range(series):
        pattern = PATTERNS[found.pattern[row]].value
        if (pattern, "naive") in table:
            assert table[pattern, found.method_of(row)].chosen


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0]))
def test_a_prediction_follows_the_trend_to_the_recent_level(before, after, seed, noise):
    """Feature: vyapar-sahayak-distributor, Property 12: Predictive Analysis Consistency, trend.

    After a change of level that has lasted twenty weeks, the prediction lies nearer the new level.
    """
    chance = np.random.default_rng(seed)
    level = np.repeat([before, after], [182, 140])
    daily = chance.poisson(level, (4, 322)) if noise else np.tile(level, (4, 1))
    snapshot = history(daily)
    found = analysis.decide(snapshot, AnalysisPolicy(seasonal=False)).outcome
    weekly = found.weekly_mean.mean() / 7
    wander = 3 * np.sqrt(after / 28) if noise else 0.0
    assert abs(weekly - after) <= abs(before - after) / 2 + wander + 1.0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 60), st.floats(0.0, 0.7), st.integers(0, 51))
def test_a_yearly_wave_that_many_series_share_is_found(seed, level, swing, phase):
    """Feature: vyapar-sahayak-distributor, Property 12: Predictive Analysis Consistency, season.

    The pooled factors of the weeks ahead are the wave's own, within the noise of the sales.
    """
    chance = np.random.default_rng(seed)
    week = np.arange(104 + 13)
    wave = 1 + swing * np.sin(2 * np.pi * (week - phase) / 52)
    sales = chance.poisson(7 * level * wave[:104], (40, 104)).astype(float)
    weeks = Weeks(sales, np.ones_like(sales), np.zeros(40, np.int64), np.arange(40) % 3)
    factors = season(weeks, [104], 13)[0]
    true = wave[104:] / wave[96:104].mean()
    assert np.allclose(factors, np.clip(true, 1 / 3, 3), rtol=0.15, atol=0.05)


def history(daily: np.ndarray, as_of: date = AS_OF) -> DemandSnapshot:
    """Daily history of series that were always in stock."""
    return DemandSnapshot(
        as_of=as_of,
        series_keys=tuple((f"SKU-{row}", "T0") for row in range(len(daily))),
        demand=daily.astype(np.int32),
        in_stock=np.ones(daily.shape, dtype=bool),
    )
