"""The file a pull leaves: answers of Tally joined together, with what their reader must know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from inventory.feeds.tally.requests import element, text

_RECORD = re.compile(r"<(?:VOUCHER|LEDGER|GODOWN|STOCKITEM)\s")


class Spool:
    """Writes one file, which has its name once it is whole. `told` counts records that are not context."""

    def __init__(self, path: Path, notes: Mapping[str, str]) -> None:
        self.path = path
        self.told = 0
        self._part = path.with_suffix(".part")
        self._notes = notes

    def __enter__(self) -> Self:
        self._file = self._part.open("w", encoding="utf-8")
        self._file.write("<ENVELOPE>")
        self.note(self._notes)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.write("</ENVELOPE>")
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)

    def note(self, notes: Mapping[str, str]) -> None:
        """What whoever reads the following must know."""
        self.add(element("STATICVARIABLES", *(element(name, text(told)) for name, told in notes.items())))

    def add(self, answer: str, *, context: bool = False) -> None:
        """One answer of Tally, clean already; as context it is there to understand the rest by."""
        self.told += 0 if context else len(_RECORD.findall(answer))
        self._file.write(element("CONTEXT", answer) if context else answer)
        self._file.write("\n")
