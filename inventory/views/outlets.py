"""Pages of outlets: who holds what he does not order again; one outlet in depth; the rows as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.contracts import TradeChannel
from inventory.models import OutletStock, Retailer
from inventory.selectors.foreseen import grades_by_territory
from inventory.selectors.sales import get_retailer
from inventory.selectors.shelf import list_categories, list_territories
from inventory.selectors.standing import (
    BoughtSku,
    OutletSum,
    StandingFilter,
    list_beats,
    list_bought_by,
    list_outlet_names,
    list_outlets,
    list_standing,
    sum_outlets,
)
from inventory.services import set_outlet_terms
from inventory.services.outlets import MOST_LIFE_DAYS
from inventory.views.consents import address_of, consent_of
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import NavItem
from vyapar.dashboard.sheets import Table, answer, lines_of, rupees, sheet
from vyapar.dashboard.templatetags.figures import day_text
from vyapar.dashboard.templatetags.words import plain as said
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import group_indian
from vyapar.people.contracts import May

ROWS, STANDING, BOUGHT, TALK = 50, 25, 25, 3
_TEXTS = ("q", "territory", "beat", "category", "outlet", "trade_channel")


@page()
def outlets(request: HttpRequest) -> HttpResponseBase:
    """Outlets by the rupees that stand there, page by page."""
    wanted = _wanted(request.GET)
    forward, mark = _mark(request.GET.get("cursor", ""))
    place: dict[str, Any] = {} if mark is None else {"after" if forward else "before": mark}
    found = list_outlets(wanted, **place, limit=ROWS + 1)
    more = len(found) > ROWS
    shown = found[:ROWS] if forward else found[-ROWS:]
    back, on = (mark is not None, more) if forward else (more, True)
    grades = _grades()
    return render(
        request,
        "inventory/outlets.html",
        {
            "outlets": [(one, grades.get(one.territory, "")) for one in shown],
            "totals": sum_outlets(wanted),
            "previous": _cursor("p", shown[0]) if back and shown else "",
            "next": _cursor("n", shown[-1]) if on and shown else "",
            "wanted": wanted,
            "chips": _chips(wanted),
            "territories": list_territories(),
            "beats": list_beats(),
            "trade_channels": list(TradeChannel),
            "categories": list_categories(),
            "query": request.GET.urlencode(),
        },
    )


@page()
def outlets_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A line for each outlet of the filter."""
    return answer(outlets_table(request.GET), form)


def outlets_table(given: QueryDict) -> Table:
    """The outlets of a query of the page, the most rupees first."""
    heads = [
        _("Outlet"), _("Name"), _("Territory"), _("Beat"), _("Phone"), _("Items that stand there"),
        _("Pieces bought last"), _("Pieces expected to stand there"), _("Worth, ₹"), _("Last bought"),
        _("Trade channel"), _("Data"),
    ]  # fmt: skip
    grades = _grades()
    lines = (
        [
            one.retailer_id, one.name, one.territory, one.beat, one.phone, one.items, one.pieces,
            round(one.expected_quantity, 1), rupees(one.expected_paise), one.last_bought_date,
            said(one.trade_channel), grades.get(one.territory, ""),
        ]
        for one in list_outlets(_wanted(given), limit=None)
    )  # fmt: skip
    return Table(heads, lines, "outlets", _("Outlets"))


@page()
def outlet_items_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A line for each SKU at each outlet of the filter."""
    lines = lines_of(list_standing(_wanted(request.GET)), _item_line(grades_by_territory()))
    return sheet(lines, _item_heads(), form, name="outlet-items", title=_("Items"))


@page()
def outlet(request: HttpRequest, retailer_id: str) -> HttpResponseBase:
    """One outlet: what stands there, what it buys, and what the salesman may say."""
    retailer, today = get_retailer(retailer_id), ist_day(timezone.now())
    standing = list(list_standing(StandingFilter()).filter(retailer=retailer))
    bought = list_bought_by(retailer, today)
    return render(
        request,
        "inventory/outlet.html",
        {
            "retailer": retailer,
            "grade": grades_by_territory().get(retailer.territory.code, ""),
            "standing": Paginator(standing, STANDING).get_page(request.GET.get("page")),
            "bought": bought[:BOUGHT],
            "left": len(bought) - BOUGHT,
            "last": max((one.last_date for one in bought), default=None),
            "bought_paise": sum(one.paise for one in bought),
            "standing_paise": sum(one.expected_paise for one in standing),
            "talk": _talk(standing, bought),
            "consent": consent_of(retailer, today),
            "terms": _terms(retailer, today),
        },
    )


@page(May.RULES)
@require_POST
def keep_terms(request: HttpRequest, retailer_id: str) -> HttpResponseBase:
    """Keep an outlet's trade channel and its own least life."""
    me, now = person(request).actor, timezone.now()

    def run() -> None:
        channel, days = (
            request.POST.get("trade_channel", ""),
            _days(request.POST.get("minimum_life_days", "")),
        )
        set_outlet_terms(retailer_id, trade_channel=channel, minimum_life_days=days, actor=me, at=now)

    done = attempt(request, run, _("The outlet's terms are kept."))
    return redirect(address_of(retailer_id, "terms" if done else ""))


@page()
def outlet_file(request: HttpRequest, retailer_id: str, form: str) -> HttpResponseBase:
    """What stands at one outlet."""
    retailer = get_retailer(retailer_id)
    rows = list_standing(StandingFilter()).filter(retailer=retailer)
    lines = map(_item_line(grades_by_territory()), rows)
    return sheet(lines, _item_heads(), form, name=f"outlet-{retailer_id}", title=retailer.name)


@page()
def bought_file(request: HttpRequest, retailer_id: str, form: str) -> HttpResponseBase:
    """What one outlet bought in a year, every SKU of it."""
    retailer = get_retailer(retailer_id)
    heads = [_("SKU"), _("Name"), _("Pieces"), _("Paid, ₹"), _("Orders"), _("Last")]
    lines = [
        [one.sku, one.name, one.pieces, rupees(one.paise), one.orders, one.last_date]
        for one in list_bought_by(retailer, ist_day(timezone.now()))
    ]
    return sheet(lines, heads, form, name=f"bought-{retailer_id}", title=_("What it buys"))


def hang_outlets() -> None:
    """Hang the page on the board."""
    board.hang(NavItem("inventory:outlets", gettext_lazy("Outlets"), "outlet", 25))


# --- parts ---------------------------------------------------------------------------------


def _wanted(given: QueryDict) -> StandingFilter:
    text = {name: given.get(name, "").replace("\x00", "").strip()[:120] for name in _TEXTS}
    return StandingFilter(*text.values())


def _chips(wanted: StandingFilter) -> list[dict[str, str]]:
    words = {
        "territory": dict(list_territories()).get(wanted.territory, wanted.territory),
        "beat": wanted.beat,
        "category": dict(list_categories()).get(wanted.category, wanted.category),
    }
    words["trade_channel"] = said(wanted.trade_channel)
    words["outlet"] = list_outlet_names([wanted.outlet]).get(wanted.outlet, wanted.outlet)
    return [{"name": name, "label": text} for name, text in words.items() if text]


def _terms(retailer: Retailer, today: date) -> dict[str, Any]:
    """What life an outlet wants, by whose word, and what its channel's rule would be."""
    rules, _version = get_policy("monitoring", today)
    share = rules.minimum_life_share_bp.get(retailer.trade_channel)
    return {
        "channels": list(TradeChannel),
        "days": rules.minimum_life(retailer.trade_channel),
        "share_bp": share,
        "most": MOST_LIFE_DAYS,
    }


def _days(text: str) -> int | None:
    """Whole days as somebody typed them; None where the field is empty. `Invalid` for what is no number."""
    text = text.strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):
        message = _("give whole days, 0 to %(most)s") % {"most": MOST_LIFE_DAYS}
        fault = Fault("days", message, "minimum_life_days", value=text[:40])
        raise Invalid(_("The outlet's terms cannot be kept"), code="bad_terms", faults=[fault])
    return int(text) if text else None


def _cursor(way: str, row: OutletSum) -> str:
    return f"{way}{row.expected_paise}.{row.pk}"


def _mark(cursor: str) -> tuple[bool, tuple[int, int] | None]:
    """Whether a cursor goes on, and from where; what is none is the first page."""
    paise, _dot, pk = cursor[1:].partition(".")
    good = cursor[:1] in ("n", "p") and all(
        part.isascii() and part.isdigit() and len(part) < 19 for part in (paise, pk)
    )
    return (cursor[0] == "n", (int(paise), int(pk))) if good else (True, None)


def _item_heads() -> list[str]:
    return [
        _("Outlet"), _("Name"), _("Territory"), _("Beat"), _("SKU"), _("Name of the SKU"), _("Last bought"),
        _("Orders"), _("Orders again within, days"), _("Pieces bought last"),
        _("Pieces expected to stand there"), _("Worth, ₹"), _("Chance that some stand there"),
        _("Trade channel"), _("Data"),
    ]  # fmt: skip


def _item_line(grades: Mapping[str, str]) -> Callable[[OutletStock], list[Any]]:
    """A line of a row, with the grade of its territory's data."""

    def line(row: OutletStock) -> list[Any]:
        who = row.retailer
        return [
            who.retailer_id, who.name, row.territory.name, who.beat, row.sku.code, row.sku.name,
            row.last_bought_date, row.orders, round(row.interval_days, 1), row.pieces,
            round(row.expected_quantity, 1), rupees(row.expected_paise), round(row.probability, 4),
            said(who.trade_channel), grades.get(row.territory.code, ""),
        ]  # fmt: skip

    return line


def _grades() -> dict[str, str]:
    """The grade of each territory's data, by the territory's name."""
    grades = grades_by_territory()
    return {str(name): grades[code] for code, name in list_territories() if code in grades}


def _talk(standing: list[OutletStock], bought: list[BoughtSku]) -> list[str]:
    """What the salesman may ask and say, from what is known; it promises no price."""
    said = [_ask(row) for row in standing[:TALK]]
    dead = {row.sku.code for row in standing}
    runs = next((one for one in bought if one.sku not in dead and one.orders > 1), None)
    if said:
        said.append(
            _("If it stands there: look at its date, put it in front, and tell the office how many are left.")
        )
        said.append(_("If it was sold: ask why it was not ordered again, and take an order."))
    if runs is not None:
        told = {"name": runs.name, "orders": group_indian(runs.orders)}
        said.append(_("%(name)s runs here, ordered %(orders)s times in a year: begin with its order.") % told)
    return said


def _ask(row: OutletStock) -> str:
    told = {
        "name": row.sku.name,
        "pieces": group_indian(row.pieces),
        "day": day_text(row.last_bought_date),
        "left": f"{row.expected_quantity:.0f}",
        "days": f"{row.interval_days:.0f}",
    }
    if row.orders <= 1:
        return (
            _(
                "%(name)s: tried once, %(pieces)s pieces on %(day)s. Ask whether anybody wants it; "
                "about %(left)s pieces should still stand there."
            )
            % told
        )
    return (
        _(
            "%(name)s: last ordered on %(day)s, %(pieces)s pieces, and usually again within %(days)s days. "
            "Ask what changed; about %(left)s pieces should still stand there."
        )
        % told
    )
