"""An export of Tally as a source: masters, then vouchers as they come, then what stands where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

from inventory.contracts.feeds import Parcel, Uncovered
from inventory.feeds.tally.passage import Passage
from inventory.feeds.tally.records import Reader
from inventory.feeds.tally.text import Cleaner
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

_HEAD = 65_536
_LOOKS_LIKE = re.compile(
    r"<\s*(?:ENVELOPE|TALLYMESSAGE|COLLECTION|VOUCHER|STOCKITEM|RESPONSE)\b", re.IGNORECASE
)
#: What a pull leaves at the head of its file: the feed's settings that reading needs.
_SETTINGS = re.compile(r"<SVSETTINGS>(\{.*?\})</SVSETTINGS>", re.DOTALL)


class TallySource:
    """One file. Options: `encoding`, `company` (the one the books must be of), `as_of` (day of the
    opening balances of a file without vouchers), `stock` (`none`: leave stock out), `kind` (only rows of
    this kind), `sale_locations` (sales name their godown, which must then be of the outlet's territory),
    and those of `Books`.

    Masters come first, each kind after those it refers to; vouchers stream; stock comes last, because
    it is walked: what the items opened with and every movement of the file.
    """

    def __init__(self, path: Path, options: Mapping[str, Any]) -> None:
        self._path = path
        self._options = {**_look(path, str(options.get("encoding") or "")), **options}
        self._coverage: Sequence[Uncovered] = ()

    @property
    def bytes_total(self) -> int | None:
        return self._path.stat().st_size

    def parcels(self, after: int = -1) -> Iterator[Parcel]:
        """See `Source`. `Invalid` where the file stops being readable or is of another company."""
        with self._path.open("rb") as stream:
            encoding = str(self._options.get("encoding") or "")
            reader = Reader(stream, encoding=encoding)
            passage = Passage(self._options)
            for node in reader.records():
                passage.take(node)
                if passage.is_full:
                    yield from passage.parcels(reader.offset, after)
            if passage.must_walk_again:
                stream.seek(0)
                passage.walk_again(
                    Reader(stream, encoding=str(self._options.get("encoding") or "")).records()
                )
            passage.end()
            yield from passage.parcels(reader.offset, after, final=True)
        self._coverage = passage.told(reader.skipped, reader.own)

    def coverage(self) -> Sequence[Uncovered]:
        return self._coverage


def _look(path: Path, encoding: str) -> dict[str, Any]:
    """The settings that a pull left in its file; `Invalid` for what is no export at all."""
    with path.open("rb") as stream:
        head = Cleaner(encoding).feed(stream.read(_HEAD))
    if not _LOOKS_LIKE.search(head):
        fault = Fault("not_tally", _("export from Tally with the file format XML (Data Interchange)"), "file")
        raise Invalid(_("this is not an XML export of Tally"), code="not_tally", faults=[fault])
    found = _SETTINGS.search(head)
    try:
        return dict(json.loads(unescape(found.group(1)))) if found else {}
    except ValueError:
        raise Invalid(_("the settings at the head of this file are changed"), code="not_tally") from None
