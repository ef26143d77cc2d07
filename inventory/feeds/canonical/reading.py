"""Reading rows of any kind: forms forgiven, rules checked column by column, every fault with its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.fields import Form
from inventory.feeds.canonical.forms import READERS
from inventory.feeds.canonical.measures import read_money, read_quantity
from inventory.feeds.canonical.quantities import PACK_SCHEMA, is_plain
from inventory.feeds.canonical.rules import RULES, prepare
from inventory.feeds.canonical.sheet import Sheet
from inventory.feeds.canonical.table import FIELDS
from vyapar.kernel.errors import Fault

#: Forms that need the SKU and the unit to be read first.
_LATE = frozenset({Form.QUANTITY, Form.MONEY})
#: Where a sheet is only looked at.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

#: Pieces in a case by SKU; or a frame that knows the unit they are counted in too (`PACK_SCHEMA`).
Packs = Mapping[str, int] | pl.DataFrame


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows that can be understood, what is wrong with the others, and what a person should know.

    `lines` has `row` and a column for each field of the kind (`FieldSpec.column`): text, whole paise,
    whole base units, days, instants in UTC. Fields the frame does not have are null throughout.
    """

    lines: pl.DataFrame
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()


def read(
    kind: RecordKind,
    frame: pl.DataFrame,
    *,
    at: datetime,
    packs: Packs | Callable[[], Packs] | None = None,
) -> Reading:
    """Normalise a frame in canonical columns and find everything wrong with each row. Never raises.

    `packs`: what is known of the SKUs named, for quantities in units and packs; a function that knows is
    asked only if there are some. `at`: now.
    """
    sheet = Sheet(kind, frame, at)
    if callable(packs):
        packs = packs() if _counts_in_packs(sheet) else None
    known = _packs(packs)
    prepare(sheet)
    for spec in FIELDS[kind]:
        if spec.form not in _LATE:
            sheet.done[spec.column] = READERS[spec.form](sheet, spec)
    for spec in FIELDS[kind]:  # what is counted or priced needs the SKU and the unit
        if spec.form is Form.QUANTITY:
            sheet.done[spec.column] = read_quantity(sheet, spec, known)
    for spec in FIELDS[kind]:
        if spec.form is Form.MONEY:
            sheet.done[spec.column] = read_money(sheet, spec, known)
    for rule in RULES[kind]:
        rule(sheet)
    lines = pl.DataFrame([sheet.row, *(c.alias(n) for n, c in sheet.done.items() if n != "unit")])
    if sheet.bad.any():
        lines = lines.filter(~sheet.bad)
    return Reading(lines, _sorted(sheet.faults), _sorted(sheet.warnings))


def is_counted_in_packs(kind: RecordKind, frame: pl.DataFrame) -> bool:
    """Whether reading the frame needs to know packs: some unit is named, or some quantity has one."""
    return _counts_in_packs(Sheet(kind, frame, _NO_TIME))


def _counts_in_packs(sheet: Sheet) -> bool:
    kind = sheet.kind
    specs = [s for s in FIELDS[kind] if s.form in (Form.QUANTITY, Form.MONEY) and sheet.source(s)]
    if not any(s.form is Form.QUANTITY for s in FIELDS[kind]):
        return False
    if sheet.text("unit").null_count() < sheet.height:
        return True
    for spec in specs:
        text = sheet.text(spec.name)
        if spec.form is not Form.MONEY and not is_plain(sheet.column(spec.name), text):
            return True
        slashed = spec.form is Form.MONEY and text.str.contains("/", literal=True).any()
        if slashed and text.str.contains(r"/\s*[A-Za-z]").any():
            return True
    return False


def _packs(packs: Packs | None) -> pl.DataFrame | None:
    if packs is None or isinstance(packs, pl.DataFrame):
        return packs
    rows = [(sku, pack, None) for sku, pack in packs.items()]
    return pl.DataFrame(rows, schema=PACK_SCHEMA, orient="row")


def _sorted(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda f: (f.row or 0, f.field)))
