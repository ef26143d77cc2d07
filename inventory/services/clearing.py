"""Keeping house: files of imports and bodies that were sent to us are kept for so long and no longer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce

from inventory.models import FeedEvent, ImportRun
from inventory.services.imports.journal import note_step
from inventory.services.imports.storage import drop_file
from vyapar.kernel.phrases import phrase as _

#: Files and bodies that one round clears at most, so that a round stays short.
MOST_FILES, MOST_BODIES = 50, 2_000
_State = ImportRun.State
#: Runs that ask nothing of their file any more; one that does not add up still waits for a person.
_ENDED = (_State.RECONCILED, _State.UNDONE, _State.CANCELLED, _State.FAILED)


def clear_house(*, at: datetime) -> tuple[int, int]:
    """One round; returns how many files and bodies went. Safe to repeat after it was cut off.

    Of a file its name, SHA-256 and every figure of its import stay.
    """
    return _clear_files(at), _clear_bodies(at)


def _clear_files(at: datetime) -> int:
    until = at - timedelta(days=settings.IMPORT_FILE_DAYS)
    runs = (
        ImportRun.objects.annotate(ended_at=Coalesce("finished_at", "created_at"))
        .filter(state__in=_ENDED, ended_at__lt=until)
        .exclude(file="")
        .order_by("number")
    )
    count = 0
    for run in runs[:MOST_FILES]:
        drop_file(run.file)  # first: a row that still names it has it dropped again
        note_step(run, _("the file was deleted after %(days)s days", days=settings.IMPORT_FILE_DAYS), at)
        count += ImportRun.objects.filter(pk=run.pk, file=run.file).update(file="", log=run.log)
    return count


def _clear_bodies(at: datetime) -> int:
    """Bodies that a run took in, and those that could not be read; what waits is never cleared."""
    taken = Q(run__state__in=_ENDED) & Q(received_at__lt=at - timedelta(days=settings.FEED_EVENT_DAYS))
    refused = ~Q(refused="") & Q(received_at__lt=at - timedelta(days=settings.IMPORT_FILE_DAYS))
    old = FeedEvent.objects.filter(taken | refused).order_by("pk").values("pk")[:MOST_BODIES]
    deleted, _by_model = FeedEvent.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    return deleted
