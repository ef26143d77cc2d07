"""Running an agent's cycle once: claim, look, decide, record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Max, Min

from vyapar.engine import registry
from vyapar.engine.contracts import AgentSpec, CycleCompleted, CycleFailed
from vyapar.engine.models import Action, Cycle, CycleWish
from vyapar.engine.models import PassedOver as PassedOverRow
from vyapar.engine.selectors import get_policy
from vyapar.engine.services.actions import propose
from vyapar.engine.services.events import emit
from vyapar.engine.services.parts import (
    find_lost_part,
    is_given_up,
    is_split_running,
    list_open_parts,
    merged,
    plan_parts,
    run_part,
)
from vyapar.kernel.actor import agent as agent_actor
from vyapar.kernel.calendar import ist_day, slot
from vyapar.kernel.decision import Decision, PassedOver
from vyapar.kernel.digest import plain, snapshot_digest
from vyapar.kernel.errors import Unavailable, VyaparError
from vyapar.kernel.phrases import kept, listed
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.holding import Hold, holding, is_held, list_held, number_of

log = structlog.get_logger(__name__)

#: A cycle in parts that was claimed longer ago holds up the agent's next one no more.
LEASE = timedelta(minutes=20)
MAX_ATTEMPTS = 3
#: How long workers are given to begin a cycle that was wished for, before beat sends it again.
PATIENCE = timedelta(seconds=30)
#: Reasons kept in full per cycle; the rest is counted by code in the cycle's counts.
KEPT_REASONS = 500


def wish_cycle(agent: str, as_of: datetime, *, at: datetime) -> None:
    """Keep that a cycle shall run; beat starts it when what was sent to the workers is lost."""
    CycleWish.objects.get_or_create(agent=agent, as_of=as_of, defaults={"asked_at": at})


def due_cycles(at: datetime) -> list[tuple[str, datetime]]:
    """Cycles that beat should start now: `(agent, as_of)` not claimed yet, wished for in vain, or cut off."""
    due = []
    held = list_held("cycle")
    for spec in registry.agents():
        if not spec.every:
            continue
        as_of = slot(at, spec.every)
        row = Cycle.objects.filter(agent=spec.name, as_of=as_of).first()
        if row is None or _may_run_again(row, at, held):
            due.append((spec.name, as_of))
    running = Cycle.objects.filter(state=Cycle.State.RUNNING).order_by("pk")
    cut_off = [row for row in running if _may_run_again(row, at, held)]
    wished = CycleWish.objects.filter(asked_at__lte=at - PATIENCE).values("agent").annotate(last=Max("as_of"))
    late = [(row.agent, row.as_of) for row in cut_off] + [(row["agent"], row["last"]) for row in wished]
    return list(dict.fromkeys(due + late))


def fail_lost(at: datetime) -> list[int]:
    """Fail the cycles that have lost their worker as often as they may; their numbers."""
    failed = []
    held = list_held("cycle")
    for cycle in Cycle.objects.filter(state=Cycle.State.RUNNING).order_by("pk"):
        lost = _why_lost(cycle)
        if lost and not is_held(cycle.pk, held):
            _fail(cycle, Unavailable(lost, code="worker_lost"), at, None)
            log.error("cycle_lost", cycle=cycle.pk, agent=cycle.agent, why=lost)
            failed.append(cycle.pk)
    return failed


def _why_lost(cycle: Cycle) -> str:
    """Why a cycle is not tried again; empty while it may be."""
    if not cycle.parts.exists():
        if cycle.attempts < MAX_ATTEMPTS:
            return ""
        return _(
            "its worker was lost %(times)s times: see the workers' log, and the memory they have",
            times=cycle.attempts,
        )
    part = find_lost_part(cycle.pk)
    if part is None:
        return ""
    return _(
        "the worker of part %(part)s was lost %(times)s times: see the workers' log, "
        "and the memory they have",
        part=part.number,
        times=part.attempts,
    )


def run_cycle(agent: str, as_of: datetime, *, at: datetime, spread: bool = False) -> Cycle | None:
    """Run one cycle; None when it was claimed already or there was nothing to look at.

    None, too, while a living worker is at another cycle of the agent: two would write the same rows. It
    is not claimed then, and beat tries again.

    A cycle that its agent splits is planned, and its parts are run here one after another or, with
    `spread`, left to whoever the caller hands `list_open_parts` to; the last part closes it.

    Everything the cycle concludes is written in one transaction, so a worker that dies leaves a
    claimed cycle and nothing else. That nobody is at it any more is seen at once, and it is run again.
    """
    spec = registry.agent(agent)
    with holding("agent") as alone, holding("cycle") as hold:
        cycle = _claim(agent, as_of, at, hold) if alone.take(number_of(agent)) else None
        return None if cycle is None else _run(cycle, spec, at, spread=spread)


def _run(cycle: Cycle, spec: AgentSpec, at: datetime, *, spread: bool) -> Cycle | None:
    started = time.monotonic()
    structlog.contextvars.bind_contextvars(cycle=cycle.pk, agent=spec.name)
    try:
        policy, version = get_policy(spec.name, ist_day(cycle.as_of))
        if spec.split is not None and is_split_running(cycle, at, LEASE):
            cycle.delete()
            return None
        scopes = plan_parts(cycle, spec, policy)
        if len(scopes) > 1:
            return cycle if spread else _run_parts(cycle, at, started)
        if scopes and spec.take_part is not None:
            snapshot = spec.take_part(cycle.as_of, policy, scopes[0])
        else:
            snapshot = spec.take_snapshot(cycle.as_of, policy)
        if snapshot is None:
            cycle.delete()
            return None
        decision = spec.decide(snapshot, policy)
        _record(cycle, spec, snapshot, decision, policy, version, started=started, at=at)
    except Exception as error:
        _fail(cycle, error, at, started)
        log.exception("cycle_failed")
        raise
    finally:
        structlog.contextvars.unbind_contextvars("cycle", "agent")
    return cycle


def _run_parts(cycle: Cycle, at: datetime, started: float) -> Cycle:
    for number in list_open_parts(cycle.pk):
        run_part(cycle.pk, number, at=at)
    close_split(cycle.pk, at=at, seconds=time.monotonic() - started)
    cycle.refresh_from_db()
    return cycle


def work_on_part(cycle_id: int, number: int, *, at: datetime) -> None:
    """Run one part, and close the cycle if it was the last; a part that fails too often fails it."""
    started = time.monotonic()
    try:
        run_part(cycle_id, number, at=at)
    except Exception as error:
        if is_given_up(cycle_id, number):
            _fail(Cycle.objects.get(pk=cycle_id), error, at, started)
        raise
    close_split(cycle_id, at=at)


@transaction.atomic
def close_split(cycle_id: int, *, at: datetime, seconds: float | None = None) -> bool:
    """Close a cycle whose parts are all done; False when one is open or it was closed already.

    It took `seconds` or, where they are not given, since the first part was claimed.
    """
    cycle = Cycle.objects.select_for_update().filter(pk=cycle_id, state=Cycle.State.RUNNING).first()
    if cycle is None:
        return False
    spec = registry.agent(cycle.agent)
    policy, version = get_policy(cycle.agent, ist_day(cycle.as_of))
    found = merged(cycle, spec, policy)
    if found is None:
        return False
    decision, digest = found
    if spec.close is not None:
        spec.close(cycle, agent_actor(spec.name), at)
    first = cycle.parts.aggregate(at=Min("claimed_at"))["at"] or at
    took = max((at - first).total_seconds(), 0.0) if seconds is None else seconds
    _finish(cycle, spec, decision, digest, version, decision.passed_over, 0, took, at)
    return True


@transaction.atomic
def _claim(agent: str, as_of: datetime, at: datetime, hold: Hold) -> Cycle | None:
    # a cycle sees what there is now: wishes of before come true with it
    CycleWish.objects.filter(agent=agent, as_of__lte=as_of).delete()
    try:
        with transaction.atomic():
            fresh = Cycle.objects.create(agent=agent, as_of=as_of, claimed_at=at)
            hold.take(fresh.pk)
            return fresh
    except IntegrityError:
        cycle = Cycle.objects.select_for_update().filter(agent=agent, as_of=as_of).first()
    # whoever claimed it may have found nothing to look at meanwhile, and left no cycle
    if cycle is None or not _may_run_again(cycle, at, frozenset()) or not hold.take(cycle.pk):
        return None
    cycle.state, cycle.claimed_at, cycle.attempts = Cycle.State.RUNNING, at, cycle.attempts + 1
    cycle.save()
    return cycle


def _may_run_again(cycle: Cycle, at: datetime, held: frozenset[int]) -> bool:
    """Whether a cycle failed a while ago, or its worker died; a cycle in parts has its parts tended.

    What killed one worker may kill the next: the first time at once, then after longer waits.
    """
    if cycle.attempts >= MAX_ATTEMPTS:
        return False
    if cycle.state == Cycle.State.FAILED:
        return cycle.claimed_at < at - timedelta(minutes=2 * cycle.attempts)
    if cycle.state != Cycle.State.RUNNING or is_held(cycle.pk, held):
        return False
    if cycle.parts.exists():
        return cycle.claimed_at < at - LEASE
    return cycle.attempts == 1 or cycle.claimed_at < at - timedelta(minutes=2 * cycle.attempts)


@transaction.atomic
def _record(
    cycle: Cycle,
    spec: AgentSpec,
    snapshot: Any,
    decision: Decision,
    policy: Any,
    version: int,
    *,
    started: float,
    at: datetime,
) -> None:
    mine = Cycle.objects.select_for_update().filter(pk=cycle.pk, state=Cycle.State.RUNNING)
    if not mine.filter(attempts=cycle.attempts).exists():
        log.warning("cycle_taken_over")
        return
    actor = agent_actor(spec.name)
    digest = snapshot_digest(snapshot)
    if spec.record is not None:
        spec.record(decision, cycle, actor, at)
    passed = list(decision.passed_over)
    opened: list[Action] = []
    for proposal in decision.proposals:
        answer = propose(
            proposal, cycle=cycle, actor=actor, at=at, policy=policy, policy_version=version,
            snapshot_digest=digest,
        )  # fmt: skip
        if isinstance(answer, PassedOver):
            passed.append(answer)
        else:
            opened.append(answer)
    _finish(cycle, spec, decision, digest, version, passed, len(opened), time.monotonic() - started, at)


def _finish(
    cycle: Cycle,
    spec: AgentSpec,
    decision: Decision,
    digest: str,
    version: int,
    passed: Sequence[PassedOver],
    opened: int,
    seconds: float,
    at: datetime,
) -> None:
    """Write that a cycle is done, and tell of it."""
    _keep_passed(cycle, passed)
    cycle.counts = {**decision.counts, **_count(passed), "proposed": opened}
    cycle.state, cycle.finished_at = Cycle.State.DONE, at
    cycle.policy_version, cycle.snapshot_digest, cycle.error = version, digest, ""
    cycle.duration_ms = int(seconds * 1000)
    cycle.save()
    told = CycleCompleted(
        cycle.pk, spec.name, cycle.as_of.isoformat(), opened, len(passed), cycle.duration_ms
    )
    emit(told, subject=f"agent:{spec.name}", actor=agent_actor(spec.name), at=at, cycle_id=cycle.pk)


def _keep_passed(cycle: Cycle, passed: Sequence[PassedOver]) -> None:
    PassedOverRow.objects.filter(cycle=cycle).delete()
    PassedOverRow.objects.bulk_create(
        PassedOverRow(
            cycle=cycle,
            subject=p.subject,
            code=p.code,
            reason=p.reason,
            words=plain(p.words),
            numbers=plain(p.numbers),
        )
        for p in passed[:KEPT_REASONS]
    )


def _count(passed: Sequence[PassedOver]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in passed:
        counts[f"passed_over:{item.code}"] = counts.get(f"passed_over:{item.code}", 0) + 1
    return counts


@transaction.atomic
def _fail(cycle: Cycle, error: Exception, at: datetime, started: float | None) -> None:
    mine = Cycle.objects.select_for_update().filter(pk=cycle.pk, state=Cycle.State.RUNNING)
    if not mine.filter(attempts=cycle.attempts).exists():
        return
    cycle.state, cycle.finished_at = Cycle.State.FAILED, at
    said = error.message if isinstance(error, VyaparError) else str(error)
    cycle.error, cycle.words = kept(listed([type(error).__name__, said], ": "), 4000)
    if started is not None:
        cycle.duration_ms = int((time.monotonic() - started) * 1000)
    cycle.save()
    emit(
        CycleFailed(cycle.pk, cycle.agent, cycle.as_of.isoformat(), cycle.error),
        subject=f"agent:{cycle.agent}", actor=agent_actor(cycle.agent), at=at, cycle_id=cycle.pk,
    )  # fmt: skip
