"""A column that travels as an array in Postgres's own form arrives as what it was."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from inventory.services import binary, records
from inventory.services.binary import Chosen, Strung, pack
from inventory.services.staging import copy_columns, copy_rows, copying, encode_ahead, rows, rows_of, scratch

pytestmark = pytest.mark.django_db

COLUMNS = {
    "bigint": pl.Series([1, -(2**62), 0], dtype=pl.Int64),
    "integer": pl.Series([7, -7], dtype=pl.Int32),
    "date": pl.Series([date(1999, 12, 31), date(2026, 11, 29)]),
    "timestamptz": pl.Series([datetime(2026, 11, 29, 0, 30, 0, 123_456, tzinfo=UTC)]),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("empty", [False, True], ids=["some", "none"])
def test_an_array_arrives_as_it_was_sent(kind: str, empty: bool) -> None:
    column = COLUMNS[kind].clear() if empty else COLUMNS[kind]
    found = rows(f"SELECT %s::{kind}[]", [pack(column)])
    assert found == [(column.to_list(),)]


def _strung(*texts: bytes) -> Strung:
    return Strung(b"".join(texts), np.array([len(one) for one in texts], np.int32))


def test_bytes_one_behind_the_other_arrive_each_for_itself() -> None:
    column = _strung(b"ab", b"", b"\x00\xff\x01")
    found = rows("SELECT %s::bytea[]", [pack(column)])[0][0]
    assert [bytes(one) for one in found] == [b"ab", b"", b"\x00\xff\x01"]
    kept = column.where(np.array([False, True, True]))
    assert [bytes(one) for one in rows("SELECT %s::bytea[]", [pack(kept)])[0][0]] == [b"", b"\x00\xff\x01"]


def test_columns_that_are_no_frames_arrive_row_by_row_in_their_order(monkeypatch) -> None:
    monkeypatch.setattr(binary, "_SLICE", 2)
    types = {
        "n": "bigint", "day": "date", "at": "timestamptz", "kind": "text", "who": "text", "what": "bytea",
        "nothing": "text", "small": "integer",
    }  # fmt: skip
    columns = {
        "n": np.array([2**40, -1, 0]), "day": np.array([0, 20_000, 10_957]),
        "at": np.array([0, 1, 2 * 10**15]), "kind": Chosen(("sale", "found"), np.array([0, 1, 0])),
        "who": "ब", "what": _strung(b"", b"xyz", b"z"), "nothing": None,
        "small": pl.Series([1, None, 3], dtype=pl.Int32),
    }  # fmt: skip
    with scratch(types) as table:
        copy_rows(rows_of(table, columns, types, 3))
        found = rows(
            "SELECT n, day - date '1970-01-01', (extract(epoch FROM at) * 1000000)::bigint, kind, who, "
            f"what, nothing, small FROM {table} ORDER BY ctid"
        )
    assert [(*row[:5], bytes(row[5]), *row[6:]) for row in found] == [
        (2**40, 0, 0, "sale", "ब", b"", None, 1),
        (-1, 20_000, 1, "found", "ब", b"xyz", None, None),
        (0, 10_957, 2 * 10**15, "sale", "ब", b"z", None, 3),
    ]


@pytest.mark.parametrize("many", [False, True], ids=["few lengths", "many lengths"])
def test_rows_that_need_no_order_all_arrive_whatever_their_lengths(many: bool, monkeypatch) -> None:
    monkeypatch.setattr(binary, "_SLICE", 64)
    types = {"n": "bigint", "name": "text", "gst": "jsonb", "run": "integer", "at": "timestamptz"}
    names = [None if n % 7 == 0 else "é" * (n % 40 if many else n % 3) for n in range(200)]
    rates = [None if n % 2 else f'{{"rate": {n % 3}}}' for n in range(200)]
    frame = pl.DataFrame({"n": range(200), "name": names, "gst": rates}).with_columns(
        pl.lit(None, dtype=pl.Int64).alias("run"),
        pl.lit(datetime(2026, 11, 29, 4, tzinfo=UTC)).dt.convert_time_zone("UTC").alias("at"),
    )
    with scratch(types) as table:
        with copying(encode_ahead(table, frame, types).result()):
            pass
        found = rows(f"SELECT n, name, gst::text, run, at FROM {table} ORDER BY n")
    assert found == frame.rows()


@pytest.mark.parametrize("count", [1, 4, 5])
def test_columns_of_one_width_arrive_as_they_were_slice_after_slice(count: int, monkeypatch) -> None:
    monkeypatch.setattr(records, "SLICE", 2)
    types = {
        "n": "bigint", "share": "double precision", "day": "date", "known": "boolean", "at": "timestamptz",
        "small": "smallint", "who": "text", "what": "bytea", "nothing": "integer", "way": "text",
        "body": "bytea",
    }  # fmt: skip
    columns = {
        "n": np.arange(count) - 2**40, "share": np.arange(count) / 3, "day": 20_000,
        "known": np.arange(count) % 2 == 0, "at": np.full(count, 2 * 10**15), "small": -7, "who": "ब",
        "what": "", "nothing": None, "way": [b"" if n % 2 else b"hold" for n in range(count)],
        "body": [bytes(n) for n in range(count)],
    }  # fmt: skip
    with scratch(types) as table:
        copy_columns(table, columns, types, count)
        found = rows(
            "SELECT n, share, day - date '1970-01-01', known, (extract(epoch FROM at) * 1000000)::bigint, "
            f"small, who, what, nothing, way, body FROM {table} ORDER BY ctid"
        )
    assert [(*row[:7], bytes(row[7]), *row[8:10], bytes(row[10])) for row in found] == [
        (
            n - 2**40,
            n / 3,
            20_000,
            n % 2 == 0,
            2 * 10**15,
            -7,
            "ब",
            b"",
            None,
            "" if n % 2 else "hold",
            bytes(n),
        )
        for n in range(count)
    ]
