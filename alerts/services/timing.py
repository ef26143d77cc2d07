"""When a report by mail is due next, and what is no time."""

from __future__ import annotations

from datetime import datetime

from alerts.models import MailedReport
from vyapar.kernel.calendar import next_daily, next_monthly, next_weekly
from vyapar.kernel.errors import Fault
from vyapar.kernel.phrases import phrase as _


def next_time(after: datetime, weekday: int, hour: int, day: int | None = None) -> datetime:
    """The first instant after `after` of a weekday (0 is Monday, 7 every day, 8 a `day` of the month)."""
    if weekday == MailedReport.MONTHLY:
        return next_monthly(after, day or 1, hour)
    if weekday == MailedReport.DAILY:
        return next_daily(after, hour)
    return next_weekly(after, weekday, hour)


def time_faults(weekday: int, hour: int, day: int | None = None) -> list[Fault]:
    """What makes no sense of a time."""
    faults = []
    monthly = weekday == MailedReport.MONTHLY
    if not 0 <= weekday <= MailedReport.MONTHLY:
        faults.append(Fault("weekday", _("choose a day of the week"), "weekday", value=str(weekday)))
    if monthly and not 1 <= (day or 0) <= 28:
        faults.append(Fault("day", _("choose a day of the month from 1 to 28"), "day", value=str(day)))
    if not monthly and day is not None:
        faults.append(
            Fault("day", _("a day of the month goes with a monthly list only"), "day", value=str(day))
        )
    if not 0 <= hour <= 23:
        faults.append(Fault("hour", _("choose an hour from 0 to 23"), "hour", value=str(hour)))
    return faults
