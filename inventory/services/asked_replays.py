"""A past day asked for on a page: kept as asked, played by a worker, told when it could not be."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction

from inventory.models import ReplayReport
from inventory.services.replay import check_day, replay
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Refused, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.phrases import words_of
from vyapar.tenancy.here import current_schema

#: How long a worker may take; what was asked for longer ago died with its worker.
LONGEST = timedelta(hours=1)
log = structlog.get_logger(__name__)


@transaction.atomic
def ask_replay(day: date, *, actor: Actor, at: datetime) -> ReplayReport:
    """Keep that a day shall be played again; `Refused` for a day too near, and while another is played."""
    check_day(day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:replay"])
    open_ones = ReplayReport.objects.filter(folder="", made_at__gt=at - LONGEST)
    if any(not one.figures.get("refused") for one in open_ones):
        raise Refused(_("a day is being played already: wait for its report"), code="being_played")
    ReplayReport.objects.filter(folder="").delete()  # what was told of those before has been read
    figures = {"asked_by": actor.ref, "asked_by_name": actor.name}
    return ReplayReport.objects.create(day=day, until=day, made_at=at, figures=figures)


def play_asked(report_id: UUID, *, at: datetime) -> ReplayReport | None:
    """Play a day that was asked for; its report takes the place of the asking. None when it could not be
    played, which the asking then says, or was not asked for any more.
    """
    asked = ReplayReport.objects.filter(pk=report_id, folder="").first()
    if asked is None or asked.figures.get("refused"):
        return None
    kind, _colon, ident = asked.figures["asked_by"].partition(":")
    actor = Actor(kind, ident, asked.figures["asked_by_name"])
    try:
        report = replay(asked.day, actor=actor, at=at)
    except VyaparError as error:
        why: str = error.faults[0].message if error.faults else error.message
    except Exception:
        log.exception("replay_failed", day=asked.day.isoformat())
        why = _("It could not be played; whoever runs this installation finds why in the log")
    else:
        asked.delete()
        return report
    asked.figures |= {"refused": str(why), "refused_words": list(words_of(why))}
    asked.save(update_fields=["figures"])
    return None
