"""What a file is, by its first bytes; its name only decides between kinds of text."""

from __future__ import annotations

from pathlib import Path

from inventory.feeds.files.limits import Limits, in_words, refuse
from inventory.feeds.files.text import body_of
from vyapar.kernel.phrases import phrase as gettext

_PICTURE, _PROGRAM = gettext("a picture"), gettext("a program")
_STRANGERS = (
    (b"%PDF", gettext("a PDF; export the report as CSV or Excel instead of printing it")),
    (b"\xd0\xcf\x11\xe0",
     gettext("an old Excel file (.xls) or another Office file; save it as .xlsx or CSV")),
    (b"\x89PNG", _PICTURE), (b"\xff\xd8\xff", _PICTURE), (b"GIF8", _PICTURE),
    (b"Rar!", gettext("a RAR archive; unpack it first")),
    (b"7z\xbc\xaf", gettext("a 7z archive; unpack it first")),
    (b"\x7fELF", _PROGRAM), (b"MZ", _PROGRAM),
    (b"SQLite format 3", gettext("a database file")),
    (b"{\\rtf", gettext("a text document; export the table as CSV")),
)  # fmt: skip
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods", ".ndjson", ".jsonl", ".json", ".parquet",
            ".csv.gz", ".tsv.gz", ".txt.gz", ".ndjson.gz", ".jsonl.gz", ".json.gz")  # fmt: skip


def find_format(path: Path, limits: Limits, name: str = "") -> str:
    """`workbook`, `parquet`, `ndjson`, `json` or `delimited`; raises `Invalid` for what is none of them."""
    size = path.stat().st_size
    if not size:
        refuse("empty_file", gettext("there is nothing in this file"))
    if size > limits.file:
        refuse(
            "too_large",
            gettext(
                "the file has %(size)s; at most %(most)s are read: send it in parts",
                size=in_words(size),
                most=in_words(limits.file),
            ),
        )
    with body_of(path, limits) as body:
        head = body.read(4096)
    for mark, what in _STRANGERS:
        if head.startswith(mark):
            refuse("wrong_content", gettext("this file is %(what)s", what=what), value=(name or path.name))
    if head.startswith(b"PK"):
        return "workbook"
    if head.startswith(b"PAR1"):
        return "parquet"
    return _text(head, (name or path.name).casefold())


def _text(head: bytes, name: str) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n")
    bare = name.removesuffix(".gz")
    if bare.endswith((".ndjson", ".jsonl")):
        return "ndjson"
    if start[:1] == b"<":
        refuse(
            "wrong_content",
            gettext("this file is XML or a web page; Tally's XML goes in through the Tally feed"),
        )
    if bare.endswith(".json") or start[:1] in (b"{", b"["):
        return _json(start)
    if bare.endswith((".xlsx", ".xlsm", ".ods", ".parquet")):
        kind = bare.rsplit(".", 1)[-1]
        refuse(
            "wrong_content",
            gettext("the name says %(kind)s, the content does not; export the file again", kind=kind),
            value=name,
        )
    return "delimited"


def _json(start: bytes) -> str:
    """Objects one below the other are NDJSON, whatever the file is called."""
    first, _, second = start.partition(b"\n")
    lines = first.rstrip().endswith(b"}") and second.lstrip()[:1] == b"{"
    return "ndjson" if lines and start[:1] == b"{" else "json"
