"""What Tally answers, understood: companies, vouchers found, imports taken or refused. Pure.

Tally says no with HTTP 200: in a line error, in a counter, or in a sentence where an envelope should
be. An answer is good only when all of them are clean.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from inventory.feeds.tally.days import parse_day
from inventory.feeds.tally.records import Node, Reader, tidy
from inventory.feeds.tally.text import Cleaner
from vyapar.farside.answers import Answer, undocumented, unreadable
from vyapar.kernel.errors import Invalid, Misconfigured, Rejected, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _

NAME = "tally"
_TAIL = 512
_ENDS_WELL = re.compile(r"</\s*(?:ENVELOPE|RESPONSE)\s*>\s*$", re.IGNORECASE)
_RUNNING = re.compile(r"<RESPONSE>\s*(.*?)\s+Server is Running\s*</RESPONSE>", re.IGNORECASE | re.DOTALL)
_LINE_ERROR = re.compile(r"<LINEERROR>(.*?)</LINEERROR>", re.IGNORECASE | re.DOTALL)
_PLAIN_RESPONSE = re.compile(r"<RESPONSE>([^<]*)</RESPONSE>", re.IGNORECASE)
_COUNTER = re.compile(
    r"<(CREATED|ALTERED|DELETED|CANCELLED|COMBINED|IGNORED|ERRORS|EXCEPTIONS|LASTVCHID)>\s*(-?\d+)\s*</\1>",
    re.IGNORECASE,
)
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class Company:
    """A company that is open in Tally; the counters grow with every change of its kind."""

    name: str
    guid: str
    books_from: date | None
    masters: int
    vouchers: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import."""

    created: int
    altered: int
    cancelled: int
    deleted: int
    last_id: str

    @property
    def changed(self) -> int:
        return self.created + self.altered + self.cancelled + self.deleted


def read_server(answer: Answer) -> str:
    """Which Tally it is, from what it says of itself to a plain request."""
    if not answer.is_success:
        raise undocumented(NAME, answer)
    found = _RUNNING.search(_text(answer.body))
    if found is None:
        raise Misconfigured(
            _("something else than Tally answers at this address: check host and port"),
            code=f"{NAME}_not_tally",
        )
    return tidy(found.group(1))


def read_export(answer: Answer) -> str:
    """The clean text of an export; raises for everything that only looks like one.

    A refusal is `Rejected` or `Misconfigured`; half an answer, an empty one or another server's page
    is `Unavailable`.
    """
    if not answer.is_success:
        raise undocumented(NAME, answer)
    said = _text(answer.body)
    refusal = _refusal(said)
    if refusal is not None:
        raise refusal
    if "<ENVELOPE" not in said[:_TAIL].upper():
        raise Unavailable(_("Tally answered something that is no export"), code=f"{NAME}_unreadable")
    if not _ENDS_WELL.search(said[-_TAIL:]):
        raise Unavailable(_("Tally broke off in the middle of its answer"), code=f"{NAME}_broken_off")
    return said


def read_import(answer: Answer) -> Imported:
    """What became of an import, when Tally says plainly that it was taken.

    `Rejected` with Tally's own words when it was not; `Unavailable` with `outcome_unknown` when the
    answer cannot be understood, because the books may have changed.
    """
    if not answer.is_success:
        raise undocumented(NAME, answer)
    said = _text(answer.body)
    refusal = _refusal(said)
    if refusal is not None:
        raise refusal
    counts = {name.upper(): int(count) for name, count in _COUNTER.findall(said)}
    if not {"CREATED", "ALTERED", "ERRORS"} <= counts.keys():
        raise unreadable(NAME)
    if counts["ERRORS"] or counts.get("EXCEPTIONS"):
        raise Rejected(
            _("Tally refused it without a reason: look at names, dates and the voucher type's numbering"),
            code=f"{NAME}_exception",
        )
    return Imported(
        counts["CREATED"],
        counts["ALTERED"],
        counts.get("CANCELLED", 0) + counts.get("COMBINED", 0),
        counts.get("DELETED", 0),
        str(counts.get("LASTVCHID") or ""),
    )


def nodes_of(said: str) -> list[Node]:
    """The records of an answer that has been read."""
    return list(Reader(io.BytesIO(said.encode()), encoding="utf-8").records())


def read_companies(said: str) -> Sequence[Company]:
    """The companies of an answer to `list_companies`."""
    return tuple(
        Company(
            node.name,
            node.get("GUID"),
            parse_day(node.get("BOOKSFROM", "STARTINGFROM")),
            _whole(node.get("ALTMSTID")),
            _whole(node.get("ALTVCHID")),
        )
        for node in nodes_of(said)
        if node.tag == "COMPANY" and node.name
    )


def _whole(said: str) -> int:
    bare = said.replace(",", "").strip()
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 15 else 0


def _text(body: bytes) -> str:
    try:
        return Cleaner().feed(body, final=True)
    except Invalid:
        raise Unavailable(
            _("Tally answered something that is no export"), code=f"{NAME}_unreadable"
        ) from None


def _refusal(said: str) -> VyaparError | None:
    errors = [_plain(found) for found in _LINE_ERROR.findall(said) if found.strip()]
    if errors:
        words = "; ".join(errors)[:400]
        if "svcurrentcompany" in words.lower():
            return Misconfigured(
                _("Tally: %(words)s: open the company in Tally", words=words), code=f"{NAME}_company"
            )
        return Rejected(_("Tally: %(words)s", words=words), code=f"{NAME}_line_error")
    bare = _PLAIN_RESPONSE.search(said[:2_000])
    if bare and bare.group(1).strip():
        return Rejected(_("Tally: %(words)s", words=_plain(bare.group(1))), code=f"{NAME}_refused")
    return None


def _plain(said: str) -> str:
    for entity, character in _ENTITIES:
        said = said.replace(entity, character)
    return tidy(said)
