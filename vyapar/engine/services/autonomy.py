"""Changing what agents may do: limits, policies, the stop button. Every change is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from vyapar.engine import registry
from vyapar.engine.contracts import Autonomy, HaltLifted, HaltPulled, Mode, PolicyChanged
from vyapar.engine.models import AutonomyVersion, Halt, PolicyVersion
from vyapar.engine.selectors import (
    autonomy_of,
    build_policy,
    get_policy,
    is_live,
    newest_policy_version,
)
from vyapar.engine.services.events import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Forbidden, Invalid, Refused, Stale
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema


@transaction.atomic
def set_autonomy(
    kind: str, changes: Mapping[str, Any], *, actor: Actor, at: datetime, reason: str = ""
) -> Autonomy:
    """A new version of a kind's limits. Agents may never change them: `Forbidden`.

    While every kind only observes, none leaves that mode by itself: `Refused`; going live asks first
    whether all is there.
    """
    only_people(actor)
    registry.kind(kind)
    wanted = changes.get("mode", Mode.OBSERVE)
    if wanted != Mode.OBSERVE and wanted in set(Mode) and not is_live():
        raise Refused(
            _("agents only observe until the distributor goes live: open the readiness page and go live"),
            code="not_live",
            faults=[Fault("not_live", _("go live first"), "mode", value=str(wanted))],
        )
    return put_autonomy(kind, changes, actor=actor, at=at, reason=reason)


def put_autonomy(
    kind: str, changes: Mapping[str, Any], *, actor: Actor, at: datetime, reason: str = ""
) -> Autonomy:
    """`set_autonomy` of those who have asked already who may and whether all is there."""
    current = plain(autonomy_of(kind))
    values = {**current, **dict(changes)}
    _check_limits(values)
    last = AutonomyVersion.objects.filter(kind=kind).aggregate(v=Max("version"))["v"] or 0
    values.update(kind=kind, version=last + 1)
    AutonomyVersion.objects.create(**values, set_by=actor.ref, set_by_name=str(actor), reason=reason, at=at)
    emit(
        PolicyChanged(f"autonomy:{kind}", last + 1, ist_day(at).isoformat(), plain(dict(changes))),
        subject=f"autonomy:{kind}", actor=actor, at=at, before=current, reason=reason,
    )  # fmt: skip
    return autonomy_of(kind)


@transaction.atomic
def step_down(kind: str, *, actor: Actor, at: datetime, reason: str) -> bool:
    """Have a kind wait for a person from now on; whether it did not already.

    It only takes away what a person gave, so anybody may who has a reason, and only a person gives it back
    (`set_autonomy`). A reason of before the newest limits were set is known to whoever set them, and
    changes nothing. What was approved without a person and is not done yet goes back to one.
    """
    newest = AutonomyVersion.objects.filter(kind=kind).order_by("-version").first()
    alone = autonomy_of(kind).mode in (Mode.AUTO, Mode.AUTO_WITHIN_LIMITS)
    if not alone or (newest is not None and newest.at > at):
        return False
    put_autonomy(kind, {"mode": Mode.PROPOSE.value}, actor=actor, at=at, reason=reason)
    return True


def ensure_autonomy(kind: str, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> Autonomy:
    """Set a kind's limits unless somebody has already."""
    if AutonomyVersion.objects.filter(kind=kind).exists():
        return autonomy_of(kind)
    return set_autonomy(kind, values, actor=actor, at=at, reason=_("first limits"))


@transaction.atomic
def set_policy(
    agent: str,
    changes: Mapping[str, Any],
    *,
    effective_date: date,
    actor: Actor,
    at: datetime,
    reason: str = "",
    seen_version: int | None = None,
) -> int:
    """A new version of an agent's policy from a day on; returns its version.

    `seen_version` is the newest one that the actor saw; when another was set since, `Stale`.

    Raises `Invalid` for a field that the policy lacks or a value that it refuses, and for a day
    in the past: what was decided under a policy stays explained by it.
    """
    only_people(actor)
    if effective_date < ist_day(at):
        fault = Fault("past_date", _("choose today or later"), "effectiveDate", value=str(effective_date))
        raise Invalid(_("a rule cannot take effect in the past"), code="past_date", faults=[fault])
    spec = registry.agent(agent)
    before, _version = get_policy(agent, effective_date)
    values = plain(before)
    strange = sorted(set(changes) - set(values))
    if strange:
        faults = [Fault("unknown_field", _("no such rule"), name) for name in strange]
        raise Invalid(
            _("no such rule: %(strange)s", strange=", ".join(strange)), code="unknown_field", faults=faults
        )
    new = plain(build_policy(spec.policy, {**values, **dict(changes)}))
    with connection.cursor() as cursor:  # versions of one agent are set one after another
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:policy:{agent}"])
    last = newest_policy_version(agent)
    if seen_version is not None and seen_version != last:
        raise Stale(_("these rules were changed since you looked at them; look again"), code="stale")
    PolicyVersion.objects.create(
        agent=agent, version=last + 1, values=new, effective_date=effective_date, set_by=actor.ref,
        set_by_name=str(actor), reason=reason, at=at,
    )  # fmt: skip
    changed = {name: new[name] for name in new if new[name] != values.get(name)}
    emit(
        PolicyChanged(agent, last + 1, effective_date.isoformat(), changed), subject=f"policy:{agent}",
        actor=actor, at=at, before={name: values.get(name) for name in changed}, reason=reason,
    )  # fmt: skip
    return last + 1


@transaction.atomic
def pull(*, actor: Actor, at: datetime, kind: str = "", reason: str = "") -> Halt:
    """Pull the stop button for one kind or for everything. Pulling it twice changes nothing."""
    halt, made = Halt.objects.get_or_create(
        kind=kind, lifted_at=None,
        defaults={"pulled_by": actor.ref, "pulled_by_name": str(actor), "pulled_at": at, "reason": reason},
    )  # fmt: skip
    if made:
        emit(HaltPulled(kind), subject=f"halt:{kind or 'all'}", actor=actor, at=at, reason=reason)
    return halt


@transaction.atomic
def lift(*, actor: Actor, at: datetime, kind: str = "", reason: str = "") -> None:
    """Lift the stop button; only a person may."""
    only_people(actor)
    lifted = Halt.objects.filter(kind=kind, lifted_at__isnull=True).update(lifted_by=actor.ref, lifted_at=at)
    if lifted:
        emit(HaltLifted(kind), subject=f"halt:{kind or 'all'}", actor=actor, at=at, reason=reason)


_WHOLE_LIMITS = ("max_value_paise", "max_quantity", "max_discount_bp", "undo_seconds", "daily_cap_paise")


def only_people(actor: Actor) -> None:
    """Raises `Forbidden` for an agent."""
    if actor.kind == "agent":
        raise Forbidden(_("agents cannot change their own limits"), code="agents_may_not")


def _check_limits(values: Mapping[str, Any]) -> None:
    faults = []
    if values["mode"] not in {mode.value for mode in Mode}:
        faults.append(Fault("mode", _("one of observe, propose, auto_within_limits, auto"), "mode"))
    faults += [
        Fault(name, _("a whole number, 0 or more"), name, value=str(values[name]))
        for name in _WHOLE_LIMITS
        if not isinstance(values[name], int) or values[name] < 0
    ]
    if not 0 <= float(values["min_confidence"]) <= 1:
        faults.append(Fault("min_confidence", _("between 0 and 1"), "min_confidence"))
    if faults:
        raise Invalid(_("these limits cannot be set"), code="bad_limits", faults=faults)
