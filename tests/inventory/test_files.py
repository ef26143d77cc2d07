"""Files of every format as sources: the same rows out of each, and a sentence for what is hostile."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import orjson
import polars as pl
import pytest
import xlsxwriter

from inventory.contracts.feeds import RecordKind
from inventory.feeds import SYSTEMS
from inventory.feeds.files import File, Limits
from inventory.feeds.files.delimited import record_ends
from inventory.feeds.files.writing import guarded, unguarded, write_csv, write_xlsx
from vyapar.kernel.errors import Invalid

HEADS = ["transaction_id", "retailer_id", "sku", "quantity", "unit_price", "timestamp", "note"]
ROWS = [
    ["T-1", "R001", "BIS-100", "12", "8.90", "2026-11-20", "Café, Pune"],
    ["T-2", "R002", "TEA-250", "-1", "103.50", "2026-11-21", "two\nlines"],
    ["T-3", "R003", "Öl; 1l | tab\t", "3", "1,234.00", "2026-11-22", 'so-called "best"'],
]
SALES = HEADS[:-1]
WHOLESALE = Path("inventory/feeds/demonstration/data/wholesale.parquet")


def text_of(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([HEADS, *rows])
    return out.getvalue()


def saved(folder: Path, name: str, body: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


def rows_of(source: File, kind: RecordKind = RecordKind.SALES) -> pl.DataFrame:
    return pl.concat([one.rows for one in source.parcels() if one.kind == kind], how="diagonal")


def faults_of(source: File) -> list[tuple[int | None, str]]:
    return [(fault.row, fault.code) for one in source.parcels() for fault in one.faults]


# --- text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding_and_delimiter_gives_the_same_rows(tmp_path, encoding, delimiter):
    path = saved(tmp_path, "sales.csv", text_of(ROWS, delimiter).encode(encoding))
    made = rows_of(File(path))
    assert made.select(SALES).rows() == [tuple(row[:-1]) for row in ROWS]
    assert made["row"].to_list() == [2, 3, 4]


def test_a_line_in_another_encoding_is_named_by_its_row_and_the_others_are_read(tmp_path):
    good = text_of([["T-1", "R001", "Café", "1", "1.00", "2026-11-20", "é"]]).encode()
    path = saved(
        tmp_path,
        "mixed.csv",
        good + "T-2,R002,Crème,1,1.00,2026-11-20,x\r\nT-3,R1,Té,1,1.00,2026-11-20,\r\n".encode("cp1252"),
    )
    source = File(path)
    assert faults_of(source) == [(3, "lost_characters"), (4, "lost_characters")]
    assert rows_of(source)["sku"].to_list() == ["Café"]
    assert any(one.name == "rows that could not be read" and one.count == 2 for one in source.coverage())


def test_a_stated_encoding_is_taken_at_its_word(tmp_path):
    path = saved(
        tmp_path, "s.csv", text_of([["T", "R", "naïve", "1", "1", "2026-11-20", ""]]).encode("cp437")
    )
    assert rows_of(File(path, {"encoding": "cp437"}))["sku"].to_list() == ["naïve"]
    with pytest.raises(Invalid, match="no encoding called 'klingon'"):
        File(path, {"encoding": "klingon"})


def test_stray_quotes_and_shifted_rows_cost_only_their_own_row(tmp_path):
    lines = [
        ",".join(HEADS),
        'T-1,R001,5" BRUSH,1,1.00,2026-11-20,',
        'T-2,R001,"5 INCH BRUSH,1,1.00,2026-11-20,',
        "T-3,R001,A,B,1,1.00,2026-11-20,x",
        "",
        "T-4,R001,SOAP,2,1.00,2026-11-20",
        'T-5,R001,"SOAP ""X""",2,1.00,2026-11-20,,,',
    ]
    source = File(saved(tmp_path, "stray.csv", "\n".join(lines)))
    assert faults_of(source) == [(3, "open_quote"), (4, "too_many_cells")]
    assert rows_of(source).select("row", "sku").rows() == [(2, '5" BRUSH'), (6, "SOAP"), (7, 'SOAP "X"')]


def test_a_quote_that_never_closes_does_not_swallow_the_file(tmp_path):
    body = text_of(ROWS[:1]) + 'T-2,R1,"X,1,1,2026-11-20,\n' + "T-3,R1,Y,1,1,2026-11-20,\n" * 20_000
    source = File(saved(tmp_path, "open.csv", body), limits=Limits(record=100_000, block=400_000))
    assert faults_of(source) == [(3, "open_quote")]
    assert rows_of(source).height == 20_001


def test_the_fast_way_and_the_careful_way_read_the_same(tmp_path):
    """A shifted row at the end of a chunk sends it the careful way; all other rows come out alike."""
    rows = [[f"T-{n}", "R1", f'a "{n}"\n{n}', str(n), "", "2026-11-20", ""] for n in range(300)]
    fast = File(saved(tmp_path, "fast.csv", text_of(rows)))
    slow = File(saved(tmp_path, "slow.csv", text_of(rows) + "T,R,S,1,1,2026-11-20,,,,too many\n"))
    assert faults_of(fast) == []
    assert [code for _, code in faults_of(slow)] == ["too_many_cells"]
    assert rows_of(fast).equals(rows_of(slow))


def test_record_ends_are_newlines_outside_quotes():
    ends, regular = record_ends(b'a,"b\nc"\nd,"e ""f"""\n', ",")
    assert (ends.tolist(), regular) == ([7, 19], True)
    assert record_ends(b'a,5" b\nc\n', ",")[1] is False


def test_parcels_are_numbered_the_same_and_skipped_cheaply(tmp_path):
    rows = [
        [f"T-{n}", "R001", f"S{n % 7}", "1", "2.00", "2026-11-20", "x\ny" if n % 9 else ""]
        for n in range(1000)
    ]
    for name, body in (
        ("a.csv", text_of(rows).encode()),
        ("a.ndjson", b"\n".join(orjson.dumps(dict(zip(HEADS, row, strict=True))) for row in rows)),
        ("a.json", orjson.dumps([dict(zip(HEADS, row, strict=True)) for row in rows])),
        ("a.xlsx", write_xlsx(rows, HEADS)),
    ):
        source = File(saved(tmp_path, name, body), limits=Limits(rows=150, block=2048))
        whole = list(source.parcels())
        assert [one.number for one in whole] == list(range(len(whole))), name
        assert len(whole) >= 7, name
        assert whole[-1].bytes_read <= source.bytes_total, name
        assert [one.bytes_read for one in whole] == sorted(one.bytes_read for one in whole)
        for after in (-1, 2, 5):
            rest = list(source.parcels(after=after))
            assert [one.number for one in rest] == [one.number for one in whole][after + 1 :], name
            assert all(a.rows.equals(b.rows) for a, b in zip(rest, whole[after + 1 :], strict=True)), name


def megabytes(of: str) -> int:
    """`VmRSS` (now) or `VmHWM` (most since it was reset) of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(of))


def test_memory_is_bounded_by_a_parcel_whatever_the_size_of_the_file(tmp_path):
    line = "T-{0},R{1:05d},SKU-{2:04d},12,45.50,2026-11-20T10:15:00+05:30,some note of usual length\n"
    block = "".join(line.format(n, n % 5000, n % 3000) for n in range(10_000)).encode()
    path = tmp_path / "large.csv"
    with path.open("wb") as out:
        out.write(",".join(HEADS).encode() + b"\n")
        for _ in range(60):
            out.write(block)
    Path("/proc/self/clear_refs").write_text("5")  # the most since now
    before = megabytes("VmRSS")
    rows = sum(one.rows.height for one in File(path).parcels())
    grown = megabytes("VmHWM") - before
    assert rows == 600_000
    assert 0 < grown < 200, f"reading {path.stat().st_size >> 20} MB took {grown} MB"


# --- finding the table -------------------------------------------------------------------------


def test_titles_above_and_totals_below_are_told_apart_from_rows(tmp_path):
    body = (
        "Shree Traders,,,,,\nSales from 1-11-2026,,,,,\n,,,,,\n"
        "Bill No.,Party,Itm Cd,Qty.,Rate,Inv Dt\n"
        "B1,R001,TOTAL CARE,2,10.00,03/11/2026\nTotal,,,2,,\nGrand Total :,,,2,,\n"
    )
    source = File(saved(tmp_path, "titled.csv", body))
    assert rows_of(source).drop("row").rows() == [("B1", "R001", "TOTAL CARE", "2", "10.00", "2026-11-03")]
    left = {one.name: one.count for one in source.coverage()}
    assert left == {"titles above the table": 2, "total rows": 2}


def test_a_header_of_two_storeys_is_joined(tmp_path):
    path = tmp_path / "two.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write("A1", "Stock Summary")
    sheet.merge_range("A3:A4", "Particulars")
    sheet.merge_range("B3:B4", "Godown")
    sheet.merge_range("C3:D3", "Opening Balance")
    sheet.merge_range("E3:F3", "Closing Balance")
    sheet.write_row("C4", ["Quantity", "Value", "Quantity", "Value"])
    sheet.write_row("A5", ["Tea", "Main", 5, 50.5, "7 PCS", 70])
    sheet.write_row("A6", ["Soap", "Main", 1, 10, 2, 20.25])
    book.close()
    source = File(path)
    assert source.planned[0].table.header[2:] == (
        "Opening Balance Quantity",
        "Opening Balance Value",
        "Closing Balance Quantity",
        "Closing Balance Value",
    )
    made = rows_of(source, RecordKind.STOCK)
    assert made.select("row", "sku", "quantity", "value").rows() == [
        (5, "Tea", "7 PCS", "70"),
        (6, "Soap", "2", "20.25"),
    ]


def test_a_workbook_gives_numbers_days_and_merged_cells_as_text_from_every_sheet_that_fits(tmp_path):
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "dd-mm-yy"})
    book.add_worksheet("Cover").write("A1", "Prepared by the accountant")
    sales = book.add_worksheet("Sales")
    sales.write_row(0, 0, SALES)
    sales.merge_range("A2:A3", "T-1")
    for row, code in enumerate(("8901234567890", 8901234567890), 1):
        sales.write_row(row, 1, ["R001", code, 12, 8.9])
        sales.write_datetime(row, 5, date(2026, 11, 20), day)
    skus = book.add_worksheet("Items")
    skus.write_row(0, 0, ["sku", "name", "hsn", "mrp"])
    skus.write_row(1, 0, ["BIS-100", "Biscuit", "0402", 10])
    hidden = book.add_worksheet("Old")
    hidden.write_row(0, 0, ["sku", "name", "hsn", "mrp"])
    hidden.hide()
    book.close()
    source = File(path)
    assert [one.kind for one in source.parcels()] == [RecordKind.SKUS, RecordKind.SALES]
    assert (
        rows_of(source).drop("row").rows()
        == [("T-1", "R001", "8901234567890", "12", "8.9", "2026-11-20")] * 2
    )
    assert rows_of(source, RecordKind.SKUS)["hsn"].to_list() == ["0402"]
    assert {"sheet Cover", "sheet Old"} <= {one.name for one in source.coverage()}
    assert [one.kind for one in File(path, {"sheet": "Items"}).parcels()] == [RecordKind.SKUS]
    with pytest.raises(Invalid, match="no sheet 'X'"):
        File(path, {"sheet": "X"})


def test_ods_is_read_like_xlsx(tmp_path):
    rows = [[cell.strip() for cell in row[:-1]] for row in ROWS]
    made = rows_of(File(saved(tmp_path, "sales.ods", ods([SALES, *rows]))))
    assert made.select(SALES).rows() == [tuple(row) for row in rows]


def test_what_is_merged_in_ods_stands_in_each_of_its_rows(tmp_path):
    whole = zipfile.ZipFile(io.BytesIO(ods([SALES, ["T-1", *ROWS[0][1:-1]], ["gone", *ROWS[1][1:-1]]])))
    content = whole.read("content.xml").decode()
    first, gone = (
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        for text in ("T-1", "gone")
    )
    content = content.replace(first, first.replace("cell ", 'cell table:number-rows-spanned="2" ', 1))
    content = content.replace(gone, "<table:covered-table-cell/>")
    with zipfile.ZipFile(tmp_path / "merged.ods", "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, content if name == "content.xml" else whole.read(name))
    assert rows_of(File(tmp_path / "merged.ods"))["transaction_id"].to_list() == ["T-1", "T-1"]


def ods(rows: list[list[str]]) -> bytes:
    """The smallest spreadsheet that the OpenDocument format allows."""
    office, table, words = (
        f"urn:oasis:names:tc:opendocument:xmlns:{one}:1.0" for one in ("office", "table", "text")
    )

    def cell(text: str) -> str:
        return (
            f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'
        )

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{office}" xmlns:table="{table}" '
        f'xmlns:text="{words}"><office:body><office:spreadsheet><table:table table:name="A">{body}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return out.getvalue()


# --- records -----------------------------------------------------------------------------------


def test_json_in_its_shapes(tmp_path):
    records = [dict(zip(SALES, row[:-1], strict=True)) for row in ROWS]
    expected = [tuple(row[:-1]) for row in ROWS]
    for name, body in (
        ("list.json", json.dumps(records)),
        ("wrapped.json", json.dumps({"count": 3, "next": None, "results": records})),
        ("odata.json", json.dumps({"d": {"results": records}})),
        ("lines.json", "\n".join(map(json.dumps, records))),
        ("lines.ndjson", "\ufeff" + "\n\n".join(map(json.dumps, records))),
        ("marked.json", "\ufeff" + json.dumps(records)),
    ):
        assert rows_of(File(saved(tmp_path, name, body))).select(SALES).rows() == expected, name


def test_nested_records_are_flattened_and_their_lines_spread(tmp_path):
    sale = {
        "transactionId": "T-1",
        "retailerId": "R1",
        "timestamp": "2026-11-20",
        "lines": [
            {"sku": "A", "quantity": 2, "unitPrice": 1.10},
            {"sku": "B", "quantity": 1, "unitPrice": 3},
        ],
    }
    spec = {
        "version": 1, "name": "nested",
        "tables": [{"needs": ["lines.sku"], "gives": [{"kind": "sales", "columns": {
            "transaction_id": "transactionId", "sku": "lines.sku", "quantity": "lines.quantity",
            "unit_price": "lines.unitPrice", "line": {"ordinal": 0}}}]}],
    }  # fmt: skip
    source = File(saved(tmp_path, "n.ndjson", json.dumps(sale)), {"profile": spec})
    assert rows_of(source).rows() == [(1, "T-1", "A", "2", "1.1", "1"), (1, "T-1", "B", "1", "3", "2")]


def test_a_broken_line_of_ndjson_is_a_fault_of_its_row(tmp_path):
    good = json.dumps(dict(zip(SALES, ROWS[0][:-1], strict=True)))
    body = f'{good}\n{{"sku": NaN}}\n[1, 2]\n{{"sku": 1e999}}\n{good[:-4]}\n{good}\n'
    source = File(saved(tmp_path, "b.ndjson", body))
    assert faults_of(source) == [(2, "not_json"), (3, "not_an_object"), (4, "not_json"), (5, "not_json")]
    assert rows_of(source)["row"].to_list() == [1, 6]


def test_several_lists_must_be_told_apart(tmp_path):
    path = saved(
        tmp_path,
        "two.json",
        json.dumps({"skus": [{"sku": "A"}], "sales": [dict(zip(SALES, ROWS[0], strict=False))]}),
    )
    with pytest.raises(Invalid, match="several lists"):
        File(path)
    assert rows_of(File(path, {"sheet": "sales"})).height == 1


def test_parquet_keeps_what_types_say(tmp_path):
    frame = pl.DataFrame(
        {
            "transaction_id": ["T-1", "T-2"],
            "retailer_id": ["R1", None],
            "sku": ["A", ""],
            "quantity": [5, -3],
            "unit_price": pl.Series(["12.50", "0.05"]).cast(pl.Decimal(10, 2)),
            "line": [1.0, 2.0],
            "timestamp": pl.Series(["2026-11-20T10:15:00", "2026-11-21T00:00:00"]).str.to_datetime(
                time_zone="Asia/Kolkata"
            ),
            "tags": [["a"], []],
            "cancelled": [True, False],
        }
    )
    frame.write_parquet(tmp_path / "s.parquet")
    source = File(tmp_path / "s.parquet")
    made = rows_of(source)
    assert made.select(
        "transaction_id", "retailer_id", "sku", "quantity", "unit_price", "line", "timestamp", "cancelled"
    ).rows() == [
        ("T-1", "R1", "A", "5", "12.50", "1", "2026-11-20T10:15:00+05:30", "true"),
        ("T-2", None, None, "-3", "0.05", "2", "2026-11-21T00:00:00+05:30", "false"),
    ]
    assert [one.name for one in source.coverage()] == ["tags"]


# --- hostile -----------------------------------------------------------------------------------


def workbook(parts: dict[str, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


HEAD = ",".join(SALES) + "\n"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><workbook>&b;</workbook>'
)
SMALL = Limits(
    file=3_000_000, unpacked=20_000_000, workbook=30_000_000, record=50_000, block=100_000, ratio=50
)
HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty.csv", lambda: b"", "empty_file"),
    ("blank.csv", lambda: b"\r\n , ;\r\n", "empty_file"),
    ("header.csv", lambda: HEAD.encode(), "no_rows"),
    ("words.csv", lambda: b"dear sir\nplease find\nthe stock\n", "no_header"),
    ("other.csv", lambda: b"flavour,colour\nsweet,red\n", "no_profile"),
    ("report.csv", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "wrong_content"),
    ("old.xlsx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "wrong_content"),
    ("page.csv", lambda: b"<!doctype html><html><table></table></html>", "wrong_content"),
    ("text.xlsx", lambda: HEAD.encode(), "wrong_content"),
    ("binary.csv", lambda: bytes(range(256)) * 40, "not_text"),
    ("nul.csv", lambda: HEAD.encode() + bytes(5000), "not_text"),
    ("line.csv", lambda: HEAD.encode() + b"x" * 2_000_000, "record_too_long"),
    (
        "wide.csv",
        lambda: b",".join(b"c%d" % n for n in range(3000)) + b"\n" + b",".join([b"1"] * 3000),
        "too_many_columns",
    ),
    ("large.csv", lambda: HEAD.encode() + b"a,b,c,1,1,1\n" * 300_000, "too_large"),
    (
        "bomb.csv.gz",
        lambda: gzip.compress(HEAD.encode() + b"a,b,c,1,1,1\n" * 900_000),
        "suspicious_compression",
    ),
    ("cut.csv.gz", lambda: gzip.compress((HEAD + "a,b,c,1,1,1\n" * 9000).encode())[:-200], "broken_gzip"),
    ("cut.xlsx", lambda: write_xlsx(ROWS, HEADS)[:3000], "broken_workbook"),
    ("not.xlsx", lambda: workbook({"readme.txt": b"hello"}), "not_a_workbook"),
    ("entities.xlsx", lambda: workbook({"xl/workbook.xml": BOMB}), "entities"),
    (
        "zip.xlsx",
        lambda: workbook({"xl/workbook.xml": b"<x/>", "xl/a.xml": bytes(29_000_000)}),
        "suspicious_compression",
    ),
    (
        "big.xlsx",
        lambda: workbook({"xl/workbook.xml": b"<x/>", "xl/a.xml": bytes(40_000_000)}),
        "workbook_too_large",
    ),
    ("parts.xlsx", lambda: workbook({f"xl/{n}.xml": b"" for n in range(4500)}), "suspicious_archive"),
    ("macro.xlsb", lambda: workbook({"xl/workbook.bin": b""}), "binary_workbook"),
    ("nothing.xlsx", lambda: write_xlsx([], []), "no_rows"),
    ("only_head.xlsx", lambda: write_xlsx([], HEADS), "no_rows"),
    ("torn.parquet", lambda: b"PAR1" + bytes(200) + b"PAR1", "broken_parquet"),
    ("open.json", lambda: b'[{"sku": "A"}, {"sku"', "broken_json"),
    ("deep.json", lambda: b"[" * 2_000_000, "too_deep"),
    ("deeper.json", lambda: b'[{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}]", "too_deep"),
    ("nan.json", lambda: b'[{"sku": NaN}]', "broken_json"),
    ("long.json", lambda: b'[{"sku": "' + b"x" * 2_000_000 + b'"}]', "record_too_long"),
    ("long.ndjson", lambda: b'{"sku": "' + b"x" * 2_000_000 + b'"}', "record_too_long"),
    ("latin.json", lambda: '[{"sku": "café"}]'.encode("cp1252"), "broken_json"),
    ("wide.json", lambda: '[{"sku": "a"}]'.encode("utf-16"), "broken_json"),
    ("number.json", lambda: b'{"sku": 1}', "no_list"),
    ("none.ndjson", lambda: b"\n\n", "no_rows"),
    ("keys.ndjson", lambda: json.dumps({f"c{n}": 1 for n in range(3000)}).encode(), "too_many_columns"),
]


@pytest.mark.parametrize(("name", "body", "code"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_what_is_hostile_is_refused_with_a_sentence(tmp_path, name, body, code):
    path = saved(tmp_path, name, body())
    with pytest.raises(Invalid) as caught:
        list(File(path, limits=SMALL).parcels())
    assert caught.value.code == code
    assert len(caught.value.message) > 20
    assert "\x00" not in caught.value.message


def test_strange_cells_are_faults_or_pass_as_they_are(tmp_path):
    names = ["١٢٣ محل", "🏪 kirana", "श्री साई", "NaN", "1e308", "=1+1", " x\u200b"]
    rows = [["T", "R", name, "NaN", "1e308", "2026-11-20", ""] for name in [*names, "a\x00b"]]
    source = File(saved(tmp_path, "odd.csv", text_of(rows)))
    assert faults_of(source) == [(9, "nul_character")]
    assert rows_of(source)["sku"].to_list() == names
    assert rows_of(source)["unit_price"].to_list() == ["1e308"] * len(names)


def test_a_column_that_stands_twice_is_refused_only_when_it_is_needed(tmp_path):
    twice = "sku,name,hsn,mrp,note,note\nA,B,0402,1,x,y\n"
    source = File(saved(tmp_path, "n.csv", twice))
    assert rows_of(source, RecordKind.SKUS).height == 1
    assert [one.name for one in source.coverage()] == ["note", "note (2)"]
    path = saved(tmp_path, "m.csv", "sku,name,hsn,mrp,mrp\nA,B,0402,1,2\n")
    with pytest.raises(Invalid, match="more than once") as caught:
        File(path, {"profile": "generic"})
    assert caught.value.code == "ambiguous_column"


def test_unknown_options_are_refused_by_name(tmp_path):
    path = saved(tmp_path, "s.csv", text_of(ROWS))
    for options, words in (
        ({"profile": "sage"}, "no profile 'sage'"),
        ({"kind": "cheques"}, "no kind of record 'cheques'"),
        ({"header_row": "x"}, "whole number from 1"),
        ({"delimiter": ";;"}, "one character"),
        ({"profile": {"version": 1}}, "the profile is not valid"),
    ):
        with pytest.raises(Invalid, match=words):
            File(path, options)
    assert rows_of(File(path, {"header_row": "1", "delimiter": ",", "kind": "sales"})).height == 3


# --- writing -----------------------------------------------------------------------------------


def test_exports_come_back_as_they_were_without_the_guard(tmp_path):
    names = ["=HYPERLINK(1)", "+91 98", "-cmd", "@x", "'quoted", "'=kept", "plain", "\ttab", "''-2"]
    table = [[f"T-{n}", "R1", name, -5, Decimal("12.50"), date(2026, 11, 20)] for n, name in enumerate(names)]
    for name, body in (
        ("e.csv", write_csv(table, SALES)),
        ("e.xlsx", write_xlsx(table, SALES, title="Sales: a/b")),
    ):
        made = rows_of(File(saved(tmp_path, name, body), {"profile": "generic"}))
        assert made["sku"].to_list() == names, name
        assert set(made["quantity"]) == {"-5"}
        assert {Decimal(text) for text in made["unit_price"]} == {Decimal("12.5")}
        assert set(made["timestamp"]) == {"2026-11-20"}
    frame = pl.DataFrame(table, schema=SALES, orient="row")
    assert write_csv(frame, SALES) == write_csv(table, SALES)


def test_the_guard_is_taken_away_exactly_once():
    texts = ["=a", "'=a", "''=a", "'a", "a", "", "-", "'"]
    frame = pl.DataFrame({"text": [guarded(text) for text in texts]})
    assert frame.select(unguarded(pl.col("text"))).to_series().to_list() == texts
    assert all(not str(guarded(text)).startswith(("=", "+", "-", "@")) for text in texts)


# --- real sales --------------------------------------------------------------------------------


def test_real_wholesale_lines_come_back_equal_from_every_format(tmp_path):
    real = pl.read_parquet(WHOLESALE).slice(40_000, 4000)
    table = real.select(
        pl.concat_str(pl.lit("W-"), "invoice").alias("transaction_id"),
        pl.concat_str(pl.lit("R"), "customer").alias("retailer_id"),
        pl.concat_str(pl.lit("S"), "stock").alias("sku"),
        pl.col("quantity").cast(pl.String),
        pl.concat_str(
            pl.col("pence") // 100, pl.lit("."), (pl.col("pence") % 100).cast(pl.String).str.zfill(2)
        ).alias("unit_price"),
        (pl.date(2009, 12, 1).cast(pl.Datetime) + pl.duration(days="day", minutes="minute"))
        .dt.strftime("%Y-%m-%dT%H:%M:%S")
        .alias("timestamp"),
        pl.col("line").cast(pl.String),
    )
    table.write_parquet(tmp_path / "w.parquet")
    table.write_ndjson(tmp_path / "w.ndjson")
    saved(tmp_path, "w.csv", write_csv(table, table.columns))
    saved(tmp_path, "w.csv.gz", gzip.compress(write_csv(table, table.columns)))
    saved(tmp_path, "w.xlsx", write_xlsx(table, table.columns))
    assert int(real["quantity"].min() or 0) < 0, "returns are among them"
    for name in ("w.parquet", "w.ndjson", "w.csv", "w.csv.gz", "w.xlsx"):
        source = SYSTEMS["files"].open(tmp_path / name, {})
        parcels = list(source.parcels())
        made = pl.concat([one.rows for one in parcels])
        assert made.select(table.columns).equals(table), name
        assert parcels[-1].bytes_read == source.bytes_total, name
        assert list(source.coverage()) == [], name
