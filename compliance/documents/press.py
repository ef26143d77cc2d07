"""The printing press: HTML in, PDF out, the same bytes for the same input."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

from compliance.documents.fonts import faces
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as gettext

_MISSING = gettext(
    "Papers cannot be printed because WeasyPrint lacks its system libraries: install them with `%(command)s` "
    "and start again.",
    command="apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
)
_STAMP = NameObject("/Stamp")


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a PDF says of itself. `created` is a PDF date such as `D:20261123140500+05'30'`."""

    title: str
    author: str
    subject: str
    created: str


@dataclass(frozen=True, slots=True)
class Laid:
    """A text as PDF, and the ids of its elements that stand on each page, in order."""

    pdf: bytes
    marks: tuple[tuple[str, ...], ...]


class _Press:
    """WeasyPrint with its fonts loaded once; one sheet at a time, for Pango's font map is shared."""

    def __init__(self, library: Any) -> None:
        from weasyprint.text.fonts import FontConfiguration

        self._library = library
        self._lock = threading.Lock()
        self._fonts = FontConfiguration()
        known = frozenset(face.url for face in faces())

        class OwnFacesOnly(library.urls.URLFetcher):  # type: ignore[misc]
            """A paper reaches for nothing but its own fonts."""

            def fetch(self, url: str, headers: Any = None) -> Any:
                if url not in known:
                    raise ValueError(f"a paper may not fetch {url}")
                return super().fetch(url, headers)

        self._fetcher = OwnFacesOnly(allowed_protocols=("file",))

    def lay(self, html: str) -> Laid:
        with self._lock:
            text = self._library.HTML(string=html, url_fetcher=self._fetcher)
            laid = text.render(font_config=self._fonts)
            marks = tuple(tuple(page.anchors) for page in laid.pages)
            return Laid(laid.write_pdf(pdf_identifier=b"vyapar"), marks)


@cache
def _press() -> _Press:
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise Misconfigured(_MISSING, code="press_missing") from error
    return _Press(weasyprint)


def lay(html: str) -> bytes:
    """One HTML text as PDF; `Misconfigured` when the system libraries are missing.

    Nothing is fetched but the faces of papers: a template cannot reach the network or the disk.
    """
    return _press().lay(html).pdf


def lay_marked(html: str) -> Laid:
    """As `lay`, with the ids that stand on each page: what is on which page is known only now."""
    return _press().lay(html)


def sizes(pdf: bytes) -> list[str]:
    """`portrait` or `landscape` for each page."""
    boxes = (page.mediabox for page in PdfReader(BytesIO(pdf)).pages)
    return ["landscape" if box.width > box.height else "portrait" for box in boxes]


def bind(sheets: Iterable[bytes], stamps: bytes, imprint: Imprint, *, times: int = 1) -> bytes:
    """PDFs joined in order, the whole `times` over, one page of `stamps` laid over each page.

    Stamps carry page numbers and legends, so that long registers and copies are laid out once.
    Equal objects are kept once. The same input gives the same bytes.
    """
    writer = PdfWriter()
    parts = [PdfReader(BytesIO(sheet)) for sheet in sheets]
    for _ in range(times):
        for part in parts:
            writer.append(part, import_outline=False)
    overlays = PdfReader(BytesIO(stamps)).pages
    for page, overlay in zip(writer.pages, overlays, strict=True):
        _stamp(writer, page, overlay)
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    writer.metadata = {
        "/Title": imprint.title,
        "/Author": imprint.author,
        "/Subject": imprint.subject,
        "/Producer": "VyaparSahayak",
        "/CreationDate": imprint.created,
        "/ModDate": imprint.created,
    }
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _stamp(writer: PdfWriter, page: PageObject, overlay: PageObject) -> None:
    """Draw `overlay` on `page` as a form, without parsing either page's drawing."""
    form = StreamObject()
    form.set_data(_whole(overlay["/Contents"]).get_data())
    form[NameObject("/Type")] = NameObject("/XObject")
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject(overlay.mediabox)
    form[NameObject("/Resources")] = _whole(overlay["/Resources"]).clone(writer)
    resources = DictionaryObject(_whole(page["/Resources"]))
    forms = DictionaryObject(_whole(resources["/XObject"])) if "/XObject" in resources else DictionaryObject()
    forms[_STAMP] = writer._add_object(form.flate_encode())
    resources[NameObject("/XObject")] = forms
    page[NameObject("/Resources")] = resources
    page[NameObject("/Contents")] = ArrayObject(_around(writer, page))


def _whole(entry: Any) -> Any:
    """The object behind an entry that may be a reference."""
    return entry.get_object()


def _around(writer: PdfWriter, page: PageObject) -> Sequence[IndirectObject]:
    drawing = page.raw_get("/Contents")
    before, after = StreamObject(), StreamObject()
    before.set_data(b"q\n")
    after.set_data(b"\nQ q /Stamp Do Q\n")
    return [writer._add_object(before), drawing, writer._add_object(after)]
