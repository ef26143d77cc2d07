"""Weeks of the past that sold far more than can be explained, each with a form: what it counts as."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inventory.forms import AdjustmentForm
from inventory.models import DemandOutlier
from inventory.selectors.outliers import list_outliers, sum_outliers
from inventory.selectors.shelf import list_territories
from inventory.serializers.demand_words import explained_words
from inventory.views.corrections import correct, tabs, text_of
from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import Table, answer, lines_of, rupees
from vyapar.people.contracts import May

ROWS = 25
#: Fields that a row says itself: what is wrong with them is told above its form.
_SAID = ("sku", "territory", "from_date", "to_date")


@page()
def outliers(request: HttpRequest) -> HttpResponseBase:
    """Those that nobody has corrected, that add most rupees first."""
    return _shown(request, None)


@page(May.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def correct_outlier(request: HttpRequest) -> HttpResponseBase:
    """What an outlier counts as; refused, the list again with what was typed at its row.

    That list bears this address, so that whoever filters, pages or loads it anew comes here: to the list.
    """
    if request.method == "POST":
        name = request.POST.get("form", "").replace("%", "")  # Django fills in a percent
        form = AdjustmentForm(request.POST, auto_id=f"{name}_%s", places=list_territories())
        if correct(request, form) is None:
            return _shown(request, form)
    query = request.GET.urlencode()
    return redirect(reverse("inventory:outliers") + (f"?{query}" if query else ""))


@page()
def outliers_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The outliers of the page's filter, all of them."""
    return answer(outliers_table(request.GET), form)


def outliers_table(given: QueryDict) -> Table:
    """The outliers of a query of the page."""
    heads = [
        _("SKU"), _("Name"), _("Territory"), _("From"), _("To"), _("Sold"), _("Usual"),
        _("Adds to 13 weeks, pieces"), _("Adds to 13 weeks, ₹ at cost"), _("Explained"), _("Found"),
    ]  # fmt: skip

    def line(row: DemandOutlier) -> list[Any]:
        return [
            row.sku.code, row.sku.name, row.territory.code, row.from_date, row.to_date, row.sold_pieces,
            round(row.usual_pieces, 1), round(row.adds_pieces, 1), rupees(row.adds_paise),
            " ".join(explained_words(row.explained)), row.as_of,
        ]  # fmt: skip

    return Table(heads, lines_of(_wanted(given), line), "demand-outliers", _("Outliers of past demand"))


def outliers_url(sku: str) -> str:
    """The address of the outliers of a SKU."""
    return f"{reverse('inventory:outliers')}?{urlencode({'q': sku})}"


# --- parts ---------------------------------------------------------------------------------


def _shown(request: HttpRequest, refused: AdjustmentForm | None) -> HttpResponseBase:
    """The page, with the form of a row, or the one at the top where the row has gone, as it was refused."""
    rows, places = _wanted(request.GET), list_territories()
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    found = [_row(row, places, refused) for row in shown]
    place = text_of(request.GET, "territory")
    return render(
        request,
        "inventory/outliers.html",
        {
            "page": shown,
            "rows": found,
            "lost": refused if all(row["form"] is not refused for row in found) else None,
            "sums": sum_outliers(rows),
            "as_of": max((row.as_of for row in shown), default=None),
            "tabs": tabs("outliers"),
            "territory": place,
            "territories": places,
            "chips": [{"name": "territory", "label": dict(places).get(place, place)}] if place else [],
            "query": request.GET.urlencode(),
        },
        status=422 if refused else 200,
    )


def _row(row: DemandOutlier, places: list[tuple[str, str]], refused: AdjustmentForm | None) -> dict[str, Any]:
    name = f"outlier-{row.pk}"
    if refused is not None and refused.data.get("form") == name:
        form = refused
    else:
        start = {
            "sku": row.sku.code, "territory": row.territory.code, "from_date": row.from_date,
            "to_date": row.to_date, "counts_as": round(row.usual_pieces),
        }  # fmt: skip
        form = AdjustmentForm(initial=start, auto_id=f"{name}_%s", places=places)
    return {
        "row": row,
        "name": name,
        "form": form,
        "wrong": [one for field in (NON_FIELD_ERRORS, *_SAID) for one in form.errors.get(field, ())],
        "explained": explained_words(row.explained),
    }


def _wanted(given: QueryDict) -> QuerySet[DemandOutlier]:
    return list_outliers(words=text_of(given, "q"), territory=text_of(given, "territory"))
