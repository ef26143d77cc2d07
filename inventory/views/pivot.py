"""The pivot of dead stock: any two cuts against each other, on any day that was kept, as a heat map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.feeds.files.writing import CSV, XLSX, write_csv, write_xlsx
from inventory.models import SavedView
from inventory.selectors import AGE_BANDS
from inventory.selectors.impact import CUTS, list_category_names, sum_impact
from inventory.selectors.saved_views import list_views
from inventory.selectors.shelf import list_territories
from inventory.services.saved_views import remove_view, save_view
from inventory.views.ages import age_words
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.gateway.renderers import attachment
from vyapar.kernel.errors import NotFound

#: What may be counted, and its name; the first five are paise.
MEASURES = {
    "at_risk_paise": gettext_lazy("Rupees at risk"),
    "value_paise": gettext_lazy("Stock at cost"),
    "loss_paise": gettext_lazy("What doing nothing costs"),
    "expired_paise": gettext_lazy("Expired and still there, at cost"),
    "written_off_paise": gettext_lazy("Written off that day, at cost"),
    "pieces": gettext_lazy("Pieces"),
    "at_risk_pieces": gettext_lazy("Pieces at risk"),
    "items": gettext_lazy("Items"),
}
_LABELS = {
    "territory": gettext_lazy("Territory"),
    "category": gettext_lazy("Category"),
    "brand": gettext_lazy("Brand"),
    "age": gettext_lazy("Days without movement"),
    "cause": gettext_lazy("Cause"),
    "status": gettext_lazy("Status"),
}
#: Cuts that the list of items can be narrowed by, so that a cell opens its rows.
_OPENS = {"territory", "category", "age", "status"}
SHADES = 4
#: Columns beyond these stand together in one.
MOST_COLUMNS = 12
REST = "\x01rest"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for; what makes no sense falls back."""

    rows: str
    columns: str
    measure: str
    on: date | None

    @classmethod
    def of(cls, given: QueryDict) -> _Asked:
        rows, columns = given.get("rows", ""), given.get("columns", "")
        rows = rows if rows in CUTS else "territory"
        columns = columns if columns in CUTS and columns != rows else ""
        if not columns and "columns" not in given:
            columns = "status" if rows != "status" else "territory"
        measure = given.get("measure", "")
        try:
            on = date.fromisoformat(given.get("on", ""))
        except ValueError:
            on = None
        return cls(rows, columns, measure if measure in MEASURES else "at_risk_paise", on)

    @property
    def is_money(self) -> bool:
        return self.measure.endswith("_paise")

    def query(self) -> str:
        on = {"on": self.on.isoformat()} if self.on else {}
        return urlencode({"rows": self.rows, "columns": self.columns, "measure": self.measure, **on})


@dataclass(frozen=True, slots=True)
class _Table:
    """Keys in order with their sums; every total is the sum of its cells."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], int]

    def row(self, key: str) -> int:
        return sum(self.cells.get((key, column), 0) for column in self.columns)

    def column(self, key: str) -> int:
        return sum(self.cells.get((row, key), 0) for row in self.rows)

    def whole(self) -> int:
        return sum(self.cells.values())


@page()
def pivot(request: HttpRequest) -> HttpResponseBase:
    """Sums of one measure by two cuts; each cell is shaded by its share of the largest and opens its rows."""
    asked, me = _Asked.of(request.GET), person(request)
    views = list_views(SavedView.Page.PIVOT, me.pk)
    context = {
        "asked": asked,
        "cuts": [(cut, _LABELS[cut]) for cut in CUTS],
        "measures": MEASURES.items(),
        "views": [_view(view, me.pk, asked) for view in views],
        "query": asked.query(),
    }
    try:
        day, table = _sum(asked)
    except NotFound:
        return render(request, "inventory/pivot.html", context)
    return render(request, "inventory/pivot.html", {**context, "day": day, "table": _drawn(table, asked)})


@page()
def pivot_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The pivot as CSV or Excel, every figure in full."""
    asked = _Asked.of(request.GET)
    day, table = _sum(asked, most=10_000)
    name_row, name_column = _namer(asked.rows), _namer(asked.columns)
    heads = [str(_LABELS[asked.rows]), *map(name_column, table.columns), _("Total")]
    figures = [
        [name_row(key), *(_figure(table.cells.get((key, c), 0), asked) for c in table.columns),
         _figure(table.row(key), asked)]
        for key in table.rows
    ]  # fmt: skip
    figures.append(
        [_("Total"), *(_figure(table.column(c), asked) for c in table.columns), _figure(table.whole(), asked)]
    )
    if form == "xlsx":
        content, kind = write_xlsx(figures, heads, title=str(MEASURES[asked.measure])), XLSX
    else:
        content, kind = write_csv(figures, heads), CSV
    named = f"pivot-{asked.rows}-{asked.columns or 'all'}-{day.isoformat()}.{form}"
    return attachment(content, named, kind)


@page()
@require_POST
def keep_view(request: HttpRequest) -> HttpResponseBase:
    """Keep the pivot as it stands under a name, or remove one."""
    me, now = person(request), timezone.now()
    asked = _Asked.of(QueryDict(request.POST.get("query", "")[:500]))
    if given := request.POST.get("remove", ""):
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
        attempt(request, lambda: remove_view(number, user_id=me.pk), _("The view is removed."))
    else:
        attempt(
            request,
            lambda: save_view(
                page=SavedView.Page.PIVOT,
                name=request.POST.get("name", ""),
                query=asked.query(),
                shared=bool(request.POST.get("shared")),
                user_id=me.pk,
                actor=me.actor,
                at=now,
            ),
            _("The view is kept."),
        )
    return redirect(f"{reverse('inventory:pivot')}?{asked.query()}")


# --- parts ---------------------------------------------------------------------------------


def _sum(asked: _Asked, *, most: int = MOST_COLUMNS) -> tuple[date, _Table]:
    by = (asked.rows, asked.columns) if asked.columns else (asked.rows,)
    found = sum_impact(by, asked.on)
    cells: dict[tuple[str, str], int] = {}
    for cell in found.cells:
        key = str(cell.keys[asked.rows]), str(cell.keys.get(asked.columns, ""))
        cells[key] = cells.get(key, 0) + cell.sums[asked.measure]
    columns = _in_order(asked.columns, {column for _, column in cells}, cells, 1)
    if len(columns) > most:
        kept = set(columns[: most - 1])
        together: dict[tuple[str, str], int] = {}
        for (row, column), value in cells.items():
            key = row, column if column in kept else REST
            together[key] = together.get(key, 0) + value
        cells, columns = together, (*columns[: most - 1], REST)
    rows = _in_order(asked.rows, {row for row, _ in cells}, cells, 0)
    return found.day, _Table(rows, columns, cells)


def _in_order(cut: str, keys: set[str], cells: Mapping[tuple[str, str], int], side: int) -> tuple[str, ...]:
    """Ages by their days; everything else by its sum, the largest first."""
    if cut == "age":
        return tuple(sorted(keys, key=int))
    sums = dict.fromkeys(keys, 0)
    for key, value in cells.items():
        sums[key[side]] += value
    return tuple(sorted(keys, key=lambda key: (-sums[key], key)))


def _drawn(table: _Table, asked: _Asked) -> dict[str, Any]:
    largest = max((abs(value) for value in table.cells.values()), default=0)
    name_row, name_column = _namer(asked.rows), _namer(asked.columns)
    newest = asked.on is None

    def opens(row: str, column: str | None) -> str:
        narrow = {asked.rows: row} | ({asked.columns: column} if asked.columns and column is not None else {})
        if not newest or REST in narrow.values() or not set(narrow) <= _OPENS:
            return ""
        narrow = {cut: _for_list(cut, key) for cut, key in narrow.items()}
        return f"{reverse('inventory:stock')}?{urlencode(narrow)}"

    def cell(row: str, column: str) -> dict[str, Any]:
        value = table.cells.get((row, column), 0)
        shade = -(-SHADES * abs(value) // largest) if largest else 0
        return {"value": value, "shade": shade, "url": opens(row, column) if value else ""}

    return {
        "columns": [name_column(key) for key in table.columns] if asked.columns else [],
        "rows": [
            {
                "name": name_row(key),
                "cells": [cell(key, column) for column in table.columns] if asked.columns else [],
                "total": table.row(key),
                "url": opens(key, None),
            }
            for key in table.rows
        ],
        "totals": [table.column(key) for key in table.columns] if asked.columns else [],
        "total": table.whole(),
        "label": _LABELS[asked.rows],
    }


def _for_list(cut: str, key: str) -> str:
    """A key as the list of items is narrowed by it: ages by the number of their band."""
    return str(AGE_BANDS.index(int(key))) if cut == "age" else key


def _namer(cut: str) -> Callable[[str], str]:
    """How the keys of a cut are called; codes are looked up once."""
    known: dict[str, str] = {}
    if cut == "territory":
        known = dict(list_territories())
    elif cut == "category":
        known = list_category_names()

    def name(key: str) -> str:
        if key == REST:
            return _("All others")
        if cut == "age":
            return age_words(AGE_BANDS.index(int(key)))
        if cut == "status":
            return str(sign(key).label)
        if cut == "cause":
            return str(plain(key)) if key else _("none found")
        return known.get(key, key)

    return name


def _figure(value: int, asked: _Asked) -> Decimal | int:
    return Decimal(value).scaleb(-2) if asked.is_money else value


def _view(view: SavedView, user_id: int, asked: _Asked) -> dict[str, Any]:
    return {
        "id": view.pk,
        "label": view.name,
        "url": f"{reverse('inventory:pivot')}?{view.query}",
        "active": view.query == asked.query(),
        "mine": view.user_id == user_id,
        "shared": view.shared,
    }
