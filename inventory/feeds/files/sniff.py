"""What a file is, by its first bytes; its name only decides between kinds of text."""

from __future__ import annotations

from pathlib import Path

from inventory.feeds.files.limits import Limits, in_words, refuse
from inventory.feeds.files.text import body_of

_STRANGERS = (
    (b"%PDF", "a PDF; export the report as CSV or Excel instead of printing it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls) or another Office file; save it as .xlsx or CSV"),
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"),
    (b"Rar!", "a RAR archive; unpack it first"), (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"SQLite format 3", "a database file"), (b"{\\rtf", "a text document; export the table as CSV"),
)  # fmt: skip
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods", ".ndjson", ".jsonl", ".json", ".parquet",
            ".csv.gz", ".tsv.gz", ".txt.gz", ".ndjson.gz", ".jsonl.gz", ".json.gz")  # fmt: skip


def find_format(path: Path, limits: Limits, name: str = "") -> str:
    """`workbook`, `parquet`, `ndjson`, `json` or `delimited`; raises `Invalid` for what is none of them."""
    size = path.stat().st_size
    if not size:
        refuse("empty_file", "there is nothing in this file")
    if size > limits.file:
        refuse(
            "too_large",
            f"the file has {in_words(size)}; at most {in_words(limits.file)} are read: send it in parts",
        )
    with body_of(path, limits) as body:
        head = body.read(4096)
    for mark, what in _STRANGERS:
        if head.startswith(mark):
            refuse("wrong_content", f"this file is {what}", value=(name or path.name))
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
        refuse("wrong_content", "this file is XML or a web page; Tally's XML goes in through the Tally feed")
    if bare.endswith(".json") or start[:1] in (b"{", b"["):
        return _json(start)
    if bare.endswith((".xlsx", ".xlsm", ".ods", ".parquet")):
        kind = bare.rsplit(".", 1)[-1]
        refuse(
            "wrong_content", f"the name says {kind}, the content does not; export the file again", value=name
        )
    return "delimited"


def _json(start: bytes) -> str:
    """Objects one below the other are NDJSON, whatever the file is called."""
    first, _, second = start.partition(b"\n")
    lines = first.rstrip().endswith(b"}") and second.lstrip()[:1] == b"{"
    return "ndjson" if lines and start[:1] == b"{" else "json"
