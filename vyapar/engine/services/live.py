"""Going live and back: agents propose only once a distributor's data can bear it."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from vyapar.engine.contracts import Lack, Mode, Readiness, Weight, WentLive, WentObserving
from vyapar.engine.selectors import is_live, list_modes, look_at_readiness
from vyapar.engine.services.autonomy import only_people, put_autonomy
from vyapar.engine.services.events import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema

_SUBJECT = "readiness"


@transaction.atomic
def go_live(*, actor: Actor, at: datetime, reason: str = "") -> tuple[str, ...]:
    """Let action kinds that only observe propose; returns their names.

    Nothing happens when some kind does more than observe already: who has gone live changes single
    kinds by their limits. `Refused` (`not_ready`) while blockers stand, with a fault for each.
    """
    only_people(actor)
    _one_at_a_time()
    if is_live():
        return ()
    missing = [(one, lack) for one, lack in look_at_readiness(at) if lack is not None]
    blockers = [pair for pair in missing if pair[0].weight is Weight.BLOCKER]
    if blockers:
        raise Refused(
            ngettext(
                "%(count)s thing must be mended before going live",
                "%(count)s things must be mended before going live",
                len(blockers),
            ),
            code="not_ready",
            faults=[_fault(one, lack) for one, lack in blockers],
        )
    kinds = tuple(list_modes())
    for kind in kinds:
        put_autonomy(kind, {"mode": Mode.PROPOSE.value}, actor=actor, at=at, reason=reason or _("went live"))
    warnings = [one.name for one, _lack in missing]
    emit(WentLive(kinds, warnings), subject=_SUBJECT, actor=actor, at=at, reason=reason)
    return kinds


@transaction.atomic
def observe_again(*, actor: Actor, at: datetime, reason: str = "") -> tuple[str, ...]:
    """Let every action kind only observe; returns the names of those that did more.

    What is open stays open and is decided by people; what was approved is carried out unless it is
    undone or the stop button is pulled.
    """
    only_people(actor)
    _one_at_a_time()
    kinds = tuple(kind for kind, mode in list_modes().items() if mode is not Mode.OBSERVE)
    for kind in kinds:
        put_autonomy(
            kind, {"mode": Mode.OBSERVE.value}, actor=actor, at=at, reason=reason or _("observe again")
        )
    if kinds:
        emit(WentObserving(kinds), subject=_SUBJECT, actor=actor, at=at, reason=reason)
    return kinds


def _fault(one: Readiness, lack: Lack) -> Fault:
    return Fault(
        one.name,
        listed([lack.message, lack.fix], ". "),
        value=", ".join(lack.examples)[:200],
    )


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:live"])
