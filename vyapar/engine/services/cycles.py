"""Running an agent's cycle once: claim, look, decide, record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from vyapar.engine import registry
from vyapar.engine.contracts import AgentSpec, CycleCompleted, CycleFailed
from vyapar.engine.models import Action, Cycle
from vyapar.engine.models import PassedOver as PassedOverRow
from vyapar.engine.selectors import get_policy
from vyapar.engine.services.actions import propose
from vyapar.engine.services.events import emit
from vyapar.kernel.actor import agent as agent_actor
from vyapar.kernel.calendar import ist_day, slot
from vyapar.kernel.decision import Decision, PassedOver
from vyapar.kernel.digest import plain, snapshot_digest

log = structlog.get_logger(__name__)

#: A cycle that has been running this long without finishing was cut off and may be taken over.
LEASE = timedelta(minutes=20)
MAX_ATTEMPTS = 3
#: Reasons kept in full per cycle; the rest is counted by code in the cycle's counts.
KEPT_REASONS = 500


def due_cycles(at: datetime) -> list[tuple[str, datetime]]:
    """Cycles that beat should start now: `(agent, as_of)` not claimed yet, or cut off."""
    due = []
    for spec in registry.agents():
        if not spec.every:
            continue
        as_of = slot(at, spec.every)
        row = Cycle.objects.filter(agent=spec.name, as_of=as_of).first()
        if row is None or _is_cut_off(row, at):
            due.append((spec.name, as_of))
    cut_off = Cycle.objects.filter(state=Cycle.State.RUNNING, claimed_at__lt=at - LEASE)
    due += [(row.agent, row.as_of) for row in cut_off if (row.agent, row.as_of) not in due]
    return due


def run_cycle(agent: str, as_of: datetime, *, at: datetime) -> Cycle | None:
    """Run one cycle; None when it was claimed already or there was nothing to look at.

    Everything the cycle concludes is written in one transaction, so a worker that dies leaves a
    claimed cycle and nothing else, and the cycle is run again after its lease.
    """
    spec = registry.agent(agent)
    cycle = _claim(agent, as_of, at)
    if cycle is None:
        return None
    started = time.monotonic()
    structlog.contextvars.bind_contextvars(cycle=cycle.pk, agent=agent)
    try:
        policy, version = get_policy(agent, ist_day(as_of))
        snapshot = spec.take_snapshot(as_of, policy)
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


@transaction.atomic
def _claim(agent: str, as_of: datetime, at: datetime) -> Cycle | None:
    try:
        with transaction.atomic():
            return Cycle.objects.create(agent=agent, as_of=as_of, claimed_at=at)
    except IntegrityError:
        cycle = Cycle.objects.select_for_update().get(agent=agent, as_of=as_of)
    if not _is_cut_off(cycle, at):
        return None
    cycle.state, cycle.claimed_at, cycle.attempts = Cycle.State.RUNNING, at, cycle.attempts + 1
    cycle.save()
    return cycle


def _is_cut_off(cycle: Cycle, at: datetime) -> bool:
    if cycle.attempts >= MAX_ATTEMPTS:
        return False
    if cycle.state == Cycle.State.FAILED:
        return cycle.claimed_at < at - timedelta(minutes=2 * cycle.attempts)
    return cycle.state == Cycle.State.RUNNING and cycle.claimed_at < at - LEASE


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
    _keep_passed(cycle, passed)
    cycle.counts = {**decision.counts, **_count(passed), "proposed": len(opened)}
    cycle.state, cycle.finished_at = Cycle.State.DONE, at
    cycle.policy_version, cycle.snapshot_digest, cycle.error = version, digest, ""
    cycle.duration_ms = int((time.monotonic() - started) * 1000)
    cycle.save()
    emit(
        CycleCompleted(
            cycle.pk, spec.name, cycle.as_of.isoformat(), len(opened), len(passed), cycle.duration_ms
        ),
        subject=f"agent:{spec.name}", actor=actor, at=at, cycle_id=cycle.pk,
    )  # fmt: skip


def _keep_passed(cycle: Cycle, passed: Sequence[PassedOver]) -> None:
    PassedOverRow.objects.filter(cycle=cycle).delete()
    PassedOverRow.objects.bulk_create(
        PassedOverRow(cycle=cycle, subject=p.subject, code=p.code, reason=p.reason, numbers=plain(p.numbers))
        for p in passed[:KEPT_REASONS]
    )


def _count(passed: Sequence[PassedOver]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in passed:
        counts[f"passed_over:{item.code}"] = counts.get(f"passed_over:{item.code}", 0) + 1
    return counts


@transaction.atomic
def _fail(cycle: Cycle, error: Exception, at: datetime, started: float) -> None:
    cycle.state, cycle.finished_at = Cycle.State.FAILED, at
    cycle.error = f"{type(error).__name__}: {error}"[:4000]
    cycle.duration_ms = int((time.monotonic() - started) * 1000)
    cycle.save()
    emit(
        CycleFailed(cycle.pk, cycle.agent, cycle.as_of.isoformat(), cycle.error),
        subject=f"agent:{cycle.agent}", actor=agent_actor(cycle.agent), at=at, cycle_id=cycle.pk,
    )  # fmt: skip
