"""Bytes that Tally wrote as text an XML parser takes: any encoding, nothing that XML forbids. Pure."""

from __future__ import annotations

import codecs
import re

from vyapar.kernel.errors import Invalid
from vyapar.kernel.phrases import phrase as _

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT = 4_096
#: An unfinished tag or reference waits for the next piece, but not for ever.
_HELD_BACK = 65_536
_ERRORS = "tally-windows"

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(#[0-9]{1,9};|#[xX][0-9A-Fa-f]{1,8};|(?:amp|lt|gt|quot|apos);)?")
_DIRECTIVE = re.compile(r"<!(?!--|\[CDATA\[)")
_INSTRUCTION = re.compile(r"<\?[^>]*\?>")
_STRAY = re.compile(r"<(?![A-Za-z_/!])")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are what an older Tally writes: its Windows code page."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    raw = error.object[error.start : error.end]
    if error.encoding.startswith("utf-16"):
        return "\ufffd", error.end
    return raw.decode("cp1252", "replace"), error.end


codecs.register_error(_ERRORS, _as_windows)


def encoding_of(head: bytes) -> str:
    """The encoding of a file by its first bytes: where its zero bytes stand, then its mark.

    What an XML declaration claims is not asked: exports are known to say one thing and be another.
    """
    seen = head[:_LOOKED_AT]
    half = max(len(seen) // 2, 1)
    even, odd = seen[0::2].count(0) / half, seen[1::2].count(0) / half
    if odd > 0.25 and odd > 3 * even:
        return "utf-16-le"
    if even > 0.25 and even > 3 * odd:
        return "utf-16-be"
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "utf-8")


class Cleaner:
    """Turns pieces of a file into pieces of clean text; one for each file.

    Characters XML 1.0 does not allow vanish, written raw or as references (`&#4;` stands before
    every reserved word of Tally); ampersands and less-than signs that start nothing are escaped;
    declarations and processing instructions are left out, so that files joined together read as
    one. `Invalid` for a document type: Tally writes none, and it is how XML bombs are built.
    """

    def __init__(self, encoding: str = "") -> None:
        self._encoding = encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._rest = ""

    def feed(self, piece: bytes, *, final: bool = False) -> str:
        """The clean text of one more piece; the last call says `final`."""
        if self._decoder is None:
            self._decoder = _decoder(self._encoding or encoding_of(piece))
        text = self._rest + _CONTROL.sub("", self._decoder.decode(piece, final).replace("\ufeff", ""))
        cut = len(text) if final else _complete(text)
        self._rest = text[cut:]
        return _clean(text[:cut])


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(encoding)(errors=_ERRORS)
    except LookupError:
        raise Invalid(
            _(
                "there is no encoding called %(encoding)s: leave it out, it is found by itself",
                encoding=encoding,
            ),
            code="unknown_encoding",
        ) from None


def _complete(text: str) -> int:
    """Where the last unfinished tag or reference of `text` starts."""
    cut = len(text)
    tag = text.rfind("<")
    if tag >= 0 and ">" not in text[tag:]:
        cut = tag
    reference = text.rfind("&", max(cut - 16, 0), cut)
    if reference >= 0 and ";" not in text[reference:cut]:
        cut = reference
    return cut if len(text) - cut < _HELD_BACK else len(text)


def _clean(text: str) -> str:
    if "&" in text:
        text = _AMPERSAND.sub(_reference, text)
    if "<?" in text:
        text = _INSTRUCTION.sub("", text)
    if "<!" in text and _DIRECTIVE.search(text):
        raise Invalid(
            _("the file defines a document type or entities: Tally writes none, so this is not its export"),
            code="xml_doctype",
        )
    return _STRAY.sub("&lt;", text)


def _reference(found: re.Match[str]) -> str:
    name = found.group(1)
    if name is None:
        return "&amp;"
    if not name.startswith("#"):
        return found.group(0)
    point = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
    return f"&#{point};" if _is_allowed(point) else ""


def _is_allowed(point: int) -> bool:
    """Whether XML 1.0 allows the character (production Char)."""
    return (
        point in (0x9, 0xA, 0xD)
        or 0x20 <= point <= 0xD7FF
        or 0xE000 <= point <= 0xFFFD
        or 0x10000 <= point <= 0x10FFFF
    )
