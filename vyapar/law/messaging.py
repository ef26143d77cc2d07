"""At what hours a message may reach a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from vyapar.kernel.calendar import IST, ist_instant
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import Row, in_force, table


@dataclass(frozen=True, slots=True)
class MessageWindow:
    """Hours in India within which a kind of message may be sent.

    `opens` is included, `closes` is not; `closes` None means the whole day.
    """

    opens: time
    closes: time | None
    header_suffix: str
    opt_out: bool
    source: str

    def holds(self, clock: time) -> bool:
        """Whether a clock time in India lies inside."""
        return self.opens <= clock and (self.closes is None or clock < self.closes)


def window(channel: str, category: str, on_date: date) -> MessageWindow:
    """The hours of `sms`, `whatsapp` or `email` for `promotional` or other messages on a day.

    A message with an offer is promotional even when it goes to one's own buyer. Source: TCCCPR
    2018 for promotional SMS; the house keeps the same hours for every channel.
    """
    for row in in_force(table("message_windows"), on_date):
        if (row["channel"], row["category"]) == (channel, category):
            return _window(row)
    message = _(
        "no sending hours are known for %(category)s messages by %(channel)s",
        category=category,
        channel=channel,
    )
    fault = Fault("message_window", message, "channel", value=channel)
    raise Invalid(message, code="message_window", faults=[fault])


def may_send(channel: str, category: str, at: datetime) -> bool:
    """Whether a message may go out at an aware instant."""
    local = at.astimezone(IST)
    return window(channel, category, local.date()).holds(local.time())


def next_opening(channel: str, category: str, at: datetime) -> datetime:
    """The first instant from `at` on at which the message may go out, in UTC."""
    local = at.astimezone(IST)
    hours = window(channel, category, local.date())
    if hours.holds(local.time()):
        return at
    day = local.date() if local.time() < hours.opens else local.date() + timedelta(days=1)
    return ist_instant(day, hours.opens)


def _window(row: Row) -> MessageWindow:
    closes = None if row["closes"] == "24:00" else time.fromisoformat(row["closes"])
    return MessageWindow(
        opens=time.fromisoformat(row["opens"]),
        closes=closes,
        header_suffix=row["header_suffix"],
        opt_out=row["opt_out"] == "yes",
        source=row["source"],
    )
