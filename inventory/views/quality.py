"""The page of data quality: grades, what costs marks and what to do; the strip on an action's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory.contracts.quality import Grade, SubjectKind
from inventory.selectors.quality import GradeRow, list_grades, worst_of
from inventory.selectors.reliance import Reliance
from inventory.serializers.quality import figure_label, figure_words
from inventory.services import grade_feeds
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import Strip
from vyapar.dashboard.sheets import sheet
from vyapar.dashboard.templatetags.words import plain
from vyapar.engine.contracts import ActionView
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.lifecycle import OPEN
from vyapar.people.contracts import May


@page()
def quality(request: HttpRequest) -> HttpResponseBase:
    """Every grade: feeds, locations, territories; what costs most first."""
    today = ist_day(timezone.now())
    policy, version = get_policy("monitoring", today)
    gate = Grade(policy.quality_gate)
    rows = list_grades(today)
    titles = {
        SubjectKind.FEED: (_("Feeds"), "plug"),
        SubjectKind.LOCATION: (_("Locations"), "package"),
        SubjectKind.TERRITORY: (_("Territories"), "transfers"),
    }
    parts = []
    for kind, (title, icon) in titles.items():
        mine = [_shown(row, gate) for row in rows if row.grade.kind == kind]
        parts.append({"title": title, "icon": icon, "rows": mine})
    return render(
        request,
        "inventory/quality/quality.html",
        {
            "parts": parts,
            "graded": max((row.grade.graded_at for row in rows), default=None),
            "worst": worst_of(row.grade for row in rows),
            "held": sum(_holds_back(row, gate) for row in rows),
            "gate": gate,
            "marks": policy.quality_marks,
            "version": version,
        },
    )


def _shown(row: GradeRow, gate: Grade) -> dict[str, Any]:
    known = [marks for marks in row.trend if marks is not None]
    figures = [
        {
            "label": figure_label(figure["code"]),
            "words": figure_words(figure),
            "lost": figure["lost"] / 100,
            "weight": figure["weight"],
            "tone": "bad" if figure["lost"] else "good",
        }
        for figure in row.grade.figures
    ]
    return {
        "grade": row.grade,
        "name": row.label,
        "territory": row.territory,
        "marks": row.grade.marks / 100,
        "costly": [one for one in figures if one["lost"]],
        "fine": [one for one in figures if not one["lost"]],
        "held": _holds_back(row, gate),
        "trend": [marks / 100 for marks in known],
        "change": (known[-1] - known[0]) / 100 if len(known) > 1 else None,
    }


def _holds_back(row: GradeRow, gate: Grade) -> bool:
    return row.grade.kind != SubjectKind.FEED and Grade(row.grade.grade).rank >= gate.rank


@page()
def quality_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A line for each figure of each grade: what was measured and what it cost."""
    heads = [
        _("What"), _("Code"), _("Name"), _("Territory"), _("Grade"), _("Marks"), _("Figure"),
        _("Marks lost"), _("In words"), _("Graded"),
    ]  # fmt: skip
    lines = (line for row in list_grades(ist_day(timezone.now())) for line in _lines(row))
    return sheet(lines, heads, form, name="data-quality", title=_("Data quality"))


def _lines(row: GradeRow) -> list[list[Any]]:
    one = row.grade
    head = [plain(one.kind), one.code, row.label, row.territory, one.grade, one.marks / 100]
    return [
        [*head, str(figure_label(figure["code"])), figure["lost"] / 100, figure_words(figure), one.graded_at]
        for figure in one.figures
    ] or [[*head, "", 0, "", one.graded_at]]


@page(May.FEED)
@require_POST
def regrade(request: HttpRequest) -> HttpResponseBase:
    """Grade everything now."""
    actor, now = person(request).actor, timezone.now()
    attempt(request, lambda: grade_feeds(actor=actor, at=now), _("Graded anew."))
    return redirect("inventory:quality")


def strip_of(view: ActionView) -> dict[str, Any] | None:
    """What the data are worth that an open action rests on; nothing while nobody has graded them."""
    if view.status not in OPEN:
        return None
    found = Reliance().judge({view.id: view.payload}, at=timezone.now())[view.id]
    return {"quality": found} if found.grade or found.doubts else None


def hang_quality() -> None:
    """Hang the strip on an action's page; the page itself opens from the data page."""
    board.hang(Strip("inventory.quality", "inventory/quality/strip.html", 5, strip_of))
