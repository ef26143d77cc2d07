"""What the alerts hear of sales that should not have been made: of goods past their last day, or nearly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from alerts import services
from alerts.agent import pieces_of
from alerts.contracts import Condition
from alerts.handlers.raising import ACTOR, raise_for
from vyapar.engine.contracts import EventView
from vyapar.engine.selectors import list_events
from vyapar.kernel.money import parse_rupees
from vyapar.kernel.phrases import Phrase, listed, together
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _

#: How many sales a detail names.
SHOWN = 8


def hear_expired_sold(event: EventView) -> None:
    """Goods past their last day were sold: all that one import told of a batch is one alert."""
    named = bool(event.payload["named"])
    told = [
        one.payload
        for one in list_events(name=event.name, subject=event.subject, limit=1_000)
        if one.payload["named"] is named
    ]
    first, sales = told[0], [sale for one in told for sale in one["sales"]]
    pieces = sum(int(one["quantity"]) for one in told)
    days = max(int(one["daysPastExpiry"]) for one in told)
    goods = {"sku": first["sku"], "batch": first["batch"], "pieces": pieces_of(pieces)}
    more = len(sales[SHOWN:]) + sum(int(one["more"]) for one in told)
    lines = [_sale(sale) for sale in sales[:SHOWN]]
    if more:
        lines.append(ngettext("and %(count)s more sale", "and %(count)s more sales", more))
    raise_for(
        Condition(
            cause="expired_sale" if named else "expired_taken",
            subject=event.subject,
            title=ngettext(
                "%(pieces)s of %(sku)s, batch %(batch)s, were sold %(count)s day past expiry",
                "%(pieces)s of %(sku)s, batch %(batch)s, were sold up to %(count)s days past expiry",
                days,
                **goods,
            )
            if named
            else _(
                "%(pieces)s of %(sku)s were sold with only the expired batch %(batch)s in the book", **goods
            ),
            detail=together(
                _("It expired on %(day)s.", day=_day(first["expiryDate"])),
                _("Sold to:") if named else _("One or more of these sales may have got it:"),
                listed(lines),
            ),
            recommended_action=_RECALL if named else _LOOK,
            url=f"/stock/{quote(first['sku'], safe='')}/{quote(sales[0]['territory'], safe='')}",
            value_paise=sum(parse_rupees(one["value"]) for one in told),
        ),
        event.at,
    )


_RECALL = _(
    "Recall it from the outlet today, take it back, keep it apart and give a credit note: a distributor is "
    "liable for food supplied after its expiry (FSS Act 2006, s.27(2)(a))"
)
_LOOK = _(
    "Count the shelf: if the batch was sold, recall it from the outlets and give credit notes; if it still "
    "lies there, enter the receipt that the book lacks"
)


def _sale(sale: Mapping[str, Any]) -> Phrase:
    return _(
        "%(outlet)s (%(retailer)s), invoice %(invoice)s of %(day)s, %(pieces)s",
        outlet=sale["outlet"],
        retailer=sale["retailerId"],
        invoice=sale["transactionId"],
        day=_day(sale["soldOn"]),
        pieces=pieces_of(int(sale["quantity"])),
    )


def hear_past_expired(event: EventView) -> None:
    """History that tells of such sales is counted, once an import."""
    told = [one.payload for one in list_events(name=event.name, subject=event.subject, limit=1_000)]
    raise_for(
        Condition(
            cause="expired_past",
            subject=event.subject,
            title=ngettext(
                "%(count)s past sale was of goods past their expiry",
                "%(count)s past sales were of goods past their expiry",
                sum(int(one["lines"]) for one in told),
            ),
            detail=_(
                "%(pieces)s, sold from %(first)s to %(last)s: too long ago to be taken back.",
                pieces=pieces_of(sum(int(one["quantity"]) for one in told)),
                first=_day(min(one["firstDay"] for one in told)),
                last=_day(max(one["lastDay"] for one in told)),
            ),
            recommended_action=_("Look whether the books' expiry dates are right, and how this came to be"),
            url="/data/quality",
        ),
        event.at,
    )


def hear_short_sold(event: EventView) -> None:
    """Batches are sold with less life than the rules ask: one alert, which the newest sales refresh."""
    told = event.payload
    raise_for(
        Condition(
            cause="short_sale",
            subject="sales",
            title=_(
                "%(pieces)s were sold with less than %(days)s days of life",
                pieces=pieces_of(int(told["quantity"])),
                days=told["minimumDays"],
            ),
            detail=together(
                _(
                    "%(batches)s in %(sales)s of the newest import.",
                    batches=ngettext("%(count)s batch", "%(count)s batches", int(told["batches"])),
                    sales=ngettext("%(count)s sale", "%(count)s sales", int(told["lines"])),
                ),
                ngettext(
                    "Least life: %(sku)s, batch %(batch)s, %(count)s day.",
                    "Least life: %(sku)s, batch %(batch)s, %(count)s days.",
                    int(told["daysLeft"]),
                    sku=told["sku"],
                    batch=told["batch"],
                ),
            ),
            recommended_action=_(
                "Put short batches on an offer, or change the least life at sale in the rules if it is agreed"
            ),
            url="/stock?expires=30",
        ),
        event.at,
    )


def hear_import_undone(event: EventView) -> None:
    """Sales that are taken back were never told."""
    suffix = f"@import:{event.payload['number']}"
    causes = ("expired_sale", "expired_taken", "expired_past")
    services.close_ending(causes, suffix, reason="undone", actor=ACTOR, at=event.at)


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%d-%m-%Y}"
