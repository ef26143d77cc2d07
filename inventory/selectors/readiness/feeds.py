"""Did what came in arrive whole, and does it add up?"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.feeds import SYSTEMS
from inventory.models import Feed, ImportPart, ImportRun, QuarantinedRow
from inventory.selectors.imports import WAITING
from inventory.selectors.readiness.places import SHOWN
from vyapar.engine.contracts import Lack

State = ImportRun.State


def look_at_imports(at: datetime) -> Lack | None:
    """Imports that differ from their source without a cause, or broke off halfway."""
    runs = _odd_runs()
    count = runs.count()
    if not count:
        return None
    return Lack(
        message=ngettext(
            "%(n)d import does not add up or is only partly in",
            "%(n)d imports do not add up or are only partly in",
            count,
        )
        % {"n": count},
        fix=_("Open it: go on with it, mend what was set aside and compare again, or undo it"),
        count=count,
        examples=_names(runs),
        link=_first(runs),
    )


def look_at_unfinished(at: datetime) -> Lack | None:
    """Files that wait for a person, and imports that are under way."""
    waits = Q(state=State.UPLOADED) | Q(state__in=(State.CHECKING, State.CHECKED, State.WRITING))
    runs = ImportRun.objects.filter(waits).order_by("number")
    count = runs.count()
    if not count:
        return None
    return Lack(
        message=ngettext("%(n)d import is not finished", "%(n)d imports are not finished", count)
        % {"n": count},
        fix=_("Open it: say how it is read and have it imported, or cancel it"),
        count=count,
        examples=_names(runs),
        link=_first(runs),
    )


def look_at_quarantine(at: datetime) -> Lack | None:
    """Rows that were not taken and wait for a correction."""
    rows = QuarantinedRow.objects.filter(
        state__in=WAITING, run__state__in=(State.RECONCILED, State.WRITTEN)
    ).order_by("pk")
    count = rows.count()
    if not count:
        return None
    first = rows.select_related("run")[0]
    return Lack(
        message=ngettext("%(n)d row is set aside", "%(n)d rows are set aside", count) % {"n": count},
        fix=_("Correct them and drive them again, or drop them"),
        count=count,
        examples=tuple(
            _("%(title)s, row %(row)d") % {"title": row.run.title, "row": row.row}
            for row in rows.select_related("run")[:SHOWN]
        ),
        link=reverse("inventory:import_quarantine", args=[first.run_id]),
    )


def look_at_feeds(at: datetime) -> Lack | None:
    """Feeds that fetch by themselves and never brought anything."""
    fetching = [code for code, system in SYSTEMS.items() if system.fetch or system.gather]
    feeds = Feed.objects.filter(active=True, last_ok_at=None, system__in=fetching).order_by("name")
    count = feeds.count()
    if not count:
        return None
    return Lack(
        message=ngettext("%(n)d feed has never run", "%(n)d feeds have never run", count) % {"n": count},
        fix=_("Check its address and pull it once, or switch it off"),
        count=count,
        examples=tuple(feeds.values_list("name", flat=True)[:SHOWN]),
        link=reverse("inventory:feed", args=[feeds[0].code]),
    )


def _odd_runs() -> QuerySet[ImportRun]:
    """Of each feed only what its last good run did not make good."""
    later = Q(feed__last_ok_at=None) | Q(ended_at__gt=F("feed__last_ok_at"))
    parts = Exists(ImportPart.objects.filter(run=OuterRef("pk")))
    halves = Q(state__in=(State.FAILED, State.CANCELLED)) & Q(parts)
    runs = ImportRun.objects.annotate(ended_at=Coalesce("finished_at", "created_at"))
    return runs.filter(later & (Q(state=State.WRITTEN) | halves)).order_by("number")


def _names(runs: QuerySet[ImportRun]) -> tuple[str, ...]:
    return tuple(f"{number} · {title}" for number, title in runs.values_list("number", "title")[:SHOWN])


def _first(runs: QuerySet[ImportRun]) -> str:
    return reverse("inventory:import", args=[runs[0].pk])
