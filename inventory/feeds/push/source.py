"""A pushed body that was kept as a file, as a source of parcels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from inventory.contracts.feeds import Parcel, RecordKind, Uncovered
from inventory.feeds.canonical import FIELDS, canonical_names
from inventory.feeds.canonical import Form as FieldForm
from inventory.feeds.push.blocks import HEAD, Block, blocks_of, check_start
from inventory.feeds.push.forms import Form, Table, read_table
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _


def read_rows(body: bytes, form: Form, kind: RecordKind) -> Table:
    """The rows of a body of one kind. Raises `Invalid` when it cannot be read."""
    amounts = [spec.name for spec in FIELDS[kind] if spec.form is FieldForm.MONEY]
    return read_table(body, form, kind=kind.value, names=canonical_names(kind), amounts=amounts)


class Pushed:
    """A body as a `Source`, in the very reading of the doors. Options: `kind`, `form` (a content type)."""

    def __init__(self, path: Path, options: Mapping[str, Any]) -> None:
        self._path = path
        self._kind, self._form = _meant(options)
        self._size = path.stat().st_size
        self._ignored: dict[str, int] = {}
        with path.open("rb") as file:
            check_start(file.read(HEAD), self._form, self._kind.value)

    @property
    def bytes_total(self) -> int | None:
        """Size of the body, unpacked."""
        return self._size

    def parcels(self, after: int = -1) -> Iterator[Parcel]:
        """See `Source`. Those up to `after` are read too, to know how their rows are counted."""
        self._ignored, before = {}, 0
        with self._path.open("rb") as file:
            for number, block in enumerate(blocks_of(file, self._form, self._kind.value)):
                table = self._read(block, before)
                for name in table.ignored:
                    self._ignored[name] = self._ignored.get(name, 0) + table.rows.height
                if number > after and not table.rows.is_empty():
                    numbered = table.rows.with_columns(table.rows["row"] + before)
                    yield Parcel(self._kind, number, numbered, block.upto)
                before += table.rows.height

    def coverage(self) -> Sequence[Uncovered]:
        """Names that mean nothing to this kind of record."""
        reason = _("means nothing to %(kind)s", kind=coded(self._kind.value))
        return [Uncovered(name, count, reason) for name, count in self._ignored.items()]

    def _read(self, block: Block, before: int) -> Table:
        form = Form.CSV if self._form is Form.CSV else Form.LINES
        try:
            table = read_rows(block.body, form, self._kind)
        except Invalid as error:
            raise _further_down(error, before) from error
        if block.rows is not None and table.rows.height != block.rows:
            raise Invalid(
                _("the body is not JSON: between two commas of the list stands nothing"), code="not_json"
            )
        return table


def _meant(options: Mapping[str, Any]) -> tuple[RecordKind, Form]:
    try:
        return RecordKind(options["kind"]), Form(options["form"])
    except (KeyError, ValueError) as error:
        message = _("a push says its kind and its content type; take other files in as files")
        raise Invalid(message, code="not_a_push") from error


def _further_down(error: Invalid, before: int) -> Invalid:
    """The refusal of a piece, its rows counted from the beginning of the body."""
    faults = [
        Fault(f.code, f.message, f.field, f.row + before if f.row else None, f.value) for f in error.faults
    ]
    return Invalid(error.message, code=error.code, faults=faults)
