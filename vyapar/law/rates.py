"""GST rates of goods, by HSN code, condition and date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Final

from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import Period, Row, period, table

#: Rows without a first day are known to hold since the last change before them (Notif 5/2024 of
#: 10-10-2024); for earlier days the table is silent.
KNOWN_FROM: Final = date(2024, 10, 10)

_PACKED = "pre-packaged and labelled"
_LOOSE = "not pre-packaged and labelled"
_CONFIDENCE = "HML"


@dataclass(frozen=True, slots=True)
class Rate:
    """What bears on one kind of goods on one day.

    `basis_points` is the whole rate (CGST and SGST together, or IGST); 100 bp = 1 %. `cess_note`
    is set where the compensation cess was not a percentage of value. `confidence` is H, M or L.
    """

    basis_points: int
    cess_bp: int
    item: str
    source: str
    confidence: str
    cess_note: str = ""

    @property
    def is_nil(self) -> bool:
        """True for goods exempt by a nil-rate notification."""
        return self.basis_points == 0 and self.cess_bp == 0 and not self.cess_note


class RateUnclear(Refused):
    """The table does not settle one rate. `choices` are the items a person can pick from.

    `code` is hsn_unlisted, rate_ambiguous, rate_item_unknown or rate_not_in_force.
    """

    def __init__(self, code: str, message: str, *, hsn: str, choices: Sequence[str] = ()) -> None:
        super().__init__(message, code=code, faults=[Fault(code, message, "hsn", value=hsn)])
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class _Entry:
    prefixes: tuple[str, ...]
    condition: str
    period: Period
    rate: Rate

    def depth(self, hsn: str) -> int:
        """Digits of the longest prefix that `hsn` starts with; 0 when none does."""
        return max((len(p) for p in self.prefixes if hsn.startswith(p)), default=0)

    def is_under(self, hsn: str) -> bool:
        """Whether a row lies under a short code, whose goods may be any of them."""
        return any(p.startswith(hsn) and p != hsn for p in self.prefixes)

    def fits(self, hsn: str) -> bool:
        return self.depth(hsn) > 0 or self.is_under(hsn)

    def suits(self, packed: bool) -> bool:
        return self.condition != (_LOOSE if packed else _PACKED)


@lru_cache(maxsize=8192)
def rate_for(hsn: str, on_date: date, *, rate_item: str = "", packed: bool = True) -> Rate:
    """The rate of goods under an HSN code (4, 6 or 8 digits) on the day of their supply.

    The longest fitting prefix decides, then the condition; `rate_item` picks one row of a heading
    that bears several rates. `RateUnclear` when the code is not in the table, when several rates
    are left, or when the table does not reach back to the day: a rate is never guessed.

    Source: Notif 9/2025-CT(Rate) and 10/2025-CT(Rate) from 22-09-2025 as amended; before that
    1/2017 and 2/2017-CT(Rate). Around a change of rate find `on_date` with `governing_date`.
    """
    under = [entry for entry in _entries() if entry.fits(hsn)] if is_hsn(hsn) else []
    if not under:
        raise RateUnclear(
            "hsn_unlisted", _("HSN %(hsn)s is not in the rate table", hsn=hsn or _("(empty)")), hsn=hsn
        )
    if rate_item:
        under = _named(under, rate_item, hsn)
    fitting = [e for e in under if on_date in e.period and e.suits(packed)]
    if not fitting:
        message = _(
            "The rate table says nothing about HSN %(hsn)s on %(day)s", hsn=hsn, day=f"{on_date:%d-%m-%Y}"
        )
        choices = items_for(hsn, on_date)
        raise RateUnclear("rate_not_in_force", message, hsn=hsn, choices=choices)
    return _settle(fitting if rate_item else _closest(fitting, hsn), hsn, on_date)


def items_for(hsn: str, on_date: date) -> tuple[str, ...]:
    """Names of the rows under a heading on a day: what `rate_item` may say, in table order."""
    found = (e.rate.item for e in _entries() if e.fits(hsn) and on_date in e.period)
    return tuple(dict.fromkeys(found))


def governing_date(supplied: date, invoiced: date, paid: date | None = None) -> date:
    """The day whose rate applies when the rate changed around a supply.

    Source: s.14 CGST Act. Whichever side of the change two of the three events lie on, that
    side's rate applies, which is the rate on the middle day. A payment not yet made comes last.
    """
    return max(supplied, invoiced) if paid is None else sorted((supplied, invoiced, paid))[1]


def hsn_digits_required(on_date: date, turnover_paise: int | None) -> int:
    """Digits of HSN that a tax invoice to a registered person must show.

    `turnover_paise` is the aggregate turnover of the PAN in the preceding year; when it is not
    known the least that anybody must show is asked for. Source: Notif 78/2020-CT.
    """
    digits = 4
    for row in table("hsn_digits"):
        limit = int(row["aato_above_inr"]) * 100
        if on_date in period(row) and turnover_paise is not None and turnover_paise > limit:
            digits = max(digits, int(row["digits"]))
    return digits


def is_hsn(text: str) -> bool:
    """Whether `text` has the form of an HSN code of goods: 4, 6 or 8 digits, not chapter 99."""
    return bool(re.fullmatch(r"(?!99)[0-9]{4}(?:[0-9]{2}){0,2}", text))


def _named(under: Sequence[_Entry], rate_item: str, hsn: str) -> list[_Entry]:
    named = [e for e in under if e.rate.item.casefold() == rate_item.strip().casefold()]
    if not named:
        choices = tuple(dict.fromkeys(e.rate.item for e in under))
        message = _(
            "HSN %(hsn)s has no rate item '%(item)s'; it has: %(choices)s",
            hsn=hsn, item=rate_item, choices="; ".join(choices),
        )  # fmt: skip
        raise RateUnclear("rate_item_unknown", message, hsn=hsn, choices=choices)
    return named


def _closest(fitting: Sequence[_Entry], hsn: str) -> list[_Entry]:
    deepest = max(e.depth(hsn) for e in fitting)
    return [e for e in fitting if (deepest and e.depth(hsn) == deepest) or e.is_under(hsn)]


def _settle(found: Sequence[_Entry], hsn: str, on_date: date) -> Rate:
    rates = {(e.rate.basis_points, e.rate.cess_bp, e.rate.cess_note) for e in found}
    items = tuple(dict.fromkeys(e.rate.item for e in found))
    if len(rates) > 1:
        message = _(
            "HSN %(hsn)s bears several rates on %(day)s: say which goods they are (%(choices)s)",
            hsn=hsn, day=f"{on_date:%d-%m-%Y}", choices="; ".join(items),
        )  # fmt: skip
        raise RateUnclear("rate_ambiguous", message, hsn=hsn, choices=items)
    doubt = max((e.rate.confidence for e in found), key=_CONFIDENCE.index)
    first = found[0].rate
    sources = "; ".join(dict.fromkeys(e.rate.source for e in found))
    return Rate(first.basis_points, first.cess_bp, " or ".join(items), sources, doubt, first.cess_note)


@cache
def _entries() -> tuple[_Entry, ...]:
    return tuple(_read(table("hsn_rates")))


def _read(rows: Iterable[Row]) -> Iterable[_Entry]:
    for row in rows:
        cess = row["compensation_cess"]
        plain = cess.isdigit()
        known = period(row)
        yield _Entry(
            prefixes=tuple(row["hsn_prefixes"].split(";")),
            condition=row["condition"],
            period=Period(known.first or KNOWN_FROM, known.last),
            rate=Rate(
                basis_points=int(row["gst_rate_pct"]) * 100,
                cess_bp=int(cess) * 100 if plain else 0,
                item=row["item"],
                source=row["legal_source"],
                confidence=row["confidence"],
                cess_note="" if plain else cess,
            ),
        )
