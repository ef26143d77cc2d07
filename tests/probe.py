"""A small action kind with countable effects, for tests of the spine."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from django.db import transaction

from vyapar.engine import registry, services
from vyapar.engine.contracts import ActionKind, AgentSpec, Receipt, Revalued
from vyapar.engine.models import AuditEntry
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.decision import Decision, PassedOver, Proposal
from vyapar.kernel.errors import Refused, Unavailable

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
OWNER = Actor("user", "1", "The owner")
LIMITS = {
    "mode": "auto_within_limits",
    "max_value_paise": 100_000,
    "max_quantity": 1_000,
    "max_discount_bp": 2_000,
    "min_confidence": 0.5,
    "undo_seconds": 60,
    "daily_cap_paise": 250_000,
}


@dataclass(frozen=True)
class ProbePolicy:
    """One number, so that versions can be told apart."""

    threshold_days: int = 30

    def __post_init__(self) -> None:
        if self.threshold_days < 0:
            raise Refused("threshold_days must not be negative")


@dataclass(frozen=True)
class ProbeSnapshot:
    """What the probe's agent looks at."""

    as_of: datetime
    proposals: tuple[Proposal, ...] = ()


@dataclass
class Probe:
    """What tests may set, and what they count."""

    fail_with: list[Exception] = field(default_factory=list)
    proposals: tuple[Proposal, ...] = ()
    held: set[str] = field(default_factory=set)


def proposal(subject: str = "thing:1", **changes) -> Proposal:
    """A proposal within the probe's limits."""
    base = Proposal(
        kind="probe",
        subject=subject,
        title=f"Do {subject}",
        reason="because it is there",
        payload={"quantity": 10},
        value_paise=50_000,
        net_paise=7_000,
        quantity=10,
        expires_at=AT + timedelta(hours=24),
        confidence=0.9,
    )
    return replace(base, **changes)


def effects(key: str = "", verb: str = "ProbeDone") -> int:
    """How often the world was changed."""
    rows = AuditEntry.objects.filter(verb=verb)
    return (rows.filter(subject=key) if key else rows).count()


@contextmanager
def hung(probe: Probe):
    """Hang the probe's kind and agent in the registry for the time of a test."""

    def hold(view, actor, at):
        if view.subject.startswith("taken:"):
            raise Refused("another action holds these cartons", code="held")
        probe.held.add(view.key)

    def let_go(view, actor, at):
        probe.held.discard(view.key)

    @transaction.atomic
    def execute(view, actor, at):
        if probe.fail_with:
            raise probe.fail_with.pop(0)
        if not effects(view.key):
            services.append_audit(actor=actor, verb="ProbeDone", subject=view.key, at=at)
        return Receipt("success", "done", {"quantity": view.quantity})

    @transaction.atomic
    def undo(view, actor, at):
        if not effects(view.key, "ProbeUndone"):
            services.append_audit(actor=actor, verb="ProbeUndone", subject=view.key, at=at)
        return Receipt("success", "undone")

    def revalue(view, changes):
        quantity = int(changes["quantity"])
        if quantity > view.quantity:
            raise Refused("not more than proposed", code="too_many")
        return Revalued({"quantity": quantity}, quantity * 5_000, quantity * 700, quantity)

    kind = ActionKind(
        name="probe",
        label="Probe",
        agent="probe",
        default_autonomy=LIMITS,
        facts=lambda view: None,
        hold=hold,
        let_go=let_go,
        execute=execute,
        reconcile=lambda view: None,
        revalue=revalue,
        edits=("quantity",),
        undo=undo,
    )
    spec = AgentSpec(
        name="probe",
        label="Probe",
        policy=ProbePolicy,
        take_snapshot=lambda as_of, policy: ProbeSnapshot(as_of, probe.proposals),
        decide=lambda snapshot, policy: Decision(
            snapshot.proposals, (PassedOver("thing:0", "too_small", "not worth it"),), counts={"looked": 3}
        ),
    )
    registry.hang(kind)
    registry.hang(spec)
    try:
        yield probe
    finally:
        registry._kinds.pop("probe")
        registry._agents.pop("probe")


def open_action(subject: str = "thing:1", at: datetime = AT, **changes):
    """Propose and return what came of it."""
    return services.propose(
        proposal(subject, **changes),
        cycle=None,
        actor=Actor("agent", "probe", "Probe agent"),
        at=at,
        policy=ProbePolicy(),
        policy_version=0,
        snapshot_digest="0" * 64,
    )


__all__ = ["AT", "LIMITS", "OWNER", "Probe", "Unavailable", "effects", "hung", "open_action", "system"]
