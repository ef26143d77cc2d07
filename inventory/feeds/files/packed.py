"""Workbooks are archives: what is in one is measured before anything is read from it."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from inventory.feeds.files.limits import MIB, Limits, in_words, refuse
from vyapar.kernel.phrases import phrase as _

_PIECE = MIB


def check_workbook(path: Path, limits: Limits) -> str:
    """`xlsx` or `ods`, once the archive is known to be harmless; raises `Invalid` otherwise.

    Every part is unpacked once to count it, since the sizes an archive states may be wrong; parts are
    refused when they declare entities, which no workbook needs.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, limits)
            names = {entry.filename for entry in entries}
            if "xl/vbaProject.bin" in names and not any(name.endswith("workbook.xml") for name in names):
                refuse("not_a_workbook", _("the archive holds macros but no sheets"))
            kind = _kind(archive, names)
            total = 0
            for entry in entries:
                total = _measured(archive, entry, total, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        refuse("broken_workbook", _("the workbook is damaged, cut off or has a password; save it again"))
    return kind


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        refuse(
            "suspicious_archive",
            _("the workbook has more than %(entries)s parts; save it again", entries=f"{limits.entries:,}"),
        )
    if any(entry.flag_bits & 1 for entry in entries):
        refuse("encrypted", _("the workbook has a password; save it without one"))
    if sum(entry.file_size for entry in entries) > limits.workbook:
        _too_large(limits)


def _kind(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        refuse("binary_workbook", _("this is a binary workbook (.xlsb); save it as .xlsx or CSV"))
    if "mimetype" in names and "content.xml" in names:
        stated = archive.read("mimetype")[:80].strip()
        if stated.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
            return "ods"
    return refuse(
        "not_a_workbook", _("this archive is not a workbook (XLSX or ODS); unpack it and send what is in it")
    )


def _measured(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, total: int, limits: Limits) -> int:
    """The size of what is unpacked so far and this part."""
    size = 0
    markup = entry.filename.endswith((".xml", ".rels"))
    tail = b""
    with archive.open(entry) as part:
        while data := part.read(_PIECE):
            size += len(data)
            if total + size > limits.workbook:
                _too_large(limits)
            if size > 4 * MIB and size > limits.ratio * max(entry.compress_size, 1):
                refuse(
                    "suspicious_compression",
                    _("a part of the workbook is a decompression bomb; save it again"),
                )
            if markup and (b"<!ENTITY" in tail + data or b"<!DOCTYPE" in tail + data):
                refuse(
                    "entities", _("the workbook declares XML entities, which no spreadsheet program writes")
                )
            tail = data[-16:]
    return total + size


def _too_large(limits: Limits) -> None:
    refuse(
        "workbook_too_large",
        _(
            "the workbook unpacks to more than %(size)s; save the sheet as CSV instead",
            size=in_words(limits.workbook),
        ),
    )
