"""A pull's file as a source: documents in parcels of canonical rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl

from inventory.contracts.feeds import Parcel, RecordKind, Uncovered
from inventory.feeds.erpnext import masters, trade
from inventory.feeds.erpnext.masters import Document, Row, Rows, Settings, Skip
from inventory.feeds.erpnext.spool import read_documents, read_head

#: Documents a parcel: their lines must fit into memory several times over.
PARCEL = 1_000

_READERS: dict[str, Callable[[Document, Settings, Skip], Rows]] = {
    "Company": masters.company,
    "Warehouse": masters.warehouse,
    "Customer": masters.customer,
    "Item": masters.item,
    "Item Price": masters.item_price,
    "Batch": masters.batch,
    "Purchase Invoice": trade.purchase_invoice,
    "Purchase Receipt": trade.purchase_receipt,
    "Sales Invoice": trade.sales_invoice,
    "Bin": trade.stock,
}


class ErpnextSource:
    """The documents of one file. Rows are numbered by kind, in the order of the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._settings = read_head(path)
        self._uncovered: dict[tuple[str, str], tuple[int, str]] = {}

    @property
    def bytes_total(self) -> int:
        return self._path.stat().st_size

    def coverage(self) -> tuple[Uncovered, ...]:
        """What was met and not taken."""
        found = sorted(self._uncovered.items())
        return tuple(Uncovered(name, count, why, example) for (name, why), (count, example) in found)

    def parcels(self, after: int = -1) -> Iterator[Parcel]:
        """Parcels after a number; what is passed over is read, for rows keep their numbers."""
        self._uncovered = {}
        counts: dict[RecordKind, int] = {}
        number = 0
        for rows, read in self._chunks():
            for kind in RecordKind:
                mine = rows.get(kind)
                if not mine:
                    continue
                mine = _merged(mine) if kind is RecordKind.PRICES else mine
                first = counts.get(kind, 0) + 1
                counts[kind] = first + len(mine) - 1
                if number > after:
                    yield Parcel(kind, number, _frame(mine, first), read)
                number += 1

    def _chunks(self) -> Iterator[tuple[dict[RecordKind, list[Row]], int]]:
        documents = read_documents(self._path)
        for doctype, run in groupby(documents, key=lambda line: line[1]):
            reader = _READERS.get(doctype)
            rows: dict[RecordKind, list[Row]] = {}
            taken = read = 0
            for _line, _doctype, document, read in run:
                if reader is None:
                    self._skip(doctype or "Unknown documents", "nothing here reads them", "")
                    continue
                for kind, row in reader(document, self._settings, self._skip):
                    rows.setdefault(kind, []).append(row)
                taken += 1
                if taken == PARCEL:
                    yield rows, read
                    rows, taken = {}, 0
            if rows:
                yield rows, read

    def _skip(self, name: str, why: str, example: str) -> None:
        count, first = self._uncovered.get((name, why), (0, example))
        self._uncovered[(name, why)] = (count + 1, first)


def open_spool(path: Path, options: Mapping[str, Any]) -> ErpnextSource:
    """A file that a pull from ERPNext left. Raises `Invalid` for any other."""
    return ErpnextSource(path)


def _merged(rows: list[Row]) -> list[Row]:
    """One row for a SKU and a day, though each of its prices stands on a list of its own."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        found.setdefault((row["sku"], row["valid_from"]), {}).update(row)
    return list(found.values())


def _frame(rows: list[Row], first: int) -> pl.DataFrame:
    """Text columns, empty where a row says nothing, and `row` from `first` on."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) or None for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return frame.select(pl.int_range(first, first + len(rows), dtype=pl.Int64).alias("row"), pl.all())
