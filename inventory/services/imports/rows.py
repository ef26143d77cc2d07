"""Rows of a source as text for people, and faults as they are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from inventory.contracts.feeds import Landed, Parcel, RecordKind
from inventory.feeds.canonical import PACK_SCHEMA, is_counted_in_packs, read
from inventory.feeds.canonical.texts import as_text, tidy
from inventory.services.staging import frame_of
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Fault
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import words_of

#: Characters of one value that are kept.
_LONGEST = 500
_PACKS = "SELECT code, case_pack, uqc FROM inventory_sku WHERE code = ANY(%s)"


def fault_in(fault: Fault) -> dict[str, Any]:
    """A fault as it is kept: row, field, code, message with its words, value."""
    return {
        "row": fault.row, "field": fault.field, "code": fault.code, "message": str(fault.message),
        "value": text_of(fault.value)[:_LONGEST], "words": list(words_of(fault.message)),
    }  # fmt: skip


def unread_of(parcel: Parcel) -> dict[int, list[Fault]]:
    """Rows that the source could not read at all, with their faults; they are not in the parcel's frame."""
    found: dict[int, list[Fault]] = {}
    for one in parcel.faults:
        found.setdefault(one.row or 0, []).append(one)
    return found


def with_unread(parcel: Parcel, landed: Landed) -> Landed:
    """What became of a parcel's rows, those that could not be read among the rejected."""
    if not parcel.faults:
        return landed
    rejected = landed.rejected + len(unread_of(parcel))
    return replace(landed, rejected=rejected, faults=(*parcel.faults, *landed.faults))


def texts_of(rows: pl.DataFrame) -> list[dict[str, str]]:
    """Each row as canonical name -> text, what is missing left out."""
    return [
        {name: text_of(value)[:_LONGEST] for name, value in row.items() if value is not None}
        for row in rows.iter_rows(named=True)
    ]


def landing_texts(kind: RecordKind, rows: pl.DataFrame, at: datetime) -> list[dict[str, str]]:
    """Each good row as it would land: read, quantities in base units, money in rupees; `row` first."""
    lines = read(kind, rows, at=at, packs=packs_for(kind, rows)).lines
    money = [name for name in lines.columns if name.endswith("_paise")]
    told = texts_of(lines)
    for row in told:
        for name in money:
            if name in row:
                row[name.removesuffix("_paise")] = rupees(int(row.pop(name)))
    return told


def packs_for(kind: RecordKind, rows: pl.DataFrame) -> pl.DataFrame:
    """Packs and units of the SKUs that rows name, as far as reading their quantities needs them."""
    if rows.is_empty() or not is_counted_in_packs(kind, rows):
        return pl.DataFrame(schema=PACK_SCHEMA)
    skus = tidy(as_text(rows["sku"])) if "sku" in rows.columns else pl.Series("sku", [], dtype=pl.String)
    return frame_of(_PACKS, PACK_SCHEMA, [skus.drop_nulls().unique().to_list()])


def text_of(value: Any) -> str:
    """A value of a source as a person would type it; NUL, which no database keeps, is shown."""
    if isinstance(value, list | tuple):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(IST).isoformat()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).replace("\x00", "␀")
