"""A cycle cut into parts: each is claimed, looked at and recorded by itself; the last one closes it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from django.db import connection, transaction

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
from vyapar.tenancy.holding import Hold, holding, is_held, list_held

log = structlog.get_logger(__name__)

#: A part that nobody has taken for so long is handed out again: its message may be lost.
PART_LEASE = timedelta(minutes=5)
#: The same where nobody is at any part of the cycle.
QUIET = timedelta(seconds=30)
MAX_PART_ATTEMPTS = 3
_State = CyclePart.State


def is_split_running(cycle: Cycle, at: datetime, lease: timedelta) -> bool:
    """Whether another cycle of the agent is being worked on in parts: this one would do it twice."""
    others = Cycle.objects.filter(agent=cycle.agent, state=Cycle.State.RUNNING, claimed_at__gte=at - lease)
    return others.exclude(pk=cycle.pk).filter(parts__isnull=False).exists()


def plan_parts(cycle: Cycle, spec: AgentSpec, policy: Any) -> Sequence[Mapping[str, Any]]:
    """The scopes that a cycle is cut into, once; those that a cut-off attempt left are kept.

    Of one, and of none, there are no parts: a cycle that a single look takes in is looked at here and now.
    """
    if spec.split is None:
        return []
    if kept := list(cycle.parts.order_by("number").values_list("scope", flat=True)):
        return kept
    scopes = spec.split(cycle.as_of, policy)
    if len(scopes) > 1:
        CyclePart.objects.bulk_create(
            CyclePart(cycle=cycle, number=number, scope=plain(scope)) for number, scope in enumerate(scopes)
        )
    return scopes


def list_open_parts(cycle_id: int) -> list[int]:
    """Numbers of the parts of a cycle that are not done."""
    parts = CyclePart.objects.filter(cycle_id=cycle_id).exclude(state=_State.DONE)
    return list(parts.order_by("number").values_list("number", flat=True))


def is_given_up(cycle_id: int, number: int) -> bool:
    """Whether a part has failed as often as it may."""
    parts = CyclePart.objects.filter(cycle_id=cycle_id, number=number, attempts__gte=MAX_PART_ATTEMPTS)
    return parts.exclude(state=_State.DONE).exists()


def due_parts(at: datetime) -> list[tuple[int, int]]:
    """Parts whose worker died or hangs, or that no worker has taken for long: `(cycle, number)`.

    Of a cycle whose parts are done and that nobody closed, the first: to work on it closes the cycle.
    """
    due: list[tuple[int, int]] = []
    held = list_held("part")
    rows = CyclePart.objects.filter(cycle__state=Cycle.State.RUNNING).select_related("cycle")
    rows = rows.defer("scope", "counts", "passed_over")
    for _cycle, group in groupby(rows.order_by("cycle", "number"), lambda part: part.cycle_id):
        parts = list(group)
        is_quiet = not any(is_held(part.pk, held) for part in parts)
        if is_quiet and all(part.state == _State.DONE for part in parts):
            due.append((parts[0].cycle_id, parts[0].number))
        due += [(part.cycle_id, part.number) for part in parts if _is_due(part, at, held, is_quiet)]
    return due


def _is_due(part: CyclePart, at: datetime, held: frozenset[int], is_quiet: bool) -> bool:
    if part.state == _State.DONE or part.attempts >= MAX_PART_ATTEMPTS:
        return False
    if part.state == _State.RUNNING:
        return _is_free(part, at, is_held(part.pk, held))
    return part.cycle.claimed_at < at - (QUIET if is_quiet else PART_LEASE)


def _is_free(part: CyclePart, at: datetime, alive: bool) -> bool:
    """Whether a running part may be taken: its worker hangs, or died; the second time it waits."""
    if part.claimed_at is None or (not alive and part.attempts == 1):
        return True
    lease = lease_of(registry.agent(part.cycle.agent))
    return part.claimed_at < at - (lease if alive else min(lease, timedelta(minutes=2 * part.attempts)))


def find_lost_part(cycle_id: int) -> CyclePart | None:
    """A part that has lost its worker as often as it may, and that nobody is at."""
    parts = CyclePart.objects.filter(cycle_id=cycle_id, state=_State.RUNNING, attempts__gte=MAX_PART_ATTEMPTS)
    held = list_held("part")
    return next((part for part in parts.order_by("number") if not is_held(part.pk, held)), None)


def lease_of(spec: AgentSpec) -> timedelta:
    """How long a part of an agent's cycle may run before another worker may have it."""
    return timedelta(minutes=spec.part_minutes)


def run_part(cycle_id: int, number: int, *, at: datetime) -> bool:
    """Look at one part and record it; False when another worker has it or had it.

    What the part concludes and that it is done are written in one transaction, which fails when the
    part was taken over meanwhile: a worker that dies, or comes late, leaves nothing.
    """
    with holding("part") as hold:
        part = _claim(cycle_id, number, at, hold)
        return part is not None and _run(part, at)


def _run(part: CyclePart, at: datetime) -> bool:
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
def _claim(cycle_id: int, number: int, at: datetime, hold: Hold) -> CyclePart | None:
    parts = CyclePart.objects.select_for_update(of=("self",)).select_related("cycle")
    part = parts.filter(cycle_id=cycle_id, number=number, cycle__state=Cycle.State.RUNNING).first()
    if part is None or part.state == _State.DONE:
        return None
    alone = hold.take(part.pk)
    if part.state == _State.RUNNING and not _is_free(part, at, alive=not alone):
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
    _need_not_wait_for_the_disk()
    if not mine.update(state=_State.DONE, **told):
        log.warning("part_taken_over", cycle=part.cycle_id, part=part.number)
        return False
    if spec.record is not None and snapshot is not None:
        spec.record(decision, part.cycle, agent_actor(spec.name), at)
    # the cycle is alive as long as its parts are
    Cycle.objects.filter(pk=part.cycle_id).update(claimed_at=at)
    log.info("part_done", cycle=part.cycle_id, part=part.number, seconds=round(time.monotonic() - started, 2))
    return True


def _need_not_wait_for_the_disk() -> None:
    """Commit this transaction without waiting for the disk: a part that a power failure takes was never done
    and is done again, and closing the cycle waits until all that went before it is on the disk.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


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
