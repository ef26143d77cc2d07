"""Reading grades: the newest of each subject, the last thirty days, and which places are graded too low."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from inventory.contracts import MonitoringPolicy
from inventory.contracts.quality import Grade, Rests, SubjectKind
from inventory.models import Feed, Location, QualityGrade, Territory
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day

#: Grades older than this are of nothing that is graded still.
KEPT = timedelta(days=40)
#: Figures that are named as the reason of a grade.
_REASONS = 3
#: Days that a trend shows.
TREND_DAYS = 30


@dataclass(frozen=True, slots=True)
class GradeRow:
    """A subject's newest grade, its name, and its marks day by day (None: not graded), oldest first."""

    grade: QualityGrade
    label: str
    territory: str
    trend: tuple[int | None, ...]


def latest_grades(kind: str = "") -> list[QualityGrade]:
    """The newest grade of every subject that was graded lately, by kind and code."""
    newest = QualityGrade.objects.order_by("-day").values_list("day", flat=True).first()
    if newest is None:
        return []
    rows = QualityGrade.objects.filter(day__gt=newest - KEPT)
    rows = rows.filter(kind=kind) if kind else rows
    return list(rows.order_by("kind", "code", "-day").distinct("kind", "code"))


def territory_grades() -> dict[str, QualityGrade]:
    """The newest grade of each territory, by code."""
    return {one.code: one for one in latest_grades(SubjectKind.TERRITORY)}


def location_grades() -> dict[str, QualityGrade]:
    """The newest grade of each location, by code."""
    return {one.code: one for one in latest_grades(SubjectKind.LOCATION)}


def list_grades(today: date) -> list[GradeRow]:
    """Every subject with its newest grade and its trend up to `today`: feeds first, the worst first.

    Four queries. What is gone (a feed switched off, a place taken away) is left out.
    """
    names, homes = _names()
    shown = [one for one in latest_grades() if (one.kind, one.code) in names]
    first = today - timedelta(days=TREND_DAYS - 1)
    marks: dict[tuple[str, str], dict[date, int]] = {}
    days = QualityGrade.objects.filter(day__range=(first, today))
    for kind, code, day, points in days.values_list("kind", "code", "day", "marks"):
        marks.setdefault((kind, code), {})[day] = points
    order = [kind.value for kind in SubjectKind]
    rows = [
        GradeRow(
            one,
            names[one.kind, one.code],
            homes.get(one.code, "") if one.kind == SubjectKind.LOCATION else "",
            _trend(marks.get((one.kind, one.code), {}), first),
        )
        for one in shown
    ]
    return sorted(rows, key=lambda row: (order.index(row.grade.kind), row.grade.marks, row.label))


def _trend(marks: Mapping[date, int], first: date) -> tuple[int | None, ...]:
    return tuple(marks.get(first + timedelta(days=n)) for n in range(TREND_DAYS))


def _names() -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """Names of what may be graded, by kind and code; and the territory of each location."""
    places = Location.objects.exclude(kind="outlet").values_list("code", "name", "territory__code")
    names = {(str(SubjectKind.LOCATION), code): name for code, name, _home in places}
    feeds = Feed.objects.filter(active=True).values_list("code", "name")
    names |= {(str(SubjectKind.FEED), code): name for code, name in feeds}
    areas = Territory.objects.values_list("code", "name")
    names |= {(str(SubjectKind.TERRITORY), code): name for code, name in areas}
    return names, {code: home for code, _name, home in places}


def name_of(grade: QualityGrade) -> str:
    """What people call a graded subject: `Pune godown`, `the territory Pune`."""
    model = {SubjectKind.FEED: Feed, SubjectKind.LOCATION: Location, SubjectKind.TERRITORY: Territory}
    found = model[SubjectKind(grade.kind)].objects.filter(code=grade.code).first()  # type: ignore[attr-defined]
    name = found.name if found else grade.code
    return name if grade.kind == SubjectKind.LOCATION else f"the {grade.kind} {name}"


def places_below(
    policy: MonitoringPolicy, grades: Mapping[tuple[str, str], QualityGrade], rests: Rests
) -> list[QualityGrade]:
    """Grades of the places that a recommendation rests on which are at the gate or worse."""
    gate = Grade(policy.quality_gate).rank
    return [one for one in graded_places(grades, rests) if Grade(one.grade).rank >= gate]


def graded_places(grades: Mapping[tuple[str, str], QualityGrade], rests: Rests) -> list[QualityGrade]:
    """Grades of the places that a recommendation rests on: locations first, then territories, by code."""
    wanted = _wanted(SubjectKind.LOCATION, rests.locations) + _wanted(
        SubjectKind.TERRITORY, rests.territories
    )
    return [grades[key] for key in wanted if key in grades]


def _wanted(kind: SubjectKind, codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(kind.value, code) for code in sorted(codes)]


def list_low(at: datetime) -> list[tuple[QualityGrade, str, tuple[str, ...]]]:
    """Places at the gate or worse, with their names and the figures that cost most, by kind and code."""
    gate = Grade(get_policy("monitoring", ist_day(at))[0].quality_gate).rank
    names, _homes = _names()
    return [
        (one, names[one.kind, one.code], costliest(one))
        for one in latest_grades()
        if one.kind != SubjectKind.FEED and (one.kind, one.code) in names and Grade(one.grade).rank >= gate
    ]


def costliest(grade: QualityGrade) -> tuple[str, ...]:
    """Codes of the figures that cost a subject most, at most three."""
    return tuple(one["code"] for one in grade.figures if one["lost"])[:_REASONS]


def worst_of(grades: Iterable[QualityGrade]) -> QualityGrade | None:
    """The grade with the fewest marks; None of nothing."""
    return min(grades, key=lambda one: (one.marks, one.kind, one.code), default=None)
