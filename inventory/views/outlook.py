"""The page of the predictive score: how sure it proved on unseen days, beside plain rules; classes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.contracts.prediction import HORIZONS, LEVELS
from inventory.models import ItemOutlook, RiskModel
from inventory.risk.matrix import ABC, FSN, XYZ
from inventory.selectors.foreseen import (
    grades_by_territory,
    in_force,
    list_risk_models,
    list_stuck,
    sum_classes,
)
from inventory.serializers.risk_words import is_righted, method_words, reason_words
from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import Table, answer, lines_of
from vyapar.kernel.money import group_indian

MODELS, WORST = 12, 25
_LEVELS = {
    "item": gettext_lazy("SKU in a territory"),
    "outlet": gettext_lazy("SKU at an outlet"),
}
_RULES = {
    "idle": gettext_lazy("days since last sale"), "few_orders": gettext_lazy("few orders"),
    "wait": gettext_lazy("pace of orders"),
}  # fmt: skip
_WHY_NOT = {"worse": gettext_lazy("ranks worse than what is in force; that stays")}


@page()
def outlook(request: HttpRequest) -> HttpResponseBase:
    """How well the chance of no sale told what happened; which stock is likeliest to stay; classes."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, HORIZONS) else HORIZONS[-1]
    models, grades = in_force(), grades_by_territory()
    return render(
        request,
        "inventory/outlook.html",
        {
            "levels": [_level(models[level], days) for level in LEVELS if level in models],
            "tabs": [_tab(one, days) for one in HORIZONS],
            "worst": [
                (
                    row,
                    paise,
                    round(paise * row.no_sale_90),
                    [reason_words(one) for one in row.reasons],
                    grades.get(row.territory.code, ""),
                )
                for row, paise in list_stuck(WORST)
            ],
            "classes": _classes(),
            "models": [
                (row, _LEVELS[row.level], _WHY_NOT.get(row.why_not, row.why_not))
                for row in list_risk_models(MODELS)
            ],
        },
    )


@page()
def outlook_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every item with its chances, why, its classes and its overstock."""
    return answer(outlook_table(request.GET), form)


def outlook_table(given: QueryDict) -> Table:
    """Every item, the likeliest not to sell first; the page has no filter of rows."""
    heads = [
        _("SKU"), _("Name"), _("Territory"), _("No sale in 30 days"), _("No sale in 60 days"),
        _("No sale in 90 days"), _("Rests on"), _("Why"), _("Class in its territory"), _("Class over all"),
        _("Share of its territory's sales, %"), _("Overstock, pieces"), _("Overstock, packs"), _("Data"),
    ]  # fmt: skip
    grades = grades_by_territory()
    rows = ItemOutlook.objects.select_related("sku", "territory").order_by("-no_sale_90", "pk")

    def line(row: ItemOutlook) -> list[Any]:
        return [
            row.sku.code, row.sku.name, row.territory.name, round(row.no_sale_30, 4),
            round(row.no_sale_60, 4), round(row.no_sale_90, 4), method_words(row.method, ""),
            " ".join(reason_words(one) for one in row.reasons), row.matrix, row.matrix_overall,
            row.value_share_bp / 100, row.overstock_quantity, row.overstock_packs,
            grades.get(row.territory.code, ""),
        ]  # fmt: skip

    return Table(heads, lines_of(rows, line), "outlook", _("Chance of no sale"))


# --- parts ---------------------------------------------------------------------------------


def _tab(days: int, shown: int) -> dict[str, Any]:
    return {
        "label": _("%(days)d days") % {"days": days},
        "url": f"{reverse('inventory:outlook')}?{urlencode({'days': days})}",
        "active": days == shown,
    }


def _level(model: RiskModel, days: int) -> dict[str, Any]:
    """One level: what it rests on, its figures beside both rules, and told against happened by tenths."""
    told = model.metrics.get(str(days), {"method": "rule", "reason": "short"})
    mine = told.get("ensemble")
    rows = [] if mine is None else [_figures(_("learnt"), mine)]
    rows += [_figures(str(_RULES[name]), one, ranks_only=True) for name, one in told.get("rules", {}).items()]
    bars = model.reliability.get(str(days), [])
    return {
        "name": _LEVELS[model.level],
        "code": model.level,
        "model": model,
        "rests_on": method_words(told["method"], told["reason"], righted=is_righted(told)),
        "by_rule": told["method"] == "rule",
        "rows": rows,
        "chart": _chart(bars) if mine and bars else None,
        "summary": _("On average %(off)s of 100 off what happened, by tenths of %(rows)s positions.")
        % {"off": f"{100 * mine['off']:.1f}", "rows": group_indian(mine["rows"])}
        if mine
        else "",
    }


def _figures(name: str, one: dict[str, Any], *, ranks_only: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "auc": f"{one['auc']:.3f}",
        "ap": f"{one['ap']:.3f}",
        "brier": "" if ranks_only else f"{one['brier']:.3f}",
    }


def _chart(bars: list[list[float]]) -> dict[str, Any]:
    """What was told and what happened, in tenths of the positions, the lowest chances first."""
    return {
        "kind": "line",
        "unit": "bp",
        "x": [f"{100 * told:.0f} %" for told, _happened, _rows in bars],
        "series": [
            {
                "name": _("told"),
                "role": "compare",
                "values": [round(10_000 * told) for told, _happened, _rows in bars],
            },
            {
                "name": _("happened"),
                "role": "actual",
                "values": [round(10_000 * happened) for _told, happened, _rows in bars],
            },
        ],
        "also": [{"name": _("positions"), "values": [int(rows) for *_both, rows in bars]}],
    }


def _classes() -> dict[str, Any]:
    """Items by value against how their demand varies; of each, how often they sell."""
    sums = sum_classes()
    return {
        "columns": XYZ,
        "rows": [
            {"letter": a, "cells": [[(f, *sums.get(a + x + f, (0, 0))) for f in FSN] for x in XYZ]}
            for a in ABC
        ],
        "items": sum(items for items, _packs in sums.values()),
    }
