"""How whole frames travel into Postgres: COPY, straight into a table or by way of a temporary one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Thread
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from psycopg import Cursor
from psycopg.adapt import Dumper
from psycopg.pq import Format

from inventory.selectors.columns import packed
from inventory.services.binary import Column, Packed, can_encode, encode, encode_columns
from inventory.services.groups import Numbers
from vyapar.tenancy.here import current_schema

_numbers = count(1)
#: Lists longer than this are written as arrays here.
_LONG = 32
#: Stands for null where numbers travel without it.
NOTHING = -(2**63) + 1
_PACKED = "SELECT {columns} FROM ({sql}) q"
_INSTANT = "%Y-%m-%d %H:%M:%S%.6f+00:00"


def copy_frame(table: str, frame: pl.DataFrame, types: Mapping[str, str] | None = None) -> int:
    """Append every row of `frame` to the columns of the same names; returns how many.

    Instants must be in UTC. Lists must come as text in Postgres' own form (see `array_text`). With
    `types`, the Postgres type of each column, rows travel in binary, which costs both sides less.
    """
    if frame.is_empty():
        return 0
    if types is not None and can_encode(types):
        names = ", ".join(types)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as pipe,
        ):
            for part in encode(frame, types):
                pipe.write(part)
        return frame.height
    body = frame.with_columns(_instants(frame)).write_csv(include_header=False).encode()
    columns = ", ".join(frame.columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT CSV)") as pipe,
    ):
        pipe.write(body)
    return frame.height


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table in COPY's own form, ready to be sent; of no rows there are no `parts`."""

    table: str
    columns: tuple[str, ...]
    parts: tuple[bytes, ...]

    @property
    def statement(self) -> str:
        return _copy_into(self.table, self.columns)


def rows_of(table: str, columns: Mapping[str, Column], types: Mapping[str, str], count: int) -> Rows:
    """So many rows for the columns in `types`; see `encode_columns`. Asks the database nothing."""
    return Rows(table, tuple(types), tuple(encode_columns(columns, types, count)) if count else ())


def copy_rows(made: Rows) -> None:
    """Append rows that are ready."""
    if made.parts:
        _send(made.statement, made.parts)


def copy_columns(table: str, columns: Mapping[str, Column], types: Mapping[str, str], count: int) -> None:
    """Append so many rows to the columns in `types`, sent as they are encoded; see `encode_columns`."""
    if count:
        _send(_copy_into(table, types), encode_columns(columns, types, count))


def _copy_into(table: str, columns: Iterable[str]) -> str:
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"


def _send(statement: str, parts: Iterable[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as pipe:
        for part in parts:
            pipe.write(part)


def encode_ahead(table: str, frame: pl.DataFrame, types: Mapping[str, str]) -> Future[Rows]:
    """`frame` as rows of a table, made by a thread of its own while others wait for the database.

    Rows come in whatever order travels best: nothing may be read out of it.
    """
    made: Future[Rows] = Future()

    def make() -> None:
        try:
            made.set_result(Rows(table, tuple(types), tuple(encode(frame, types, in_order=False))))
        except BaseException as error:  # noqa: BLE001  # told to the one who waits
            made.set_exception(error)

    Thread(target=make, name=f"encode {table}").start()
    return made


@contextmanager
def copying(made: Rows) -> Iterator[None]:
    """As `copy_rows`, while the block works things out; when it ends every row is there.

    Sending has a thread of its own, so that two processors work: ours on what follows, the database's on
    these rows. The block may not ask the database anything.
    """
    failed: list[BaseException] = []

    def send() -> None:
        try:
            for part in made.parts:
                pipe.write(part)
        except BaseException as error:  # noqa: BLE001  # told to the one who waits
            failed.append(error)

    with connection.cursor() as cursor, cursor.copy(made.statement) as pipe:
        sender = Thread(target=send, name=f"copy {made.table}")
        sender.start()
        try:
            yield
        finally:
            sender.join()
        if failed:
            raise failed[0]


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
        copy_frame(name, frame.select(list(types)), types)
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
    with _asked(sql, values) as cursor:
        return int(cursor.rowcount)


def rows(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    """Run one query; all its rows."""
    with _asked(sql, values) as cursor:
        return list(cursor.fetchall())


@contextmanager
def _asked(sql: str, values: Any) -> Iterator[Any]:
    """A cursor that ran one statement. Where arrays are packed, values and answer travel in binary."""
    with connection.cursor() as cursor:  # this one sees to the distributor's schema
        if not any(isinstance(one, Packed) for one in values or ()):
            cursor.execute(sql, _bound(values))
            yield cursor
            return
        with connection.wrap_database_errors, Cursor(cursor.connection) as plain:
            plain.adapters.register_dumper(Packed, _PackedDumper)
            plain.execute(sql, _bound(values), binary=True)
            yield plain


class _PackedDumper(Dumper):
    """Hands over what is in binary form already; the query says what it is."""

    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        return obj


def _bound(values: Any) -> Any:
    """Long lists of numbers or texts written as arrays in one go; the driver would go value by value."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        return values
    return [_array_literal(one) if isinstance(one, list) and len(one) > _LONG else one for one in values]


def _array_literal(values: list[Any]) -> Any:
    kinds = set(map(type, values))
    if kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {str}:
        return '{"' + '","'.join(one.replace("\\", "\\\\").replace('"', '\\"') for one in values) + '"}'
    return values


def frame_of(sql: str, schema: Mapping[str, Any], values: Any = None) -> pl.DataFrame:
    """The answer to a query as a frame with `schema`, names and types in its order."""
    columns = zip(*rows(sql, values), strict=True)
    read = {
        name: pl.Series(name, column, dtype=schema[name])
        for name, column in zip(schema, columns, strict=False)
    }
    return pl.DataFrame(read, schema=dict(schema))


def numbers_of(sql: str, names: Sequence[str], values: Any = None) -> pl.DataFrame:
    """The answer to a query of whole numbers, columns `names` of Int64, without an object per row.

    For answers of thousands of rows: each column travels as one value, its numbers as Postgres sends
    them. Whatever else a column holds (days, truths) the query makes a number; null stays null.
    """
    frame = pl.DataFrame(arrays_of(sql, names, values), schema=dict.fromkeys(names, pl.Int64))
    return frame.with_columns(pl.when(pl.all() != NOTHING).then(pl.all()))


def arrays_of(sql: str, names: Sequence[str], values: Any = None) -> dict[str, Numbers]:
    """As `numbers_of`, as arrays by name; what is null is `NOTHING`."""
    columns = ", ".join(packed(f"coalesce(q.{name}::bigint, {NOTHING})") for name in names)
    values_of = rows(_PACKED.format(columns=columns, sql=sql), values)[0]
    return {
        name: np.frombuffer(part or b"", ">i8").astype(np.int64)
        for name, part in zip(names, values_of, strict=True)
    }


def take_turns(what: str) -> None:
    """Wait until nobody else of this distributor does `what`; held until the transaction ends."""
    run("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:{what}"])


def take_trail() -> None:
    """Take the turn at the trail, before any position is locked; held until the transaction ends.

    Whoever writes stock writes the trail too, and an agent's cycle has begun with the trail when it
    comes to hold stock: in another order the two would wait for each other for ever.
    """
    take_turns("audit")


def take_every_turn() -> None:
    """Take the turns of all who write rows and stock, in everybody's order; held until the transaction ends.

    For whoever lands rows of several kinds in one transaction: turns taken kind by kind end with the trail
    each, and the next kind's turn would be asked for by somebody whom its holder waits for.
    """
    for what in ("vouchers", "sales", "masters", "stock sums"):
        take_turns(what)
    take_trail()
