"""A past day asked for on a page: kept as asked, played by a worker, told when it could not be."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import translation

from inventory.models import ReplayReport
from inventory.selectors.outcomes import waiting_replays
from inventory.services.replay import check_day, replay
from vyapar.engine.asked import is_given_up, mine, taken
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Refused, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.phrases import words_of
from vyapar.tenancy.here import current_schema

log = structlog.get_logger(__name__)


@transaction.atomic
def ask_replay(day: date, *, actor: Actor, at: datetime, language: str = "en") -> ReplayReport:
    """Keep that a day shall be played again, its report written in a language; `Refused` for a day too near,
    and while another is played.
    """
    check_day(day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:replay"])
    if waiting_replays().exists():
        raise Refused(_("a day is being played already: wait for its report"), code="being_played")
    ReplayReport.objects.filter(folder="").delete()  # what was told of those before has been read
    figures = {"asked_by": actor.ref, "asked_by_name": actor.name, "language": language}
    return ReplayReport.objects.create(day=day, until=day, made_at=at, figures=figures)


def play_asked(report_id: UUID, *, at: datetime) -> ReplayReport | None:
    """Play a day that was asked for; its report takes the place of the asking. None when it could not be
    played, which the asking then says, when another worker plays it, or when nobody asks any more.
    """
    with taken(waiting_replays(), report_id, at) as asked:
        if asked is None:
            return None
        if is_given_up(asked):
            _tell(
                asked, _("Its worker was lost each time; whoever runs this installation finds why in the log")
            )
            return None
        return _play(asked, at)


def _play(asked: ReplayReport, at: datetime) -> ReplayReport | None:
    kind, _colon, ident = asked.figures["asked_by"].partition(":")
    actor = Actor(kind, ident, asked.figures["asked_by_name"])
    try:
        with translation.override(asked.figures.get("language", "en")):
            return replay(asked.day, actor=actor, at=at, asked=asked)
    except VyaparError as error:
        why: str = error.faults[0].message if error.faults else error.message
    except Exception:
        log.exception("replay_failed", day=asked.day.isoformat())
        why = _("It could not be played; whoever runs this installation finds why in the log")
    _tell(asked, why)
    return None


def _tell(asked: ReplayReport, why: str) -> None:
    told = {"refused": str(why), "refused_words": list(words_of(why))}
    mine(waiting_replays(), asked).update(figures=asked.figures | told)
