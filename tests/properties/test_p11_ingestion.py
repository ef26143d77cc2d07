"""Property 11: of dirty rows each is accepted, known already, or rejected by name; sums stay."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl
import pytest
from django.db import transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import read
from inventory.feeds.files import File
from inventory.feeds.files.writing import write_csv, write_xlsx
from inventory.feeds.profiles import SHIPPED, apply
from inventory.models import DailyDemand, Sale
from inventory.services import check_positions, ingest_sales
from tests.builders import AT, MACHINE, World, build_world

DB = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is taken back; the world is built once."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(in_alpha: None) -> World:
    return build_world(pieces=50)


#: The same value in the forms in which tills and spreadsheets write it.
amounts = st.tuples(st.integers(1, 300), st.sampled_from(["{}", " {} ", "+{}", "{}.0"]))
prices = st.tuples(st.integers(1, 99_999), st.sampled_from(["{r}.{p:02d}", " {r}.{p:02d} ", "0{r}.{p:02d}"]))
DAYS = ("2026-11-20T10:15:00+05:30", "2026-11-20 10:15", "2026-11-20T04:45:00Z", "2026-11-20T10:15:00.000")
noise = st.sampled_from(
    [
        {"sku": "NOT-OURS"}, {"sku": ""}, {"sku": None}, {"retailer_id": "R999"}, {"quantity": "0"},
        {"quantity": "1.5"}, {"quantity": "many"}, {"quantity": "10000000"}, {"unit_price": "12.345"},
        {"unit_price": "-1"}, {"unit_price": "free"}, {"timestamp": "yesterday"}, {"timestamp": "2031-01-01"},
        {"timestamp": "2026-11-24T00:00:00Z"}, {"timestamp": "1999-01-01T00:00:00Z"},
        {"territory": "BENGALURU"}, {"transaction_id": " "}, {"transaction_id": "x" * 65}, {"line": "0"},
    ]
)  # fmt: skip
rows = st.lists(
    st.tuples(
        st.sampled_from(["R001", " R002 ", "R003"]), st.sampled_from(["BIS-100", "TEA-250 "]),
        amounts, prices, st.sampled_from(DAYS), st.one_of(st.none(), st.none(), noise), st.booleans(),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@DB
@given(drawn=rows)
def test_every_row_is_accepted_known_or_rejected_by_name_and_sums_are_kept(world, drawn):
    """Feature: vyapar-sahayak-distributor, Property 11: Data Integration and Normalization Robustness.

    For any data from external systems with varying quality and formats, the integration process
    should normalize data to consistent schemas while preserving semantic meaning and flagging
    quality issues.
    """
    batch, clean = [], []
    for number, (retailer, sku, (n, shape), (paise, money), day, broken, back) in enumerate(drawn, 1):
        pieces = -n if back and shape == "{}" else n
        row = {
            "transaction_id": f"T-{number}", "line": "1", "retailer_id": retailer, "sku": sku,
            "quantity": shape.format(pieces), "unit_price": money.format(r=paise // 100, p=paise % 100),
            "timestamp": day, "territory": "PUNE",
        }  # fmt: skip
        batch.append({**row, **(broken or {})})
        if not broken:
            clean.append((pieces, paise))
    with undone():
        report = ingest_sales(batch, actor=MACHINE, at=AT, source="till")
        again = ingest_sales(batch, actor=MACHINE, at=AT, source="till")
        kept = list(
            Sale.objects.values_list("quantity", "unit_price_paise", "sold_at", "retailer__retailer_id")
        )
        totals = DailyDemand.objects.aggregate(n=Sum("quantity"), p=Sum("revenue_paise"))
        money = Sale.objects.aggregate(p=Sum(F("quantity") * F("unit_price_paise")))["p"] or 0
        differences = check_positions()
    assert report.accepted + report.duplicates + report.rejected == len(batch)
    assert (report.accepted, report.duplicates) == (len(clean), 0)
    bad = {number for number, row in enumerate(drawn, 1) if row[5]}
    assert {fault.row for fault in report.faults} == bad
    assert all(fault.code and fault.message and fault.field for fault in report.faults)
    assert (again.accepted, again.duplicates) == (0, len(clean)), "sent again it changes nothing"
    assert sorted((n, p) for n, p, *_ in kept) == sorted(clean)
    assert {at for *_, at, _r in kept} <= {datetime(2026, 11, 20, 4, 45, tzinfo=UTC)}
    assert all(name == name.strip() for *_, name in kept)
    assert (totals["n"] or 0) == sum(n for n, _ in clean)
    assert (totals["p"] or 0) == money == sum(n * p for n, p in clean)
    assert differences == []


# --- the same rows as files of every format ----------------------------------------------------

COLUMNS = ("transaction_id", "line", "retailer_id", "sku", "quantity", "unit_price", "timestamp", "territory")
#: What cells of real files hold beside what is asked for.
odd = st.sampled_from(
    [
        "NaN",
        "1e308",
        "∞",
        "=1+1",
        "-",
        "'",
        "श्री साई",
        "متجر",
        "🏪",
        'a "b" c',
        "a,b;c\td|e",
        "two\nlines",
        "0",
        "#N/A",
    ]
)
wild = st.text(
    st.characters(
        min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text and not text.startswith("'"))
cells = st.fixed_dictionaries(
    {
        "transaction_id": st.one_of(st.integers(1, 9).map("T-{}".format), odd, wild),
        "line": st.sampled_from(["1", "2", "x", "", "01"]),
        "retailer_id": st.one_of(st.sampled_from(["R001", "R 2", ""]), odd, wild),
        "sku": st.one_of(st.sampled_from(["BIS-100", "0012", ""]), odd, wild),
        "quantity": st.one_of(
            st.integers(-99, 99).map(str), st.sampled_from(["1,200", "3.0", "2 PCS", "", "many", "1e3"])
        ),
        "unit_price": st.sampled_from(["12.50", "₹ 1,234.00", "0.1", "Rs.5", "", "-1", "free", "12.345"]),
        "timestamp": st.sampled_from([*DAYS, "20/11/2026", "20-Nov-26", "", "soon", "2026-11-20"]),
        "territory": st.sampled_from(["PUNE", "", "पुणे"]),
    }
)
tables = st.lists(cells, min_size=1, max_size=6)
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")
FORMATS = {
    **{f"{codec} {mark!r}.csv": (codec, mark) for codec in CODECS for mark in ",;\t|"},
    "export.csv": None, "export.xlsx": None, "rows.ndjson": None, "rows.json": None, "rows.parquet": None,
}  # fmt: skip


def write_table(path: Path, name: str, rows: list[dict[str, str]]) -> None:
    """The rows in a format; empty cells are left out where the format knows nothing."""
    table = [[row[column] for column in COLUMNS] for row in rows]
    present = [{column: text for column, text in row.items() if text} for row in rows]
    present[0] = rows[0]
    if FORMATS[name]:
        codec, mark = FORMATS[name]
        out = io.StringIO()
        csv.writer(out, delimiter=mark).writerows([COLUMNS, *table])
        path.write_bytes(out.getvalue().encode(codec))
    elif name.endswith(".csv"):
        path.write_bytes(write_csv(table, COLUMNS))
    elif name.endswith(".xlsx"):
        path.write_bytes(write_xlsx(table, COLUMNS))
    elif name.endswith(".ndjson"):
        path.write_bytes(b"\n".join(map(orjson.dumps, present)))
    elif name.endswith(".json"):
        path.write_bytes(orjson.dumps({"results": present}))
    else:
        pl.DataFrame(table, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_parquet(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables, name=st.sampled_from(sorted(FORMATS)))
def test_every_format_says_the_same_as_the_rows_themselves(tmp_path, rows, name):
    """Feature: vyapar-sahayak-distributor, Property 11: Data Integration and Normalization Robustness.

    Dirty rows written in any format are read as the same canonical lines, with the same faults at the
    same rows, as if they had been handed over as they are.
    """
    path = tmp_path / f"table.{name.rsplit('.', 1)[1]}"
    write_table(path, name, rows)
    options = {"profile": "generic", "kind": "sales", "header_row": 1}
    if name.endswith(".csv") and FORMATS[name]:
        options["delimiter"] = FORMATS[name][1]
    parcels = list(File(path, options).parcels())
    first = 1 if name.startswith("rows.") else 2  # a header stands above the rows of a sheet
    got = pl.concat([one.rows for one in parcels]).with_columns(pl.col("row") - (first - 1))
    assert not any(one.faults for one in parcels)
    plain = pl.DataFrame(
        [{key: text or None for key, text in row.items()} for row in rows],
        schema=dict.fromkeys(COLUMNS, pl.String),
    )
    spread = {
        column: got.get_column(column, default=pl.Series(column, [None] * got.height, dtype=pl.String))
        for column in COLUMNS
    }
    left = pl.DataFrame({"row": got["row"], **spread})
    kept = plain.with_row_index("row", 1).filter(pl.any_horizontal(pl.col(*COLUMNS).is_not_null()))
    expected = apply(SHIPPED["generic"], kept, RecordKind.SALES)[RecordKind.SALES]
    assert left.rows() == expected.select(left.columns).rows()
    ours, theirs = (read(RecordKind.SALES, frame, at=AT) for frame in (left, expected))
    assert ours.lines.equals(theirs.lines)
    assert ours.faults == theirs.faults
