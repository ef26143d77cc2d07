"""The forecast's page: how far off it was beside what it has to beat, its models, what people changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import ForecastModel
from inventory.selectors.accuracy import (
    FIGURES,
    REFEREES,
    Accuracy,
    PastScore,
    Score,
    Standing,
    get_accuracy,
    list_models,
    list_past_scores,
    sum_overrides,
)
from inventory.selectors.overrides import list_overrides
from inventory.views.overrides import override_heads, override_line, override_rows
from vyapar.dashboard import board
from vyapar.dashboard.access import page
from vyapar.dashboard.board import NavItem
from vyapar.dashboard.sheets import Table, answer, sheet
from vyapar.dashboard.templatetags.words import method_label, plain
from vyapar.kernel.calendar import ist_day

OVERRIDES = 50
_TITLES = {
    "wape": gettext_lazy("Off by"),
    "rmsse": gettext_lazy("RMSSE"),
    "bias": gettext_lazy("Bias"),
    "pinball": gettext_lazy("Pinball loss"),
    "coverage80": gettext_lazy("Coverage"),
}
_MEANS = {
    "wape": gettext_lazy(
        "Pieces that the weeks were off by, of each 100 pieces sold (WAPE). Lower is better."
    ),
    "rmsse": gettext_lazy(
        "Weekly error against that of repeating last week, large misses weighing more. Lower is better; "
        "below 1 is better than repeating."
    ),
    "bias": gettext_lazy("Forecast less sold, of what was sold: above zero it expects too much."),
    "pinball": gettext_lazy("Loss of the whole range that is told, not of its middle only. Lower is better."),
    "coverage80": gettext_lazy("Totals that fell within the range that 80 of 100 should. Near 80 is right."),
}
#: Figures that are shares.
_SHARES = {"wape", "bias", "coverage80"}
_LEVELS = {
    "item": gettext_lazy("SKU in a territory"),
    "sku": gettext_lazy("SKU"),
    "category": gettext_lazy("Category"),
    "all": gettext_lazy("Everything together"),
}
_REASONS = {
    "the first model": gettext_lazy("the first model"),
    "the model in force cannot be made any more": gettext_lazy("the model in force cannot be made any more"),
    "no worse than the model in force on weeks that it was not chosen by": gettext_lazy(
        "no worse than the model in force on weeks that it was not chosen by"
    ),
    "worse than the model in force on weeks that it was not chosen by; that one stays": gettext_lazy(
        "worse than the model in force on weeks that it was not chosen by; that one stays"
    ),
}


@page()
def forecast(request: HttpRequest) -> HttpResponseBase:
    """Plain words first, then one figure by level and by class, its course, models and overrides."""
    figure = request.GET.get("figure", "")
    figure = figure if figure in FIGURES else FIGURES[0]
    found, today = get_accuracy(), ist_day(timezone.now())
    whole = next((one for one in found.levels if one.level == "item"), None)
    together = next((one for one in found.levels if one.level == "all"), None)
    return render(
        request,
        "inventory/forecast.html",
        {
            "as_of": found.as_of,
            "words": _words(whole, together) if whole else "",
            "tiles": _tiles(whole) if whole else (),
            "tabs": [_tab(name, figure) for name in FIGURES],
            "means": _MEANS[figure],
            "caution": _caution(found, figure),
            "referees": [method_label(name) for name in REFEREES],
            "levels": [_row(one, figure, str(_LEVELS[one.level])) for one in found.levels],
            "classes": [_row(one, figure, plain(one.pattern)) for one in found.classes],
            "trend": _trend(list_past_scores(), figure),
            "models": [(row, _reason(row)) for row in list_models()],
            "sums": sum_overrides(today),
            "overrides": override_rows(list_overrides(limit=OVERRIDES), today),
        },
    )


@page()
def forecast_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every method of the newest back-test with all its figures."""
    return answer(accuracy_table(request.GET), form)


def accuracy_table(given: QueryDict) -> Table:
    """Every method of the newest back-test; the file has all figures whichever the page shows."""
    found = get_accuracy()
    heads = [
        _("Level"), _("Class"), _("Method"), _("Stands"), _("Loses to naive"), _("Series"), _("WAPE"),
        _("RMSSE"), _("Bias"), _("Pinball loss"), _("Coverage of 80%"),
    ]  # fmt: skip
    seen, lines = set(), []
    for one in (*found.levels, *found.classes):
        for score in one.scores:
            key = one.level, one.pattern, score.method
            if key not in seen:
                seen.add(key)
                lines.append([
                    str(_LEVELS[one.level]), plain(one.pattern), method_label(score.method),
                    _yes(score.stands), _yes(score.loses), one.series,
                    *(score.figures[name] for name in FIGURES),
                ])  # fmt: skip
    return Table(heads, lines, "forecast-accuracy", _("Forecast accuracy"))


@page()
def overrides_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every override with what became of it."""
    lines = [override_line(one) for one in list_overrides(limit=100_000)]
    return sheet(lines, override_heads(), form, name="forecast-overrides", title=_("Overrides"))


def hang_forecast() -> None:
    """Hang the page on the board."""
    board.hang(NavItem("inventory:forecast", gettext_lazy("Forecast"), "rise", 65))


# --- parts ---------------------------------------------------------------------------------


def _words(one: Standing, together: Standing | None) -> str:
    """How good it is, in a few sentences: of all goods together first, which can be told best."""
    mine, gain, bias = one.chosen.figures["wape"], one.gain, one.chosen.figures["bias"]
    if mine is None:
        return ""
    parts = []
    if together is not None and (off := together.chosen.figures["wape"]) is not None:
        parts.append(
            _("Of 100 pieces that all goods together sell in a week, the forecast is off by %(off)d.")
            % {"off": round(100 * off)}
        )
    parts.append(
        _("For one SKU in one territory the forecast is off by %(off)d of 100 pieces.")
        % {"off": round(100 * mine)}
    )
    if gain is not None:
        told = {"share": f"{abs(100 * gain):.0f}"}
        better = _("That is %(share)s%% less than by repeating last week.")
        worse = _("That is %(share)s%% more than by repeating last week: it does not pay yet.")
        parts.append((better if gain >= 0 else worse) % told)
    if bias is not None:
        told = {"share": f"{abs(100 * bias):.0f}"}
        high, low = (
            _("In sum it expects %(share)s%% too much."),
            _("In sum it expects %(share)s%% too little."),
        )
        parts.append((high if bias >= 0 else low) % told)
    return " ".join(parts)


def _caution(found: Accuracy, figure: str) -> str:
    """What to make of it where expecting nothing at all has the better figure of two that reward it."""
    nothing = REFEREES.index("silence")

    def is_better(one: Standing) -> bool:
        theirs, mine = one.referees[nothing], one.chosen.figures[figure]
        told = theirs.figures[figure] if theirs else None
        return told is not None and mine is not None and told < mine

    if figure not in {"wape", "rmsse"} or not any(map(is_better, (*found.levels, *found.classes))):
        return ""
    return _(
        "Where most weeks sell nothing, expecting nothing at all is off the least here, and would never see "
        "a sale coming. The pinball loss, which asks for the whole range, shows what that costs; sums do too."
    )


def _tiles(one: Standing) -> list[dict[str, str]]:
    naive = one.referees[0]
    return [
        {
            "label": str(_TITLES[name]),
            "text": _figure(one.chosen, name),
            "note": _("naive: %(figure)s") % {"figure": _figure(naive, name)},
        }
        for name in FIGURES
    ]


def _tab(name: str, figure: str) -> dict[str, Any]:
    url = f"{reverse('inventory:forecast')}?{urlencode({'figure': name})}#by-level"
    return {"label": _TITLES[name], "url": url, "active": name == figure}


def _row(one: Standing, figure: str, name: str) -> dict[str, Any]:
    losers = [method_label(score.method) for score in one.losers]
    return {
        "name": name,
        "series": one.series,
        "method": method_label(one.chosen.method),
        "naive": one.chosen.method == "naive",
        "worse": one.gain is not None and one.gain < 0,
        "mine": _figure(one.chosen, figure),
        "referees": [_figure(score, figure) for score in one.referees],
        "losers": losers,
        "scores": [
            (
                method_label(score.method),
                score.stands,
                score.loses,
                [_figure(score, each) for each in FIGURES],
            )
            for score in one.scores
        ],
    }


def _figure(score: Score | None, name: str) -> str:
    value = score.figures[name] if score else None
    if value is None:
        return "—"
    if name == "bias":
        return f"{100 * value:+.1f}%".replace("-", "\N{MINUS SIGN}")
    return f"{100 * value:.1f}%" if name in _SHARES else f"{value:.3f}"


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _reason(row: ForecastModel) -> str:
    return str(_REASONS.get(row.reason, row.reason))


def _trend(past: list[PastScore], figure: str) -> dict[str, Any] | None:
    """The figure of what stood and of naive, training by training; nothing below two of them."""
    if len(past) < 2:
        return None
    times = 100 if figure in _SHARES else 1

    def values(read: Callable[[PastScore], dict[str, float | None]]) -> list[float | None]:
        told = [read(one)[figure] for one in past]
        return [None if value is None else round(times * value, 3) for value in told]

    return {
        "kind": "line",
        "dates": True,
        "x": [one.as_of.isoformat() for one in past],
        "series": [
            {"name": _("What stood"), "role": "actual", "values": values(lambda one: one.chosen)},
            {
                "name": _("Last week again (naive)"),
                "role": "compare",
                "values": values(lambda one: one.naive),
            },
        ],
    }
