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
from django.views.decorators.http import require_POST

from inventory.models import SavedView
from inventory.selectors import AGE_BANDS
from inventory.selectors.saved_views import list_views
from inventory.services.saved_views import remove_view, rename_view, save_view
from inventory.views.pivot_bases import BASES, LABELS, REST, Basis, Read, namer
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.sheets import Table, answer
from vyapar.kernel.errors import NotFound

SHADES = 4
#: Columns beyond these stand together in one: as many as a desk's screen shows beside their total.
MOST_COLUMNS = 10
#: And rows beyond these.
MOST_ROWS = 200
_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for; what makes no sense falls back."""

    basis: Basis
    rows: str
    columns: str
    measure: str
    on: date | None

    @classmethod
    def of(cls, given: QueryDict) -> _Asked:
        basis = BASES.get(given.get("basis", ""), BASES["godowns"])
        rows, columns = given.get("rows", ""), given.get("columns", "")
        rows = rows if rows in basis.cuts else "territory"
        columns = columns if columns in basis.cuts and columns != rows else ""
        if not columns and "columns" not in given:
            columns = basis.columns if rows != basis.columns else "territory"
        measure = given.get("measure", "")
        try:
            on = date.fromisoformat(given.get("on", ""))
        except ValueError:
            on = None
        measure = measure if measure in basis.measures else next(iter(basis.measures))
        return cls(basis, rows, columns, measure, on)

    @property
    def is_money(self) -> bool:
        return self.measure.endswith("_paise")

    def query(self) -> str:
        more = {"on": self.on.isoformat()} if self.on else {}
        if self.basis.name != "godowns":
            more["basis"] = self.basis.name
        return urlencode({"rows": self.rows, "columns": self.columns, "measure": self.measure, **more})


@dataclass(frozen=True, slots=True)
class _Sums:
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
    """Sums of one measure by two cuts; each cell is shaded by its share of the largest and opens its rows.

    What stands together is not shaded: it is large because it is many.
    """
    asked, me = _Asked.of(request.GET), person(request)
    views = [_view(view, me.pk, asked) for view in list_views(SavedView.Page.PIVOT, me.pk)]
    context = {
        "asked": asked,
        "bases": [_basis(one, asked) for one in BASES.values()],
        "cuts": [(cut, LABELS[cut]) for cut in asked.basis.cuts],
        "measures": asked.basis.measures.items(),
        "views": views,
        "mine": [view for view in views if view["mine"]],
        "query": asked.query(),
    }
    try:
        read, table = _sum(asked)
    except NotFound:
        return render(request, "inventory/pivot.html", context)
    return render(request, "inventory/pivot.html", {**context, **_told(read), "table": _drawn(table, asked)})


@page()
def pivot_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The pivot as CSV or Excel, every figure in full."""
    return answer(pivot_table(request.GET), form)


def pivot_table(given: QueryDict) -> Table:
    """The pivot of a query with its totals. `NotFound` where no day was kept by then."""
    asked = _Asked.of(given)
    read, table = _sum(asked, most=_WHOLE, most_rows=_WHOLE)
    name_row, name_column = _namers(asked, table)
    heads = [str(LABELS[asked.rows]), *map(name_column, table.columns), _("Total")]
    figures = [
        [name_row(key), *(_figure(table.cells.get((key, c), 0), asked) for c in table.columns),
         _figure(table.row(key), asked)]
        for key in table.rows
    ]  # fmt: skip
    figures.append(
        [_("Total"), *(_figure(table.column(c), asked) for c in table.columns), _figure(table.whole(), asked)]
    )
    name = f"pivot-{asked.basis.name}-{asked.rows}-{asked.columns or 'all'}"
    return Table(heads, figures, name, str(asked.basis.measures[asked.measure]), day=read.day)


@page()
@require_POST
def keep_view(request: HttpRequest) -> HttpResponseBase:
    """Keep the pivot as it stands under a name, rename a view of one's own, or remove one."""
    me, now = person(request), timezone.now()
    asked = _Asked.of(QueryDict(request.POST.get("query", "")[:500]))
    name = request.POST.get("name", "")
    if given := request.POST.get("remove", ""):
        attempt(request, lambda: remove_view(_number(given), user_id=me.pk), _("The view is removed."))
    elif given := request.POST.get("rename", ""):
        attempt(
            request,
            lambda: rename_view(_number(given), name=name, user_id=me.pk, actor=me.actor, at=now),
            _("The view has its new name."),
        )
    else:
        attempt(
            request,
            lambda: save_view(
                page=SavedView.Page.PIVOT,
                name=name,
                query=asked.query(),
                shared=bool(request.POST.get("shared")),
                user_id=me.pk,
                actor=me.actor,
                at=now,
            ),
            _("The view is kept."),
        )
    return redirect(f"{reverse('inventory:pivot')}?{asked.query()}")


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


# --- parts ---------------------------------------------------------------------------------


def _sum(asked: _Asked, *, most: int = MOST_COLUMNS, most_rows: int = MOST_ROWS) -> tuple[Read, _Sums]:
    by = (asked.rows, asked.columns) if asked.columns else (asked.rows,)
    read = asked.basis.read(by, asked.on)
    cells: dict[tuple[str, str], int] = {}
    for keys, sums in read.cells:
        key = str(keys[asked.rows]), str(keys.get(asked.columns, ""))
        cells[key] = cells.get(key, 0) + sums[asked.measure]
    cells, columns = _gathered(asked.columns, cells, 1, most)
    cells, rows = _gathered(asked.rows, cells, 0, most_rows)
    return read, _Sums(rows, columns, cells)


def _told(read: Read) -> dict[str, Any]:
    return {"day": read.day, "note": read.note}


def _gathered(
    cut: str, cells: dict[tuple[str, str], int], side: int, most: int
) -> tuple[dict[tuple[str, str], int], tuple[str, ...]]:
    """The cells with what is beyond `most` keys of one side in one, and those keys in order."""
    keys = _in_order(cut, {key[side] for key in cells}, cells, side)
    if len(keys) <= most:
        return cells, keys
    kept = set(keys[: most - 1])
    together: dict[tuple[str, str], int] = {}
    for (row, column), value in cells.items():
        row, column = (row if side or row in kept else REST), (column if not side or column in kept else REST)
        together[row, column] = together.get((row, column), 0) + value
    return together, (*keys[: most - 1], REST)


def _in_order(cut: str, keys: set[str], cells: Mapping[tuple[str, str], int], side: int) -> tuple[str, ...]:
    """Ages by their days; everything else by its sum, the largest first."""
    if cut == "age":
        return tuple(sorted(keys, key=int))
    sums = dict.fromkeys(keys, 0)
    for key, value in cells.items():
        sums[key[side]] += value
    return tuple(sorted(keys, key=lambda key: (-sums[key], key)))


def _drawn(table: _Sums, asked: _Asked) -> dict[str, Any]:
    single = [abs(value) for key, value in table.cells.items() if REST not in key]
    largest = max(single, default=0)
    name_row, name_column = _namers(asked, table)
    newest, links = asked.on is None, asked.basis.opens

    def opens(row: str, column: str | None) -> str:
        narrow = {asked.rows: row} | ({asked.columns: column} if asked.columns and column is not None else {})
        if not newest or REST in narrow.values() or not set(narrow) <= set(links) or "" in narrow.values():
            return ""
        narrow = {links[cut]: _for_list(cut, key) for cut, key in narrow.items()}
        return f"{reverse(asked.basis.page)}?{urlencode(narrow)}"

    def cell(row: str, column: str) -> dict[str, Any]:
        value = table.cells.get((row, column), 0)
        shade = -(-SHADES * abs(value) // largest) if largest and REST not in (row, column) else 0
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
        "label": LABELS[asked.rows],
    }


def _for_list(cut: str, key: str) -> str:
    """A key as the list of items is narrowed by it: ages by the number of their band."""
    return str(AGE_BANDS.index(int(key))) if cut == "age" else key


def _namers(asked: _Asked, table: _Sums) -> tuple[Callable[[str], str], Callable[[str], str]]:
    return namer(asked.rows, table.rows), namer(asked.columns, table.columns)


def _basis(one: Basis, asked: _Asked) -> dict[str, Any]:
    url = f"{reverse('inventory:pivot')}?{urlencode({'basis': one.name})}"
    return {"label": one.label, "url": url, "active": one.name == asked.basis.name}


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
