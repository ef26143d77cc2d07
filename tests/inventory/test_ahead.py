"""Statements sent ahead stand in the order in which they were written, and none is lost when one fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime

import polars as pl
import pytest
from django.db import IntegrityError, connection, transaction

from inventory.services.ahead import current, sending_ahead
from inventory.services.binary import pack
from inventory.services.staging import ask, ask_numbers, copy_frame, numbers_of, rows, run, scratch, send
from vyapar.kernel.errors import Stale

pytestmark = pytest.mark.django_db

NUMBERS = {"n": "bigint"}


def numbers(*values: int) -> pl.DataFrame:
    return pl.DataFrame({"n": values}, schema={"n": pl.Int64})


def ahead(*steps: Callable[[], object]) -> None:
    with transaction.atomic(), sending_ahead():
        for step in steps:
            step()


def test_what_is_sent_ahead_is_done_in_order_and_ordinary_questions_wait_for_it():
    with scratch(NUMBERS) as table:
        with sending_ahead():
            before = ask(f"SELECT count(*) FROM {table}")
            copy_frame(table, numbers(*range(1_000)), NUMBERS)
            send("SELECT pg_sleep(0.2)")
            send(f"UPDATE {table} SET n = n + %s", [5])
            after = ask_numbers(f"SELECT sum(n) AS n FROM {table}", ["n"])
            with connection.cursor() as cursor:  # whoever asks in the ordinary way comes last
                cursor.execute(f"SELECT min(n) FROM {table}")
                assert cursor.fetchone() == (5,)
            packed = numbers_of(
                f"SELECT n FROM {table} WHERE n = ANY(%s::bigint[])", ["n"], [pack(pl.Series([7]))]
            )
        assert before() == [(0,)]
        assert after()["n"].to_list() == [sum(range(1_000)) + 5_000]
        assert packed["n"].to_list() == [7]
        assert current() is None


def test_a_failure_ahead_is_raised_at_the_end_and_nothing_after_it_is_done():
    with scratch({"n": "bigint PRIMARY KEY"}) as table:
        with pytest.raises(IntegrityError):
            ahead(
                lambda: copy_frame(table, numbers(1, 1), NUMBERS),
                lambda: send(f"INSERT INTO {table} VALUES (2)"),
            )
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_wait_for_something_later_tells_of_the_first_failure():
    with scratch({"n": "bigint PRIMARY KEY"}) as table:
        with pytest.raises(IntegrityError):
            ahead(lambda: copy_frame(table, numbers(1, 1), NUMBERS), lambda: ask(f"SELECT n FROM {table}")())
        assert current() is None


def test_what_a_check_refuses_is_refused_within_the_block_and_without_one():
    def check(touched: int) -> None:
        if touched != 2:
            raise Stale("somebody was faster", code="stock_changed")

    with scratch(NUMBERS) as table:
        run(f"INSERT INTO {table} VALUES (1)")
        with pytest.raises(Stale), transaction.atomic(), sending_ahead():
            send(f"UPDATE {table} SET n = 9", check=check)
        with pytest.raises(Stale), transaction.atomic():
            send(f"UPDATE {table} SET n = 9", check=check)
        assert rows(f"SELECT n FROM {table}") == [(1,)]


def test_when_our_own_part_fails_what_was_not_begun_is_left_out():
    with scratch(NUMBERS) as table:
        with pytest.raises(ZeroDivisionError):
            ahead(
                lambda: send("SELECT pg_sleep(0.1)"),
                lambda: copy_frame(table, numbers(1), NUMBERS),
                lambda: 1 / 0,
            )
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


ONE_ID = uuid.uuid4()


@pytest.mark.parametrize(
    ("series", "kind", "cast", "values"),
    [
        (pl.Series([1, -(2**63) + 5, 2**62]), "", "bigint[]", [1, -(2**63) + 5, 2**62]),
        (pl.Series([3, -4], dtype=pl.Int32), "", "int[]", [3, -4]),
        (pl.Series([7, None]), "", "bigint[]", [7, None]),
        (pl.Series([date(1969, 12, 31)]), "", "date[]", [date(1969, 12, 31)]),
        (
            pl.Series([datetime(2026, 11, 23, 6, 30, 0, 7, UTC)]), "", "timestamptz[]",
            [datetime(2026, 11, 23, 6, 30, 0, 7, UTC)],
        ),
        (pl.Series(["", "a,\"b\\", "रस्क", None]), "text", "text[]", ["", "a,\"b\\", "रस्क", None]),
        (pl.Series([ONE_ID.hex]), "uuid", "uuid[]", [ONE_ID]),
        (pl.Series(["", "00ff"]), "bytea", "bytea[]", [b"", b"\x00\xff"]),
        (pl.Series([], dtype=pl.Int64), "", "bigint[]", []),
    ],
)  # fmt: skip
def test_a_packed_column_is_the_array_that_it_says(series, kind, cast, values):
    assert rows(f"SELECT %s::{cast}", [pack(series, kind)]) == [(values,)]
