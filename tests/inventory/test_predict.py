"""The chance of no sale: what is known on a day, and what is learnt of it, nothing too early."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts.history import SalesHistory
from inventory.contracts.prediction import HORIZONS, PredictionPolicy
from inventory.risk import predict
from inventory.risk.ensemble import blending, calibration, train
from inventory.risk.features import item_features, pair_features, sells_within
from inventory.risk.keeping import curves, figures, packed, unpacked
from inventory.risk.outlets import standing
from inventory.risk.predict import AS_IT_IS, by_rule, chances, features, is_worse, judge, learn
from inventory.risk.reasons import reasons
from inventory.serializers.risk_words import reason_words
from vyapar.kernel.errors import Invalid

POLICY = PredictionPolicy(sample_rows=6_000)


def history(
    rows: list[tuple[int, int, int, int]], days: int, items: int = 0, outlets: int = 0
) -> SalesHistory:
    """Visits (item, outlet, day, pieces), each pair and day once, at ten rupees a piece."""
    rows = sorted(
        {(item, outlet, day): (item, outlet, day, pieces) for item, outlet, day, pieces in rows}.values()
    )
    pairs = sorted({row[:2] for row in rows})
    place = {pair: number for number, pair in enumerate(pairs)}
    items = items or 1 + max((row[0] for row in rows), default=0)
    return SalesHistory(
        days=days,
        outlets=outlets or 1 + max((row[1] for row in rows), default=0),
        item_group=np.arange(items) % 2,
        pair_item=[item for item, _ in pairs],
        pair_outlet=[outlet for _, outlet in pairs],
        visit_pair=[place[row[:2]] for row in rows],
        visit_day=[row[2] for row in rows],
        visit_pieces=[row[3] for row in rows],
        visit_paise=[row[3] * 1_000 for row in rows],
    )


def simulated(items: int = 60, outlets: int = 40, days: int = 600, seed: int = 5) -> SalesHistory:
    """SIMULATED: outlets order at paces of their own; a third of the goods dies on a day of its own, after
    fading for two months.
    """
    chance = np.random.default_rng(seed)
    pace = 1 / chance.gamma(2.0, 25.0, (items, outlets))
    pace *= chance.random((items, outlets)) < 0.5
    end = np.where(chance.random(items) < 0.35, chance.integers(days // 4, days, items), 10 * days)
    rows = []
    for day in range(days):
        fade = np.clip((end - day) / 60, 0, 1)
        bought = chance.random((items, outlets)) < pace * fade[:, None]
        rows += [(int(i), int(o), day, int(chance.integers(1, 30))) for i, o in np.argwhere(bought)]
    return history(rows, days, items, outlets)


@pytest.fixture(scope="module")
def past() -> SalesHistory:
    return simulated()


@pytest.fixture(scope="module")
def learnt(past):
    return learn(past, "outlet", POLICY, 1)


def test_a_position_is_described_by_what_was_sold_before_the_day():
    mine = history([(0, 0, 10, 5), (0, 0, 30, 5), (0, 1, 50, 10), (1, 0, 95, 3)], 100)
    plain = item_features(mine, 100).plain
    assert plain["idle"].tolist() == [50.0, 5.0]
    assert plain["orders_90"].tolist() == [3.0, 1.0]
    assert plain["outlets_recent"].tolist() == [2.0, 1.0]
    assert plain["gap_share"][0] == 50 / 20
    pairs = pair_features(mine, 100).plain
    assert pairs["item_idle"].tolist() == [50.0, 50.0, 5.0]
    assert pairs["shop_idle"].tolist() == [5.0, 50.0, 5.0]


VISITS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 199), st.integers(1, 50)),
    min_size=1,
    max_size=40,
)


@given(VISITS, st.integers(1, 200))
@example([(0, 0, 5, 1), (0, 0, 10, 1)], 10)
@example([(0, 0, 5, 1), (1, 0, 9, 1), (1, 0, 10, 1)], 10)
def test_what_is_known_on_a_day_does_not_change_with_what_comes_later(rows, cut):
    whole = history(rows, 200, 4, 4)
    later = history([row for row in rows if row[2] < cut] or [(0, 0, 0, 1)], 200, 4, 4)
    if not any(row[2] < cut for row in rows):
        return
    one, other = item_features(whole, cut), item_features(later, cut)
    assert one.rows.tolist() == other.rows.tolist()
    np.testing.assert_array_equal(one.table, other.table)
    assert (one.plain["idle"] >= 1).all()


@given(VISITS)
def test_an_item_sells_when_one_of_its_pairs_does(rows):
    mine = history(rows, 200, 4, 4)
    pairs, items = (sells_within(mine, 100, 30, pairs=kind) for kind in (True, False))
    sold = np.zeros(4, bool)
    sold[mine.pair_item[pairs]] = True
    assert sold.tolist() == items.tolist()


def test_visits_out_of_order_are_refused(past):
    with pytest.raises(Invalid, match="sorted by pair and day"):
        replace(past, visit_day=past.visit_day[::-1].copy())


def test_what_is_learnt_ranks_unseen_days_better_than_both_rules(learnt):
    for one in learnt.horizons:
        assert one.method == "ensemble", (one.days, one.reason)
        assert all(one.judged.auc > rule.auc for rule in one.rules.values())
        assert one.judged.off < 0.12
        assert sum(rows for *_, rows in one.reliability) == one.judged.rows


def test_what_the_judge_sees_changes_nothing_that_was_learnt_before(past):
    """Whoever forgets everything from the judge's morning on learns the same, to the last digit."""
    days = HORIZONS[0]
    kept = past.visit_day < past.days - days
    blind = SalesHistory(
        days=past.days, outlets=past.outlets, item_group=past.item_group, pair_item=past.pair_item,
        pair_outlet=past.pair_outlet, visit_pair=past.visit_pair[kept], visit_day=past.visit_day[kept],
        visit_pieces=past.visit_pieces[kept], visit_paise=past.visit_paise[kept],
    )  # fmt: skip
    policy = PredictionPolicy(sample_rows=2_000)
    one, other = (
        predict._fit(predict._Mornings(mine, "outlet", policy, 1), past.days - 2 * days, days, policy, 1)
        for mine in (past, blind)
    )
    for name in ("value", "weights", "blend", "heights"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_one_morning_of_few_cases_does_not_say_how_to_blend_and_many_do():
    chance = np.random.default_rng(4)
    outcome = chance.random(12_000) < 0.3
    told = np.where(outcome, 1.0, -1.0) + chance.normal(0, 1, outcome.size)
    members = np.stack([told, -told, np.zeros(outcome.size), np.ones(outcome.size)], axis=1)
    assert blending(members[:3_000], outcome[:3_000]).tolist() == [0.5, 0.0, 0.5, 0.0]
    weights = blending(members, outcome)
    assert weights[0] > 1.0
    assert weights[1] == 0.0


@settings(deadline=None)  # learns anew each time
@given(st.integers(0, 2**32 - 1), st.integers(30, 90))
def test_few_cases_lean_on_the_wait_and_what_says_nothing_says_little(seed, dead):
    """Of a hundred rows the wait alone decides; columns of noise do not turn its order round."""
    chance = np.random.default_rng(seed)
    wait = chance.normal(3, 1, 500)
    outcome = np.isin(np.arange(500), np.argsort(wait + chance.normal(0, 0.7, 500))[-dead:])
    table = np.column_stack([wait, chance.normal(0, 1, (500, 4))])
    ours = train(table, outcome, [0] * 5, [0, 1, 2], (table, outcome), 1, plain=True)
    assert ours.feature.shape[0] == 0
    assert ours.lean[0] > 1.0
    assert np.abs(ours.lean[1:]).max() < ours.lean[0] / 3
    told = ours.chance(table)
    assert ((told >= 0) & (told <= 1)).all()
    assert judge(told, outcome).auc > judge(wait, outcome).auc - 0.02


def test_cases_too_few_for_trees_are_learnt_by_the_line_alone_and_fewer_not_at_all(past):
    """Of the mornings before, 60 items each, some 200 items did not sell in 30 days."""

    def fitted(least: int):
        policy = replace(POLICY, least_cases=least)
        return predict._fit(predict._Mornings(past, "item", policy, 1), past.days - 30, 30, policy, 1)

    trees, line = fitted(50), fitted(400)
    assert trees.feature.shape[0] > 0
    assert line.feature.shape[0] == 0
    assert line.blend.tolist() == [0.0, 0.0, 1.0, 0.0]
    assert fitted(4_000) is None


def test_a_wait_is_longer_after_a_longer_silence_and_at_a_slower_pace():
    """Ten days of silence of one that sells every ten, of one that sells every 40, and 60 of the first."""
    rows = [(0, 0, day, 1) for day in range(10, 200, 10)]
    rows += [(1, 0, day, 1) for day in range(30, 200, 40)]
    rows += [(2, 0, day, 1) for day in range(10, 141, 10)]
    wait = item_features(history(rows, 200), 200).plain["wait"]
    assert wait[0] < wait[1] < wait[2]
    assert 5 < wait[0] < 20


def test_what_was_kept_under_other_columns_is_not_read(past, learnt):
    with np.load(io.BytesIO(packed(learnt))) as found:
        older = {name: found[name] for name in found.files if not name.endswith("/lean")}
    body = io.BytesIO()
    np.savez_compressed(body, **older)
    assert (
        unpacked("outlet", past.days, learnt.rows, figures(learnt), curves(learnt), body.getvalue()) is None
    )


def test_a_longer_wait_never_makes_no_sale_likelier(past, learnt):
    told = chances(learnt, features(past, "outlet", past.days))
    assert ((told >= 0) & (told <= 1)).all()
    assert (np.diff(told, axis=1) <= 0).all()


def test_arrays_tell_what_the_library_told(past):
    from sklearn.ensemble import HistGradientBoostingClassifier

    from inventory.risk import ensemble as e

    known = features(past, "outlet", 400)
    outcome = ~sells_within(past, 400, 60, pairs=True)[known.rows]
    ways = [0] * known.table.shape[1]
    ours = train(known.table, outcome, ways, [0, 1], (known.table, outcome), 3)
    theirs = HistGradientBoostingClassifier(
        max_iter=e.TREES, max_leaf_nodes=e.LEAVES, learning_rate=e.LEARNING_RATE,
        min_samples_leaf=e.LEAF_ROWS,
        l2_regularization=1.0, monotonic_cst=ways, early_stopping=False, random_state=3,
    )  # fmt: skip
    table = np.where((~np.isnan(known.table)).any(axis=0), known.table, 0.0)
    theirs.fit(table, outcome)
    np.testing.assert_allclose(ours.by_trees(table), theirs.predict_proba(table)[:, 1], atol=1e-9)


def test_what_is_kept_tells_the_same_when_it_is_read_again(past, learnt):
    again = unpacked("outlet", past.days, learnt.rows, figures(learnt), curves(learnt), packed(learnt))
    known = features(past, "outlet", past.days)
    np.testing.assert_array_equal(chances(again, known), chances(learnt, known))
    assert not is_worse(again, learnt, past, POLICY, 1)


def test_a_worse_one_is_known_as_worse(past, learnt):
    def turned(one):
        return replace(one, judged=replace(one.judged, ap=one.judged.ap - 0.05))

    worse = replace(learnt, horizons=tuple(turned(one) for one in learnt.horizons))
    assert is_worse(worse, learnt, past, POLICY, 1)


def test_short_history_falls_back_to_the_rule_and_says_so():
    brief = simulated(items=20, outlets=10, days=150)
    found = learn(brief, "item", POLICY, 1)
    assert {(one.method, one.reason) for one in found.horizons} == {("rule", "short")}
    known = features(brief, "item", brief.days)
    np.testing.assert_allclose(chances(found, known)[:, 2], by_rule(known, 90))
    assert [one.topic for one in reasons(found, known, 90)[0]] == ["silence", "orders"]


def in_runs(outlets: int, days: int, seed: int = 3) -> SalesHistory:
    """SIMULATED: outlets buy one of two SKUs every week or so for a while; three in four never again."""
    chance = np.random.default_rng(seed)
    rows = []
    for outlet in range(outlets):
        first = int(chance.integers(0, days - 20))
        last = days if chance.random() < 0.25 else first + int(chance.integers(1, 60))
        gaps = first + np.cumsum(chance.integers(3, 20, 60))
        rows += [(outlet % 2, outlet, int(day), 5) for day in [first, *gaps] if day < min(last, days)]
    return history(rows, days, 2, outlets)


def test_a_rule_that_was_wrong_before_is_put_right_by_how_wrong_and_keeps_its_order():
    whole = in_runs(1_500, 240)
    past = cut_off(whole, 170)
    found = learn(past, "outlet", POLICY, 1)
    shortest = found.horizons[0]
    assert (shortest.method, shortest.reason) == ("rule", "short")
    assert shortest.righted != AS_IT_IS
    known = features(past, "outlet", past.days)
    told, plain = chances(found, known)[:, 0], by_rule(known, 30)
    mine = np.isin(keys(whole), keys(past))
    none_sold = ~sells_within(whole, past.days, 30, pairs=True)[mine][known.rows]
    assert judge(told, none_sold).brier < 0.8 * judge(plain, none_sold).brier
    assert judge(told, none_sold).off < 0.5 * judge(plain, none_sold).off
    assert (np.diff(told[np.argsort(plain, kind="stable")]) >= 0).all()
    again = unpacked("outlet", past.days, found.rows, figures(found), curves(found), packed(found))
    np.testing.assert_array_equal(chances(again, known), chances(found, known))


def test_what_was_kept_before_rules_were_put_right_is_read_as_it_is():
    past = simulated(items=3, outlets=3, days=150)
    found = learn(past, "item", POLICY, 1)
    old = {days: {k: v for k, v in one.items() if k != "righted"} for days, one in figures(found).items()}
    again = unpacked("item", past.days, found.rows, old, curves(found), packed(found))
    assert {one.righted for one in again.horizons} == {AS_IT_IS}


def test_a_rule_that_was_right_or_seen_on_few_is_left_as_it_is():
    assert {one.righted for one in learn(in_runs(60, 200), "outlet", POLICY, 1).horizons} == {AS_IT_IS}
    steady = learn(simulated(items=30, outlets=30, days=200), "item", POLICY, 1)
    assert {one.righted for one in steady.horizons} == {AS_IT_IS}


def keys(of: SalesHistory) -> np.ndarray:
    """(pairs,) a number of item and outlet, rising."""
    return of.pair_item.astype(np.int64) * 10_000 + of.pair_outlet


def cut_off(whole: SalesHistory, days: int) -> SalesHistory:
    """The same as it was known earlier, pairs numbered as they are there."""
    rows = zip(whole.visit_pair, whole.visit_day, whole.visit_pieces, strict=True)
    told = [(int(whole.pair_item[p]), int(whole.pair_outlet[p]), int(d), int(n)) for p, d, n in rows]
    return history([one for one in told if one[2] < days], days, whole.items, whole.outlets)


def test_few_cases_fall_back_to_the_rule_and_say_so():
    found = learn(simulated(items=3, outlets=3, days=500), "item", POLICY, 1)
    assert {one.reason for one in found.horizons} == {"few_cases"}


def test_a_long_silence_is_named_as_the_reason_with_its_figures(past, learnt):
    known = features(past, "outlet", past.days)
    told = reasons(learnt, known, 90)
    longest = int(np.argmax(known.plain["idle"]))
    topics = {one.topic for one in told[longest]}
    assert topics & {"silence", "goods"}
    for why in told[longest]:
        assert abs(why.points) >= 1.0
        if why.topic == "silence":
            assert why.figures["idle"] == known.plain["idle"][longest]


def test_an_interval_is_called_its_own_from_two_orders_in_the_look_back_on():
    """An order on day 10 only; on days 10 and 90; on days 10 and 200, of which the look-back sees one."""
    sold = history([(0, 0, 10, 5), (1, 0, 10, 5), (1, 0, 90, 5), (2, 0, 10, 5), (2, 0, 200, 5)], 210)
    known = features(sold, "item", 180)
    told = reasons(learn(sold, "item", POLICY, 1), known, 90)
    assert [dict(one[0].figures) for one in told] == [
        {"idle": 170.0}, {"idle": 90.0, "idle_own": 1.29}, {"idle": 170.0}
    ]  # fmt: skip
    said = {"topic": "silence", "points": 0.0, "figures": {"idle": 170.0}}
    assert reason_words(said).startswith("Last sale 170 days ago.")


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=30, max_size=60))
def test_calibration_never_turns_the_order_round(rows):
    raw, outcome = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    knots, heights = calibration(raw, outcome)
    assert (np.diff(heights) >= -1e-12).all()
    assert ((heights >= 0) & (heights <= 1)).all()
    assert (np.diff(knots) > 0).all()


def test_perfect_and_turned_rankings_are_judged_as_such():
    outcome = np.array([True] * 20 + [False] * 20)
    told = np.linspace(1, 0, 40)
    assert judge(told, outcome).auc == 1.0
    assert judge(1 - told, outcome).auc == 0.0


# --- what stands at outlets ----------------------------------------------------------------


def peers(silent_since: int) -> SalesHistory:
    """Nine outlets that order every 30 days, and one that bought once, long or short ago."""
    rows = [(0, outlet, day, 12) for outlet in range(9) for day in range(outlet, 360, 30)]
    return history([*rows, (0, 9, silent_since, 12)], 360)


def test_an_outlet_that_did_not_order_again_is_overdue_and_one_that_just_bought_is_not():
    policy = PredictionPolicy()
    assert standing(peers(100), policy).overdue[9]
    assert not standing(peers(350), policy).overdue[9]
    assert standing(peers(100), policy).interval_days[9] == pytest.approx(30, rel=0.15)


@given(VISITS, st.integers(1, 200))
@example([(0, 0, 5, 1), (0, 0, 10, 1)], 10)
def test_what_stood_on_a_past_morning_is_counted_from_what_was_sold_by_then(rows, cut):
    whole = history(rows, 200, 4, 4)
    past, early = whole.until(cut), [row for row in rows if row[2] < cut]
    found = standing(past, PredictionPolicy())
    seen = np.flatnonzero(found.orders)
    assert (past.days, past.visit_paise.sum()) == (cut, whole.visit_paise[whole.visit_day < cut].sum())
    if early:
        by_then = standing(replace(history(early, cut, 4, 4)), PredictionPolicy())
        assert seen.size == by_then.orders.size
        np.testing.assert_allclose(found.expected[seen], by_then.expected)
        np.testing.assert_array_equal(found.overdue[seen], by_then.overdue)
    assert not found.overdue[np.setdiff1d(np.arange(whole.pairs), seen)].any()


@given(st.integers(0, 340), st.integers(1, 19))
def test_the_longer_the_silence_the_less_still_stands(day, later):
    policy = PredictionPolicy()
    old, new = (standing(peers(d), policy) for d in (day, day + later))
    assert old.expected[9] <= new.expected[9] + 1e-9
    for found in (old, new):
        assert ((found.probability >= 0) & (found.probability <= 1)).all()
        assert ((found.expected >= 0) & (found.expected <= found.pieces)).all()
        assert (found.expected_paise <= found.paise).all()
        assert (found.expected <= found.pieces * found.probability + 1e-9).all()


def test_more_cover_never_lowers_the_chance_even_where_the_past_would_have_it_so() -> None:
    """Well-stocked goods are those that sell: what was learnt of them must not call stock a comfort."""
    chance = np.random.default_rng(3)
    idle, cover = chance.gamma(2.0, 1.0, 4_000), chance.gamma(2.0, 1.0, 4_000)
    outcome = chance.random(4_000) < 1 / (1 + np.exp(1.5 * cover - idle - 1.0))
    table = np.column_stack([idle, np.where(chance.random(4_000) < 0.2, np.nan, cover)])
    free = train(table, outcome, [1, 1], [0], (table, outcome), 1)
    bound = train(table, outcome, [1, 1], [0], (table, outcome), 1, upright=(1,))
    assert free.weights[1] < 0.0 == bound.weights[1]
    told = [bound.chance(np.column_stack([idle, np.full(idle.size, days)])) for days in (0.1, 1.0, 3.0, 9.0)]
    assert (np.diff(told, axis=0) >= -1e-12).all()


def test_an_item_without_stock_has_no_cover_rather_than_the_least() -> None:
    one = np.zeros(1, np.int64)
    stocked, sold_out = (
        SalesHistory(
            days=200, outlets=1, item_group=np.zeros(1, np.int32), pair_item=one, pair_outlet=one,
            visit_pair=one, visit_day=one + 150, visit_pieces=one + 9, visit_paise=one + 900,
            move_item=np.zeros(2, np.int32), move_day=np.array([-1, 150]), move_pieces=np.array([came, -9]),
        )
        for came in (18, 9)
    )  # fmt: skip
    assert features(stocked, "item", 200).plain["cover"][0] == pytest.approx(9 / (9 / 90))
    assert np.isnan(features(sold_out, "item", 200).plain["cover"][0])
