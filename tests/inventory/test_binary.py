"""A column that travels as an array in Postgres's own form arrives as what it was."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from inventory.services.binary import pack
from inventory.services.staging import rows

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
