"""Batches by age and by expiry: in rupees and pieces, place by place, in the distributor's own bands."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.contracts.policy import is_bands
from inventory.models import Position
from inventory.selectors.ages import AGE, EXPIRY, GONE, UNKNOWN, BatchFilter, cut_batches, list_batches
from inventory.selectors.shelf import Cut, Sums, list_categories
from inventory.views.ages import band_words
from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.words import way_label
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day

ROWS = 25
_LABELS = {AGE: gettext_lazy("By days since it first came"), EXPIRY: gettext_lazy("By days until it expires")}


@page()
def batches(request: HttpRequest) -> HttpResponseBase:
    """Sums by place and band, and the batches behind them; every figure opens its batches."""
    wanted = _wanted(request.GET)
    cut = cut_batches(wanted)
    mine = _sums_of(cut, wanted.band)
    pages = Paginator(list_batches(wanted), ROWS)
    pages.__dict__["count"] = mine.items  # counted already
    return render(
        request,
        "inventory/batches.html",
        {
            "totals": mine,
            "cut": _cut_table(cut, wanted, request.GET),
            "tabs": [
                {"label": str(label), "url": _with(request.GET, by=by, band="", days=""),
                 "active": by == wanted.by}
                for by, label in _LABELS.items()
            ],
            "page": pages.get_page(request.GET.get("page")),
            "wanted": wanted,
            "days": ", ".join(map(str, wanted.ends)),
            "categories": list_categories(),
            "chips": _chips(wanted, cut),
            "query": request.GET.urlencode(),
        },
    )  # fmt: skip


@page()
def batches_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A line for each batch at each place of the filter: as a bank or an insurer asks for it."""
    wanted = _wanted(request.GET)
    heads = [
        _("SKU"), _("Name"), _("HSN"), _("Batch"), _("Place"), _("Territory"), _("First came"),
        _("Days here"), _("Expires"), _("Days left"), _("Pieces"), _("Held"), _("Cost a piece, ₹"),
        _("Worth at cost, ₹"), _("MRP, ₹"), _("At risk, pieces"), _("At risk, ₹"), _("Chance of that, %"),
        _("Best way out"),
    ]  # fmt: skip
    lines = lines_of(list_batches(wanted), lambda row: _line(row, wanted))
    return sheet(lines, heads, form, name=f"batches-{wanted.by}", title=_("Batches"))


# --- what is asked for ---------------------------------------------------------------------


def _wanted(given: QueryDict) -> BatchFilter:
    """The filter in a query; what makes no sense does not narrow."""
    text = {
        name: given.get(name, "").replace("\x00", "").strip()[:120] for name in ("q", "location", "category")
    }
    by = EXPIRY if given.get("by") == EXPIRY else AGE
    policy, _version = get_policy("monitoring")
    ends = _days(given.get("days", "")) or (policy.expiry_bands if by == EXPIRY else policy.age_bands)
    whole = BatchFilter(ist_day(timezone.now()), by, tuple(ends))
    band = given.get("band", "")
    return BatchFilter(
        whole.today, by, whole.ends, band if band in whole.bands else "", text["location"], text["category"],
        text["q"],
    )  # fmt: skip


def _days(given: str) -> tuple[int, ...]:
    """Ends of bands in an address, parted by commas; empty where they are none."""
    parts = [part.strip() for part in given[:80].split(",")]
    days = tuple(int(part) for part in parts if part.isascii() and part.isdigit())
    return days if len(days) == len(parts) and is_bands(days) else ()


def _with(given: QueryDict, **changes: str) -> str:
    """The page's address with some of its query changed; empty drops a key. The page number goes."""
    kept = {name: given[name] for name in given if name not in changes and name != "page"}
    query = {**kept, **{name: value for name, value in changes.items() if value}}
    return f"{reverse('inventory:batches')}?{urlencode(query)}"


def _words(wanted: BatchFilter, band: str) -> str:
    if band == GONE:
        return _("expired")
    if band == UNKNOWN:
        return _("does not expire") if wanted.by == EXPIRY else _("not known")
    return band_words((0, *(days + 1 for days in wanted.ends)), int(band))


def _chips(wanted: BatchFilter, cut: Cut) -> list[dict[str, str]]:
    words = {
        "band": _words(wanted, wanted.band) if wanted.band else "",
        "location": dict(cut.rows).get(wanted.location, wanted.location),
        "category": dict(list_categories()).get(wanted.category, wanted.category),
    }
    return [{"name": name, "label": label} for name, label in words.items() if label]


# --- what is shown -------------------------------------------------------------------------


def _sums_of(cut: Cut, band: str) -> Sums:
    return cut.column(band) if band else cut.whole()


def _cut_table(cut: Cut, wanted: BatchFilter, given: QueryDict) -> dict[str, Any]:
    """Rows and columns with an address for every figure; the last of each is the total."""

    def cell(sums: Sums, **narrow: str) -> dict[str, Any]:
        return {"sums": sums, "url": f"{_with(given, **narrow)}#rows" if sums.items else ""}

    return {
        "columns": [_words(wanted, band) for band, _name in cut.columns],
        "rows": [
            {
                "name": name,
                "cells": [
                    cell(cut.cells.get((place, band), Sums()), location=place, band=band)
                    for band, _name in cut.columns
                ],
                "total": cell(cut.row(place), location=place, band=""),
            }
            for place, name in cut.rows
        ],
        "totals": [cell(cut.column(band), band=band) for band, _name in cut.columns],
        "total": cut.whole(),
    }


def _line(row: Position, wanted: BatchFilter) -> list[Any]:
    batch, risk = row.batch, getattr(row, "risk", None)
    here = (wanted.today - row.first_receipt_date).days if row.first_receipt_date else None
    left = (batch.expiry_date - wanted.today).days if batch.expiry_date else None
    return [
        row.sku.code, row.sku.name, row.sku.hsn, batch.number, row.location.code,
        row.location.territory.code, row.first_receipt_date, here, batch.expiry_date, left, row.on_hand,
        row.reserved, rupees(batch.cost_paise), rupees(row.on_hand * batch.cost_paise),
        rupees(batch.mrp_paise), risk.at_risk_quantity if risk else None,
        rupees(risk.at_risk_paise) if risk else None,
        round(100 * risk.probability_unsold, 1) if risk else None,
        str(way_label(risk.best_way)) if risk and risk.best_way else "",
    ]  # fmt: skip
