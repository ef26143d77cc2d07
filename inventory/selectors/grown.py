"""Whether so many sales were taken in since the last forecasts that these know too little."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, QuerySet

from inventory.models import ImportRun
from vyapar.engine.models import Cycle

#: One line in so many of all that imports ever brought; a usual day brings fewer.
ONE_IN = 20
_IN = (ImportRun.State.RECONCILED, ImportRun.State.WRITTEN, ImportRun.State.UNDONE)
_UNDER_WAY = (ImportRun.State.CHECKING, ImportRun.State.WRITING, ImportRun.State.UNDOING)


def find_growth(at: datetime) -> datetime | None:
    """When the last import ended, if those that ended since Analysis last began brought, or took back, a
    twentieth or more of all sales that imports ever brought; None while one is under way.

    A history that came in the morning is not to wait for the night. None before the first forecasts: these
    come by themselves.
    """
    last = Cycle.objects.filter(agent="analysis", claimed_at__lte=at).order_by("-claimed_at").first()
    if last is None:
        return None
    ended = ImportRun.objects.filter(state__in=_IN, finished_at__lte=at)
    since = ended.filter(finished_at__gt=last.claimed_at)
    fresh = _lines(since)
    if not fresh or ImportRun.objects.filter(state__in=_UNDER_WAY).exists():
        return None
    newest: datetime | None = since.aggregate(last=Max("finished_at"))["last"]
    return newest if fresh * ONE_IN >= _lines(ended) else None


def _lines(runs: QuerySet[ImportRun]) -> int:
    return sum(int(count or 0) for count in runs.values_list("counts__sales__accepted", flat=True))
