"""May an agent rely on what the feeds told: which are stale, and which are half in."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from inventory.models import Feed, ImportPart, ImportRun
from inventory.selectors.imports import freshness
from vyapar.kernel.decision import Finding, Severity

State = ImportRun.State


def list_doubts(at: datetime) -> list[Finding]:
    """A warning for every active feed that is stale or half-loaded, by the feed's name. Two queries.

    A feed that never brought anything is no ground for doubt. Half-loaded is a feed with a run that
    writes or undoes, or that stopped with rows written and no good run has ended since.
    """
    feeds = {feed.pk: feed for feed in Feed.objects.filter(active=True).order_by("name")}
    if not feeds:
        return []
    halves = {run.feed_id: run for run in _half_loaded().filter(feed_id__in=feeds)}
    doubts = []
    for feed in feeds.values():
        if run := halves.get(feed.pk):
            doubts.append(_half(feed, run))
        if freshness(feed, at) == "stale":
            doubts.append(_stale(feed, at))
    return doubts


def _half_loaded() -> QuerySet[ImportRun]:
    """Runs whose rows are partly in, oldest first."""
    stopped = (
        Q(state__in=(State.FAILED, State.CANCELLED))
        & (Q(feed__last_ok_at=None) | Q(ended_at__gt=F("feed__last_ok_at")))
        & Q(Exists(ImportPart.objects.filter(run=OuterRef("pk"))))
    )
    return (
        ImportRun.objects.annotate(ended_at=Coalesce("finished_at", "created_at"))
        .filter(Q(state__in=(State.WRITING, State.UNDOING)) | stopped)
        .order_by("number")
    )


def _half(feed: Feed, run: ImportRun) -> Finding:
    under_way = run.state in (State.WRITING, State.UNDOING)
    return Finding(
        code="feed_half_loaded",
        severity=Severity.WARN,
        message=f"import {run.number} of the feed {feed.name} is {run.state}: its rows are only partly in",
        facts={"feed": feed.code, "import": run.number, "state": run.state},
        fix="Wait until it has ended" if under_way else "Open the import: undo it, or import the data again",
    )


def _stale(feed: Feed, at: datetime) -> Finding:
    assert feed.last_ok_at is not None  # a feed without a good run is not stale
    hours = int((at - feed.last_ok_at).total_seconds() // 3600)
    return Finding(
        code="feed_stale",
        severity=Severity.WARN,
        message=f"the feed {feed.name} last brought data {hours} hours ago, "
        f"more than the {feed.fresh_hours} it may be old",
        facts={"feed": feed.code, "hours": hours, "allowed_hours": feed.fresh_hours},
        fix="Pull the feed or upload its newest file",
    )
