"""A cycle cut into parts: each is claimed, looked at and recorded by itself; the last one closes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from vyapar.engine import registry
from vyapar.engine.contracts import AgentSpec
from vyapar.engine.models import Cycle, CyclePart
from vyapar.engine.selectors import get_policy
from vyapar.kernel.actor import agent as agent_actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Decision, PassedOver
from vyapar.kernel.digest import plain, sha256_of, snapshot_digest
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _

log = structlog.get_logger(__name__)

#: A cycle of which nothing has been heard this long is looked after.
PART_LEASE = timedelta(minutes=5)
MAX_PART_ATTEMPTS = 3
_State = CyclePart.State


def is_split_running(cycle: Cycle, at: datetime, lease: timedelta) -> bool:
    """Whether another cycle of the agent is being worked on in parts: this one would do it twice."""
    others = Cycle.objects.filter(agent=cycle.agent, state=Cycle.State.RUNNING, claimed_at__gte=at - lease)
    return others.exclude(pk=cycle.pk).filter(parts__isnull=False).exists()


def plan_parts(cycle: Cycle, spec: AgentSpec, policy: Any) -> bool:
    """Cut a cycle, once; whether it is in parts. Parts that a cut-off attempt left are kept."""
    if spec.split is None:
        return False
    if cycle.parts.exists():
        return True
    scopes = spec.split(cycle.as_of, policy)
    if len(scopes) < 2:
        return False
    CyclePart.objects.bulk_create(
        CyclePart(cycle=cycle, number=number, scope=plain(scope)) for number, scope in enumerate(scopes)
    )
    return True


def list_open_parts(cycle_id: int) -> list[int]:
    """Numbers of the parts of a cycle that are not done."""
    parts = CyclePart.objects.filter(cycle_id=cycle_id).exclude(state=_State.DONE)
    return list(parts.order_by("number").values_list("number", flat=True))


def is_given_up(cycle_id: int, number: int) -> bool:
    """Whether a part has failed as often as it may."""
    parts = CyclePart.objects.filter(cycle_id=cycle_id, number=number, attempts__gte=MAX_PART_ATTEMPTS)
    return parts.exclude(state=_State.DONE).exists()


def due_parts(at: datetime) -> list[tuple[int, int]]:
    """Parts whose worker was cut off, or that no worker has taken for as long: `(cycle, number)`.

    Of a cycle whose parts are done and that nobody closed, the first: to work on it closes the cycle.
    """
    running = CyclePart.objects.filter(cycle__state=Cycle.State.RUNNING, attempts__lt=MAX_PART_ATTEMPTS)
    late = Q(state=_State.WAITING, cycle__claimed_at__lt=at - PART_LEASE)
    for spec in registry.agents():
        if spec.split is not None:
            late |= Q(state=_State.RUNNING, cycle__agent=spec.name, claimed_at__lt=at - lease_of(spec))
    found = list(running.filter(late).order_by("cycle", "number").values_list("cycle_id", "number"))
    quiet = Cycle.objects.filter(state=Cycle.State.RUNNING, claimed_at__lt=at - PART_LEASE)
    whole = quiet.filter(parts__number=0).exclude(parts__state__in=[_State.WAITING, _State.RUNNING])
    return found + [(pk, 0) for pk in whole.order_by("pk").values_list("pk", flat=True)]


def lease_of(spec: AgentSpec) -> timedelta:
    """How long a part of an agent's cycle may run before another worker may have it."""
    return timedelta(minutes=spec.part_minutes)


def run_part(cycle_id: int, number: int, *, at: datetime) -> bool:
    """Look at one part and record it; False when another worker has it or had it.

    What the part concludes and that it is done are written in one transaction, which fails when the
    part was taken over meanwhile: a worker that dies, or comes late, leaves nothing.
    """
    part = _claim(cycle_id, number, at)
    if part is None:
        return False
    cycle, started = part.cycle, time.monotonic()
    spec = registry.agent(cycle.agent)
    if spec.take_part is None:
        raise Misconfigured(_("agent %(agent)s takes no parts", agent=cycle.agent), code="takes_no_parts")
    policy, _version = get_policy(cycle.agent, ist_day(cycle.as_of))
    snapshot = spec.take_part(cycle.as_of, policy, part.scope)
    decision = spec.decide(snapshot, policy) if snapshot is not None else Decision()
    if decision.proposals:
        raise Misconfigured(
            _("agent %(agent)s splits and proposes", agent=cycle.agent), code="splits_and_proposes"
        )
    return _record(part, spec, snapshot, decision, at, started)


@transaction.atomic
def _claim(cycle_id: int, number: int, at: datetime) -> CyclePart | None:
    parts = CyclePart.objects.select_for_update(of=("self",)).select_related("cycle")
    part = parts.filter(cycle_id=cycle_id, number=number, cycle__state=Cycle.State.RUNNING).first()
    if part is None or part.state == _State.DONE:
        return None
    until = at - lease_of(registry.agent(part.cycle.agent))
    if part.state == _State.RUNNING and part.claimed_at is not None and part.claimed_at >= until:
        return None
    part.state, part.claimed_at, part.attempts = _State.RUNNING, at, part.attempts + 1
    part.save()
    return part


@transaction.atomic
def _record(
    part: CyclePart, spec: AgentSpec, snapshot: Any, decision: Decision, at: datetime, started: float
) -> bool:
    mine = CyclePart.objects.filter(pk=part.pk, state=_State.RUNNING, attempts=part.attempts)
    told = {
        "counts": dict(decision.counts),
        "passed_over": [plain(one) for one in decision.passed_over],
        "snapshot_digest": snapshot_digest(snapshot) if snapshot is not None else "",
    }
    if not mine.update(state=_State.DONE, **told):
        log.warning("part_taken_over", cycle=part.cycle_id, part=part.number)
        return False
    if spec.record is not None and snapshot is not None:
        spec.record(decision, part.cycle, agent_actor(spec.name), at)
    # the cycle is alive as long as its parts are
    Cycle.objects.filter(pk=part.cycle_id).update(claimed_at=at)
    log.info("part_done", cycle=part.cycle_id, part=part.number, seconds=round(time.monotonic() - started, 2))
    return True


def merged(cycle: Cycle, spec: AgentSpec, policy: Any) -> tuple[Decision, str] | None:
    """What all parts of a cycle decided, as one decision with one digest; None while one is open."""
    parts = list(cycle.parts.order_by("number"))
    if not parts or any(part.state != _State.DONE for part in parts):
        return None
    decisions = [
        Decision(passed_over=tuple(PassedOver(**one) for one in part.passed_over), counts=part.counts)
        for part in parts
    ]
    merge = spec.merge or _added
    return merge(decisions, policy), sha256_of([part.snapshot_digest for part in parts])


def _added(decisions: Sequence[Decision], policy: Any) -> Decision:
    """Reasons one after another, counts added up."""
    counts: dict[str, int] = {}
    for decision in decisions:
        for name, count in decision.counts.items():
            counts[name] = counts.get(name, 0) + count
    return Decision(passed_over=tuple(one for d in decisions for one in d.passed_over), counts=counts)
