"""What the alerts hear of sales that should not have been made: of goods past their last day, or nearly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse

from alerts import services
from alerts.agent import pieces_of
from alerts.contracts import Condition
from alerts.handlers.raising import ACTOR, raise_for
from inventory.selectors.expired import ToldSale, list_told
from vyapar.engine.contracts import EventView
from vyapar.engine.selectors import list_events
from vyapar.kernel.money import parse_rupees
from vyapar.kernel.phrases import Phrase, coded, listed, together
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _

#: How many sales a detail names.
SHOWN = 8


def hear_expired_sold(event: EventView) -> None:
    """Goods past their last day were sold: all that one import told of a batch is one alert."""
    _look(event, named=bool(event.payload["named"]), why="")


def hear_expired_undone(event: EventView) -> None:
    """Such sales were cancelled, or the goods came back: their alert tells of the rest, or is closed."""
    for named in (True, False):
        _look(event, named=named, why=event.payload["how"])


def _look(event: EventView, *, named: bool, why: str) -> None:
    """Raise the alert of a subject as things stand; close it where nothing of it is left, saying `why`."""
    told = [
        one.payload
        for one in list_events(name="ExpiredStockSold", subject=event.subject, limit=1_000)
        if one.payload["named"] is named
    ]
    if not told:
        return
    cause = "expired_sale" if named else "expired_taken"
    sales = [one for one in list_told(subject=event.subject) if one.named is named]
    left = [one for one in sales if one.left > 0]
    more = sum(int(one["more"]) for one in told)
    if not left and not more:
        services.close(cause, event.subject, reason=_GONE.get(why, ""), actor=ACTOR, at=event.at)
        return
    whole = sum(int(one["quantity"]) for one in told)
    undone = sum(one.quantity - one.left for one in sales)
    pieces = whole - undone if named else min(whole, sum(one.left for one in left)) if undone else whole
    first = told[0]
    days = max(int(one["daysPastExpiry"]) for one in told)
    goods = {"sku": first["sku"], "batch": first["batch"], "pieces": pieces_of(pieces)}
    lines = [_sale(sale) for sale in left[:SHOWN]]
    if unnamed := len(left[SHOWN:]) + more:
        lines.append(ngettext("and %(count)s more sale", "and %(count)s more sales", unnamed))
    raise_for(
        Condition(
            cause=cause,
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
            url=reverse("inventory:item", args=(first["sku"], (left or sales)[0].territory)),
            value_paise=sum(parse_rupees(one["value"]) for one in told) * pieces // max(whole, 1),
        ),
        event.at,
    )


#: Why an alert of expired goods needs nobody any more, by how its sales were undone.
_GONE = {
    "cancelled": _("its sales were cancelled by a later import"),
    "returned": _("the goods came back from the outlet"),
}
_RECALL = _(
    "Recall it from the outlet today, take it back, keep it apart and give a credit note: a distributor is "
    "liable for food supplied after its expiry (FSS Act 2006, s.27(2)(a))"
)
_LOOK = _(
    "Count the shelf: if the batch was sold, recall it from the outlets and give credit notes; if it still "
    "lies there, enter the receipt that the book lacks"
)


def _sale(sale: ToldSale) -> Phrase:
    return _(
        "%(outlet)s (%(retailer)s), invoice %(invoice)s of %(day)s, %(pieces)s",
        outlet=sale.outlet,
        retailer=sale.retailer_id,
        invoice=sale.transaction_id,
        day=f"{sale.sold_on:%d-%m-%Y}",
        pieces=pieces_of(sale.left),
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
            title=_short_title(told),
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
                *_choosy(told),
            ),
            recommended_action=_(
                "Put short batches on an offer, or change the least life at sale in the rules if it is agreed"
            ),
            url="/stock?expires=30",
        ),
        event.at,
    )


def _short_title(told: Mapping[str, Any]) -> Phrase:
    pieces = pieces_of(int(told["quantity"]))
    if not told.get("alike", True):
        return _("%(pieces)s were sold with less life than their buyers want", pieces=pieces)
    return _(
        "%(pieces)s were sold with less than %(days)s days of life", pieces=pieces, days=told["minimumDays"]
    )


def _choosy(told: Mapping[str, Any]) -> list[Phrase]:
    """Who wants more than general trade does, where the worst of these sales went to one."""
    if not told.get("retailerId"):
        return []
    return [
        ngettext(
            "Outlet %(retailer)s (%(channel)s) wants %(count)s day.",
            "Outlet %(retailer)s (%(channel)s) wants %(count)s days.",
            int(told["minimumDays"]),
            retailer=told["retailerId"],
            channel=coded(told["tradeChannel"]),
        )
    ]


def hear_import_undone(event: EventView) -> None:
    """Sales that are taken back were never told."""
    suffix = f"@import:{event.payload['number']}"
    causes = ("expired_sale", "expired_taken", "expired_past")
    services.close_ending(causes, suffix, reason=_("its import was taken back"), actor=ACTOR, at=event.at)


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%d-%m-%Y}"
