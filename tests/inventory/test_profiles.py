"""Profiles: what is wrong with a spec, what it makes of a frame, the shipped ones, and suggestions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind as K
from inventory.feeds import files
from inventory.feeds.canonical import FIELDS, read
from inventory.feeds.files import File
from inventory.feeds.profiles import SHIPPED, Memory, apply, check, plan, suggest
from inventory.feeds.profiles import read as read_spec
from inventory.feeds.profiles.dates import iso
from vyapar.kernel.errors import Invalid

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SAMPLES = Path(files.__file__).parent / "samples"


def spec_of(columns: dict[str, Any], kind: str = "sales", **table: Any) -> dict[str, Any]:
    return {"version": 1, "name": "own", "tables": [{"gives": [{"kind": kind, "columns": columns}], **table}]}


def made(
    columns: dict[str, Any], data: dict[str, list[str | None]], kind: str = "sales", **table: Any
) -> list[tuple]:
    frame = apply(spec_of(columns, kind, **table), pl.DataFrame(data, schema=dict.fromkeys(data, pl.String)))
    return frame[K(kind)].drop("row").rows()


# --- specs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_are_valid_plain_json(name):
    check(json.loads(json.dumps(SHIPPED[name])))


def test_everything_wrong_with_a_spec_is_said_at_once_with_its_place():
    bad = {
        "version": 2,
        "surprise": 1,
        "tables": [
            {
                "needs": [""],
                "gives": [
                    {"kind": "cheques", "columns": {}},
                    {
                        "kind": "sales",
                        "columns": {
                            "colour": "C",
                            "sku": {"from": "A", "fixed": "B"},
                            "quantity": {"from": "Q", "sign": "up"},
                            "unit_price": {"from": "P", "split": {"pattern": "(?=x)"}},
                            "timestamp": {"from": "D", "date": "dym"},
                            "line": {"ordinal": -1},
                            "batch": {"from": "B", "negative": [{"column": "T"}]},
                        },
                        "unique": ["nothing"],
                    },
                ],
            },
        ],
    }
    with pytest.raises(Invalid) as caught:
        check(bad)
    at = "tables[0].gives[1]"
    assert sorted(fault.field for fault in caught.value.faults) == sorted(
        [
            "profile.surprise",
            "version",
            "tables[0].gives[0].kind",
            f"{at}.columns.colour",
            f"{at}.columns.sku",
            f"{at}.columns.quantity.sign",
            f"{at}.columns.unit_price.split.pattern",
            f"{at}.columns.timestamp.date",
            f"{at}.columns.line.ordinal",
            f"{at}.columns.batch.negative[0]",
            f"{at}.unique",
            "tables[0].needs[0]",
        ]
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "version",
                    "tables",
                    "gives",
                    "kind",
                    "columns",
                    "sku",
                    "from",
                    "needs",
                    "skip",
                    "when",
                    "split",
                    "map",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(json_values)
def test_no_json_however_odd_breaks_the_check(spec):
    with pytest.raises(Invalid) as caught:
        check(spec)
    assert caught.value.faults


# --- rules -------------------------------------------------------------------------------------


def test_each_rule_makes_its_value():
    data = {
        "Bill No.": ["B1", "B1", "B2"],
        "Qty": ["10", "2", "5-"],
        "Loose": ["0", "3", None],
        "Pack": ["10 x 24", "1x6", "24"],
        "Amt": ["1,000.00", "5.01", "(7.00)"],
        "Type": ["Sale", "Sale Return", "sale"],
        "Void": ["N", "Y", ""],
        "Bill Dt": ["03/11/2026", "3-Nov-26", "20261103"],
    }
    columns = {
        "transaction_id": ["Invoice", "BILL NO"],
        "line": {"ordinal": 0},
        "quantity": {
            "from": "Qty",
            "sign": "trailing",
            "negative": [{"column": "Type", "in": ["sale return"]}],
        },
        "unit_price": {"ratio": ["Amt", "Qty"]},
        "unit": {"fixed": "PCS"},
        "cancelled": {"from": "Void", "map": {"y": "true"}, "otherwise": "false"},
        "timestamp": {"from": "Bill Dt", "date": "dmy"},
        "location": {"from": "Godown", "default": "MAIN"},
        "batch": {"from": "Pack", "split": {"pattern": r"(\d+)\s*x\s*(\d+)", "take": 2}},
        "sku": {"join": [{"from": "Qty", "suffix": " CASE"}, {"from": "Loose", "suffix": " PCS"}]},
    }
    day = "2026-11-03"
    assert made(columns, data) == [
        ("B1", "1", "10", "100.00", "PCS", "false", day, "MAIN", "24", "10 CASE"),
        ("B1", "2", "-2", "2.51", "PCS", "true", day, "MAIN", "6", "2 CASE 3 PCS"),
        ("B2", "1", "-5", "1.40", "PCS", "false", day, "MAIN", None, "5- CASE"),
    ]


def test_a_price_of_a_piece_is_not_made_of_packs():
    data = {"Amt": ["240", "240", "240"], "Qty": ["2 CASE", "2 CASE 3 PCS", " 24 PCS "]}
    assert made({"unit_price": {"ratio": ["Amt", "Qty"]}}, data) == [(None,), (None,), ("10.00",)]


def test_empty_cells_that_mean_as_above_are_filled_over_chunks_and_not_from_another_party():
    table = {
        "fill_down": ["No", "Date"],
        "fill_within": ["Gst"],
        "skip": [{"when": [{"column": "Item", "empty": True}], "reason": "head"}],
    }
    spec = spec_of(
        {"transaction_id": "No", "line": {"ordinal": 0}, "timestamp": "Date", "sku": "Item", "batch": "Gst"},
        **table,
    )
    rows = [
        ("1", "d1", "g1", None), (None, None, None, "A"), (None, None, None, "B"),
        ("2", None, None, "C"), (None, None, None, "D"), ("3", "d3", "g3", "E"), ("1", None, "g1", "F"),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["No", "Date", "Gst", "Item"], orient="row").with_row_index("row", 1)
    chosen = plan(read_spec(spec), ["No", "Date", "Gst", "Item"])
    assert chosen.remembers
    whole = chosen.apply(frame, Memory()).frames[K.SALES]
    assert whole.drop("row").rows() == [
        ("1", "1", "d1", "A", "g1"), ("1", "2", "d1", "B", "g1"), ("2", "1", "d1", "C", None),
        ("2", "2", "d1", "D", None), ("3", "1", "d3", "E", "g3"), ("1", "3", "d3", "F", "g1"),
    ]  # fmt: skip
    for step in range(1, len(rows)):
        memory = Memory()
        parts = [
            chosen.apply(frame[at : at + step], memory).frames[K.SALES] for at in range(0, len(rows), step)
        ]
        assert pl.concat(parts).equals(whole), f"in chunks of {step}"


def test_a_heading_belongs_to_the_rows_below_it():
    data = {
        "Item": ["MAIN GODOWN", "Tea", "VAN 1", "Tea"],
        "Qty": [None, "5", None, "2"],
        "Rate": [None, "1", None, "1"],
    }
    columns = {"sku": "Item", "location": "Godown", "quantity": "Qty"}
    assert made(columns, data, "stock", heading="Godown") == [
        ("Tea", "MAIN GODOWN", "5"),
        ("Tea", "VAN 1", "2"),
    ]


def test_one_row_each_is_kept_with_the_last_value_that_was_given():
    data = {"Code": ["A", "B", "A", None], "Name": ["old", "b", "new", "x"], "Hsn": ["0402", None, None, "1"]}
    spec = spec_of({"sku": "Code", "name": "Name", "hsn": "Hsn"}, "skus")
    spec["tables"][0]["gives"][0]["unique"] = ["sku"]
    frame = apply(spec, pl.DataFrame(data))[K.SKUS]
    assert frame.rows() == [(2, "B", "b", None), (3, "A", "new", "0402")]


def test_the_table_is_chosen_that_takes_the_most():
    header = {
        "sku": ["A"],
        "batch": ["B1"],
        "location": ["G"],
        "quantity": ["5"],
        "mrp": ["10"],
        "expiry_date": ["2027-01-31"],
    }
    assert list(apply(SHIPPED["generic"], pl.DataFrame(header))) == [K.STOCK]
    assert list(apply(SHIPPED["generic"], pl.DataFrame(header), K.BATCHES)) == [K.BATCHES]
    with pytest.raises(Invalid, match="lacks") as caught:
        apply(SHIPPED["generic"], pl.DataFrame({"sku": ["A"], "quantity": ["5"]}), K.STOCK)
    assert [fault.field for fault in caught.value.faults] == ["location"]


@pytest.mark.parametrize("kind", list(K))
def test_the_generic_profile_takes_every_canonical_column_and_every_api_name(kind):
    for names in ([spec.name for spec in FIELDS[kind]], [spec.api for spec in FIELDS[kind]]):
        frame = pl.DataFrame({name: [f"v{place}"] for place, name in enumerate(names)})
        got = apply(SHIPPED["generic"], frame, kind)[kind]
        assert got.drop("row").columns == [spec.name for spec in FIELDS[kind]]
        assert got.drop("row").row(0) == tuple(f"v{place}" for place in range(len(names)))


# --- dates -------------------------------------------------------------------------------------

days = st.dates(min_value=datetime(2000, 1, 1).date(), max_value=datetime(2069, 12, 31).date())


@settings(max_examples=150, deadline=None)
@given(
    days,
    st.sampled_from(
        ["%d/%m/%Y", "%d-%m-%y", "%d.%m.%Y", "%-d-%b-%y", "%-d %B %Y", "%Y%m%d", "%Y/%m/%d", "%d-%b-%Y"]
    ),
)
def test_a_day_is_read_whatever_way_it_is_written(day, form):
    assert iso(pl.Series([day.strftime(form)]), "dmy").to_list() == [day.isoformat()]


def test_orders_instants_months_and_what_is_no_day():
    texts = {
        "03/04/2026 9:05 PM": "2026-04-03T21:05:00",
        "3/4/26 10:15:30": "2026-04-03T10:15:30",
        "12:00": "12:00",
        "/Date(1780272000000)/": "2026-06-01",
        "/Date(1780272061000)/": "2026-06-01T00:01:01Z",
        "45981": "2025-11-20",
        "45981.5": "2025-11-20T12:00:00",
        "11/27": "11/2027",
        "Nov-27": "11/2027",
        "31/02/2026": "31/02/2026",
        "soon": "soon",
        "2026-11-20T10:15:00+05:30": "2026-11-20T10:15:00+05:30",
        "2026-11-20 10:15": "2026-11-20T10:15",
        "13/13/2026": "13/13/2026",
    }
    got = iso(pl.Series(list(texts)), "dmy").to_list()
    assert dict(zip(texts, got, strict=True)) == texts
    assert iso(pl.Series(["03/04/2026", None, "2026/3/4"]), "mdy").to_list() == [
        "2026-03-04",
        None,
        "2026-03-04",
    ]


# --- shipped -----------------------------------------------------------------------------------

#: Sample -> the profile that recognises it, rows by kind, and how many of them need what the file has not.
EXPECTED: dict[str, tuple[str, dict[str, int], int]] = {
    "busy_accounts.csv": ("busy", {"retailers": 2}, 0),
    "busy_items.csv": ("busy", {"skus": 2}, 0),
    "busy_sales.csv": ("busy", {"retailers": 3, "batches": 2, "sales": 4}, 1),  # a case of unknown size
    "busy_stock_status.csv": ("busy", {"batches": 2, "stock": 3}, 0),
    "erpnext_batches.csv": ("erpnext", {"batches": 2}, 0),
    "erpnext_customers.csv": ("erpnext", {"retailers": 2}, 0),
    "erpnext_items.csv": ("erpnext", {"skus": 2}, 0),
    "erpnext_sales_invoice.csv": ("erpnext", {"retailers": 2, "sales": 4}, 0),
    "erpnext_stock_balance.csv": ("erpnext", {"stock": 2}, 0),
    "erpnext_stock_ledger.csv": ("erpnext", {"receipts": 1}, 0),
    "generic_sales.ndjson": ("generic", {"sales": 2}, 0),
    "marg_current_stock.csv": ("marg", {"batches": 4, "stock": 4}, 0),
    "marg_item_master.csv": ("marg", {"skus": 3}, 0),
    "marg_party_master.csv": ("marg", {"retailers": 2}, 0),
    "marg_sale_register.csv": ("marg", {"retailers": 2, "skus": 2, "batches": 2, "sales": 5}, 0),
    "sap_idoc_invoic.csv": ("sap_idoc", {"retailers": 1, "sales": 3}, 0),
    "sap_idoc_matmas.csv": ("sap_idoc", {"skus": 2}, 0),
    "sap_idoc_wmmbxy.csv": ("sap_idoc", {"receipts": 1}, 0),
    "sap_odata_billing.json": ("sap_odata", {"sales": 3}, 0),
    "sap_odata_partners.json": ("sap_odata", {"retailers": 2}, 0),
    "sap_odata_products.json": ("sap_odata", {"skus": 2}, 0),
    "sap_odata_stock.json": ("sap_odata", {"stock": 1}, 0),
    "tally_ledgers.csv": ("tally", {"retailers": 2}, 0),
    "tally_sales_register.csv": ("tally", {"retailers": 2, "sales": 4}, 1),
    "tally_stock_items.csv": ("tally", {"skus": 3}, 0),
    "tally_stock_summary.xlsx": ("tally", {"batches": 3, "stock": 4}, 1),
}


def test_there_is_no_sample_without_an_expectation():
    assert {one.name for one in SAMPLES.iterdir() if one.suffix != ".md"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_recognised_and_its_rows_are_what_the_canonical_room_can_read(name):
    profile, rows, unread = EXPECTED[name]
    source = File(SAMPLES / name)
    assert [one.profile for one in source.planned] == [profile]
    parcels = list(source.parcels())
    assert {one.kind.value: one.rows.height for one in parcels} == rows
    assert not any(one.faults for one in parcels)
    faults = [fault for one in parcels for fault in read(one.kind, one.rows, at=AT).faults]
    assert len({fault.row for fault in faults}) == unread, faults
    assert not [one for one in source.coverage() if one.reason == "the profile does not take this column"]


def lines(name: str, kind: K, *columns: str) -> list[tuple]:
    frames = [one.rows for one in File(SAMPLES / name).parcels() if one.kind == kind]
    return pl.concat(frames).select(columns).rows()


def test_returns_are_negative_in_every_system():
    for name, transaction, quantity in (
        ("tally_sales_register.csv", "CN/26-27/0031", "-10 PCS"),
        ("busy_sales.csv", "MT/1023", "-1.000"),
        ("erpnext_sales_invoice.csv", "ACC-SINV-2026-00073", "-2"),
        ("sap_idoc_invoic.csv", "90001790", "-6.000"),
        ("sap_odata_billing.json", "90001790", "-6"),
    ):
        assert (transaction, quantity) in lines(name, K.SALES, "transaction_id", "quantity"), name


def test_free_goods_are_a_line_of_their_own_at_no_price():
    got = lines("marg_sale_register.csv", K.SALES, "transaction_id", "line", "sku", "quantity", "unit_price")
    assert got == [
        ("A000811", "1", "9038", "24", "110.00"), ("A000811", "5001", "9038", "2", "0.00"),
        ("A000811", "2", "9041", "48", "26.00"),
        ("A000812", "1", "9041", "144", "25.60"), ("A000812", "5001", "9041", "12", "0.00"),
    ]  # fmt: skip


def test_negative_stock_is_kept_and_sums_are_not_taken():
    assert [row[0] for row in lines("tally_stock_summary.xlsx", K.STOCK, "quantity")] == [
        "1,200 PCS",
        "-12 PCS",
        "144 PCS",
        "2 CASE 12 PCS",
    ]
    assert [row[0] for row in lines("marg_current_stock.csv", K.STOCK, "quantity")] == [
        "312",
        "1008",
        "-6",
        "40",
    ]
    left = {one.name: one.count for one in File(SAMPLES / "marg_current_stock.csv").coverage()}
    assert left == {"titles above the table": 2}, "complete only once it is read"
    source = File(SAMPLES / "marg_current_stock.csv")
    list(source.parcels())
    assert {one.name: one.count for one in source.coverage()} == {
        "titles above the table": 2,
        "total rows": 2,
        "headings between rows": 2,
    }


# --- suggestions -------------------------------------------------------------------------------


def test_a_profile_is_suggested_by_names_abbreviations_and_values():
    header = [
        "Sr",
        "Bill No.",
        "Inv Dt",
        "Party",
        "Itm Cd",
        "Batch No",
        "Qty.",
        "Rate/Unit",
        "Godown",
        "Remarks",
    ]
    rows = [["1", "B-7", "11/23/2026", "R001", "BIS-100", "B1", "12", "8.90", "MAIN", "ok"]] * 3
    spec = suggest(header, rows)
    check(spec)
    rules = spec["tables"][0]["gives"][0]
    assert rules["kind"] == "sales"
    assert rules["columns"] == {
        "transaction_id": "Bill No.",
        "timestamp": {"from": "Inv Dt", "date": "mdy"},
        "retailer_id": "Party",
        "sku": "Itm Cd",
        "batch": "Batch No",
        "quantity": "Qty.",
        "unit_price": "Rate/Unit",
        "location": "Godown",
    } | {name: rules["columns"][name] for name in rules["columns"] if name == "line"}
    assert spec["missing"] == []
    assert all(0.5 < sure <= 1 for sure in spec["confidence"].values())
    assert "Remarks" not in spec["confidence"]
    frame = pl.DataFrame(rows, schema=header, orient="row")
    assert apply(spec, frame)[K.SALES]["timestamp"].to_list() == ["2026-11-23"] * 3


def test_values_speak_where_names_do_not():
    header = ["Ledger", "Shop Name", "X1", "X2", "Mob"]
    rows = [
        ["A1", "Anand Kirana", "27AAPFU0939F1ZV", "411030", "9822011223"],
        ["A2", "Sai", "27AAPFU0939F1ZV", "411037", "9822011224"],
    ]
    spec = suggest(header, rows)
    columns = spec["tables"][0]["gives"][0]["columns"]
    assert (columns["gstin"], columns["pincode"], columns["retailer_id"]) == ("X1", "X2", "Ledger")
    assert spec["tables"][0]["gives"][0]["kind"] == "retailers"


def test_a_draft_says_what_it_lacks_and_nonsense_is_refused():
    spec = suggest(["Itm Cd", "Exp.", "MRP"], [["A", "11/27", "10.00"]], K.BATCHES)
    assert spec["missing"] == ["batch"]
    with pytest.raises(Invalid, match="no column"):
        suggest(["foo", "bar"], [["x", "y"]])
