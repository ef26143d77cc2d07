"""Property 3: totals of any cut are the sum of their parts, to the paisa."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.agent import monitoring
from inventory.impact import total_by
from tests.strategies import monitoring_policies, stock_snapshots

DIMENSIONS = ("territory", "outlet", "category")


def dimensions(snapshot, categories: list[int]) -> dict[str, np.ndarray]:
    """Names per position: territory, place that holds it, category of its SKU."""
    item = snapshot.position_item
    category = np.array([f"C{n}" for n in categories])
    return {
        "territory": np.array(snapshot.territories)[snapshot.item_territory[item]],
        "outlet": np.array(snapshot.locations)[snapshot.location],
        "category": category[snapshot.item_sku[item]],
    }


@settings(max_examples=100, deadline=None)
@given(
    stock_snapshots(),
    monitoring_policies(),
    st.lists(st.integers(0, 1), min_size=3, max_size=3),
)
def test_every_cut_of_the_losses_adds_up_to_the_base(snapshot, policy, categories):
    """Feature: vyapar-sahayak-distributor, Property 3: Cross-Dimensional Aggregation Consistency.

    For any dead stock data across territories, outlets, and SKU categories, the aggregated totals
    should equal the sum of individual components across all dimensions.
    """
    outcome = monitoring.decide(snapshot, policy).outcome
    keys = dimensions(snapshot, categories)
    measures = {
        "at_risk": outcome.exposure.at_risk,
        "loss_paise": outcome.loss.total,
        **dict(zip(outcome.loss.names, outcome.loss.parts, strict=True)),
    }
    whole = total_by({}, measures)
    for size in range(1, len(DIMENSIONS) + 1):
        for cut in combinations(DIMENSIONS, size):
            found = total_by({name: keys[name] for name in cut}, measures)
            assert found.rows.sum() == snapshot.positions
            for name, values in found.values.items():
                assert values.sum() == whole.values[name][0] == int(measures[name].sum())
            assert (
                sum(found.values[name] for name in outcome.loss.names) == found.values["loss_paise"]
            ).all()
            assert by_hand(found, keys, cut, measures["loss_paise"])
    assert outcome.loss_paise.sum() == whole.values["loss_paise"][0]


def by_hand(found, keys, cut, values) -> bool:
    """Whether each group's total is what a plain loop over the rows gives."""
    loop = Counter()
    for row, value in enumerate(values.tolist()):
        loop[tuple(str(keys[name][row]) for name in cut)] += value
    table = {tuple(row[name] for name in cut): row["loss_paise"] for row in found.table()}
    return table == dict(loop)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz"), st.integers(-(2**55), 2**55)), max_size=40)
)
def test_sums_of_large_amounts_stay_exact_and_finer_cuts_add_up_to_coarser_ones(rows):
    """Feature: vyapar-sahayak-distributor, Property 3: Cross-Dimensional Aggregation Consistency."""
    keys = {
        "a": np.array([a for a, _, _ in rows], dtype=np.int64),
        "b": np.array([b for _, b, _ in rows], dtype=np.str_),
    }
    value = np.array([amount for _, _, amount in rows], dtype=np.int64)
    fine = total_by(keys, {"paise": value})
    coarse = total_by({"a": keys["a"]}, {"paise": value})
    again = total_by({"a": fine.keys["a"]}, {"paise": fine.values["paise"]})
    assert coarse.keys["a"].tolist() == again.keys["a"].tolist()
    assert coarse.values["paise"].tolist() == again.values["paise"].tolist()
