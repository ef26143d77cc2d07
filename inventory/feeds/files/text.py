"""Which encoding a text file is in, and the file as blocks of UTF-8."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from inventory.feeds.files.limits import Limits, in_words, refuse
from vyapar.kernel.phrases import phrase as _

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_PROBE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name and the length of the mark before the text.

    `proven`: the whole file was read and is valid UTF-8.
    """

    codec: str
    mark: int = 0
    proven: bool = False


class Body:
    """A file's bytes, unpacked when it is gzip, never more of them than the limits allow."""

    def __init__(self, raw: IO[bytes], limits: Limits) -> None:
        self._raw = raw
        self._limits = limits
        packed = raw.peek(2)[:2] == b"\x1f\x8b"  # type: ignore[attr-defined]
        self._in: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        self._packed = packed
        self._given = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes more; empty at the end."""
        if not self._packed:
            return self._in.read(size)
        try:
            data = self._in.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError):
            refuse("broken_gzip", _("the compressed file is damaged or cut off; compress and send it again"))
        self._given += len(data)
        self._check()
        return data

    def _check(self) -> None:
        limits = self._limits
        if self._given > limits.unpacked:
            refuse(
                "too_large",
                _(
                    "the file unpacks to more than %(size)s; send it in parts",
                    size=in_words(limits.unpacked),
                ),
            )
        if self._given > 64 * limits.block and self._given > limits.ratio * max(self.position, 1):
            refuse(
                "suspicious_compression",
                _(
                    "the file unpacks to more than %(ratio)s times its size; send it uncompressed",
                    ratio=limits.ratio,
                ),
            )

    @property
    def position(self) -> int:
        """How much of the file on disk has been consumed."""
        return self._raw.tell()


@contextmanager
def body_of(path: Path, limits: Limits) -> Iterator[Body]:
    """The file, opened for reading its bytes."""
    with path.open("rb") as raw:
        yield Body(raw, limits)


def find_encoding(path: Path, limits: Limits, stated: str = "") -> Encoding:
    """What the file is encoded in: as stated, by its mark, by the pattern of NULs, or by trying UTF-8.

    A file without mark is read once to its end: it is UTF-8 if all of it is, Windows-1252 if no line
    with other than ASCII letters is UTF-8, else UTF-8 with broken lines.
    """
    with body_of(path, limits) as body:
        head = body.read(_PROBE)
    mark, marked = next(((len(mark), name) for mark, name in _MARKS if head.startswith(mark)), (0, ""))
    if stated:
        return Encoding(_known(stated), mark if marked == _known(stated) else 0)
    if marked and marked != "utf-8":
        return Encoding(marked, mark)
    wide = _wide(head)
    return Encoding(wide) if wide else _tried(path, limits, mark)


def _known(stated: str) -> str:
    try:
        name = codecs.lookup(stated.strip()).name
        "".encode(name)
    except (LookupError, ValueError):
        refuse(
            "unknown_encoding",
            _(
                "there is no encoding called %(name)s; UTF-8, UTF-16 or cp1252 are usual",
                name=f"{stated!r}",
            ),
        )
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(name, name)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark shows as NULs in every other byte of Latin text."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.3 * half and even < 0.02 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * half and odd < 0.02 * half else ""


def _tried(path: Path, limits: Limits, mark: int) -> Encoding:
    good = bad = 0
    with body_of(path, limits) as body:
        rest = b""
        while data := body.read(limits.block):
            cut = data.rfind(b"\n") + 1
            whole, rest = (rest + data[:cut], data[cut:]) if cut else (b"", rest + data)
            if len(rest) > limits.record + limits.block:
                whole, rest = rest, b""  # no line ends here: the reader of records refuses it
            more = _judged(whole)
            good, bad = good + more[0], bad + more[1]
        more = _judged(rest)
        good, bad = good + more[0], bad + more[1]
    if not bad:
        return Encoding("utf-8", mark, proven=True)
    return Encoding("utf-8", mark) if good or mark else Encoding("cp1252")


def _judged(data: bytes) -> tuple[int, int]:
    """How many lines with other than ASCII letters are UTF-8, and how many are not."""
    if data.isascii():
        return 0, 0
    try:
        data.decode()
    except UnicodeDecodeError:
        good = bad = 0
        for line in data.split(b"\n"):
            if not line.isascii():
                try:
                    line.decode()
                    good += 1
                except UnicodeDecodeError:
                    bad += 1
        return good, bad
    return 1, 0


def blocks(body: Body, encoding: Encoding, size: int) -> Iterator[tuple[bytes, int]]:
    """The text as UTF-8 in blocks of about `size` bytes, each with how much of the file it took.

    What cannot be decoded becomes U+FFFD. Line ends of old Macs become newlines.
    """
    body.read(encoding.mark)
    decoder = None if encoding.proven else codecs.getincrementaldecoder(encoding.codec)("replace")
    macs: bool | None = None
    ended = False
    while not ended:
        data = body.read(size)
        ended = not data
        if decoder:
            data = decoder.decode(data, ended).encode("utf-8", "replace")
        if data and macs is None:
            macs = b"\r" in data and b"\n" not in data
        if data:
            yield (data.replace(b"\r", b"\n") if macs else data), body.position
