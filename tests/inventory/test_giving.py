"""Sales met from lots in arrays: as somebody would do it piece by piece with a pencil."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.services.giving import NONE, Given, Homes, Lots, give, lots_of, needs_of
from inventory.services.groups import group, keys_of, sums_within
from inventory.services.sold import Sold, sold_of

DAY_0 = 20_000
INSTANT = pl.Datetime("us", "UTC")


def _sold(lines: list[tuple[int, int, int, int]]) -> Sold:
    """Sales of (sku, territory, day, quantity)."""
    frame = pl.DataFrame(lines, schema=["sku_id", "territory_id", "sold_on", "quantity"], orient="row")
    instants = [(DAY_0 + day) * 86_400_000_000 + n for n, (_, _, day, _) in enumerate(lines)]
    return sold_of(
        frame.with_columns(
            (pl.col("sold_on") + DAY_0).cast(pl.Int32).cast(pl.Date),
            pl.Series("sold_at", instants).cast(INSTANT),
        )
    )  # fmt: skip


def _lots(sold: Sold, stock: list[tuple[int, int, int, int, int, int | None, bool]]) -> Lots:
    """Lots of (sku, territory, on hand, reserved, offered, expiry, gives); those of other pairs left out."""
    sku, territory = (np.array([lot[n] for lot in stock], np.int64) for n in (0, 1))
    pair = sold.pair_of(sku, territory) if stock else sku
    mine = pair >= 0
    numbers = np.arange(len(stock), dtype=np.int64)
    hand, held, offered = (np.array([lot[n] for lot in stock], np.int64)[mine] for n in (2, 3, 4))
    expiry = np.array([NONE if lot[5] is None else DAY_0 + lot[5] for lot in stock], np.int64)
    gives = np.array([lot[6] for lot in stock], np.bool_)
    return lots_of(
        Lots(
            pair[mine], numbers[mine], numbers[mine] % 3, numbers[mine], hand, held, offered,
            numbers[mine] * 0, expiry[mine], gives[mine],
        )
    )  # fmt: skip


def _given(sold: Sold, lots: Lots) -> Given:
    pairs = len(sold.starts)
    nothing = np.full(pairs, NONE, np.int64)
    return give(needs_of(sold), lots, Homes(np.zeros(pairs, np.bool_), nothing, nothing, nothing))


@st.composite
def _stock(draw: st.DrawFn) -> tuple[int, int, int, int, int, int | None, bool]:
    hand = draw(st.integers(0, 30))
    held = draw(st.integers(0, hand))
    offered = draw(st.integers(0, held))
    expiry = draw(st.none() | st.integers(-2, 6))
    return draw(st.integers(1, 3)), draw(st.integers(1, 2)), hand, held, offered, expiry, draw(st.booleans())


_LINES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(0, 3), st.integers(-9, 20).filter(bool)),
    min_size=1,
    max_size=20,
)


@given(_LINES, st.lists(_stock(), max_size=14))
@settings(max_examples=100, deadline=None)
def test_lots_give_what_a_patient_storekeeper_would_hand_out(lines, stock) -> None:
    sold = _sold(lines)
    lots = _lots(sold, stock)
    found = _given(sold, lots)
    taken: Counter[tuple[int, int, bool, bool, bool]] = Counter()
    short: Counter[int] = Counter()
    last = {}
    for day, need in enumerate(found.needs.pieces.tolist()):
        if need:
            last[int(sold.pair[day])] = int(sold.day[day])
    shelf = []
    for n in range(len(lots.pair)):
        pair, expiry = int(lots.pair[n]), int(lots.expiry[n])
        if not lots.gives[n] or pair not in last:
            continue
        late = expiry != NONE and expiry < last[pair]
        place = (expiry == NONE, expiry, int(lots.batch_id[n]), int(lots.location_id[n]))
        hand, held, offered = int(lots.on_hand[n]), int(lots.reserved[n]), int(lots.offered[n])
        for other, on_offer, pieces in (
            (False, False, hand - held), (False, True, offered), (True, False, held - offered),
        ):  # fmt: skip
            shelf.append([(pair, late, other, *place, on_offer), n, pieces])
    shelf.sort(key=lambda one: one[0])
    for day, need in enumerate(found.needs.pieces.tolist()):
        for part in shelf:
            (pair, late, other, *_, on_offer), lot, left = part
            if pair == sold.pair[day] and (pieces := min(need, left)):
                part[2] -= pieces
                need -= pieces
                taken[day, lot, other, on_offer, late] += pieces
        short[day] = need if any(lots.gives & (lots.pair == sold.pair[day])) else 0
    columns = (found.day, found.lot, found.held, found.on_offer, found.expired)
    ours: Counter[tuple[int, int, bool, bool, bool]] = Counter()
    for key, pieces in zip(
        zip(*(column.tolist() for column in columns), strict=True), found.pieces.tolist(), strict=True
    ):
        ours[key] += pieces
    assert ours == taken
    assert found.short.tolist() == [short[day] for day in range(len(sold.day))]


@given(_LINES, st.lists(_stock(), min_size=1, max_size=14))
@settings(max_examples=100, deadline=None)
def test_the_ledgers_lines_and_what_is_told_come_to_the_same_pieces(lines, stock) -> None:
    sold = _sold(lines)
    found = _given(sold, _lots(sold, stock))
    moves, told = found.moves("sales:test"), found.changes()
    assert (moves.quantity != 0).all()
    assert (np.diff(moves.at) >= 0).all()
    wanted: Counter[tuple[int, int]] = Counter()
    for sku, territory, _, quantity in lines:
        wanted[sku, territory] -= quantity
    told_of = zip(told["sku_id"].tolist(), told["territory_id"].tolist(), strict=True)
    net = -sum(wanted[pair] for pair in told_of) - found.found
    assert -int(moves.quantity.sum()) == net
    assert int(told["change"].sum()) == int(moves.quantity.sum())
    assert -int(moves.reserved.sum()) == int(found.pieces[found.held | found.on_offer].sum())


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(-5, 5), st.sampled_from([1, 2, 10**9])),
        min_size=1,
        max_size=50,
    )
)
@settings(max_examples=100, deadline=None)
def test_groups_are_those_of_equal_rows_and_add_up_exactly(rows) -> None:
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    keys = keys_of(*columns)
    found = group(keys.of(*columns))
    values = np.arange(len(rows), dtype=np.int64) * 3_000_000_000_000_007
    distinct = sorted(set(rows))
    assert [distinct[n] for n in found.of.tolist()] == rows
    for n, one in enumerate(distinct):
        mine = [value for value, row in zip(values.tolist(), rows, strict=True) if row == one]
        assert (int(found.sums(values)[n]), int(found.largest(values)[n])) == (sum(mine), max(mine))
        assert (int(found.firsts(values)[n]), int(found.sizes[n])) == (mine[0], len(mine))
    outside = [column + 10**10 for column in columns]
    assert (keys.of(*outside) == -1).all()


def test_sums_so_far_begin_anew_at_each_place() -> None:
    places, values = np.array([0, 0, 2, 3, 3]), np.array([5, 1, 7, 2, 2])
    assert sums_within(values, places).tolist() == [5, 6, 7, 2, 4]
    assert sums_within(values[:0], places[:0]).tolist() == []


def test_a_return_of_what_only_a_van_carries_has_no_home() -> None:
    sold = _sold([(1, 1, 0, -4), (2, 1, 0, -3)])
    found = _given(sold, _lots(sold, [(1, 1, 5, 0, 0, 3, False), (2, 1, 5, 0, 0, None, True)]))
    assert found.moves("x").quantity.tolist() == [3]
    assert found.changes()["sku_id"].tolist() == [2]
    assert datetime.fromtimestamp(int(found.moves("x").at[0]) / 1e6, UTC).year == 2024
