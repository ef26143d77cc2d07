"""Packing: each table by COPY, each file of the storage, streamed into one zip under one snapshot."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.template.loader import render_to_string
from psycopg import sql

from vyapar.engine.selectors import verify_audit
from vyapar.kernel.calendar import IST
from vyapar.ops.takeout.secrecy import TABLES, parted
from vyapar.tenancy.selectors import current_distributor, primary_host

#: Where finished takeouts lie in the distributor's storage; they are not taken along themselves.
FOLDER = "takeouts"
_CHUNK = 1 << 20
#: Bytes between two words about how far it is.
_TELL_BYTES = 8 << 20

#: Told how far it is: parts done, parts in all, and what is being packed.
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One file in the zip. `rows` only for tables; `left_out` are columns kept back."""

    name: str
    sha256: str
    bytes: int
    rows: int | None = None
    table: str = ""
    columns: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What a takeout holds. `chain_breaks` are breaks of the trail in words; there should be none."""

    distributor: str
    taken_at: datetime
    parts: tuple[Part, ...]
    left_out_tables: tuple[str, ...]
    chain_entries: int
    chain_breaks: tuple[str, ...]
    simulated: bool

    @property
    def rows(self) -> int:
        return sum(part.rows or 0 for part in self.parts)


@dataclass(slots=True)
class _Packer:
    archive: zipfile.ZipFile
    at: datetime
    tell: Tell
    total: int
    parts: list[Part] = field(default_factory=list)

    @contextmanager
    def open(self, name: str) -> Iterator[_Sink]:
        """A file in the zip to write to; its digest and size are kept when it is closed."""
        when = self.at.astimezone(IST).timetuple()[:6]
        entry = zipfile.ZipInfo(name, when)
        entry.compress_type = zipfile.ZIP_DEFLATED
        self.say(name)
        with self.archive.open(entry, "w", force_zip64=True) as out:
            yield _Sink(out, lambda: self.say(name))

    def say(self, what: str) -> None:
        self.tell(len(self.parts), self.total, what)


class _Sink:
    """Writes to the zip and counts and digests what goes through."""

    def __init__(self, out: IO[bytes], tell: Callable[[], None]) -> None:
        self._out, self._tell, self._told = out, tell, 0
        self.size, self._digest = 0, hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        self._out.write(data)
        self._digest.update(data)
        self.size += len(data)
        if self.size - self._told > _TELL_BYTES:
            self._told = self.size
            self._tell()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def take_out(to: Path, *, at: datetime, tell: Tell = lambda done, total, what: None) -> Taken:
    """Write everything the current distributor owns into a zip at `to`; memory stays small.

    All tables are read in one read-only snapshot, so what was written meanwhile is in none of them.
    Must not be called inside a transaction. The file appears under its name when it is whole; a
    takeout that was cut off leaves none.
    """
    half = to.with_name(f"{to.name}.part")
    try:
        with (
            zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
            transaction.atomic(durable=True),
        ):
            taken = _pack(archive, at, tell)
        os.replace(half, to)
    finally:
        half.unlink(missing_ok=True)
    return taken


def _pack(archive: zipfile.ZipFile, at: datetime, tell: Tell) -> Taken:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    distributor = current_distributor()
    tables, files = _tables(), list(_files())
    packer = _Packer(archive, at, tell, len(tables) + len(files) + 3)
    _distributor(packer)
    for table in tables:
        if table not in TABLES:
            _table(packer, distributor.schema_name, table)
    for path in files:
        _file(packer, path)
    packer.say("audit chain")
    entries, breaks = verify_audit()
    taken = Taken(
        distributor=distributor.slug,
        taken_at=at,
        parts=tuple(packer.parts),
        left_out_tables=tuple(sorted(TABLES & set(tables))),
        chain_entries=entries,
        chain_breaks=tuple(breaks),
        simulated=distributor.sandbox,
    )
    _lists(archive, taken, at)
    tell(packer.total, packer.total, "")
    return taken


# --- parts ---------------------------------------------------------------------------------


def _distributor(packer: _Packer) -> None:
    """The distributor's own row of the shared schema, and nobody else's."""
    one = current_distributor()
    facts = {
        "slug": one.slug,
        "name": one.name,
        "host": primary_host(one),
        "sandbox": one.sandbox,
        "createdAt": one.created_at,
    }
    with packer.open("distributor.json") as sink:
        sink.write(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    packer.parts.append(Part("distributor.json", sink.sha256, sink.size))


def _tables() -> list[str]:
    """Tables of the current distributor's schema by name; a partitioned one once, with all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
            [current_distributor().schema_name],
        )
        return [row[0] for row in cursor.fetchall()]


def _columns(schema: str, table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s "
            "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            [schema, table],
        )
        return [row[0] for row in cursor.fetchall()]


def _table(packer: _Packer, schema: str, table: str) -> None:
    """One table as CSV with a head, named by its schema so that no other can be meant."""
    taken, left = parted(table, _columns(schema, table))
    query = sql.SQL("COPY (SELECT {columns} FROM {table}) TO STDOUT WITH (FORMAT csv, HEADER true)").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, taken)), table=sql.Identifier(schema, table)
    )
    name = f"tables/{table}.csv"
    with connection.cursor() as cursor, packer.open(name) as sink:
        with cursor.copy(query) as rows:
            for chunk in rows:
                sink.write(chunk)
        count = cursor.rowcount
    part = Part(name, sink.sha256, sink.size, count, table, tuple(taken), tuple(left))
    packer.parts.append(part)


def _files(folder: str = "") -> Iterator[str]:
    """Paths in the distributor's own storage, in order, without earlier takeouts."""
    if not default_storage.exists(folder or "."):
        return
    folders, names = default_storage.listdir(folder)
    for name in sorted(names):
        yield f"{folder}/{name}" if folder else name
    for name in sorted(folders):
        path = f"{folder}/{name}" if folder else name
        if path != FOLDER:
            yield from _files(path)


def _file(packer: _Packer, path: str) -> None:
    name = f"files/{path}"
    try:
        source = default_storage.open(path)
    except FileNotFoundError:  # cleared away since it was listed
        return
    with source, packer.open(name) as sink:
        while data := source.read(_CHUNK):
            sink.write(data)
    packer.parts.append(Part(name, sink.sha256, sink.size))


def _lists(archive: zipfile.ZipFile, taken: Taken, at: datetime) -> None:
    """The manifest, digests for `sha256sum -c`, and a page that says how to read all this."""
    manifest: dict[str, Any] = asdict(taken)
    sums = "".join(f"{part.sha256}  {part.name}\n" for part in taken.parts)
    words = render_to_string("takeout/README.txt", {"taken": taken, "at": at.astimezone(IST)})
    for name, body in (
        ("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)),
        ("SHA256SUMS", sums.encode()),
        ("README.txt", words.encode()),
    ):
        entry = zipfile.ZipInfo(name, at.astimezone(IST).timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, body)
