"""Property 5: stock that lies in the wrong territory is found, and moved so that demand is met."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from reallocation.agent import decide
from tests.reallocation.snapshots import FREE, lane, need, snapshot, surplus

HUNDRED = settings(max_examples=100, deadline=None)
PLACES = ("A", "B", "C", "D", "E")


@st.composite
def distributions(draw):
    """Stock and expected demand, pieces per SKU and territory: equal ones, none, and plenty."""
    skus = draw(st.integers(1, 3))
    places = draw(st.integers(2, len(PLACES)))
    pieces = st.one_of(st.sampled_from([0, 1, 40]), st.integers(0, 60))
    table = st.lists(st.lists(pieces, min_size=places, max_size=places), min_size=skus, max_size=skus)
    return np.array(draw(table)), np.array(draw(table))


def proposed(decision, sku: str) -> list[tuple[str, str, int]]:
    """What proposals move of a SKU: source, destination, pieces."""
    return [
        (p.payload["source_location"], p.payload["destination_location"], line["quantity"])
        for p in decision.proposals
        for line in p.payload["lines"]
        if line["sku"] == sku
    ]


def as_snapshot(stock, demand):
    """Every territory can reach every other; what exceeds demand is surplus, what it lacks is need."""
    rows, wants = [], []
    for (k, n), have in np.ndenumerate(stock):
        sku, place, over = f"S{k}", PLACES[n], int(have - demand[k, n])
        if over > 0:
            rows.append(surplus(sku, place, pieces=over, location_pieces=int(have)))
        if over < 0:
            wants.append(need(sku, place, pieces=-over, daily_mean=100.0))
    used = PLACES[: stock.shape[1]]
    return snapshot(rows, wants, [lane(a, b) for a in used for b in used if a != b])


@HUNDRED
@given(distributions())
@example((np.array([[60, 0]]), np.array([[0, 60]])))
@example((np.array([[5, 5]]), np.array([[5, 5]])))
def test_after_the_proposed_transfers_no_more_demand_could_be_met(distribution):
    """Feature: vyapar-sahayak-distributor, Property 5: For any inventory distribution across territories, when demand patterns vary significantly between locations, the system should correctly identify reallocation opportunities that maximize overall demand satisfaction."""  # noqa: E501
    stock, demand = distribution
    decision = decide(as_snapshot(stock, demand), FREE)
    for k in range(len(stock)):
        after = stock[k].copy()
        for source, destination, pieces in proposed(decision, f"S{k}"):
            after[PLACES.index(source)] -= pieces
            after[PLACES.index(destination)] += pieces
        assert after.min() >= 0
        met = np.minimum(after, demand[k]).sum()
        assert met == min(stock[k].sum(), demand[k].sum())


@HUNDRED
@given(distributions(), st.randoms(use_true_random=False), st.sampled_from([0, 30]))
def test_with_lanes_radius_and_shelf_life_in_the_way_the_greatest_flow_is_still_found(
    distribution, random, minimum_days
):
    """Feature: vyapar-sahayak-distributor, Property 5: For any inventory distribution across territories, when demand patterns vary significantly between locations, the system should correctly identify reallocation opportunities that maximize overall demand satisfaction."""  # noqa: E501
    open_shot = as_snapshot(*distribution)
    lanes = [replace(w, distance_km=random.choice([10, 500, 501])) for w in open_shot.lanes]
    lanes = [w for w in lanes if random.random() < 0.8]
    rows = [replace(r, days_to_expiry=random.choice([29, 31, 60])) for r in open_shot.surplus]
    shot = snapshot(rows, open_shot.needs, lanes)
    policy = replace(FREE, reallocation_radius_km=500, minimum_days_on_arrival=minimum_days)
    decision = decide(shot, policy)
    usable = {(w.source_location, w.destination_location) for w in lanes if w.distance_km <= 500}
    moved = sum(p.quantity for p in decision.proposals)
    assert moved == greatest_flow(shot, usable, minimum_days)


def greatest_flow(shot, usable, minimum_days) -> int:
    """Most pieces that could reach a need at all, by a maximum-flow algorithm."""
    rows = [r for r in shot.surplus if r.days_to_expiry - 1 >= minimum_days]
    first_need, sink = 1 + len(rows), 1 + len(rows) + len(shot.needs)
    network = np.zeros((sink + 1, sink + 1), dtype=np.int32)
    for n, row in enumerate(rows):
        network[0, 1 + n] = row.surplus_pieces
        for m, want in enumerate(shot.needs):
            if row.sku == want.sku and (row.location, want.location) in usable:
                network[1 + n, first_need + m] = row.surplus_pieces
    for m, want in enumerate(shot.needs):
        network[first_need + m, sink] = want.need_pieces
    return int(maximum_flow(csr_array(network), 0, sink).flow_value)
