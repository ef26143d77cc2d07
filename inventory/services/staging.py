"""How whole frames travel into Postgres: COPY, straight into a table or by way of a temporary one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import polars as pl
from django.db import connection

from vyapar.tenancy.here import current_schema

_numbers = count(1)
_INSTANT = "%Y-%m-%d %H:%M:%S%.6f+00:00"


def copy_frame(table: str, frame: pl.DataFrame) -> int:
    """Append every row of `frame` to the columns of the same names; returns how many.

    Instants must be in UTC. Lists must come as text in Postgres' own form (see `array_text`).
    """
    if frame.is_empty():
        return 0
    body = frame.with_columns(_instants(frame)).write_csv(include_header=False).encode()
    columns = ", ".join(frame.columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT CSV)") as pipe,
    ):
        pipe.write(body)
    return frame.height


def _instants(frame: pl.DataFrame) -> list[pl.Series]:
    """Columns of instants as text; each different instant is written once, most of them repeat."""
    found = []
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.Datetime):
            known = frame[name].unique().drop_nulls()
            found.append(frame[name].replace_strict(known, known.dt.strftime(_INSTANT), default=None))
    return found


@contextmanager
def staged(frame: pl.DataFrame, types: Mapping[str, str]) -> Iterator[str]:
    """`frame` as a temporary table with columns of `types`, in their order; its name.

    Gone when the block ends. Must run in a transaction.
    """
    with scratch(types) as name:
        copy_frame(name, frame.select(list(types)))
        yield name


@contextmanager
def scratch(types: Mapping[str, str]) -> Iterator[str]:
    """An empty temporary table with columns of `types`; its name. Gone when the block ends."""
    name = f"staged_{next(_numbers)}"
    columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
    run(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
    yield name
    run(f"DROP TABLE {name}")


def array_text(name: str) -> pl.Expr:
    """A list column as Postgres writes an array: `{1,2.5}`."""
    items = pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(",")
    return pl.concat_str([pl.lit("{"), items, pl.lit("}")]).alias(name)


def run(sql: str, values: Any = None) -> int:
    """Run one statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def rows(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    """Run one query; all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def frame_of(sql: str, schema: Mapping[str, Any], values: Any = None) -> pl.DataFrame:
    """The answer to a query as a frame with `schema`, names and types in its order."""
    return pl.DataFrame(rows(sql, values), schema=dict(schema), orient="row")


def take_turns(what: str) -> None:
    """Wait until nobody else of this distributor does `what`; held until the transaction ends."""
    run("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:{what}"])


def take_trail() -> None:
    """Take the turn at the trail, before any position is locked; held until the transaction ends.

    Whoever writes stock writes the trail too, and an agent's cycle has begun with the trail when it
    comes to hold stock: in another order the two would wait for each other for ever.
    """
    take_turns("audit")
