"""What the pivot may count: stock in our godowns, or stock that outlets bought. They are never added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.risk.standing_days import CUTS
from inventory.selectors import AGE_BANDS, impact
from inventory.selectors.impact import list_category_names, sum_impact
from inventory.selectors.shelf import list_territories
from inventory.selectors.standing import STOPPED, TRIED_ONCE, list_outlet_names, sum_standing
from inventory.views.ages import age_words
from vyapar.dashboard.templatetags.words import plain, sign

REST = "\x01rest"
#: The keys of each combination by name of cut, and its sums by name of measure.
Cells = Iterable[tuple[Mapping[str, str | int], Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class Read:
    """The sums of a day, and what must be said of it."""

    day: date
    cells: Cells
    note: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """One stock that can be cut.

    `measures`: names of sums, those that end in `_paise` are money; `columns`: the cut that stands in
    columns unless another is asked for; `opens`: the page that shows the rows of a cell, and the cuts
    by which it can be narrowed; `nothing`: heading and words where no day was kept by then.
    """

    name: str
    label: Any
    intro: Any
    cuts: tuple[str, ...]
    measures: Mapping[str, Any]
    columns: str
    page: str
    opens: Mapping[str, str]
    nothing: tuple[Any, Any]
    read: Callable[[Sequence[str], date | None], Read]


def _godowns(by: Sequence[str], on: date | None) -> Read:
    found = sum_impact(by, on)
    return Read(found.day, [(cell.keys, cell.sums) for cell in found.cells])


def _outlets(by: Sequence[str], on: date | None) -> Read:
    found = sum_standing(by, on)
    note = _("Counted later, from the sales until that morning.") if found.recounted else ""
    return Read(found.day, [(cell.keys, cell.sums) for cell in found.cells], note)


LABELS = {
    "territory": gettext_lazy("Territory"),
    "outlet": gettext_lazy("Outlet"),
    "category": gettext_lazy("Category"),
    "brand": gettext_lazy("Brand"),
    "age": gettext_lazy("Days without movement"),
    "cause": gettext_lazy("Cause"),
    "status": gettext_lazy("Status"),
    "beat": gettext_lazy("Beat"),
}
BASES = {
    "godowns": Basis(
        "godowns",
        gettext_lazy("In our godowns"),
        gettext_lazy("Any two cuts against each other; every total is the sum of its cells."),
        impact.CUTS,
        {
            "at_risk_paise": gettext_lazy("Rupees at risk"),
            "value_paise": gettext_lazy("Stock at cost"),
            "loss_paise": gettext_lazy("What doing nothing costs"),
            "expired_paise": gettext_lazy("Expired and still there, at cost"),
            "written_off_paise": gettext_lazy("Written off that day, at cost"),
            "pieces": gettext_lazy("Pieces"),
            "at_risk_pieces": gettext_lazy("Pieces at risk"),
            "items": gettext_lazy("Items"),
        },
        "status",
        "inventory:stock",
        {"territory": "territory", "category": "category", "age": "age", "status": "status"},
        (
            gettext_lazy("No day was kept by then"),
            gettext_lazy("The sums of a day are kept after the stock was scored on it."),
        ),
        _godowns,
    ),
    "outlets": Basis(
        "outlets",
        gettext_lazy("At outlets"),
        gettext_lazy(
            "What outlets bought and have not ordered again. It is theirs: it is never added to the stock "
            "of the godowns."
        ),
        CUTS,
        {
            "expected_paise": gettext_lazy("Expected to stand there, at what they paid"),
            "pieces": gettext_lazy("Pieces bought last"),
            "items": gettext_lazy("Items at outlets"),
        },
        "category",
        "inventory:outlets",
        {"territory": "territory", "category": "category", "beat": "beat", "outlet": "outlet"},
        (
            gettext_lazy("Nothing is known to stand at outlets"),
            gettext_lazy(
                "It is told from sales by outlet, once there are some months of them and the outlook was "
                "scored."
            ),
        ),
        _outlets,
    ),
}


def namer(cut: str, keys: Iterable[str]) -> Callable[[str], str]:
    """How the keys of a cut are called; codes are looked up once."""
    known: dict[str, str] = {}
    if cut == "territory":
        known = dict(list_territories())
    elif cut == "category":
        known = list_category_names()
    elif cut == "outlet":
        known = list_outlet_names(keys)

    def name(key: str) -> str:
        if key == REST:
            return _("All others")
        if cut == "age":
            return age_words(AGE_BANDS.index(int(key)))
        if cut == "status":
            return str(sign(key).label)
        if cut == "cause":
            return _cause(key)
        if cut == "beat" and not key:
            return _("no beat")
        return known.get(key, key)

    return name


def _cause(key: str) -> str:
    words = {"": _("none found"), TRIED_ONCE: _("tried once"), STOPPED: _("stopped ordering")}
    return words[key] if key in words else str(plain(key))
