"""Rows, snapshots and strategies for the transfer program, and a judge that knows only the rules."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction
from itertools import product
from math import ceil, floor

from hypothesis import strategies as st

from reallocation.engine.terms import (
    LaneRow,
    NeedRow,
    ReallocationPolicy,
    ReallocationSnapshot,
    SurplusRow,
)

AS_OF = datetime(2026, 4, 1, 3, 30, tzinfo=UTC)
#: A policy that forbids nothing, so that a test can switch on the one rule it is about.
FREE = ReallocationPolicy(
    reallocation_radius_km=10_000,
    minimum_net_paise=0,
    minimum_days_on_arrival=0,
    safety_stock_days=0,
    recently_moved_days=0,
    whole_cases_only=False,
    handling_paise_per_kg=0,
)


def surplus(sku="S1", location="A", batch="B1", pieces=100, **rest) -> SurplusRow:
    """A batch at risk; 90 days to expiry, 1 kg a piece, worth nothing where it is."""
    fields = {
        "location_pieces": 10_000, "daily_mean": 0.0, "days_to_expiry": 90, "unit_cost_paise": 8_000,
        "hold_price_paise": 0, "weight_grams": 1_000, "volume_cc": 2_000,
    }  # fmt: skip
    return SurplusRow(sku, f"T-{location}", location, batch, pieces, **(fields | rest))


def need(sku="S1", location="B", pieces=100, price=10_000, daily_mean=10.0, **rest) -> NeedRow:
    """A place that lacks a SKU and sells ten pieces a day."""
    return NeedRow(sku, f"T-{location}", location, pieces, price, daily_mean, **rest)


def lane(source="A", destination="B", km=100, days=1, **rest) -> LaneRow:
    """A free lane."""
    return LaneRow(source, destination, km, days, **rest)


def snapshot(surpluses, needs, lanes, **rest) -> ReallocationSnapshot:
    return ReallocationSnapshot(AS_OF, tuple(surpluses), tuple(needs), tuple(lanes), **rest)


def moves_of(plan) -> dict[tuple, int]:
    """Pieces by (sku, batch, source, destination) over a plan."""
    return {
        (m.surplus.sku, m.surplus.batch, m.surplus.location, m.need.location): m.quantity
        for load in plan.loads
        for m in load.moves
    }


def broken_rules(shot, policy, moves) -> list[str]:
    """Rules that `moves` break, told from the rows alone: an independent judge of any plan."""
    stock = {(r.sku, r.batch, r.location): r for r in shot.surplus}
    wants = {(r.sku, r.location): r for r in shot.needs}
    lanes = {r.key: r for r in shot.lanes}
    taken, left_group, met, received = (defaultdict(int) for _ in range(4))
    arrivals = defaultdict(list)
    wrong = []
    for (sku, batch, source, destination), pieces in moves.items():
        row, way = stock[sku, batch, source], lanes[source, destination]
        taken[sku, batch, source] += pieces
        left_group[sku, source] += pieces
        met[sku, destination] += pieces
        received[destination] += pieces
        life = 10**9 if row.days_to_expiry is None else row.days_to_expiry
        arrivals[sku, destination].append((max(life - way.transit_days, 0), pieces))
        moved = row.received_by_transfer_days_ago
        checks = {
            "one place": source == destination,
            "expired": life <= 0,
            "closed lane": not way.allowed,
            "radius": way.distance_km > policy.reallocation_radius_km,
            "shelf life": life - way.transit_days < policy.minimum_days_on_arrival,
            "moved twice": moved is not None and moved < policy.recently_moved_days,
            "open case": policy.whole_cases_only and pieces % row.case_pack != 0,
        }
        wrong += [name for name, broken in checks.items() if broken]
    for key, pieces in taken.items():
        wrong += ["surplus"] * (pieces > stock[key].surplus_pieces)
    for row in shot.surplus:
        keep = ceil(row.daily_mean * policy.safety_stock_days - 1e-9)
        out = left_group[row.sku, row.location]
        wrong += ["safety"] * (out > 0 and out > row.location_pieces - keep)
    for key, pieces in met.items():
        wrong += ["need"] * (pieces > wants[key].need_pieces)
        for days, _ in arrivals[key]:
            due = sum(p for d, p in arrivals[key] if d <= days)
            wrong += ["window"] * (due > floor(wants[key].daily_mean * days + 1e-9))
    cap = policy.max_pieces_per_receiver
    wrong += ["receiver"] * sum(pieces > cap > 0 for pieces in received.values())
    return sorted(set(wrong))


def exact_net(shot, policy, moves) -> dict[tuple[str, str], Fraction]:
    """Net paise of every lane's load under the rows' own definitions, nothing rounded."""
    stock = {(r.sku, r.batch, r.location): r for r in shot.surplus}
    price = {(r.sku, r.location): r.net_price_paise for r in shot.needs}
    lanes = {r.key: r for r in shot.lanes}
    net, grams, volume = (defaultdict(Fraction) for _ in range(3))
    for (sku, batch, source, destination), pieces in moves.items():
        row, way = stock[sku, batch, source], lanes[source, destination]
        tax_bp = 0 if way.same_gstin else way.tax_cash_bp
        per_kg = way.freight_paise_per_kg + policy.handling_paise_per_kg
        each = Fraction(price[sku, destination] - row.hold_price_paise)
        each -= Fraction(row.weight_grams * per_kg, 1000) + Fraction(row.unit_cost_paise * tax_bp, 10_000)
        net[way.key] += pieces * each
        grams[way.key] += pieces * row.weight_grams
        volume[way.key] += pieces * row.volume_cc
    for key in net:
        way, trips = lanes[key], 1
        if way.vehicle_weight_grams:
            trips = max(trips, ceil(grams[key] / way.vehicle_weight_grams))
        if way.vehicle_volume_cc:
            trips = max(trips, ceil(volume[key] / way.vehicle_volume_cc))
        net[key] -= trips * (way.trip_cost_paise + way.document_cost_paise)
    return dict(net)


def best_by_search(shot, policy) -> Fraction:
    """The net paise of the best lawful plan, found by trying every one. For toy snapshots only."""
    lanes = {r.key for r in shot.lanes}
    pairs = [
        (r, n) for r in shot.surplus for n in shot.needs
        if r.sku == n.sku and (r.location, n.location) in lanes
    ]  # fmt: skip
    steps = [
        range(0, min(r.surplus_pieces, n.need_pieces) + 1, r.case_pack if policy.whole_cases_only else 1)
        for r, n in pairs
    ]
    best = Fraction(0)
    for pieces in product(*steps):
        moves = {
            (r.sku, r.batch, r.location, n.location): q
            for (r, n), q in zip(pairs, pieces, strict=True) if q
        }  # fmt: skip
        nets = exact_net(shot, policy, moves).values()
        if (
            sum(nets) > best
            and min(nets) >= policy.minimum_net_paise
            and not broken_rules(shot, policy, moves)
        ):
            best = sum(nets)
    return best


# --- strategies -----------------------------------------------------------------------------


@st.composite
def snapshots(draw, skus=3, places=4, most_pieces=60) -> ReallocationSnapshot:
    """Snapshots with ties, zeros, boundaries, closed lanes and several batches of a SKU."""
    names = [f"L{n}" for n in range(draw(st.integers(2, places)))]
    codes = [f"S{n}" for n in range(draw(st.integers(1, skus)))]
    surpluses, needs = [], []
    for sku in codes:
        pack = draw(st.sampled_from([1, 4, 6]))
        price = draw(st.sampled_from([5_000, 5_100, 500]))
        weight = draw(st.sampled_from([0, 250, 1_000]))
        for place in names:
            role = draw(st.sampled_from(["surplus", "need", "need", "both", "none"]))
            if role in ("surplus", "both"):
                surpluses += draw(_batches(sku, place, pack, weight, most_pieces))
            if role in ("need", "both"):
                needs.append(
                    NeedRow(
                        sku,
                        f"T-{place}",
                        place,
                        draw(st.integers(0, most_pieces)),
                        price,
                        draw(st.sampled_from([50.0, 1.0, 0.4, 0.0])),
                    )
                )
    lanes = [draw(_lane(a, b)) for a in names for b in names if a != b and draw(st.integers(0, 9)) < 9]
    return snapshot(surpluses, needs, lanes)


@st.composite
def _batches(draw, sku, place, pack, weight, most_pieces) -> list[SurplusRow]:
    stock, mean = draw(st.sampled_from([20, 500])), draw(st.sampled_from([0.0, 1.5]))
    return [
        SurplusRow(
            sku,
            f"T-{place}",
            place,
            f"B{n}",
            draw(st.integers(0, most_pieces)),
            stock,
            mean,
            draw(st.sampled_from([None, 90, 60, 32, 31, 10, 0, -1])),
            400,
            draw(st.sampled_from([0, -100, 300, 5_000])),
            pack,
            weight,
            2 * weight,
            0.0,
            draw(st.sampled_from([None, None, 3])),
        )
        for n in range(draw(st.integers(1, 2)))
    ]


@st.composite
def _lane(draw, source, destination) -> LaneRow:
    return LaneRow(
        source, destination, draw(st.sampled_from([0, 100, 500, 501])), draw(st.integers(0, 3)),
        trip_cost_paise=draw(st.sampled_from([0, 2_000, 40_000])),
        document_cost_paise=draw(st.sampled_from([0, 500])),
        freight_paise_per_kg=draw(st.sampled_from([0, 100, 4_000])),
        vehicle_weight_grams=draw(st.sampled_from([0, 8_000])),
        vehicle_volume_cc=draw(st.sampled_from([0, 50_000])),
        same_gstin=draw(st.booleans()), tax_cash_bp=draw(st.sampled_from([0, 90])),
        allowed=draw(st.integers(0, 9)) < 9,
    )  # fmt: skip


@st.composite
def policies(draw) -> ReallocationPolicy:
    """Policies with every rule loose or tight."""
    return ReallocationPolicy(
        reallocation_radius_km=draw(st.sampled_from([100, 500, 2_000])),
        minimum_net_paise=draw(st.sampled_from([0, 1, 30_000])),
        minimum_days_on_arrival=draw(st.sampled_from([0, 30])),
        safety_stock_days=draw(st.sampled_from([0, 7])),
        recently_moved_days=draw(st.sampled_from([0, 3, 4])),
        max_transfers_per_cycle=draw(st.sampled_from([1, 2, 50])),
        max_pieces_per_receiver=draw(st.sampled_from([0, 10, 45])),
        max_lines_per_transfer=draw(st.sampled_from([1, 2, 250])),
        whole_cases_only=draw(st.booleans()),
        handling_paise_per_kg=draw(st.sampled_from([0, 50])),
    )


@st.composite
def toys(draw, priced_trips: bool = True) -> ReallocationSnapshot:
    """Snapshots small enough to be searched: two sources, two places in need, two SKUs at most."""
    skus = [f"S{n}" for n in range(draw(st.integers(1, 2)))]
    cost = st.sampled_from([0, 900, 6_000]) if priced_trips else st.just(0)
    places = draw(st.integers(1, 3 - len(skus)))
    surpluses = [
        SurplusRow(
            sku, f"T-{p}", p, "B1", draw(st.integers(0, 4)), draw(st.sampled_from([3, 50])), 1.0,
            draw(st.sampled_from([None, 90, 4])), 400, draw(st.sampled_from([0, 300])), 1, 500, 900,
        )
        for sku in skus for p in ("A", "B")[:places]
    ]  # fmt: skip
    needs = [
        NeedRow(sku, f"T-{p}", p, draw(st.integers(0, 4)), draw(st.sampled_from([1_000, 1_400])),
                draw(st.sampled_from([1.0, 50.0])))
        for sku in skus for p in ("C", "D")
    ]  # fmt: skip
    lanes = [
        LaneRow(
            a, b, 100, 2, trip_cost_paise=draw(cost), freight_paise_per_kg=draw(st.sampled_from([0, 700])),
            vehicle_weight_grams=draw(st.sampled_from([0, 1_500])) if priced_trips else 0,
        )
        for a in ("A", "B") for b in ("C", "D")
    ]  # fmt: skip
    return snapshot(surpluses, needs, lanes)
