"""The file a pull leaves: one JSON line that says how to read it, then one line a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import orjson

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext

FORMAT = "erpnext/1"
#: Settings that reading needs; they travel with the file, so that it reads the same ever after.
_READING = ("company", "warehouses", "territory", "territories", "mrp_field", "price_lists", "units")


class Spool:
    """Appends documents to a file. `documents` counts them."""

    def __init__(self, path: Path, settings: Mapping[str, Any], started: Mapping[str, Any]) -> None:
        self.path, self.documents = path, 0
        self._file: IO[bytes] = path.open("wb")
        reading = {name: settings[name] for name in _READING if name in settings}
        # the cursor makes the bytes of this pull unlike those of any other
        self._write({"format": FORMAT, "settings": reading, "after": started})

    def add(self, doctype: str, documents: Sequence[Mapping[str, Any]]) -> None:
        """One line for each document."""
        for document in documents:
            self._write({"doctype": doctype, "doc": document})
        self.documents += len(documents)

    def close(self) -> None:
        """Everything is on the disk."""
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(orjson.dumps(line) + b"\n")


def read_head(path: Path) -> Mapping[str, Any]:
    """The settings of a spool; `Invalid` when the file is none."""
    with path.open("rb") as opened:
        head = _line(opened.readline(1 << 20), 1)
    if head.get("format") != FORMAT:
        message = gettext(
            "this file was not written by a pull from ERPNext; take it in as a file with a profile"
        )
        raise Invalid(message, code="not_a_spool", faults=[Fault("not_a_spool", message, row=1)])
    settings = head.get("settings")
    return settings if isinstance(settings, dict) else {}


def read_documents(path: Path) -> Iterator[tuple[int, str, dict[str, Any], int]]:
    """Line number, DocType, document, and bytes read so far; each document as it stood last.

    One that is changed while a pull is under way comes twice, as does one that sends word of itself.
    """
    last = {(doctype, document.get("name")): number for number, doctype, document, _ in _documents(path)}
    for number, doctype, document, read in _documents(path):
        if last[(doctype, document.get("name"))] == number:
            yield number, doctype, document, read


def _documents(path: Path) -> Iterator[tuple[int, str, dict[str, Any], int]]:
    with path.open("rb") as opened:
        read = 0
        for number, raw in enumerate(opened, 1):
            read += len(raw)
            if number == 1 or not raw.strip():
                continue
            line = _line(raw, number)
            document = line.get("doc")
            if isinstance(document, dict):
                yield number, str(line.get("doctype", "")), document, read


def _line(raw: bytes, number: int) -> dict[str, Any]:
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        line = None
    if not isinstance(line, dict):
        message = gettext(
            "line %(number)s is not a JSON object: the file is cut off or changed", number=number
        )
        raise Invalid(message, code="not_json", faults=[Fault("not_json", message, row=number)])
    return line
