"""Hypothesis strategies for the house's snapshots and policies; they love ties, zeros and boundaries."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import numpy as np
from hypothesis import strategies as st

from inventory.contracts import (
    NEVER,
    NO_DAY,
    STATUSES,
    AnalysisPolicy,
    DemandSnapshot,
    MonitoringPolicy,
    StockSnapshot,
)
from inventory.contracts.stock import _COLUMNS

AS_OF = date(2026, 11, 23)
TODAY = AS_OF.toordinal()

#: Whole numbers that cluster where rules turn.
pieces = st.one_of(st.sampled_from([0, 1, 2, 10, 100]), st.integers(0, 3_000))
paise = st.one_of(st.sampled_from([0, 1, 99, 100, 12_345]), st.integers(0, 500_000))
ago = st.one_of(st.sampled_from([0, 1, 29, 30, 31, 59, 60, 61, 400]), st.integers(0, 900))
SEASONS = (np.ones(13), np.linspace(0.0, 2.0, 13), np.repeat([1.0, 0.0], [1, 12]))
rates = st.one_of(st.sampled_from([0.0, 0.1, 1.0, 7.0]), st.floats(0, 500, allow_nan=False))


#: Thresholds that are often exactly an age that `ago` draws.
thresholds = st.one_of(st.sampled_from([1, 30, 60]), st.integers(1, 90))


@st.composite
def monitoring_policies(draw, **fixed):
    """Policies whose thresholds lie near each other and near the ages that `stock_snapshots` draws."""
    slow, dead = sorted(draw(st.tuples(thresholds, thresholds)))
    cover_slow, cover_dead = sorted(draw(st.tuples(st.integers(1, 300), st.integers(1, 300))))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=4, max_size=4)))
    points = np.diff([0, *cuts, 100]).tolist()
    names = ("movement", "cover", "trend", "expiry", "breadth")
    values = {
        "slow_moving_threshold": slow,
        "dead_stock_threshold": dead,
        "cover_days_slow": cover_slow,
        "cover_days_dead": cover_dead,
        "expiry_horizon_days": draw(st.integers(1, 200)),
        "minimum_life_at_sale_days": {"general_trade": draw(st.integers(0, 60))},
        "score_weights": dict(zip(names, points, strict=True)),
        "passed_over_limit": draw(st.integers(0, 6)),
        "discount_bp": draw(st.integers(0, 10_000)),
        "discount_sell_through_bp": draw(st.integers(0, 10_000)),
        "claim_success_bp": draw(st.integers(0, 10_000)),
    }
    return MonitoringPolicy(**(values | fixed))


def expiry_days(today: int = TODAY):
    """Ordinals around today, around the usual horizon, far away, and never."""
    near = st.sampled_from([-30, -1, 0, 1, 29, 30, 31, 89, 90, 91, 180, 181])
    return st.one_of(st.just(NO_DAY), near.map(lambda n: today + n), st.integers(today - 60, today + 700))


@st.composite
def stock_snapshots(draw, min_positions=0, max_positions=10):
    """Snapshots of up to three SKUs in up to three territories, with several batches of each."""
    skus, places = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pairs = [(sku, place) for sku in range(skus) for place in range(places)]
    items = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=len(pairs), unique=True))
    count = draw(st.integers(min_positions, max(max_positions, min_positions)))

    def column(values, size):
        return draw(st.lists(values, min_size=size, max_size=size))

    on_hand = column(pieces, count)
    never_or = st.one_of(st.just(NEVER), ago.map(lambda n: TODAY - n))
    n = len(items)
    return StockSnapshot(
        as_of=AS_OF,
        skus=tuple(f"SKU-{i}" for i in range(skus)),
        territories=tuple(f"T{i}" for i in range(places)),
        locations=("G1", "G2"),
        item_sku=[sku for sku, _ in items],
        item_territory=[place for _, place in items],
        last_sale_day=column(never_or, n),
        recent_daily=column(rates, n),
        earlier_daily=column(rates, n),
        outlets_recent=column(st.integers(0, 5), n),
        outlets_usual=column(st.integers(0, 5), n),
        prior_status=column(st.integers(0, len(STATUSES) - 1), n),
        liquidating=column(st.booleans(), n),
        weekly_mean=np.outer(column(rates, n), draw(st.sampled_from(SEASONS))),
        dispersion=column(st.sampled_from([0.05, 0.5, 1.0, 20.0, 1_000.0]), n),
        position_item=column(st.integers(0, n - 1), count),
        location=column(st.integers(0, 1), count),
        batch_id=column(st.integers(1, 4), count),
        on_hand=on_hand,
        reserved=[draw(st.sampled_from([0, amount // 2, amount])) for amount in on_hand],
        cost_paise=column(paise, count),
        mrp_paise=column(paise, count),
        net_price_paise=column(paise, count),
        itc_paise=column(paise, count),
        weight_grams=column(st.integers(0, 5_000), count),
        expiry_day=column(expiry_days(), count),
        first_receipt_day=column(never_or, count),
        return_bp=column(st.sampled_from([0, 5_000, 10_000]), count),
        return_until_day=column(st.sampled_from([NEVER, TODAY - 1, TODAY, NO_DAY]), count),
        territory_gstin=column(st.integers(0, 1), places),
        lane_paise_per_kg=np.reshape(
            column(st.sampled_from([-1, 0, 200, 5_000]), places * places), (places, places)
        ),
        lane_days=np.reshape(column(st.integers(0, 10), places * places), (places, places)),
        **draw(mixes(n)),
    )


@st.composite
def mixes(draw, items):
    """Who buys: most often nobody but general trade; else two kinds of buyers that share some items."""
    if draw(st.integers(0, 3)):
        return {}
    mixed = draw(st.lists(st.integers(0, items - 1), unique=True, max_size=items))
    pairs = [(item, kind) for item in mixed for kind in draw(st.sampled_from([(0,), (1,), (0, 1)]))]
    return {
        "channels": ("e_commerce", "modern_trade"),
        "channel_life": [-1, draw(st.integers(0, 90))],
        "mix_item": [item for item, _kind in pairs],
        "mix_channel": [kind for _item, kind in pairs],
        "mix_share": [draw(st.sampled_from([0.0, 0.1, 0.5])) for _pair in pairs],
    }


def rearranged(snapshot: StockSnapshot, item_order, position_order) -> StockSnapshot:
    """The same stock with items and positions told in another order.

    The orders are permutations: row i of the result is row `order[i]` of the snapshot.
    """
    item_order, position_order = np.asarray(item_order, int), np.asarray(position_order, int)
    orders = {"items": item_order, "positions": position_order}
    changed = {
        name: getattr(snapshot, name)[orders[column.axes[0]]]
        for name, column in _COLUMNS.items()
        if column.axes[0] in orders
    }
    changed["position_item"] = np.argsort(item_order)[changed["position_item"]]
    changed["mix_item"] = np.argsort(item_order)[snapshot.mix_item]
    return replace(snapshot, **changed)


@st.composite
def demand_snapshots(draw, min_series=1, max_series=6, min_days=0, max_days=230):
    """Histories that are silent, steady, rare, lumpy, young or growing, with and without stock-outs."""
    series, days = draw(st.integers(min_series, max_series)), draw(st.integers(min_days, max_days))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    demand, stock, first = np.zeros((series, days), np.int32), np.ones((series, days), bool), []
    for row in range(series):
        shape = draw(st.sampled_from(["silent", "steady", "rare", "lumpy", "young", "growing"]))
        demand[row] = _history(shape, days, chance)
        first.append(int(days * 0.8) if shape == "young" else 0)
        demand[row, : first[-1]] = 0
        if draw(st.booleans()) and days:
            gap = slice(draw(st.integers(0, days - 1)), None if draw(st.booleans()) else days - 1)
            demand[row, gap], stock[row, gap] = 0, False
    return DemandSnapshot(
        as_of=AS_OF,
        series_keys=tuple((f"SKU-{row // 2}", f"T{row % 2}") for row in range(series)),
        demand=demand,
        in_stock=stock,
        first_seen=np.array(first, np.int32),
        group=np.arange(series) % 2,
    )


def _history(shape: str, days: int, chance: np.random.Generator) -> np.ndarray:
    rows = {
        "silent": lambda: np.zeros(days),
        "steady": lambda: chance.poisson(9, days),
        "rare": lambda: (chance.random(days) < 0.05) * chance.integers(1, 4, days),
        "lumpy": lambda: (chance.random(days) < 0.08) * chance.geometric(0.02, days),
        "young": lambda: chance.poisson(2, days),
        "growing": lambda: chance.poisson(np.linspace(0, 20, days) if days else 0, days),
    }
    return rows[shape]()


def analysis_policies():
    """Policies with short and long examinations."""
    return st.builds(
        AnalysisPolicy,
        horizon_weeks=st.sampled_from([1, 4, 13, 26]),
        back_test_origins=st.integers(2, 4),
        back_test_weeks=st.integers(1, 4),
        new_days=st.sampled_from([7, 56]),
        silent_days=st.sampled_from([28, 364]),
        seasonal=st.booleans(),
    )


def array_fields(instance) -> dict[str, np.ndarray]:
    """The array fields of a frozen dataclass, by name."""
    values = {field.name: getattr(instance, field.name) for field in fields(instance)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
