"""Reads of the spine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from vyapar.engine import registry
from vyapar.engine.contracts import ActionKind, ActionView, Autonomy, Lack, Mode, Readiness
from vyapar.engine.models import (
    Action,
    AuditEntry,
    AutonomyVersion,
    Cycle,
    CyclePart,
    Delivery,
    Event,
    Halt,
    PassedOver,
    PolicyVersion,
    Transition,
)
from vyapar.engine.sealing import GENESIS, seal
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.errors import Misconfigured, NotFound, VyaparError
from vyapar.kernel.lifecycle import OPEN, Status
from vyapar.kernel.phrases import again
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.quality import DataQuality
from vyapar.tenancy.holding import is_held, list_held
from vyapar.tenancy.selectors import current_distributor

# --- actions -------------------------------------------------------------------------------


def get_action(action_id: UUID, *, for_update: bool = False) -> Action:
    """One action; `NotFound` when there is none of that id here.

    The lock lets others refer to the action meanwhile: whoever writes a question about it holds the trail
    when its reference is checked, and would wait for us while we wait for the trail.
    """
    rows = Action.objects.select_for_update(no_key=True) if for_update else Action.objects
    found = rows.filter(pk=action_id).first()
    if found is None:
        raise NotFound(_("there is no action %(action_id)s", action_id=str(action_id)), code="no_such_action")
    return found


def list_actions(*, statuses: tuple[Status, ...] = (), kind: str = "", agent: str = "") -> QuerySet[Action]:
    """Actions, most urgent first."""
    rows = Action.objects.all()
    if statuses:
        rows = rows.filter(status__in=[status.value for status in statuses])
    if kind:
        rows = rows.filter(kind=kind)
    if agent:
        rows = rows.filter(agent=agent)
    return rows.order_by("-urgency", "-net_paise", "number")


def count_actions() -> dict[str, dict[str, int]]:
    """How many actions there are: `{kind: {status: count}}`."""
    table: dict[str, dict[str, int]] = {}
    rows = Action.objects.values("kind", "status").annotate(n=Count("pk")).order_by("kind", "status")
    for row in rows:
        table.setdefault(row["kind"], {})[row["status"]] = row["n"]
    return table


def open_action_on(subject: str) -> Action | None:
    """The open action on a subject, if any."""
    return Action.objects.filter(subject=subject, status__in=[status.value for status in OPEN]).first()


def list_transitions(action_id: UUID) -> list[Transition]:
    """The life of an action, oldest step first."""
    return list(Transition.objects.filter(action_id=action_id).order_by("id"))


def guard_findings(view: ActionView, at: datetime) -> list[Finding]:
    """What all guards of the kind say, all of it. A guard that breaks blocks, with its error."""
    findings: list[Finding] = []
    for guard in registry.guards_of(view.kind):
        try:
            findings += guard.check(view, at)
        except VyaparError as error:
            findings.append(
                Finding(
                    f"guard_{guard.name}",
                    Severity.BLOCK,
                    f"{guard.name} cannot say: {error.message}",
                )
            )
    return findings


def guard_versions(kind: str) -> dict[str, str]:
    """Versions of the rule sets that the guards of a kind use."""
    return {g.name: g.rule_version() for g in registry.guards_of(kind) if g.rule_version}


def judge_quality(actions: Iterable[Action], at: datetime) -> dict[UUID, DataQuality]:
    """How good the data are that actions rest on, by id; of open ones only, and of none without a desk."""
    desk = registry.quality_desk()
    is_open = {status.value for status in OPEN}
    payloads = {action.pk: action.payload for action in actions if action.status in is_open}
    return desk.judge(payloads, at=at) if desk and payloads else {}


# --- autonomy and policy -------------------------------------------------------------------


def autonomy_of(kind: str) -> Autonomy:
    """The limits in force for a kind: the newest version, or the kind's own defaults as version 0.

    Until somebody sets a mode a real distributor's agents only observe.
    """
    row = AutonomyVersion.objects.filter(kind=kind).order_by("-version").first()
    if row is None:
        spec = registry.kind(kind)
        limits = {**spec.default_autonomy, "mode": _first_mode(spec)}
        return Autonomy(kind=kind, version=0, **limits)
    return Autonomy(
        kind=kind, version=row.version, mode=Mode(row.mode), max_value_paise=row.max_value_paise,
        max_quantity=row.max_quantity, max_discount_bp=row.max_discount_bp,
        min_confidence=row.min_confidence, undo_seconds=row.undo_seconds,
        daily_cap_paise=row.daily_cap_paise,
    )  # fmt: skip


def find_autonomy_change(kind: str) -> AutonomyVersion | None:
    """Who set a kind's limits last, when and why; None while they are as delivered."""
    return AutonomyVersion.objects.filter(kind=kind).order_by("-version").first()


def _first_mode(spec: ActionKind) -> Mode:
    return Mode(spec.default_autonomy["mode"]) if current_distributor().sandbox else Mode.OBSERVE


def list_modes() -> dict[str, Mode]:
    """The mode of every action kind, by its name. One query."""
    rows = AutonomyVersion.objects.order_by("kind", "-version").distinct("kind")
    known = dict(rows.values_list("kind", "mode"))
    return {
        spec.name: Mode(known[spec.name]) if spec.name in known else _first_mode(spec)
        for spec in registry.kinds()
    }


def is_live() -> bool:
    """Whether agents do more than observe: some action kind is proposed or acted upon."""
    return any(mode is not Mode.OBSERVE for mode in list_modes().values())


def look_at_readiness(at: datetime) -> list[tuple[Readiness, Lack | None]]:
    """Everything that apps want looked at before a distributor goes live, with what is missing."""
    return [(one, one.look(at)) for one in registry.readiness()]


#: Statuses of an action that was approved alone and is not any more, whoever stopped it.
_STOPPED = [s.value for s in (Status.WITHDRAWN, Status.PROPOSED, Status.REJECTED, Status.EXPIRED)]


def spent_alone_today_paise(kind: str, day: date) -> int:
    """Rupees (in paise) of a kind approved without a person on an Indian day, and not stopped since."""
    total = Transition.objects.filter(
        target=Status.AUTO_APPROVED.value, action__kind=kind, at__gte=ist_instant(day),
        at__lt=ist_instant(day + timedelta(days=1)),
    ).exclude(action__status__in=_STOPPED).aggregate(total=Sum("action__value_paise"))  # fmt: skip
    return int(total["total"] or 0)


def is_halted(kind: str) -> bool:
    """Whether the stop button is pulled for this kind or for everything."""
    return Halt.objects.filter(Q(kind="") | Q(kind=kind), lifted_at__isnull=True).exists()


def list_halts() -> list[Halt]:
    """Stop buttons that are pulled now."""
    return list(Halt.objects.filter(lifted_at__isnull=True).order_by("pulled_at"))


def get_policy(agent: str, on_date: date | None = None) -> tuple[Any, int]:
    """An agent's policy in force on a day (today by default), and its version; 0 is the default."""
    spec = registry.agent(agent)
    day = on_date or ist_day(timezone.now())
    row = (
        PolicyVersion.objects.filter(agent=agent, effective_date__lte=day)
        .order_by("-effective_date", "-version")
        .first()
    )
    if row is None:
        return spec.policy(), 0
    return build_policy(spec.policy, row.values), row.version


def build_policy(policy: type, values: Mapping[str, Any]) -> Any:
    """A policy from kept values; fields that it has gained since keep their defaults."""
    known = {f.name for f in fields(policy)}
    try:
        return policy(**{name: _tupled(value) for name, value in values.items() if name in known})
    except TypeError as error:
        raise Misconfigured(
            _("the kept policy does not fit %(name)s: %(error)s", name=policy.__name__, error=str(error))
        ) from error


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


def list_policy_versions(agent: str) -> list[PolicyVersion]:
    """Every version of an agent's policy, newest first."""
    return list(PolicyVersion.objects.filter(agent=agent).order_by("-version"))


def newest_policy_version(agent: str) -> int:
    """The version of an agent's policy that was set last, in force or yet to come; 0 when none was."""
    return int(PolicyVersion.objects.filter(agent=agent).aggregate(last=Max("version"))["last"] or 0)


# --- cycles, events, deliveries ------------------------------------------------------------


def list_cycles(agent: str = "", limit: int = 50) -> list[Cycle]:
    """Cycles, newest first."""
    rows = Cycle.objects.all()
    if agent:
        rows = rows.filter(agent=agent)
    return list(rows.order_by("-claimed_at")[:limit])


def list_scopes(cycle_id: int) -> list[dict[str, Any]]:
    """What the parts of a cycle look at, in their order; empty for a cycle in one piece."""
    return list(
        CyclePart.objects.filter(cycle_id=cycle_id).order_by("number").values_list("scope", flat=True)
    )


def latest_cycle(agent: str, state: str = Cycle.State.DONE) -> Cycle | None:
    """The newest cycle of an agent in a state."""
    return Cycle.objects.filter(agent=agent, state=state).order_by("-as_of").first()


def latest_cycles(state: str = "") -> dict[str, Cycle]:
    """The newest cycle of each agent that has one, in a state or in any."""
    rows = Cycle.objects.filter(state=state) if state else Cycle.objects.all()
    return {row.agent: row for row in rows.order_by("agent", "-as_of").distinct("agent")}


def list_cut_off() -> frozenset[int]:
    """Cycles that stand as running although nobody is at them: their worker died.

    A cycle in parts that wait for a worker is not among them.
    """
    running = list(Cycle.objects.filter(state=Cycle.State.RUNNING).values_list("pk", flat=True))
    if not running:  # as nearly always when a page asks
        return frozenset()
    held, held_parts = list_held("cycle"), list_held("part")
    cut_off = {pk for pk in running if not is_held(pk, held)}
    parts = CyclePart.objects.filter(cycle__in=cut_off).values_list("cycle_id", "pk", "state")
    waiting = {
        cycle for cycle, part, state in parts if state == CyclePart.State.WAITING or is_held(part, held_parts)
    }
    return frozenset(cut_off - waiting)


def error_of_cycle(cycle_id: int) -> str:
    """What a cycle ended with, a phrase where its words were kept; empty when there is no such cycle."""
    row = Cycle.objects.filter(pk=cycle_id).first()
    return again(row.error, row.words) if row else ""


def summarise_cycles() -> dict[str, dict[str, Any]]:
    """Per agent: how many cycles ended how, the latest one's duration and its error if any."""
    table: dict[str, dict[str, Any]] = {}
    rows = Cycle.objects.values("agent", "state").annotate(n=Count("pk")).order_by("agent", "state")
    for row in rows:
        table.setdefault(row["agent"], {})[row["state"]] = row["n"]
    for agent, figures in table.items():
        last = Cycle.objects.filter(agent=agent).order_by("-claimed_at").first()
        if last is not None:
            figures.update(latest_state=last.state, duration_ms=last.duration_ms, error=last.error)
    return table


def list_passed_over(cycle_id: int, limit: int = 200) -> list[PassedOver]:
    """What a cycle left alone, in the order in which it looked."""
    return list(PassedOver.objects.filter(cycle_id=cycle_id).order_by("id")[:limit])


def list_events(
    after: int = 0, limit: int = 100, name: str = "", subject: str = "", since: datetime | None = None
) -> list[Event]:
    """Events with an id above `after`, of an instant or later, oldest first."""
    rows = Event.objects.filter(id__gt=after)
    if name:
        rows = rows.filter(name=name)
    if subject:
        rows = rows.filter(subject=subject)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return list(rows.order_by("id")[:limit])


def count_events() -> dict[str, int]:
    """How many events there are of each name."""
    rows = Event.objects.values("name").annotate(n=Count("pk")).order_by("name")
    return {row["name"]: row["n"] for row in rows}


def list_dead_letters(limit: int = 100) -> list[Delivery]:
    """Deliveries that were given up, newest first, with their events."""
    rows = Delivery.objects.filter(state=Delivery.State.DEAD).select_related("event")
    return list(rows.order_by("-id")[:limit])


def count_deliveries() -> dict[str, int]:
    """How many deliveries stand in each state."""
    rows = Delivery.objects.values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


# --- the trail -----------------------------------------------------------------------------


def list_audit(
    *,
    after: int = 0,
    limit: int = 100,
    subject: str = "",
    actor_ref: str = "",
    newest_first: bool = False,
) -> list[AuditEntry]:
    """Trail entries by sequence."""
    rows = AuditEntry.objects.filter(seq__gt=after)
    if subject:
        rows = rows.filter(subject=subject)
    if actor_ref:
        rows = rows.filter(actor_ref=actor_ref)
    return list(rows.order_by("-seq" if newest_first else "seq")[:limit])


def verify_audit(chunk: int = 2000) -> tuple[int, list[str]]:
    """Walk the whole chain: how many entries were read, and every break in words."""
    previous, expected, breaks = GENESIS, 1, []
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=chunk):
        if entry.seq != expected:
            breaks.append(f"entries {expected} to {entry.seq - 1} are missing")
        if entry.previous_seal != previous:
            breaks.append(f"entry {entry.seq} does not follow the entry before it")
        if entry.seal != seal(entry, entry.previous_seal):
            breaks.append(f"entry {entry.seq} ({entry.verb} {entry.subject}) was altered")
        previous, expected = entry.seal, entry.seq + 1
    return expected - 1, breaks
