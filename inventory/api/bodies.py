"""Bodies of pushes: what was announced, whether all of it came, unpacked within limits, text only."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType

from inventory.feeds.push import Form
from vyapar.gateway.bodies import Spooled, TooLarge
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext

#: The largest body, as it is after unpacking.
MOST_BYTES = 2 * 1024**3
#: How many times larger than what was sent an unpacked body may be; rows of one form reach 40.
MOST_RATIO = 250
_CHUNK = 256 * 1024
_KEPT_IN_MEMORY = 8 * 1024 * 1024
_SMALL = 1024 * 1024  # below this nobody counts how well a body was packed


class Malformed(Invalid):
    """What came is not the body that was announced."""

    status = 400


class NoLength(Invalid):
    """Nobody can tell where the body ends."""

    status = 411


@dataclass(frozen=True, slots=True)
class Announced:
    """What the headers say of a body; `length` in bytes as sent, None when it comes in chunks."""

    form: Form
    packed: bool
    length: int | None


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it was meant: unpacked, UTF-8, without NUL. `size` in bytes."""

    form: Form
    file: IO[bytes]
    size: int

    def read(self) -> bytes:
        """All of it; for bodies whose size was looked at."""
        self.file.seek(0)
        return self.file.read()


def announced(environ: Mapping[str, Any]) -> Announced:
    """What the headers of a WSGI environment say, before a byte is read.

    Raises `UnsupportedMediaType` (415) for other types, character sets and codings, and `NoLength`
    (411) when nobody can tell where the body ends.
    """
    length = str(environ.get("CONTENT_LENGTH") or "")
    chunked = "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING") or "").lower()
    known = length.isascii() and length.isdigit()
    if not chunked and not known:
        raise NoLength(gettext("say how long the body is: Content-Length, or chunked"), code="no_length")
    return Announced(_form(environ), _is_packed(environ), None if chunked else int(length))


def unpack(sent: Spooled, told: Announced) -> Body:
    """The body behind what was sent; memory stays bounded however large it is.

    Raises `Malformed` (400) when less came than was announced, `TooLarge` (413) for more than
    `MOST_BYTES` or a body packed too well to be rows, and `Invalid` for one that is empty, is not what
    its coding says, breaks off, or is not text in UTF-8.
    """
    if told.length is not None and sent.size < told.length:
        raise Malformed(gettext("the body broke off before its announced end"), code="incomplete")
    sent.file.seek(0)
    parts = iter(lambda: sent.file.read(_CHUNK), b"")
    if told.packed:
        spooled = SpooledTemporaryFile(_KEPT_IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115
        file = cast(IO[bytes], spooled)
        parts = _kept(_unpacked(parts), file)
    else:
        file = sent.file
    size = _check(parts)
    if not size:
        raise Invalid(gettext("the body is empty: send at least one row"), code="empty")
    file.seek(0)
    return Body(told.form, file, size)


def _kept(parts: Iterator[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for part in parts:
        file.write(part)
        yield part


def _check(parts: Iterator[bytes]) -> int:
    """How many bytes there are; each of them part of a text."""
    text, size = codecs.getincrementaldecoder("utf-8")(), 0
    for part in parts:
        size += len(part)
        if size > MOST_BYTES:
            raise TooLarge(
                gettext("send at most %(most)s MiB in a body", most=MOST_BYTES >> 20),
                code="too_large",
            )
        _decode(text, part, size - len(part))
        if b"\x00" in part:
            raise Invalid(gettext("the body holds NUL characters, which no text may"), code="not_text")
    _decode(text, b"", size, final=True)
    return size


def _decode(text: codecs.IncrementalDecoder, part: bytes, before: int, *, final: bool = False) -> None:
    try:
        text.decode(part, final)
    except UnicodeDecodeError as error:
        around = error.object[max(0, error.start - 20) : error.start + 20].decode("utf-8", "replace")
        fault = Fault("not_utf8", gettext("text in UTF-8"), value=around)
        where = max(0, before + error.start)
        message = gettext(
            "the body is not UTF-8: look near byte %(where)s, or save it as UTF-8", where=f"{where:,}"
        )
        raise Invalid(message, code="not_utf8", faults=[fault]) from error


# --- what was announced --------------------------------------------------------------------


def _form(environ: Mapping[str, Any]) -> Form:
    given = str(environ.get("CONTENT_TYPE") or "")
    kind, _, rest = given.partition(";")
    charset = _CHARSET.search(rest)
    if kind.strip().lower() not in set(Form) or (charset and charset.group(1).lower() not in _UTF8):
        raise UnsupportedMediaType(given[:80], f"send {', '.join(Form)} in UTF-8, not {given[:80]!r}")
    return Form(kind.strip().lower())


def _is_packed(environ: Mapping[str, Any]) -> bool:
    coding = str(environ.get("HTTP_CONTENT_ENCODING") or "").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaType(coding[:40], f"Content-Encoding: gzip or none, not {coding[:40]!r}")
    return coding.endswith("gzip")


_CHARSET = re.compile(r'charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_UTF8 = {"utf-8", "utf8", "us-ascii"}


# --- unpacking -----------------------------------------------------------------------------


def _unpacked(parts: Iterator[bytes]) -> Iterator[bytes]:
    """What a gzip stream holds, in pieces of bounded size; it may have several members."""
    sent = made = 0
    member = _member()
    for part in chain(parts, [b""]):
        sent += len(part)
        while True:
            if member.eof:
                part = part.lstrip(b"\x00")  # padding of blocks
                if not part:
                    break
                member = _member()
            try:
                piece = member.decompress(part, _CHUNK)
            except zlib.error as error:
                raise Invalid(gettext("the body says it is gzip and is not"), code="not_gzip") from error
            made += len(piece)
            if made > _SMALL and made > MOST_RATIO * sent:
                message = gettext("unpacked, the body is over %(most)s times what was sent", most=MOST_RATIO)
                raise TooLarge(message, code="packed_too_well")
            part = member.unused_data if member.eof else member.unconsumed_tail
            if not piece and not part:
                break
            if piece:
                yield piece
    if not member.eof:
        raise Invalid(gettext("the gzip stream breaks off before its end"), code="gzip_cut_off")


def _member() -> Any:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
