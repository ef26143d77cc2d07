"""Days as Tally writes them, and expiry as a day or as a period from another day. Pure."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

#: Day 1 of Tally's own count (`JD`): 46142 is 1 May 2026.
_DAY_ZERO = date(1899, 12, 31)
_FIRST_JD, _LAST_JD = 1, 100_000
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
_NAMED = re.compile(r"(\d{1,2})[-/. ]([A-Za-z]{3,9})[-/. ,]+(\d{4}|\d{2})")
_MONTH_ONLY = re.compile(r"([A-Za-z]{3,9})[-/. ]+(\d{4}|\d{2})")
_PERIOD = re.compile(r"(\d{1,4})\s*(day|week|month|year)s?\b", re.IGNORECASE)


def parse_day(text: str, jd: str = "") -> date | None:
    """`20260401`, `1-Apr-26`, `1-4-2026`, `01/04/2026`, `2026-04-01`, or the day of a `JD`; else None.

    Day comes before month, as in India; two digits of a year are of this century.
    """
    text = text.strip()
    if found := _COMPACT.fullmatch(text):
        return _day(found[1], found[2], found[3])
    if found := _ISO.fullmatch(text):
        return _day(found[1], found[2], found[3])
    if found := _NUMERIC.fullmatch(text):
        return _day(found[3], found[2], found[1])
    if found := _NAMED.fullmatch(text):
        return _day(found[3], _MONTHS.get(found[2][:3].lower(), 0), found[1])
    return _of_jd(jd) if not text else None


def parse_expiry(text: str, *, period: str = "", jd: str = "", made: date | None = None) -> date | None:
    """The last day of a batch from `EXPIRYPERIOD`: its text or its `P` attribute.

    A day stands for itself, a month (`Mar-27`) for its last day. A period (`12 Months`, `1 Year 6
    Months`, `90 Days`) runs from the `JD` beside it, or from `made` when there is none; without
    either it says nothing.
    """
    for said in (text.strip(), period.strip()):
        if not said:
            continue
        day = parse_day(said) or _month_end(said)
        if day:
            return day
        start = _of_jd(jd) or made
        spans = _PERIOD.findall(said)
        if start and spans:
            return _after(start, spans)
    return None


def _after(start: date, spans: list[tuple[str, str]]) -> date | None:
    months = sum(
        int(n) * (12 if unit.lower() == "year" else 1)
        for n, unit in spans
        if unit.lower() in ("month", "year")
    )
    days = sum(
        int(n) * (7 if unit.lower() == "week" else 1) for n, unit in spans if unit.lower() in ("day", "week")
    )
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    if year > 9_000:
        return None
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1])) + timedelta(days=days)


def _month_end(text: str) -> date | None:
    found = _MONTH_ONLY.fullmatch(text)
    if found is None:
        return None
    first = _day(found[2], _MONTHS.get(found[1][:3].lower(), 0), 1)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1]) if first else None


def _of_jd(jd: str) -> date | None:
    jd = jd.strip()
    if not (jd.isascii() and jd.isdigit() and len(jd) <= 6 and _FIRST_JD <= int(jd) <= _LAST_JD):
        return None
    return _DAY_ZERO + timedelta(days=int(jd))


def _day(year: str, month: str | int, day: str | int) -> date | None:
    whole = int(year)
    try:
        return date(whole + 2000 if len(year) == 2 else whole, int(month), int(day))
    except ValueError:
        return None
