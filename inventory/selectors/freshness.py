"""May an agent rely on what the feeds told: which are stale or half in, and whom that concerns."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from inventory.agent.resting import at_home, concerns, open_hours, rests_on
from inventory.contracts import MonitoringPolicy
from inventory.contracts.quality import Reach, Rests
from inventory.models import (
    Batch,
    Feed,
    ImportChange,
    ImportPart,
    ImportRun,
    ImportTally,
    Location,
    QualityGrade,
    Sku,
)
from inventory.selectors.alarms import last_sale_date
from inventory.selectors.quality import costliest, latest_grades, name_of, places_below
from vyapar.engine.selectors import get_policy, list_events
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: Of the hours that a feed's data may get old, how many may pass before it is called late.
_LATE = 0.75
#: What a demonstration's sales may be old; it has no feed that says so.
DEMONSTRATION_HOURS = 36
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days on which nobody works: weekdays (Monday is 0) and single days."""

    weekdays: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()


def closed_days(policy: MonitoringPolicy) -> ClosedDays:
    """Days on which nobody works, by a distributor's own policy."""
    return ClosedDays(
        frozenset(policy.closed_weekdays), frozenset(date.fromisoformat(text) for text in policy.holidays)
    )


def age_hours(feed: Feed, at: datetime, closed: ClosedDays) -> float | None:
    """Hours since a feed's last good run; None before its first.

    What people upload does not age on days on which nobody works. A feed that is pulled ages by the
    clock: its system could have answered.
    """
    if feed.last_ok_at is None:
        return None
    if feed.every_seconds:
        return (at - feed.last_ok_at).total_seconds() / 3600
    return open_hours(feed.last_ok_at, at, closed.weekdays, closed.holidays)


def freshness(feed: Feed, at: datetime, closed: ClosedDays | None = None) -> str:
    """How old the last good run is against what the feed allows: fresh, late, stale, or none."""
    age = age_hours(feed, at, closed or closed_days(_policy(at)))
    if age is None:
        return "none"
    if age > feed.fresh_hours:
        return "stale"
    return "late" if age > feed.fresh_hours * _LATE else "fresh"


def list_stale(at: datetime) -> list[tuple[Feed, float]]:
    """Active feeds whose data are older than they allow, by name, with the hours."""
    closed = closed_days(_policy(at))
    feeds = Feed.objects.filter(active=True, last_ok_at__isnull=False).order_by("name")
    ages = [(feed, age_hours(feed, at, closed) or 0.0) for feed in feeds]
    return [(feed, age) for feed, age in ages if age > feed.fresh_hours]


# --- what stands against acting alone ------------------------------------------------------


def list_doubts(at: datetime, payload: Mapping[str, Any] | None = None) -> list[Finding]:
    """What stands against acting alone on what a payload names; without one, on anything at all.

    A warning for every active feed of it that is stale or half-loaded, by the feed's name, and for
    every place of it that is graded too low. A feed that never brought anything is no ground for
    doubt, a distributor without feeds neither.
    """
    return doubts_of(rests_of({0: payload or {}}), at)[0]


def doubts_of(rests: Mapping[_Key, Rests], at: datetime) -> dict[_Key, list[Finding]]:
    """`list_doubts` for what several payloads rest on; a fixed number of queries while none is in doubt."""
    policy = _policy(at)
    suspects = _suspects(at, closed_days(policy))
    grades = {(one.kind, one.code): one for one in latest_grades()}
    told = _tell_demonstration(at) if not suspects else None
    doubts: dict[_Key, list[Finding]] = {}
    for key, one in rests.items():
        mine = [found for suspect in suspects for found in suspect.findings if _is_concerned(suspect, one)]
        low = places_below(policy, grades, one)
        doubts[key] = [*mine, *([told] if told else []), *(_low(grade, policy) for grade in low)]
    return doubts


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A feed in doubt, why, and what it told of, its unfinished run included."""

    feed: Feed
    reach: Reach
    findings: tuple[Finding, ...]


def _suspects(at: datetime, closed: ClosedDays) -> list[_Suspect]:
    feeds = {feed.pk: feed for feed in Feed.objects.filter(active=True).order_by("name")}
    if not feeds:
        return []
    halves = {run.feed_id: run for run in _half_loaded().filter(feed_id__in=feeds)}
    found = []
    for feed in feeds.values():
        run, age = halves.get(feed.pk), age_hours(feed, at, closed)
        told = [_half(feed, run)] if run else []
        if age is not None and age > feed.fresh_hours:
            told.append(_stale(feed, age))
        if told:
            found.append(_Suspect(feed, _reach(feed, run), tuple(told)))
    return found


def _half_loaded() -> QuerySet[ImportRun]:
    """Runs whose rows are partly in, or in without adding up, oldest first."""
    stopped = (
        Q(state__in=(State.FAILED, State.CANCELLED))
        & (Q(feed__last_ok_at=None) | Q(ended_at__gt=F("feed__last_ok_at")))
        & Q(Exists(ImportPart.objects.filter(run=OuterRef("pk"))))
    )
    differs = Q(state=State.WRITTEN) & (Q(feed__last_ok_at=None) | Q(ended_at__gt=F("feed__last_ok_at")))
    return (
        ImportRun.objects.annotate(ended_at=Coalesce("finished_at", "created_at"))
        .filter(Q(state__in=(State.WRITING, State.UNDOING)) | stopped | differs)
        .order_by("number")
    )


def _reach(feed: Feed, run: ImportRun | None) -> Reach:
    """What a feed has told of. A run that is half in may tell of more than its feed did before."""
    kinds = {kind: frozenset(places) for kind, places in feed.reach.items()}
    if run is None or not kinds:
        return Reach(kinds)
    parts = ImportPart.objects.filter(run=run).values_list("kind", flat=True).distinct()
    more: dict[str, set[str]] = {kind: set() for kind in parts}
    for kind, place in ImportTally.objects.filter(run=run).values_list("kind", "location").distinct():
        more.setdefault(kind, set()).add(place)
    both = kinds.keys() | more.keys()
    return Reach({kind: kinds.get(kind, frozenset()) | frozenset(more.get(kind, ())) for kind in both})


def rests_of(payloads: Mapping[_Key, Mapping[str, Any]]) -> dict[_Key, Rests]:
    """What each payload's recommendation rests on, the territories of its locations included. One query."""
    told = {key: rests_on(payload) for key, payload in payloads.items()}
    codes = {code for one in told.values() for code in one.locations}
    if not codes:
        return told
    places = Location.objects.filter(code__in=codes)
    homes = dict(places.values_list("code", "territory__code"))
    return {key: at_home(one, homes) for key, one in told.items()}


def _is_concerned(suspect: _Suspect, rests: Rests) -> bool:
    if concerns(suspect.reach, rests, goods=False):
        return True
    return concerns(suspect.reach, rests, goods=True) and _made_goods(suspect.feed, rests)


def _made_goods(feed: Feed, rests: Rests) -> bool:
    """Whether a feed has made or changed the SKUs in question, or batches of them."""
    skus = Sku.objects.filter(code__in=rests.skus).values("pk")
    batches = Batch.objects.filter(sku__code__in=rests.skus).values("pk")
    changes = ImportChange.objects.filter(run__feed=feed)
    return changes.filter(
        Q(table="inventory_sku", row_id__in=skus) | Q(table="inventory_batch", row_id__in=batches)
    ).exists()


# --- in words ------------------------------------------------------------------------------


def _half(feed: Feed, run: ImportRun) -> Finding:
    under_way = run.state in (State.WRITING, State.UNDOING)
    which: dict[str, str | float] = {"import": run.number, "feed": feed.name}
    message = {
        State.WRITING: _(
            "import %(import)s of the feed %(feed)s is being written: its rows are only partly in", **which
        ),
        State.UNDOING: _(
            "import %(import)s of the feed %(feed)s is being undone: its rows are only partly out", **which
        ),
        State.WRITTEN: _(
            "import %(import)s of the feed %(feed)s is in, but its totals differ from its source and nobody "
            "knows why",
            **which,
        ),
    }.get(State(run.state)) or _(
        "import %(import)s of the feed %(feed)s has ended half-way: its rows are only partly in", **which
    )
    fix = (
        _("Wait until it has ended") if under_way else _("Open the import: undo it, or import the data again")
    )
    if run.state == State.WRITTEN:
        fix = _("Open the import: look at its totals, mend what is set aside, then compare again or undo it")
    return Finding(
        code="feed_half_loaded",
        severity=Severity.WARN,
        message=message,
        facts={"feed": feed.code, "import": run.number, "state": run.state},
        fix=fix,
        passes=under_way,
    )


def _stale(feed: Feed, age: float) -> Finding:
    uploads = not feed.every_seconds
    told: dict[str, str | float] = {"feed": feed.name, "hours": int(age), "allowed": feed.fresh_hours}
    return Finding(
        code="feed_stale",
        severity=Severity.WARN,
        message=_(
            "the feed %(feed)s last brought data %(hours)s hours ago on working days, more than the "
            "%(allowed)s it may be old",
            **told,
        )
        if uploads
        else _(
            "the feed %(feed)s last brought data %(hours)s hours ago, more than the %(allowed)s it "
            "may be old",
            **told,
        ),
        facts={"feed": feed.code, "hours": int(age), "allowed_hours": feed.fresh_hours, "uploads": uploads},
        fix=_("Upload the next file of %(feed)s", feed=feed.name)
        if uploads
        else _("Pull %(feed)s, or mend what stops it", feed=feed.name),
    )


def _tell_demonstration(at: datetime) -> Finding | None:
    """A demonstration has no feed: its last sale says how fresh it is."""
    if not list_events(limit=1, name="DemonstrationLoaded"):
        return None
    day = last_sale_date()
    closed = closed_days(_policy(at))
    over = ist_instant(day + timedelta(days=1)) if day else None
    age = open_hours(over, at, closed.weekdays, closed.holidays) if over else None
    if age is None or age <= DEMONSTRATION_HOURS:
        return None
    return Finding(
        code="feed_stale",
        severity=Severity.WARN,
        message=_(
            "the day of the demonstration's last sale ended %(hours)s hours ago, more than the %(allowed)s "
            "it may be old",
            hours=int(age),
            allowed=DEMONSTRATION_HOURS,
        ),
        facts={"feed": "demonstration", "hours": int(age), "allowed_hours": DEMONSTRATION_HOURS},
        fix=_("Load the demonstration anew: the sales put aside for it are used up"),
    )


def _low(grade: QualityGrade, policy: MonitoringPolicy) -> Finding:
    worst = costliest(grade)
    costs = ", ".join(code.replace("_", " ") for code in worst) or _("no figures")
    told: dict[str, str | float] = {
        "what": name_of(grade),
        "grade": grade.grade,
        "gate": policy.quality_gate,
        "costs": costs,
    }
    return Finding(
        code="quality_low",
        severity=Severity.WARN,
        message=_(
            "the data of %(what)s are graded %(grade)s (%(costs)s); at %(gate)s or worse nobody acts alone "
            "on them",
            **told,
        ),
        facts={"kind": grade.kind, "code": grade.code, "grade": grade.grade, "figures": list(worst)},
        fix=_("Look at what costs marks on the page of data quality, and mend it in the books"),
    )


def _policy(at: datetime) -> MonitoringPolicy:
    policy: MonitoringPolicy = get_policy("monitoring", ist_day(at))[0]
    return policy
