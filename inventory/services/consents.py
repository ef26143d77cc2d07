"""Consent of many outlets at once: a list is checked row by row, and written as it was checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

import polars as pl
from django.db import transaction
from django.utils.translation import gettext as _

from inventory.feeds.canonical.days import days_of
from inventory.models import Retailer
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import IST, ist_day
from vyapar.kernel.errors import Fault, Invalid
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING, ConsentRow
from vyapar.messaging.selectors import find_known_words
from vyapar.messaging.services import record_consents

#: Columns of a list, each with other heads by which it goes.
COLUMNS = {
    "outlet": (
        "outlet code",
        "retailer",
        "retailer id",
        "retailer code",
        "code",
        "party",
        "party code",
        "shop",
    ),
    "channel": ("channels", "by", "way", "medium"),
    "word": ("consent", "granted", "opt in", "optin", "answer", "yes no", "status"),
    "date": ("day", "on", "given on", "consent date", "when"),
    "source": ("how", "how it was given", "collected by"),
    "proof": ("evidence", "reference", "form", "form no", "link", "recording"),
}
MOST_ROWS = 20_000
_SOURCE, _PROOF = 120, 500
_YES = frozenset({"yes", "y", "true", "1", "granted", "given", "in", "opt in", "हाँ", "हां"})
_NO = frozenset({"no", "n", "false", "0", "withdrawn", "refused", "out", "opt out", "stop", "नहीं"})
_CHANNELS = {"whatsapp": Channel.WHATSAPP, "wa": Channel.WHATSAPP, "sms": Channel.SMS, "text": Channel.SMS,
             "email": Channel.EMAIL, "mail": Channel.EMAIL}  # fmt: skip

Row = tuple[int, dict[str, str]]


@dataclass(frozen=True, slots=True)
class ConsentCheck:
    """What would become of a list: words that are new, how many are known already, and what is wrong.

    A row with a fault is left out whole; the others do not wait for it.
    """

    rows: int
    words: tuple[ConsentRow, ...]
    known: int
    faults: tuple[Fault, ...]

    @property
    def outlets(self) -> int:
        """How many outlets gave a new word."""
        return len({word.party for word in self.words})

    @property
    def counts(self) -> list[tuple[Channel, int, int]]:
        """New words by channel: yes, no."""
        said = Counter((word.channel, word.granted) for word in self.words)
        return [(way, said[way, True], said[way, False]) for way in Channel]


def check_consents(rows: Iterable[Row], defaults: Mapping[str, str], *, at: datetime) -> ConsentCheck:
    """Check a list as its writing does. `defaults`: by column, what holds where a row says nothing.

    Rows are (number, texts by column). A word said twice in one list is kept once; of two that
    contradict each other on one day both are faults.
    """
    listed = [(number, {**defaults, **row}) for number, row in rows]
    known = _outlets(row.get("outlet", "") for _number, row in listed)
    days = _days(row.get("date", "") for _number, row in listed)
    found: dict[tuple[str, Channel, date], tuple[int, ConsentRow]] = {}
    faults: list[Fault] = []
    for number, row in listed:
        words, wrong = _read(number, row, known, days, at)
        for word in () if wrong else words:
            first, before = found.setdefault((word.party, word.channel, ist_day(word.at)), (number, word))
            if before.granted != word.granted:
                before_said = "yes" if before.granted else "no"
                wrong.append(_contradiction(number, first, row.get("word", "")))
                wrong.append(_contradiction(first, number, before_said))
        faults += wrong
    bad = {fault.row for fault in faults}
    good = [word for number, word in found.values() if number not in bad]
    old = find_known_words(good)
    fresh = tuple(word for word in good if word not in old)
    faults.sort(key=lambda fault: fault.row or 0)
    return ConsentCheck(len(listed), fresh, len(good) - len(fresh), tuple(faults))


@transaction.atomic
def write_consents(
    rows: Iterable[Row], defaults: Mapping[str, str], *, actor: Actor, at: datetime
) -> tuple[int, ConsentCheck]:
    """Append the words of a list to the ledger; how many were new, and the check they passed.

    `Invalid` when no row can be kept.
    """
    check = check_consents(rows, defaults, at=at)
    if not check.words and not check.known:
        raise Invalid(_("No row of the list can be kept"), code="bad_consents", faults=check.faults[:50])
    return record_consents(check.words, actor=actor, at=at), check


# --- parts ---------------------------------------------------------------------------------


def _read(
    number: int, row: dict[str, str], known: set[str], days: Mapping[str, date | None], at: datetime
) -> tuple[list[ConsentRow], list[Fault]]:
    faults: list[Fault] = []

    def wrong(field: str, message: str) -> None:
        faults.append(Fault(f"bad_{field}", message, field, row=number, value=row.get(field, "")[:80]))

    outlet = row.get("outlet", "")
    if outlet not in known:
        wrong("outlet", _("no outlet has this code") if outlet else _("the outlet's code is missing"))
    channels = _channels(row.get("channel", ""))
    if not channels:
        wrong("channel", _("write WhatsApp, SMS or email; several with a comma"))
    said = row.get("word", "").casefold()
    if said not in _YES | _NO:
        wrong("word", _("write yes or no"))
    day = days.get(row.get("date", ""))
    if day is None:
        wrong("date", _("write the day it was given, such as 15-08-2026"))
    elif day > ist_day(at):
        wrong("date", _("this day is still to come"))
    source = " ".join(row.get("source", "").split())
    if not 0 < len(source) <= _SOURCE:
        wrong("source", _("say how it was given, in 1 to 120 letters"))
    proof = row.get("proof", "").strip()
    if len(proof) > _PROOF:
        wrong("proof", _("at most 500 letters"))
    if faults or day is None:
        return [], faults
    moment = at if day == ist_day(at) else datetime.combine(day, time(12), IST)
    party = f"retailer:{outlet}"
    return [
        ConsentRow(party, way, MARKETING, said in _YES, moment, source, proof) for way in channels
    ], faults


def _contradiction(number: int, other: int, word: str) -> Fault:
    message = _("row %(row)d says the opposite for the same channel and day") % {"row": other}
    return Fault("contradicts", message, "word", row=number, value=word)


def _channels(text: str) -> list[Channel]:
    """The channels of a cell; none when one of them is not known."""
    names = [part.strip().casefold().replace("-", "") for part in re.split(r"[,;/|+]", text)]
    found = [_CHANNELS.get(name) for name in names if name]
    return [] if None in found else list(dict.fromkeys(way for way in found if way))


def _outlets(codes: Iterable[str]) -> set[str]:
    wanted = {code for code in codes if code}
    return set(Retailer.objects.filter(retailer_id__in=wanted).values_list("retailer_id", flat=True))


def _days(texts: Iterable[str]) -> dict[str, date | None]:
    """Days as the imports read them, day before month."""
    column = pl.Series("date", sorted({text for text in texts if text}), dtype=pl.String)
    return dict(zip(column.to_list(), days_of(column, column).to_list(), strict=True))
