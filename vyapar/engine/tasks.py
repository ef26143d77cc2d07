"""Celery's part of the spine: each task loads, calls one service, and is done."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone
from django_tenants.utils import tenant_context

from vyapar.engine import registry, services
from vyapar.tenancy.selectors import list_distributors
from vyapar.tenancy.tasks import PublicTask

log = structlog.get_logger(__name__)


@shared_task(base=PublicTask)
def tend_all() -> None:
    """Beat's only call: have every distributor tended."""
    for distributor in list_distributors():
        with tenant_context(distributor):
            tend.apply_async(expires=60)


@shared_task
def tend() -> None:
    """Start what is due for one distributor: cycles, executions, expiries, cut-off work."""
    now = timezone.now()
    services.fail_lost(now)
    for agent, as_of in services.due_cycles(now):
        run_cycle.delay(agent, as_of.isoformat())
    for cycle_id, number in services.due_parts(now):
        run_part.delay(cycle_id, number)
    services.expire_due(now)
    for action_id in [*services.list_due(now), *services.list_stuck(now)]:
        execute.delay(str(action_id))
    for chore in registry.chores():
        try:
            chore.run(now)
        except Exception:
            log.exception("chore_failed", chore=chore.name)


@shared_task
def run_cycle(agent: str, as_of: str) -> None:
    """One cycle of one agent."""
    cycle = services.run_cycle(agent, datetime.fromisoformat(as_of), at=timezone.now(), spread=True)
    if cycle is not None:
        for number in services.list_open_parts(cycle.pk):
            run_part.delay(cycle.pk, number)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def run_part(cycle_id: int, number: int) -> None:
    """One part of a cycle; whoever does the last one closes it."""
    services.work_on_part(cycle_id, number, at=timezone.now())


@shared_task
def execute(action_id: str) -> None:
    """Carry out one action, or take it up again."""
    services.carry_out(UUID(action_id), at=timezone.now())


@shared_task
def deliver(ids: list[int]) -> None:
    """Hand a handful of events to their subscribers."""
    services.deliver(ids, at=timezone.now())
