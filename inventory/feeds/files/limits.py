"""How much of a file is looked at before it is refused, and the sentence that refuses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from vyapar.kernel.errors import Fault, Invalid

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Sizes are bytes.

    `file` is the file as it lies on disk; `unpacked` what a compressed text may become, `workbook`
    what a workbook may (it is held in memory while it is read); `ratio` how many times larger than
    packed. `record` is one line or record. `rows` and `block` bound a parcel.
    """

    file: int = 2048 * MIB
    unpacked: int = 8192 * MIB
    workbook: int = 128 * MIB
    ratio: int = 250
    entries: int = 4000
    columns: int = 1000
    record: int = MIB
    rows: int = 50_000
    block: int = 4 * MIB
    title_rows: int = 40


def refuse(code: str, message: str, *, row: int | None = None, value: str = "") -> NoReturn:
    """Raise `Invalid` about the file as a whole."""
    fault = Fault(code, message, field="file", row=row, value=value[:200])
    raise Invalid(message, code=code, faults=(fault,))


def in_words(size: int) -> str:
    """A size as people say it."""
    return f"{size / MIB:,.0f} MB" if size >= MIB else f"{size:,} bytes"
