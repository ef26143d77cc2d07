"""Grading the data: figures become grades, kept day by day; what falls or goes stale is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import transaction

from inventory.agent.quality import grade
from inventory.contracts import MonitoringPolicy
from inventory.contracts.quality import FeedStale, Figure, Grade, Graded, QualityFell, SubjectKind
from inventory.models import Feed, ImportRun, Location, Position, QualityGrade, Territory
from inventory.selectors.freshness import age_hours, closed_days, list_stale
from inventory.selectors.measures import Measured, measure
from inventory.selectors.quality import costliest, latest_grades
from inventory.services.staging import take_turns
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day

#: How long after an import its grading may take to begin, and until when one that was lost is made up for.
SOON, RECENT = timedelta(minutes=1), timedelta(days=1)
_UPDATED = ("grade", "marks", "figures", "policy_version", "graded_at")


def is_grading_due(at: datetime) -> bool:
    """Whether today is not graded yet, a feed went stale unseen, or the grading that follows an import was
    lost with a worker or its queue. A few quick queries.
    """
    newest = QualityGrade.objects.order_by("-day", "-graded_at").first()
    if newest is not None and _was_missed(newest.graded_at, at):
        return True
    if (newest is None or newest.day != ist_day(at)) and (
        Feed.objects.filter(active=True, last_ok_at__isnull=False).exists()
        or Position.objects.filter(on_hand__gt=0).exclude(location__kind="outlet").exists()
    ):
        return True
    return any(feed.stale_at is None for feed, _age in list_stale(at))


def _was_missed(graded_at: datetime, at: datetime) -> bool:
    """Whether an import ended after the newest grading, and a worker has had time since."""
    ended = ImportRun.objects.filter(finished_at__gt=graded_at, finished_at__range=(at - RECENT, at - SOON))
    return ended.exists()


@transaction.atomic
def grade_feeds(*, actor: Actor, at: datetime) -> list[QualityGrade]:
    """Grade every active feed, every location but outlets, and every territory, by today's policy.

    One row per subject and Indian day, the last grading of the day stands. Tells `QualityFell` for
    each subject that is worse than it was, and `FeedStale` once for each feed that went stale. Also
    keeps what each feed tells of. Returns the grades.
    """
    take_turns("quality")
    policy, version = get_policy("monitoring", ist_day(at))
    before = {(one.kind, one.code): Grade(one.grade) for one in latest_grades()}
    measured = measure(at, policy)
    feeds = list(Feed.objects.filter(active=True).order_by("code"))
    _keep_reach(feeds, measured)
    _add_ages(measured, feeds, at, policy)
    _add_up_territories(measured)
    graded = [
        _row(kind, code, grade(figures, policy), version, at)
        for (kind, code), figures in sorted(measured.figures.items())
        if any(one.of > 0 for one in figures)
    ]
    QualityGrade.objects.bulk_create(
        graded, update_conflicts=True, unique_fields=["kind", "code", "day"], update_fields=_UPDATED
    )
    _tell_falls(graded, before, policy, actor, at)
    _tell_stale(feeds, policy, actor, at)
    return graded


def _row(kind: str, code: str, one: Graded, version: int, at: datetime) -> QualityGrade:
    figures = [
        {
            "code": lost.figure.code, "value": lost.figure.value, "of": lost.figure.of,
            "weight": lost.weight, "limit_bp": lost.limit_bp, "lost": lost.lost,
        }
        for lost in one.losses
        if lost.figure.of > 0
    ]  # fmt: skip
    return QualityGrade(
        kind=kind, code=code, day=ist_day(at), grade=one.grade.value, marks=one.marks, figures=figures,
        policy_version=version, graded_at=at,
    )  # fmt: skip


# --- what is added to the measures ---------------------------------------------------------


def _keep_reach(feeds: Iterable[Feed], measured: Measured) -> None:
    """A feed's reach only grows: that it has been silent about a place is no reason to forget it."""
    for feed in feeds:
        told = measured.reach.get(feed.pk, {})
        kinds = feed.reach.keys() | told.keys()
        reach = {kind: sorted({*feed.reach.get(kind, ()), *told.get(kind, ())}) for kind in sorted(kinds)}
        if reach != feed.reach:
            feed.reach = reach
            feed.save(update_fields=["reach"])


def _add_ages(measured: Measured, feeds: Iterable[Feed], at: datetime, policy: MonitoringPolicy) -> None:
    """How late each feed is; a place is as late as the latest feed that tells of it."""
    closed, worst = closed_days(policy), dict[tuple[str, str], Figure]()
    for feed in feeds:
        age = age_hours(feed, at, closed)
        if age is None:
            continue
        late = Figure("stale", max(ceil(age) - feed.fresh_hours, 0), feed.fresh_hours)
        measured.figures[SubjectKind.FEED.value, feed.code].append(late)
        for place in {place for places in feed.reach.values() for place in places}:
            for kind in (SubjectKind.LOCATION, SubjectKind.TERRITORY):
                old = worst.get((kind.value, place))
                if (kind.value, place) in measured.figures and _is_later(late, old):
                    worst[kind.value, place] = late
    for key, figure in worst.items():
        measured.figures[key].append(figure)


def _is_later(one: Figure, other: Figure | None) -> bool:
    return other is None or one.value * max(other.of, 1) > other.value * max(one.of, 1)


def _add_up_territories(measured: Measured) -> None:
    """A territory has the figures of its locations besides those of its sales; of ages, the worst."""
    for code, home in measured.homes.items():
        key = SubjectKind.TERRITORY.value, home
        for figure in measured.figures.get((SubjectKind.LOCATION.value, code), ()):
            if figure.code != "stale":
                measured.figures[key].append(figure)
                continue
            old = next((one for one in measured.figures.get(key, ()) if one.code == "stale"), None)
            if _is_later(figure, old):
                measured.figures[key] = [one for one in measured.figures[key] if one is not old]
                measured.figures[key].append(figure)


# --- what is told --------------------------------------------------------------------------


def _tell_falls(
    graded: Iterable[QualityGrade], before: Mapping[tuple[str, str], Grade], policy: MonitoringPolicy,
    actor: Actor, at: datetime,
) -> None:  # fmt: skip
    for one in graded:
        old, new = before.get((one.kind, one.code)), Grade(one.grade)
        if old is None or new.rank <= old.rank:
            continue
        fell = QualityFell(
            kind=one.kind, code=one.code, label=_label(one), grade=new.value, before=old.value,
            marks=one.marks / 100, reasons=costliest(one),
            holds_back=new.rank >= Grade(policy.quality_gate).rank,
        )  # fmt: skip
        emit(fell, subject=f"{one.kind}:{one.code}", actor=actor, at=at)


def _label(one: QualityGrade) -> str:
    models: dict[str, Any] = {"feed": Feed, "location": Location, "territory": Territory}
    name = models[one.kind].objects.filter(code=one.code).values_list("name", flat=True).first()
    return name or one.code


def _tell_stale(feeds: Iterable[Feed], policy: MonitoringPolicy, actor: Actor, at: datetime) -> None:
    closed = closed_days(policy)
    for feed in feeds:
        age = age_hours(feed, at, closed)
        is_stale = age is not None and age > feed.fresh_hours
        if is_stale == (feed.stale_at is not None):
            continue
        feed.stale_at = at if is_stale else None
        feed.save(update_fields=["stale_at"])
        if is_stale and feed.last_ok_at:
            stale = FeedStale(
                feed=feed.code, label=feed.name, hours=int(age or 0), allowed_hours=feed.fresh_hours,
                since=feed.last_ok_at.isoformat(), uploads=not feed.every_seconds,
            )  # fmt: skip
            emit(stale, subject=f"feed:{feed.code}", actor=actor, at=at)
