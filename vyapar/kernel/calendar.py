"""Days and instants as an Indian accountant counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

#: Indian Standard Time; India keeps no daylight saving, so a fixed offset is exact.
IST = timezone(timedelta(hours=5, minutes=30), "IST")


def ist_day(instant: datetime) -> date:
    """The calendar day in India at an aware instant."""
    return instant.astimezone(IST).date()


def ist_instant(day: date, clock: time = time(0)) -> datetime:
    """The UTC instant of a clock time on an Indian day."""
    return datetime.combine(day, clock, IST).astimezone(UTC)


def financial_year(day: date) -> str:
    """1 April to 31 March, named `2026-27`."""
    start = day.year if day.month >= 4 else day.year - 1
    return f"{start}-{(start + 1) % 100:02d}"


def financial_year_bounds(day: date) -> tuple[date, date]:
    """First and last day of the financial year in which a day lies."""
    start = day.year if day.month >= 4 else day.year - 1
    return date(start, 4, 1), date(start + 1, 3, 31)


def month_bounds(period: str) -> tuple[date, date]:
    """First day of a `YYYY-MM` month and of the one after it; `ValueError` when malformed."""
    year, month = (int(part) for part in period.split("-"))
    first = date(year, month, 1)
    return first, date(year + month // 12, month % 12 + 1, 1)


def month_start(day: date) -> date:
    """The first of the month."""
    return day.replace(day=1)


def next_weekly(after: datetime, weekday: int, hour: int) -> datetime:
    """The first instant after `after` that is `hour` o'clock in India on a weekday; 0 is Monday."""
    day = ist_day(after) + timedelta(days=(weekday - ist_day(after).weekday()) % 7)
    instant = ist_instant(day, time(hour))
    return instant if instant > after else ist_instant(day + timedelta(days=7), time(hour))


def next_daily(after: datetime, hour: int) -> datetime:
    """The first instant after `after` that is `hour` o'clock in India."""
    day = ist_day(after)
    instant = ist_instant(day, time(hour))
    return instant if instant > after else ist_instant(day + timedelta(days=1), time(hour))


def next_monthly(after: datetime, day: int, hour: int) -> datetime:
    """The first instant after `after` that is `hour` o'clock in India on a day (1 to 28) of the month."""
    first = month_start(ist_day(after))
    instant = ist_instant(first.replace(day=day), time(hour))
    if instant > after:
        return instant
    following = month_start(first + timedelta(days=31))
    return ist_instant(following.replace(day=day), time(hour))


def slot(instant: datetime, seconds: int) -> datetime:
    """`instant` floored to a multiple of `seconds` since the epoch: the name of a cycle."""
    stamp = int(instant.timestamp())
    return datetime.fromtimestamp(stamp - stamp % seconds, UTC)
