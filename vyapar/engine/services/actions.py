"""The life of an action up to its carrying out: propose, judge, decide, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from vyapar.engine import registry
from vyapar.engine.contracts import (
    ActionEdited,
    ActionMoved,
    ActionProposed,
    ActionQuestioned,
    ActionView,
    Mode,
)
from vyapar.engine.models import Action, Cycle, DecisionRecord, Remark, Transition
from vyapar.engine.rules import Verdict, judge
from vyapar.engine.selectors import (
    autonomy_of,
    get_action,
    guard_findings,
    guard_versions,
    is_halted,
    spent_alone_today_paise,
)
from vyapar.engine.services.events import emit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Finding, PassedOver, Proposal
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Invalid, Refused, Stale
from vyapar.kernel.lifecycle import STOPPABLE, Status, check_transition
from vyapar.kernel.phrases import coded, listed, words_of
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema


def transition(
    action: Action, target: Status, *, actor: Actor, at: datetime, reason: str = "", **changes: Any
) -> None:
    """Move an action, compare-and-set, with its transition row, event and trail entry.

    `changes` are further columns written with it. Must run in a transaction. When the action is
    closed by this, the cartons it held are let go. Raises `Refused` for a step the table does not
    allow and `Stale` when somebody else moved the action first.
    """
    source = Status(action.status)
    check_transition(source, target)
    values = {**changes, "status": target.value, "version": action.version + 1, "updated_at": at}
    moved = Action.objects.filter(pk=action.pk, status=source.value, version=action.version)
    if not moved.update(**values):
        raise Stale(
            _("action %(action)s was changed by somebody else; look again", action=action.number),
            code="stale",
        )
    for name, value in values.items():
        setattr(action, name, value)
    Transition.objects.create(
        action=action, source=source.value, target=target.value, actor_ref=actor.ref,
        actor_name=str(actor), reason=reason, words=plain(words_of(reason)), at=at,
    )  # fmt: skip
    if target in (Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN, Status.ROLLED_BACK):
        registry.kind(action.kind).let_go(action.view(), actor, at)
    emit(
        ActionMoved(str(action.pk), action.kind, source.value, target.value, reason),
        subject=f"action:{action.number}", actor=actor, at=at, action_id=action.pk, reason=reason,
    )  # fmt: skip


def propose(
    proposal: Proposal,
    *,
    cycle: Cycle | None,
    actor: Actor,
    at: datetime,
    policy: Any,
    policy_version: int,
    snapshot_digest: str,
) -> Action | PassedOver:
    """Open an action for a proposal, hold its cartons, ask the guards and judge it.

    Returns `PassedOver` instead when an open action stands on the subject already, when its
    cartons are held by another, or when the kind's mode is `observe`. Nothing is left behind then.
    """
    limits = autonomy_of(proposal.kind)
    if limits.mode is Mode.OBSERVE:
        return _passed(proposal, "observe", _("this kind of action is only observed, by its autonomy"))
    try:
        with transaction.atomic():
            action = _open(proposal, cycle=cycle, actor=actor, at=at)
            registry.kind(action.kind).hold(action.view(), actor, at)
            findings = guard_findings(action.view(), at)
            action.findings = plain(findings)
            action.save(update_fields=["findings"])
            verdict = _judge(action.view(), findings)
            _record(action, verdict, policy, policy_version, snapshot_digest)
            _tell_proposed(action, actor, at)
            if verdict.alone:
                _settle_decision(
                    action,
                    Status.AUTO_APPROVED,
                    actor=actor,
                    at=at,
                    reason=listed(verdict.reasons, "; "),
                )
    except IntegrityError as error:
        if "one_open_action" not in str(error):
            raise
        return _passed(proposal, "open_action", _("an open action stands on this already"))
    except Refused as refusal:
        return _passed(proposal, refusal.code or "refused", refusal.message)
    return action


@transaction.atomic
def approve(
    action_id: UUID,
    *,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
    reason: str = "",
) -> Action:
    """Approve a proposal. Guards are asked again; anything that blocks refuses it, with all reasons.

    `seen_version` is the version the person was shown; when the action moved since, `Stale`.
    """
    action = _lock(action_id, seen_version)
    _needs_status(action, Status.PROPOSED)
    if action.expires_at <= at:
        raise Refused(_("this proposal has expired; wait for a fresh one"), code="expired")
    findings = guard_findings(action.view(), at)
    blocks = [finding for finding in findings if finding.blocks]
    if blocks:
        raise Refused(listed([f.message for f in blocks]), code="guard_blocks")
    action.findings = plain(findings)
    action.save(update_fields=["findings"])
    _settle_decision(action, Status.APPROVED, actor=actor, at=at, reason=reason)
    return action


@transaction.atomic
def reject(
    action_id: UUID, *, actor: Actor, at: datetime, reason: str, seen_version: int | None = None
) -> Action:
    """Reject a proposal; the reason is kept and feeds later cycles."""
    action = _lock(action_id, seen_version)
    if not reason.strip():
        raise Invalid(_("say why, so that the agent can learn from it"), code="reason_missing")
    _needs_status(action, Status.PROPOSED)
    transition(
        action, Status.REJECTED, actor=actor, at=at, reason=reason, decided_by=actor.ref,
        decided_by_name=str(actor), decided_at=at, finished_at=at,
    )  # fmt: skip
    return action


@transaction.atomic
def edit(
    action_id: UUID,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Action:
    """Change a proposal before deciding; its effect is recalculated, its guards asked again.

    Only fields that the kind names as editable are accepted. The cartons held follow the change.
    """
    action = _lock(action_id, seen_version)
    _needs_status(action, Status.PROPOSED)
    kind = registry.kind(action.kind)
    _check_editable(changes, kind.edits)
    before = plain(action.payload)
    view = action.view()
    new = kind.revalue(view, changes)
    kind.let_go(view, actor, at)
    action.payload = plain(new.payload)
    action.value_paise, action.net_paise = new.value_paise, new.net_paise
    action.quantity, action.discount_bp = new.quantity, new.discount_bp
    if new.alternatives:
        action.alternatives = plain(new.alternatives)
    action.evidence = {**action.evidence, **plain(new.evidence)}
    action.version += 1
    action.updated_at = at
    kind.hold(action.view(), actor, at)
    action.findings = plain(guard_findings(action.view(), at))
    action.save()
    emit(
        ActionEdited(str(action.pk), action.kind, plain(changes), action.net_paise),
        subject=f"action:{action.number}", actor=actor, at=at, action_id=action.pk, before=before,
    )  # fmt: skip
    return action


def preview_edit(action_id: UUID, changes: Mapping[str, Any], at: datetime) -> ActionView:
    """What an edit would make of the action, writing nothing: figures recalculated."""
    action = get_action(action_id)
    kind = registry.kind(action.kind)
    _check_editable(changes, kind.edits)
    new = kind.revalue(action.view(), changes)
    return replace(
        action.view(), payload=plain(new.payload), value_paise=new.value_paise, net_paise=new.net_paise,
        quantity=new.quantity, discount_bp=new.discount_bp,
    )  # fmt: skip


@transaction.atomic
def ask(action_id: UUID, text: str, *, actor: Actor, at: datetime) -> Remark:
    """Leave a question or an answer on an action."""
    if not text.strip():
        raise Invalid(_("write what you want to ask"), code="text_missing")
    action = get_action(action_id)
    remark = Remark.objects.create(
        action=action, actor_ref=actor.ref, actor_name=str(actor), text=text.strip(), at=at
    )
    emit(
        ActionQuestioned(str(action.pk), action.kind, text.strip()),
        subject=f"action:{action.number}", actor=actor, at=at, action_id=action.pk,
    )  # fmt: skip
    return remark


@transaction.atomic
def withdraw(action_id: UUID, *, actor: Actor, at: datetime, reason: str) -> Action:
    """Take back a proposal or an approval before it is carried out."""
    action = _lock(action_id, None)
    if Status(action.status) not in STOPPABLE:
        raise Refused(
            _(
                "action %(action)s is %(status)s and cannot be withdrawn",
                action=action.number,
                status=action.status,
            ),
            code="too_late",
        )
    transition(action, Status.WITHDRAWN, actor=actor, at=at, reason=reason, finished_at=at)
    return action


def expire_due(at: datetime) -> int:
    """Let proposals run out whose time is over; returns how many."""
    due = Action.objects.filter(status=Status.PROPOSED.value, expires_at__lte=at).values_list("pk", flat=True)
    count = 0
    for pk in list(due[:500]):
        try:
            with transaction.atomic():
                action = _lock(pk, None)
                if action.status == Status.PROPOSED.value:
                    transition(
                        action, Status.EXPIRED, actor=system("clock"), at=at,
                        reason=_("nobody decided in time"), finished_at=at,
                    )  # fmt: skip
                    count += 1
        except Stale:
            continue
    return count


# --- parts ---------------------------------------------------------------------------------


def _open(proposal: Proposal, *, cycle: Cycle | None, actor: Actor, at: datetime) -> Action:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [current_schema() + ":action"])
    identity = uuid4()
    action = Action.objects.create(
        id=identity,
        number=(Action.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        kind=proposal.kind, subject=proposal.subject, title=proposal.title, reason=proposal.reason,
        words={"title": words_of(proposal.title), "reason": words_of(proposal.reason)},
        payload=plain(proposal.payload), value_paise=proposal.value_paise, net_paise=proposal.net_paise,
        quantity=proposal.quantity, discount_bp=proposal.discount_bp, confidence=proposal.confidence,
        urgency=proposal.urgency, evidence=plain(proposal.evidence), cycle=cycle,
        alternatives=plain(proposal.alternatives), agent=actor.ident, key=f"{proposal.kind}:{identity}",
        proposed_at=at, expires_at=proposal.expires_at, updated_at=at,
    )  # fmt: skip
    Transition.objects.create(
        action=action, source="", target=Status.PROPOSED.value, actor_ref=actor.ref,
        actor_name=str(actor), reason=proposal.reason, words=plain(words_of(proposal.reason)), at=at,
    )  # fmt: skip
    return action


def _judge(view: ActionView, findings: list[Finding]) -> Verdict:
    return judge(
        view,
        autonomy_of(view.kind),
        findings,
        spent_today_paise=spent_alone_today_paise(view.kind, ist_day(view.proposed_at)),
        halted=is_halted(view.kind),
    )


def _record(action: Action, verdict: Verdict, policy: Any, version: int, digest: str) -> None:
    limits = autonomy_of(action.kind)
    DecisionRecord.objects.create(
        action=action, snapshot_digest=digest, policy=plain(policy), policy_version=version,
        rule_versions=guard_versions(action.kind), autonomy=plain(limits), autonomy_version=limits.version,
        verdict=plain(verdict), evidence=action.evidence, alternatives=action.alternatives,
        proposed_at=action.proposed_at,
    )  # fmt: skip


def _tell_proposed(action: Action, actor: Actor, at: datetime) -> None:
    emit(
        ActionProposed(
            str(action.pk), action.kind, action.title, action.value_paise, action.net_paise, action.findings
        ),
        subject=f"action:{action.number}", actor=actor, at=at, action_id=action.pk, reason=action.reason,
        cycle_id=action.cycle_id,
    )  # fmt: skip


def _settle_decision(action: Action, target: Status, *, actor: Actor, at: datetime, reason: str) -> None:
    window = autonomy_of(action.kind).undo_seconds
    transition(
        action, target, actor=actor, at=at, reason=reason, decided_by=actor.ref,
        decided_by_name=str(actor), decided_at=at, undo_until=at + timedelta(seconds=window),
    )  # fmt: skip
    DecisionRecord.objects.filter(action=action, approver="").update(approver=actor.ref, approved_at=at)


def _lock(action_id: UUID, seen_version: int | None) -> Action:
    action = get_action(action_id, for_update=True)
    if seen_version is not None and action.version != seen_version:
        raise Stale(
            _(
                "action %(action)s changed since you looked at it; here it is as it stands now",
                action=action.number,
            ),
            code="stale",
        )
    return action


def _needs_status(action: Action, wanted: Status) -> None:
    if Status(action.status) is not wanted:
        raise Stale(
            _("action %(action)s is already %(status)s", action=action.number, status=coded(action.status)),
            code="already_decided",
        )


def _check_editable(changes: Mapping[str, Any], editable: tuple[str, ...]) -> None:
    strange = sorted(set(changes) - set(editable))
    if strange or not changes:
        raise Invalid(
            _(
                "these can be edited: %(editable)s; not %(strange)s",
                editable=", ".join(editable) or "nothing",
                strange=", ".join(strange) or "nothing",
            ),
            code="not_editable",
        )


def _passed(proposal: Proposal, code: str, reason: str) -> PassedOver:
    return PassedOver(
        proposal.subject, code, reason, {"kind": proposal.kind, "net_paise": proposal.net_paise}
    )
