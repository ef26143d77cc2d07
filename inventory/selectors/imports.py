"""Reading feeds and imports: history, progress, totals, quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Abs

from inventory.models import Feed, ImportPart, ImportRun, ImportTotal, MappingProfile, QuarantinedRow
from inventory.selectors.freshness import freshness
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: Rows of quarantine that wait for a person.
WAITING = (QuarantinedRow.State.OPEN, QuarantinedRow.State.CORRECTED)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed, its newest run, how fresh it is (fresh, late, stale, none) and rows that wait."""

    feed: Feed
    run: ImportRun | None
    freshness: str
    waiting: int


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; what is empty does not narrow."""

    words: str = ""
    feed: str = ""
    state: str = ""


def list_feeds(at: datetime) -> list[FeedRow]:
    """Feeds by name. Three queries."""
    newest = ImportRun.objects.filter(feed=OuterRef("pk")).order_by("-number").values("pk")[:1]
    feeds = list(Feed.objects.annotate(newest=Subquery(newest)).order_by("name"))
    ids = [feed.newest for feed in feeds]
    runs = ImportRun.objects.in_bulk([one for one in ids if one])
    waiting = dict(
        QuarantinedRow.objects.filter(state__in=WAITING, run__state__in=(State.RECONCILED, State.WRITTEN))
        .values_list("run__feed_id")
        .annotate(n=Count("pk"))
    )
    return [
        FeedRow(feed, runs.get(one) if one else None, freshness(feed, at), waiting.get(feed.pk, 0))
        for feed, one in zip(feeds, ids, strict=True)
    ]


def get_feed(code: str) -> Feed:
    """The feed of a code. Raises `NotFound`."""
    feed = Feed.objects.filter(code=code).first()
    if feed is None:
        raise NotFound(_("there is no feed %(code)s", code=code), code="no_such_feed")
    return feed


def list_profiles(system: str = "") -> list[MappingProfile]:
    """The newest version of every profile, by name."""
    rows = MappingProfile.objects.order_by("name", "-version").distinct("name")
    return list(rows.filter(system=system) if system else rows)


def get_profile(profile_id: int) -> MappingProfile:
    """One version of a profile. Raises `NotFound`."""
    profile = MappingProfile.objects.filter(pk=profile_id).first()
    if profile is None:
        raise NotFound(_("there is no such profile"), code="no_such_profile")
    return profile


def list_runs(wanted: RunFilter = RunFilter()) -> QuerySet[ImportRun]:
    """Runs that fit, newest first, with their feeds."""
    runs = ImportRun.objects.select_related("feed", "profile").order_by("-number")
    if wanted.words:
        words = Q(title__icontains=wanted.words) | Q(started_by_name__icontains=wanted.words)
        runs = runs.filter(words | Q(number=int(wanted.words)) if wanted.words.isdecimal() else words)
    if wanted.feed:
        runs = runs.filter(feed__code=wanted.feed)
    if wanted.state:
        runs = runs.filter(state=wanted.state)
    return runs


def get_run(run_id: UUID) -> ImportRun:
    """One run with its feed and profile. Raises `NotFound`."""
    run = ImportRun.objects.select_related("feed", "profile").filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("there is no such import"), code="no_such_import")
    return run


def list_totals(run: ImportRun, *, kind: str = "", differing: bool = False) -> QuerySet[ImportTotal]:
    """Totals per SKU and place, the largest difference in rupees, then in pieces, first."""
    totals = ImportTotal.objects.filter(run=run).annotate(
        off_pieces=F("source_pieces") - F("landed_pieces"), off_paise=F("source_paise") - F("landed_paise")
    )
    if kind:
        totals = totals.filter(kind=kind)
    if differing:
        totals = totals.filter(Q(off_pieces__gt=0) | Q(off_pieces__lt=0) | Q(off_paise__gt=0)
                               | Q(off_paise__lt=0))  # fmt: skip
    return totals.order_by(-Abs("off_paise"), -Abs("off_pieces"), "kind", "sku", "location")


def list_quarantined(
    run: ImportRun, *, state: str = "", code: str = "", words: str = ""
) -> QuerySet[QuarantinedRow]:
    """Rows set aside, as they stand in the source; without a `state`, those that wait."""
    rows = run.quarantine.order_by("kind", "row")
    if state == "waiting" or not state:
        rows = rows.filter(state__in=WAITING)
    elif state != "all":
        rows = rows.filter(state=state)
    if code:
        rows = rows.filter(faults__contains=[{"code": code}])
    if words:
        by_value = Q(values__icontains=words) | Q(corrected__icontains=words)
        rows = rows.filter(by_value | Q(row=int(words)) if words.isdecimal() else by_value)
    return rows


def get_quarantined(row_id: int) -> QuarantinedRow:
    """One row set aside, with its run. Raises `NotFound`."""
    row = QuarantinedRow.objects.select_related("run", "run__feed").filter(pk=row_id).first()
    if row is None:
        raise NotFound(_("there is no such row in quarantine"), code="no_such_row")
    return row


def count_quarantined(run: ImportRun) -> dict[str, int]:
    """Rows of a run's quarantine by state."""
    return dict(run.quarantine.values_list("state").annotate(n=Count("pk")).order_by())


def list_fault_codes(run: ImportRun) -> list[str]:
    """Codes of what is wrong with rows of a run that wait."""
    found: set[str] = set()
    for faults in run.quarantine.filter(state__in=WAITING).values_list("faults", flat=True)[:5_000]:
        found.update(one["code"] for one in faults)
    return sorted(found)


def list_parts(run: ImportRun) -> QuerySet[ImportPart]:
    """Parcels that are written, in order."""
    return run.parts.order_by("number")


def count_waiting() -> int:
    """Runs that wait for a person: checked and not written, or with differences nobody explained."""
    waits = Q(state__in=(State.CHECKED, State.WRITTEN)) | Q(state=State.UPLOADED, options__wait=True)
    return ImportRun.objects.filter(waits).count()
