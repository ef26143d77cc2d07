"""Pages of stock: what is dead or will be, cut by territory; one SKU in depth; the rows as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.models import ItemOutlook, Movement, StockItem
from inventory.rules import slow_moving_indicator
from inventory.selectors import AGE_BANDS
from inventory.selectors.adjustments import list_adjustments
from inventory.selectors.charged import list_offers_ahead
from inventory.selectors.festivals import list_festivals_ahead
from inventory.selectors.foreseen import (
    find_item_outlook,
    grades_by_territory,
    in_force,
)
from inventory.selectors.outliers import list_outliers
from inventory.selectors.overrides import list_overrides
from inventory.selectors.quality import location_grades, territory_grades
from inventory.selectors.responses import find_response
from inventory.selectors.shelf import (
    Cut,
    StockFilter,
    Sums,
    cut_wanted,
    get_item,
    list_categories,
    list_holders,
    list_ids,
    list_items,
    list_ledger,
    list_movements,
    list_rows,
    list_territories,
    sort_items,
    sum_wanted,
)
from inventory.selectors.sku import get_sku
from inventory.serializers.demand_words import offer_words, rests_words
from inventory.serializers.festival_words import festival_words
from inventory.serializers.risk_words import method_words, reason_words
from inventory.views.ages import age_words
from inventory.views.causes import cause_rows
from inventory.views.corrections import correction_url
from inventory.views.expired import expired_words
from inventory.views.history import chart, corrected_words, days_out, outlier_words
from inventory.views.outliers import outliers_url
from inventory.views.overrides import override_rows, override_url
from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import CHUNK, Table, answer, lines_of, rupees, sheet
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.engine.selectors import list_actions
from vyapar.kernel.calendar import ist_day

ROWS, MOVEMENTS, CAUSES, OVERRIDES, PAST = 25, 12, 5, 5, 12
CUTS = ("status", "category", "age")
EXPIRES = (30, 60, 90)


@page()
def stock(request: HttpRequest) -> HttpResponseBase:
    """Items with stock: the sums, the cut, the rows; every figure of the cut opens its rows."""
    wanted = _wanted(request.GET)
    totals, ids = sum_wanted(wanted), list_ids(wanted, request.GET.get("sort", ""))
    by = request.GET.get("by", "status")
    by, graded = by if by in CUTS else "status", territory_grades()
    shown = _Counted(ids, ROWS, totals.items).get_page(request.GET.get("page"))
    return render(
        request,
        "inventory/stock.html",
        {
            "totals": totals,
            "cut": _cut_table(cut_wanted(wanted, by), by, request.GET),
            "tabs": [_tab(name, by, request.GET) for name in CUTS],
            "page": shown,
            "items": [
                (row, _score_hint(row.score_parts), graded.get(row.territory.code))
                for row in list_rows(wanted, list(shown))
            ],
            "wanted": wanted,
            "chips": _chips(wanted),
            "saved": _saved(request.GET),
            "territories": list_territories(),
            "categories": list_categories(),
            "statuses": StockItem.Status.values,
            "horizons": EXPIRES,
            "ages": [(str(index), age_words(index)) for index in range(len(AGE_BANDS))],
            "query": request.GET.urlencode(),
        },
    )


class _Counted(Paginator[int]):
    """Pages of what is counted already: the sums of the page know how many there are."""

    def __init__(self, found: QuerySet[StockItem, int], size: int, count: int) -> None:
        super().__init__(found, size)
        self.__dict__["count"] = count


@page()
def item(request: HttpRequest, sku: str, territory: str) -> HttpResponseBase:
    """One SKU in one territory: history and forecast, batches in selling order, ways out, movements."""
    today = ist_day(timezone.now())
    row = get_item(sku, territory)
    detail = get_sku(sku, today)
    batches = [batch for batch in detail.batches if batch.territory == territory]
    expected = next((one for one in detail.expected if one.territory == territory), None)
    worst = max(batches, key=lambda batch: batch.at_risk_paise, default=None)
    holders, places = list_holders(row), {batch.location for batch in batches}
    corrected = list(list_adjustments(sku=sku, territory=territory, in_force=True)[:PAST])
    outliers = list(list_outliers(sku=sku, territory=territory)[:PAST])
    return render(
        request,
        "inventory/item.html",
        {
            "item": row,
            "detail": detail,
            "chart": chart(detail, expected, territory, corrected, outliers),
            "corrected": [corrected_words(one) for one in corrected],
            "outliers": [outlier_words(one) for one in outliers],
            "outliers_url": outliers_url(sku),
            "expected": expected,
            "rests": rests_words(expected.rests_on) if expected else [],
            "outs": days_out(detail, territory),
            "batches": batches,
            "worst": worst if worst and worst.ways_out else None,
            "turn": slow_moving_indicator(row.average_daily_sales, row.current_stock),
            "parts": _parts(row),
            "foreseen": _foreseen(sku, territory),
            "offers": [offer_words(one) for one in list_offers_ahead(sku, territory, today)],
            "offers_answered": find_response() is not None,
            "festivals": [festival_words(one) for one in list_festivals_ahead(sku, territory, today)],
            "causes": cause_rows(sku, territory=territory)[:CAUSES],
            "actions": list_actions().filter(pk__in=holders) if holders else (),
            "elsewhere": [one for one in detail.items if one.territory != territory],
            "movements": list_movements(row, MOVEMENTS),
            "overrides": override_rows(list_overrides(sku=sku, limit=OVERRIDES), today),
            "override_url": override_url(sku, territory),
            "correction_url": correction_url(sku, territory),
            "today": today,
            "expired": expired_words(sku, timezone.now(), territory=territory),
            "quality": territory_grades().get(territory),
            "places": [one for code, one in location_grades().items() if code in places],
        },
    )


# --- what is asked for ---------------------------------------------------------------------


def _wanted(given: QueryDict) -> StockFilter:
    """The filter in a query; what makes no sense does not narrow."""
    text = {name: given.get(name, "").replace("\x00", "").strip()[:120] for name in _TEXTS}
    expires, age = given.get("expires", ""), given.get("age", "")
    return StockFilter(
        words=text["q"],
        territory=text["territory"],
        status=text["status"] if text["status"] in StockItem.Status.values else "",
        category=text["category"],
        age=int(age) if age in map(str, range(len(AGE_BANDS))) else None,
        expires=int(expires) if expires in map(str, EXPIRES) else None,
        at_risk=given.get("risk") == "1",
    )


_TEXTS = ("q", "territory", "status", "category")


def _with(given: QueryDict, **changes: str) -> str:
    """The page's address with some of its query changed; empty drops a key. The page number goes."""
    kept = [pair for pair in _pairs(given) if pair[0] not in changes]
    return f"{reverse('inventory:stock')}?{urlencode([*kept, *(one for one in changes.items() if one[1])])}"


def _pairs(given: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in given.lists() if name != "page" for value in values]


def _chips(wanted: StockFilter) -> list[dict[str, str]]:
    """The filters in force."""
    days = wanted.expires
    words = {
        "territory": dict(list_territories()).get(wanted.territory, wanted.territory),
        "status": str(sign(wanted.status).label) if wanted.status else "",
        "category": dict(list_categories()).get(wanted.category, wanted.category),
        "expires": _("expires unsold within %(days)s days") % {"days": days} if days else "",
        "age": "" if wanted.age is None else age_words(wanted.age),
        "risk": _("at risk") if wanted.at_risk else "",
    }
    return [{"name": name, "label": text} for name, text in words.items() if text]


def _saved(given: QueryDict) -> list[dict[str, Any]]:
    views = (
        (_("Dead"), {"status": "dead"}),
        (_("At risk"), {"risk": "1"}),
        (_("Unsold in 30 days"), {"expires": "30"}),
    )
    base = reverse("inventory:stock")
    return [
        {
            "label": label,
            "url": f"{base}?{'&'.join(f'{name}={value}' for name, value in query.items())}",
            "active": all(given.get(name) == value for name, value in query.items()),
        }
        for label, query in views
    ]


# --- the cut -------------------------------------------------------------------------------


def _tab(name: str, by: str, given: QueryDict) -> dict[str, Any]:
    labels = {"status": _("By status"), "category": _("By category"), "age": _("By days without movement")}
    return {"label": labels[name], "url": _with(given, by=name), "active": name == by}


def _cut_table(cut: Cut, by: str, given: QueryDict) -> dict[str, Any]:
    """Rows and columns of the cut with an address for every figure; the last of each is the total."""

    def cell(sums: Sums, **narrow: str) -> dict[str, Any]:
        return {"sums": sums, "url": _with(given, **narrow) if sums.items else ""}

    rows = [
        {
            "name": name,
            "cells": [
                cell(cut.cells.get((key, column), Sums()), **{"territory": key, by: column})
                for column, _name in cut.columns
            ],
            "total": cell(cut.row(key), territory=key),
        }
        for key, name in cut.rows
    ]
    return {
        "columns": [_column_words(by, key, name) for key, name in cut.columns],
        "rows": rows,
        "totals": [cell(cut.column(key), **{by: key}) for key, _name in cut.columns],
        "total": cut.whole(),
    }


def _column_words(by: str, key: str, name: str) -> str:
    if by == "status":
        return str(sign(key).label)
    return age_words(int(key)) if by == "age" else name


# --- rows ----------------------------------------------------------------------------------


def _score_hint(score_parts: Mapping[str, float], words: Callable[[str], str] = plain) -> str:
    """The parts of a score in words, largest first: they add up to it."""
    parts = sorted(score_parts.items(), key=lambda part: -part[1])
    return " + ".join(f"{words(name)} {points:.1f}" for name, points in parts if points)


def _foreseen(sku: str, territory: str) -> dict[str, Any] | None:
    """The chance of no sale in 30, 60 and 90 days and what moves it; None before it was ever told."""
    outlook = find_item_outlook(sku, territory)
    if outlook is None:
        return None
    chances = ((30, outlook.no_sale_30), (60, outlook.no_sale_60), (90, outlook.no_sale_90))
    return {
        "bars": [
            {"label": _("within %(days)d days") % {"days": days}, "value": round(100 * chance, 1)}
            for days, chance in chances
        ],
        "reasons": [reason_words(reason) for reason in outlook.reasons],
        "rests_on": _rests_on(outlook),
        "classes": (
            (_("Class in its territory"), outlook.matrix),
            (_("Class over all territories"), outlook.matrix_overall),
        ),
        "overstock": outlook.overstock_quantity,
    }


def _rests_on(outlook: ItemOutlook) -> str:
    """What the chance of 90 days rests on, and why on the rule where it does."""
    model = in_force().get("item")
    told = model.metrics.get("90", {}) if model else {}
    return method_words(outlook.method, told.get("reason", ""))


def _parts(row: StockItem) -> list[dict[str, Any]]:
    return [
        {"label": plain(name), "value": round(points, 1)}
        for name, points in sorted(row.score_parts.items(), key=lambda part: -part[1])
    ]


# --- files ---------------------------------------------------------------------------------


@page()
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The rows of the page's filter, all of them, as CSV or as an Excel workbook."""
    return answer(stock_table(request.GET), form)


def stock_table(given: QueryDict) -> Table:
    """The rows of a query of the page."""
    rows = sort_items(list_items(_wanted(given)), given.get("sort", ""))
    found = rows.values_list(*_EXPORTED).iterator(chunk_size=CHUNK)  # no object for each of all rows
    lines = _export_lines(found, grades_by_territory())
    return Table([*_heads(), _("Data")], lines, "stock", _("Stock"))


@page()
def movements_file(request: HttpRequest, sku: str, territory: str, form: str) -> HttpResponseBase:
    """The whole ledger of an item, newest first."""
    heads = [
        _("When"), _("What"), _("Batch"), _("Place"), _("Pieces"), _("Reference"), _("Whose sign"),
    ]  # fmt: skip
    rows = list_ledger(get_item(sku, territory))
    return sheet(
        lines_of(rows, _movement_line), heads, form, name=f"movements-{sku}-{territory}", title=_("Movements")
    )


def _movement_line(row: Movement) -> list[Any]:
    return [
        row.at, plain(row.kind), row.batch.number, row.location.name, row.quantity, row.reference,
        row.actor_ref,
    ]  # fmt: skip


def _heads() -> list[str]:
    return [
        _("SKU"), _("Name"), _("Category"), _("Territory"), _("Status"), _("Pieces"), _("Held"),
        _("Value at cost, ₹"), _("Days without movement"), _("Days of cover"), _("Sold in 28 days, of stock"),
        _("Nearest expiry"),
        _("At risk, pieces"), _("At risk, ₹"), _("Score"), _("What the score consists of"),
    ]  # fmt: skip


_EXPORTED = (
    "sku__code", "sku__name", "sku__category__name", "territory__name", "status", "current_stock",
    "reserved_stock", "value_paise", "days_without_movement", "cover_days",
    "average_daily_sales", "expiry_date", "due_quantity",
    "due_paise", "dead_stock_score", "score_parts", "territory__code",
)  # fmt: skip


def _export_lines(rows: Iterable[tuple[Any, ...]], grades: Mapping[str, str]) -> Iterator[list[Any]]:
    """Rows of `_EXPORTED` as lines under their heads, the grade of the territory's data last; each word is
    looked up once.
    """
    words, label = cache(plain), cache(lambda status: str(sign(status).label))
    for code, name, category, territory, status, pieces, held, value, idle, cover, daily, *rest in rows:
        turn = slow_moving_indicator(daily, pieces)
        expiry, due, due_paise, score, parts, place = rest
        yield [
            code, name, category, territory, label(status), pieces, held, rupees(value), idle,
            None if cover is None else round(cover, 1),
            None if turn is None else round(turn, 4), expiry, due, rupees(due_paise), round(score, 1),
            _score_hint(parts, words), grades.get(place, ""),
        ]  # fmt: skip
