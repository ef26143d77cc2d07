"""The demonstration feed: real demand, invented dress, stock whose fate is known."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from inventory.feeds import demonstration
from inventory.feeds.demonstration import DemoData, Ledger, Scaled, generate, scale
from inventory.feeds.demonstration.calendar import EPOCH, LAST_DAY, WITHHELD_DAYS, Calendar
from inventory.feeds.demonstration.gst import half_up_share
from inventory.feeds.demonstration.plants import DEMAND_FELL, PLANTED_CAUSES, RETURNED
from inventory.feeds.demonstration.stockroom import LIFE_AT_SALE_DAYS
from vyapar.kernel.errors import Invalid
from vyapar.kernel.money import part
from vyapar.law.rates import KNOWN_FROM, rate_for
from vyapar.law.states import pin_matches

RUN_DAY = date(2026, 11, 23)
DATA = Path(demonstration.__file__).parent / "data"
FRAMES = [f.name for f in dataclasses.fields(DemoData) if f.name not in {"distributor", "run_day", "seed"}]
BOTH = pytest.mark.parametrize("name", ["demo", "second"])

#: Well-known brands of Indian shelves; none may appear in invented names.
REAL_BRANDS = (
    *("amul", "britannia", "parle", "nestle", "maggi", "haldiram", "bikaji", "kurkure", "lays"),
    *("dabur", "patanjali", "himalaya", "colgate", "pepsodent", "lux", "lifebuoy", "dettol", "rin"),
    *("surf", "ariel", "tide", "nirma", "ghadi", "vim", "harpic", "lizol", "parachute", "clinic"),
    *("sunsilk", "pantene", "cadbury", "bournvita", "horlicks", "complan", "bru", "nescafe"),
    *("wagh bakri", "brooke", "taj mahal", "everest", "mdh", "catch", "kissan", "frooti", "maaza"),
    *("bisleri", "aashirvaad", "fortune", "saffola", "tata", "ujala", "ponds", "nivea", "vaseline"),
    *("goodknight", "mortein", "cycle", "huggies", "pampers", "whisper", "stayfree", "mother's"),
)


@cache
def demo(name: str, run_day: date = RUN_DAY) -> DemoData:
    return generate(name, run_day)


@cache
def benchmark() -> tuple[Scaled, list[Ledger]]:
    scaled = scale(RUN_DAY, outlets=800, lines=300_000, seed=5)
    return scaled, [month.ledger for month in scaled.months()]


def indian_day(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone("Asia/Kolkata").dt.date()


def summed(movements: pl.DataFrame) -> pl.DataFrame:
    total = movements.group_by("sku", "batch", "location").agg(pl.col("quantity").sum().alias("on_hand"))
    return total.filter(pl.col("on_hand") != 0).sort("sku", "batch", "location")


def lowest_balance(movements: pl.DataFrame) -> int:
    running = pl.col("quantity").cum_sum().over("sku", "batch", "location")
    return movements.select(running.min()).item()


def check_character(first_fourteen: str) -> str:
    """The check of a GSTIN, written here a second time: weights 1 and 2, digits of base 36 added."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = 0
    for position, character in enumerate(first_fourteen, start=1):
        product = alphabet.index(character) * (2 if position % 2 == 0 else 1)
        total += sum(divmod(product, 36))
    return alphabet[-total % 36]


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lat, lon), (lat2, lon2) = (tuple(map(radians, point)) for point in (a, b))
    h = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 12_742 * asin(sqrt(h))


def with_value(data: DemoData) -> pl.DataFrame:
    judged = data.truth.select("sku", "batch", "location", "cause", "planted", "dead", "at_risk")
    stock = data.positions.join(data.batches, on=["sku", "batch"]).join(
        judged, on=["sku", "batch", "location"], how="left"
    )
    return stock.with_columns(
        pl.col("dead").fill_null(value=False),
        (pl.col("on_hand") * pl.col("cost_paise")).alias("value"),
        (pl.col("at_risk").fill_null(0) * pl.col("cost_paise")).alias("risk_value"),
    )


# --- the same again


def test_the_same_arguments_give_the_same_frames() -> None:
    again = generate("second", RUN_DAY)
    for frame in FRAMES:
        assert_frame_equal(getattr(demo("second"), frame), getattr(again, frame))


def test_another_seed_gives_other_stock_but_the_same_sold_quantities() -> None:
    other = generate("second", RUN_DAY, 99)
    assert not other.positions.equals(demo("second").positions)
    columns = ["transaction_id", "line", "quantity", "at"]
    assert_frame_equal(other.sales.select(columns), demo("second").sales.select(columns))


def test_a_source_line_keeps_its_identity_whatever_the_day_of_the_run() -> None:
    later = demo("second", RUN_DAY + timedelta(days=39))
    columns = ["transaction_id", "line", "retailer_id", "sku", "quantity", "unit_price_paise"]
    everything = [
        pl.concat([data.sales, data.future_sales]).select(columns).sort("transaction_id", "line")
        for data in (demo("second"), later)
    ]
    assert_frame_equal(*everything)


@BOTH
def test_a_transaction_and_line_occur_once_over_past_and_future(name: str) -> None:
    lines = pl.concat([demo(name).sales, demo(name).future_sales])
    assert lines.select("transaction_id", "line").is_unique().all()


# --- days


@settings(max_examples=200, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2060, 12, 31)))
@example(date(2026, 11, 23))
@example(date(2028, 2, 29))
def test_the_shift_puts_saturdays_on_sundays_and_withholds_one_to_two_weeks(run_day: date) -> None:
    when = Calendar(run_day)
    assert when.shift_days % 7 == 1
    source_saturday = date(2009, 12, 5)
    assert (source_saturday + timedelta(days=when.shift_days)).weekday() == 6
    withheld = LAST_DAY - when.run_index + 1
    assert WITHHELD_DAYS <= withheld <= WITHHELD_DAYS + 6
    assert when.day(when.run_index) == run_day
    assert when.first == EPOCH + timedelta(days=when.shift_days)


@settings(max_examples=100, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2060, 12, 31)))
def test_months_cover_every_day_before_the_run_once(run_day: date) -> None:
    when = Calendar(run_day)
    days = [day for first, last in when.months() for day in range(first, last + 1)]
    assert days == list(range(when.run_index))
    assert all(when.day(first).day == 1 for first, _ in when.months()[1:])


@BOTH
def test_sales_end_on_the_eve_of_the_run_and_the_rest_is_withheld(name: str) -> None:
    data = demo(name)
    past, future = data.sales.select(indian_day("at"))["at"], data.future_sales.select(indian_day("at"))["at"]
    assert RUN_DAY - timedelta(days=3) <= past.max() < RUN_DAY
    assert future.min() >= RUN_DAY
    assert future.max() < RUN_DAY + timedelta(days=14)
    assert not (pl.concat([past, future]).dt.weekday() == 7).any()
    assert data.movements.select(indian_day("at").max()).item() < RUN_DAY


# --- the ledger


@BOTH
def test_positions_are_exactly_the_sum_of_movements(name: str) -> None:
    positions = demo(name).positions.select("sku", "batch", "location", "on_hand")
    assert_frame_equal(summed(demo(name).movements), positions.sort("sku", "batch", "location"))


@BOTH
def test_no_batch_is_ever_below_zero(name: str) -> None:
    movements = demo(name).movements
    assert movements["at"].is_sorted()
    assert lowest_balance(movements) >= 0
    assert not (movements["quantity"] == 0).any()


@BOTH
def test_every_sold_piece_left_a_batch_on_its_own_day(name: str) -> None:
    data = demo(name)
    key = ["sku", "territory", "at"]
    sold = data.sales.with_columns(indian_day("at")).group_by(key).agg(pl.col("quantity").sum())
    place = data.locations.select(pl.col("code").alias("location"), "territory")
    moved = data.movements.filter(pl.col("kind").is_in(["sale", "return"])).join(place, on="location")
    moved = moved.with_columns(indian_day("at")).group_by(key).agg(-pl.col("quantity").sum())
    assert_frame_equal(sold.sort(key), moved.sort(key))


@BOTH
def test_every_line_names_a_batch_that_moved_that_day(name: str) -> None:
    data = demo(name)
    key = ["sku", "batch", "location", "at"]
    lines = data.sales.with_columns(indian_day("at"), (pl.lit("GD-") + pl.col("territory")).alias("location"))
    moved = data.movements.filter(pl.col("kind").is_in(["sale", "return"])).with_columns(indian_day("at"))
    assert lines["batch"].null_count() == 0
    assert lines.join(moved, on=key, how="anti").is_empty()


@BOTH
def test_nothing_is_sold_that_is_too_old_or_not_yet_made(name: str) -> None:
    data = demo(name)
    dated = data.movements.join(data.batches, on=["sku", "batch"]).with_columns(indian_day("at"))
    sold = dated.filter(pl.col("kind") == "sale")
    assert (sold["expiry_date"] - sold["at"]).dt.total_days().min() >= LIFE_AT_SALE_DAYS
    assert (dated["manufacture_date"] <= dated["at"]).all()
    assert (dated["expiry_date"] > dated["manufacture_date"]).all()


@BOTH
def test_the_first_to_expire_is_sold_first(name: str) -> None:
    """Of two batches sold on one day, the later to expire is touched only when the other is empty."""
    data = demo(name)
    moves = data.movements.with_row_index("row").join(
        data.batches.select("sku", "batch", "expiry_date"), on=["sku", "batch"]
    )
    moves = moves.sort("row").with_columns(
        pl.col("quantity").cum_sum().over("sku", "batch", "location").alias("left")
    )
    sold = moves.filter(pl.col("kind") == "sale").sort("sku", "location", "at", "expiry_date", "row")
    later = pl.col("expiry_date").shift(-1).over("sku", "location", "at") > pl.col("expiry_date")
    assert (sold.filter(later)["left"] == 0).all()


@BOTH
def test_receipts_are_the_purchases(name: str) -> None:
    data = demo(name)
    key = ["reference", "sku", "batch", "location"]
    bought = data.purchases.rename({"purchase_invoice": "reference"}).select(*key, "quantity")
    received = data.movements.filter(pl.col("kind").is_in(["opening", "receipt"])).select(*key, "quantity")
    assert_frame_equal(bought.sort(key), received.sort(key))
    assert data.purchases.select("purchase_invoice", "batch", "sku", "location").is_unique().all()
    assert data.purchases["purchase_invoice"].str.len_chars().max() <= 16


def test_tax_on_purchases_follows_the_rate_of_the_day() -> None:
    data = demo("second")
    goods = data.skus.select("sku", "hsn", "rate_item")
    for line in data.purchases.join(goods, on="sku").sample(300, seed=1).iter_rows(named=True):
        rate = rate_for(line["hsn"], max(line["date"], KNOWN_FROM), rate_item=line["rate_item"])
        value = line["quantity"] * line["cost_paise"]
        assert line["tax_paise"] == part(value, rate.basis_points) + part(value, rate.cess_bp)
        assert line["itc_paise"] == line["tax_paise"]


# --- known causes


def test_every_planted_cause_is_on_the_shelf() -> None:
    planted = demo("demo").truth.filter(pl.col("planted"))
    assert set(planted["cause"]) == set(PLANTED_CAUSES)
    assert planted["cause"].value_counts()["count"].min() >= 10


@BOTH
def test_every_batch_that_lies_unsold_has_a_known_cause(name: str) -> None:
    """Judged from the frames alone: here for 60 days, and no sale of the SKU here for as long."""
    data = demo(name)
    sales = data.movements.filter(pl.col("kind") == "sale")
    last = sales.group_by("sku", "location").agg(indian_day("at").max().alias("last"))
    stock = data.positions.join(last, on=["sku", "location"], how="left")
    edge = RUN_DAY - timedelta(days=60)
    idle = stock.filter(pl.col("first_receipt_date") <= edge, pl.col("last").fill_null(edge) <= edge)
    assert len(idle) > 5
    explained = idle.join(data.truth.filter("dead"), on=["sku", "batch", "location"], how="semi")
    assert len(explained) == len(idle)
    assert set(data.truth["cause"]) <= {*PLANTED_CAUSES, RETURNED, DEMAND_FELL}


def test_stock_is_mostly_healthy_and_mostly_dead_for_planted_reasons() -> None:
    stock = with_value(demo("demo"))
    bad = pl.when("dead").then(pl.col("value")).otherwise(pl.col("risk_value"))
    share = stock.select(bad.sum() / pl.col("value").sum()).item()
    assert 0.08 <= share <= 0.17
    known = stock.filter(pl.col("cause").is_in(PLANTED_CAUSES)).select(bad.sum()).item()
    assert known >= 0.6 * stock.select(bad.sum()).item()


def test_some_stock_expires_in_each_of_the_next_three_months_and_some_has_expired() -> None:
    days = with_value(demo("demo")).select((pl.col("expiry_date") - RUN_DAY).dt.total_days()).to_series()
    edges = [-1_000, 0, 30, 60, 90, 10_000]
    bands = [days.is_between(low, high, closed="right").sum() for low, high in pairwise(edges)]
    assert sum(bands) == len(days)
    assert min(bands) >= 20


def test_each_cause_looks_like_itself() -> None:
    data = demo("demo")
    rows = data.truth.filter("planted").join(data.batches, on=["sku", "batch"])
    rows = rows.join(data.skus, on="sku", suffix="_sku")
    by_cause = {cause: rows.filter(pl.col("cause") == cause) for cause in PLANTED_CAUSES}
    sold = data.sales.filter(pl.col("quantity") > 0).select("sku", "territory", indian_day("at"))

    misplaced = by_cause["wrong_territory"].join(sold, on=["sku", "territory"])
    assert misplaced.filter(pl.col("at") >= pl.col("event_date")).is_empty()
    assert by_cause["delisting"]["delisted_date"].null_count() == 0
    assert (by_cause["delisting"]["event_date"] < by_cause["delisting"]["delisted_date"]).all()
    assert (by_cause["old_mrp"]["mrp_paise"] > by_cause["old_mrp"]["mrp_paise_sku"]).all()
    short = by_cause["short_dated"]
    life = (short["expiry_date"] - short["event_date"]).dt.total_days()
    assert (life <= short["shelf_life_days"] // 2).all()
    pushed = by_cause["scheme_push"]["event_date"]
    assert ((pushed + timedelta(days=1)).dt.day() == 1).all()
    assert (pushed.dt.month() % 3 == 0).all()


# --- dress


def test_the_distributors_are_as_large_as_promised() -> None:
    large, small = demo("demo"), demo("second")
    assert large.skus.height >= 1_200
    assert large.retailers.height >= 400
    assert (small.skus.height, small.retailers.height) == (150, 60)
    assert large.territories.height == 5
    assert large.territories["state_code"].n_unique() >= 3
    assert large.registrations.height == large.territories["gstin"].n_unique() >= 2


def test_the_two_distributors_share_no_outlet_no_sku_and_no_number() -> None:
    one, two = demo("demo"), demo("second")
    for frame, column in [
        ("retailers", "retailer_id"),
        ("retailers", "phone"),
        ("retailers", "email"),
        ("skus", "sku"),
        ("locations", "code"),
        ("registrations", "gstin"),
        ("registrations", "state_code"),
        ("sales", "transaction_id"),
    ]:
        first, second = (set(getattr(data, frame)[column]) for data in (one, two))
        assert not first & second, (frame, column)
    assert {g[2:12] for g in one.registrations["gstin"]} != {g[2:12] for g in two.registrations["gstin"]}


@BOTH
def test_every_gstin_carries_its_check_character_and_its_state(name: str) -> None:
    assert check_character("27AAPFU0939F1Z") == "V"  # a published example
    data = demo(name)
    numbers = [*data.registrations["gstin"], *data.brands["supplier_gstin"]]
    numbers += [*data.purchases["supplier_gstin"].unique(), *filter(None, data.retailers["gstin"])]
    assert len(numbers) > 30
    for number in numbers:
        assert len(number) == 15
        assert number[14] == check_character(number[:14]), number
    own = data.registrations["gstin"]
    assert {number[5] for number in own} == {"C"}
    assert {number[2:12] for number in own} == {own[0][2:12]}
    assert all(gstin[:2] == state for gstin, state in data.territories.select("gstin", "state_code").rows())


@BOTH
def test_pincodes_lie_in_their_state_and_outlets_near_their_godown(name: str) -> None:
    data = demo(name)
    places = data.locations.join(data.territories, left_on="territory", right_on="code")
    assert all(pin_matches(state, pin) for state, pin in places.select("state_code", "pincode").rows())
    centre = {row["territory"]: (row["lat"], row["lon"]) for row in data.locations.iter_rows(named=True)
              if row["kind"] == "godown"}  # fmt: skip
    away = [kilometres((row["lat"], row["lon"]), centre[row["territory"]])
            for row in data.locations.iter_rows(named=True)]  # fmt: skip
    assert max(away) < 80
    assert all(len(number) == 14 and number.isdigit() for number in data.registrations["fssai"])


@BOTH
def test_no_price_is_above_mrp_and_no_margin_is_lost(name: str) -> None:
    data = demo(name)
    lines = data.sales.join(data.skus, on="sku")
    assert (lines["unit_price_paise"] <= lines["mrp_paise"]).all()
    assert (data.skus["trade_price_paise"] < data.skus["mrp_paise"]).all()
    assert (data.skus["cost_paise"] < data.skus["trade_price_paise"]).all()
    batches = data.batches.join(data.skus, on="sku", suffix="_sku")
    assert (batches["mrp_paise"] >= batches["mrp_paise_sku"]).all()


def test_gst_on_every_line_adds_up_and_follows_the_law_of_its_day() -> None:
    data = demo("second")
    goods = data.skus.select("sku", "hsn", "rate_item")
    states = dict(data.territories.select("code", "state_code").rows())
    lines = data.sales.with_columns(indian_day("at")).join(goods, on="sku").sample(400, seed=2)
    for line in lines.iter_rows(named=True):
        gst = json.loads(line["gst_details"])
        day = max(line["at"], KNOWN_FROM)
        assert gst["rateBp"] == rate_for(line["hsn"], day, rate_item=line["rate_item"]).basis_points
        assert gst["placeOfSupply"] == states[line["territory"]]
        assert gst["cgstPaise"] == gst["sgstPaise"]
        gross = line["quantity"] * line["unit_price_paise"]
        parts = sum(gst[k] for k in ("taxablePaise", "cgstPaise", "sgstPaise", "cessPaise"))
        assert abs(parts - gross) <= 2


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**10), 10**10), st.integers(0, 10_000))
@example(1, 5_000)
@example(-1, 5_000)
def test_vectorised_rounding_is_the_kernels_rounding(amount: int, rate: int) -> None:
    assert half_up_share(np.array([amount]), np.array([rate]))[0] == part(amount, rate)


def test_no_name_is_a_known_brand() -> None:
    data = demo("demo")
    words = {word.lower() for name in data.brands["name"] for word in name.split()}
    words |= {name.split()[0].lower() for name in data.brands["supplier_name"]}
    names = " ".join(data.skus["name"]).lower()
    assert not words & set(REAL_BRANDS)
    assert not [brand for brand in REAL_BRANDS if f" {brand} " in f" {names} "]
    assert data.skus["name"].is_unique().all()


@BOTH
def test_contacts_stay_in_the_block_kept_for_them_and_most_but_not_all_agreed(name: str) -> None:
    data = demo(name)
    assert data.retailers["phone"].str.contains(r"^\+9199990\d{5}$").all()
    assert data.retailers["email"].str.ends_with(".example").all()
    assert set(data.retailers["language"]) <= {"en", "hi", "ta"}
    latest = data.consents.sort("at").group_by("retailer_id", "channel").last()
    agreed = latest.group_by("channel").agg(pl.col("granted").sum())["granted"] / len(data.retailers)
    assert (agreed > 0.5).all()
    assert (agreed < 0.95).all()
    assert data.consents["at"].max().date() < RUN_DAY
    assert data.consents["source"].str.len_chars().min() > 0


@BOTH
def test_references_between_frames_hold(name: str) -> None:
    data = demo(name)
    for child, column, parent, key in [
        ("sales", "sku", "skus", "sku"),
        ("sales", "retailer_id", "retailers", "retailer_id"),
        ("sales", "territory", "territories", "code"),
        ("retailers", "location", "locations", "code"),
        ("locations", "territory", "territories", "code"),
        ("territories", "gstin", "registrations", "gstin"),
        ("skus", "brand", "brands", "name"),
        ("skus", "category", "categories", "code"),
        ("batches", "sku", "skus", "sku"),
        ("movements", "location", "locations", "code"),
        ("consents", "retailer_id", "retailers", "retailer_id"),
    ]:
        known = getattr(data, parent)[key].implode()
        assert getattr(data, child)[column].is_in(known).all(), (child, column)
    parents = data.categories["parent"].drop_nulls()
    assert parents.is_in(data.categories["code"].implode()).all()
    assert data.batches.select("sku", "batch").is_unique().all()
    assert data.movements.join(data.batches, on=["sku", "batch"], how="anti").is_empty()


# --- at scale


def test_the_benchmark_plays_about_as_many_lines_and_outlets_as_asked() -> None:
    scaled, months = benchmark()
    lines = sum(len(month.sales) for month in months)
    assert abs(lines - 300_000) < 3_000
    assert scaled.masters().retailers.height == 800
    assert pl.concat([m.sales for m in months])["retailer_id"].n_unique() > 790


def test_the_benchmarks_ledger_adds_up_month_after_month() -> None:
    scaled, months = benchmark()
    movements = pl.concat([month.movements for month in months])
    assert movements["at"].is_sorted()
    assert lowest_balance(movements) >= 0
    positions = scaled.positions().select("sku", "batch", "location", "on_hand")
    assert_frame_equal(summed(movements), positions.sort("sku", "batch", "location"))
    sales = pl.concat([month.sales for month in months])
    assert sales.select("transaction_id", "line").is_unique().all()
    sold = movements.filter(pl.col("kind").is_in(["sale", "return"]))
    assert sales["quantity"].sum() == -sold["quantity"].sum()
    assert sales["batch"].null_count() == 0


def test_the_benchmark_is_the_same_when_played_again() -> None:
    scaled, months = benchmark()
    again = scale(RUN_DAY, outlets=800, lines=300_000, seed=5)
    first = next(iter(again.months())).ledger
    for frame in ("sales", "movements", "purchases", "batches"):
        assert_frame_equal(getattr(first, frame), getattr(months[0], frame))
    assert scaled.positions().height > 1_000


def test_a_benchmark_smaller_than_its_source_is_refused() -> None:
    with pytest.raises(Invalid):
        scale(RUN_DAY, outlets=10, lines=1_000)


def test_a_benchmark_has_no_positions_before_it_is_played() -> None:
    with pytest.raises(Invalid):
        scale(RUN_DAY, outlets=800, lines=300_000).positions()


# --- what is shipped


def test_the_shipped_data_is_small_and_says_where_it_comes_from() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 4_000_000
    notice = (DATA / "README.md").read_text(encoding="utf-8")
    for word in ("Chen", "Online Retail II", "CC BY 4.0", "GODL-India", "India Post", "changed"):
        assert word in notice
