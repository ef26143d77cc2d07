"""Carrying out approved actions: claim, call with no transaction open, settle. Recovers from any cut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from vyapar.engine import registry
from vyapar.engine.contracts import Receipt
from vyapar.engine.models import Action, DecisionRecord, Halt
from vyapar.engine.rules import Verdict, judge
from vyapar.engine.selectors import (
    autonomy_of,
    get_action,
    guard_findings,
    is_halted,
    spent_alone_today_paise,
)
from vyapar.engine.services.actions import transition
from vyapar.engine.services.undoing import check_not_undone
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Refused, Unavailable, VyaparError
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import listed, words_of
from vyapar.kernel.phrases import phrase as _

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
#: An execution without a sign of life for this long was cut off.
LEASE = timedelta(seconds=90)
#: How long an auto-approved action waits for a doubt to pass by itself, and how often: then a person is
#: asked.
PATIENCE, MOST_WAITS = timedelta(minutes=2), 30
_BACKOFF_SECONDS = (5, 30, 120, 600, 1800)


def list_due(at: datetime, limit: int = 100) -> list[UUID]:
    """Approved actions whose undo window is over and which no stop button holds back."""
    halted = list(Halt.objects.filter(lifted_at__isnull=True).values_list("kind", flat=True))
    if "" in halted:
        return []
    due = Action.objects.filter(
        status__in=[Status.APPROVED.value, Status.AUTO_APPROVED.value], undo_until__lte=at
    ).exclude(kind__in=halted)
    return list(due.order_by("-urgency", "number").values_list("pk", flat=True)[:limit])


def list_stuck(at: datetime) -> list[UUID]:
    """Executions that were cut off or put off and should be looked after now."""
    rows = Action.objects.filter(status=Status.EXECUTING.value).filter(
        Q(next_try_at__lte=at) | Q(next_try_at__isnull=True, claimed_at__lt=at - LEASE)
    )
    return list(rows.values_list("pk", flat=True)[:100])


@transaction.atomic
def claim(action_id: UUID, *, actor: Actor, at: datetime) -> Action | None:
    """Take an approved action for carrying out; None when somebody else has it or it may not run.

    Guards are asked once more. What blocks now withdraws the action, with every reason kept. What was
    approved without a person and is doubtful now waits while the doubt passes by itself, and goes back
    to a person otherwise, as does what the limits of this moment leave to one: they may have been
    lowered since. What a person approved is theirs, doubts or not.
    """
    action = get_action(action_id, for_update=True)
    ready = Status(action.status) in (Status.APPROVED, Status.AUTO_APPROVED)
    if not ready or action.undo_until is None or action.undo_until > at or is_halted(action.kind):
        return None
    findings = guard_findings(action.view(), at)
    blocks = [finding for finding in findings if finding.blocks]
    if blocks:
        action.findings = plain(blocks)
        action.save(update_fields=["findings"])
        transition(
            action, Status.WITHDRAWN, actor=system("guards"), at=at, finished_at=at,
            reason=_("stopped before execution: %(why)s", why=listed([f.message for f in blocks])),
        )  # fmt: skip
        return None
    doubts = [finding for finding in findings if finding.severity is Severity.WARN]
    if doubts and Status(action.status) is Status.AUTO_APPROVED:
        _hesitate(action, findings, doubts, at)
        return None
    verdict = _judge_again(action, findings)
    if not verdict.alone:
        _ask_a_person(action, findings, verdict.reasons, at)
        return None
    transition(
        action,
        Status.EXECUTING,
        actor=actor,
        at=at,
        claimed_at=at,
        attempts=1,
        next_try_at=None,
        last_error="",
    )
    return action


def carry_out(action_id: UUID, *, at: datetime) -> Action:
    """Carry out a due action, or take up one that was cut off; safe to call any number of times.

    One that another worker is at is left alone: what the first one does would make the second fail it.
    """
    actor = system("executor")
    action = claim(action_id, actor=actor, at=at) or _take_up(action_id, at)
    if action is None:
        return get_action(action_id)
    structlog.contextvars.bind_contextvars(action=str(action.pk))
    kind = registry.kind(action.kind)
    try:
        receipt = kind.reconcile(action.view()) or kind.execute(action.view(), actor, at)
    except Unavailable as error:
        return _put_off(action_id, error, at)
    except VyaparError as error:
        return _fail(action_id, error, at)
    finally:
        structlog.contextvars.unbind_contextvars("action")
    return _settle(action_id, receipt, at)


@transaction.atomic
def _take_up(action_id: UUID, at: datetime) -> Action | None:
    """Take an execution that was put off and is due, or whose worker gave no sign of life; None otherwise."""
    action = get_action(action_id, for_update=True)
    if Status(action.status) is not Status.EXECUTING:
        return None
    seen = action.claimed_at
    waits = action.next_try_at > at if action.next_try_at else seen is not None and seen >= at - LEASE
    if waits:
        return None
    action.claimed_at, action.next_try_at = at, None
    action.save(update_fields=["claimed_at", "next_try_at"])
    return action


def _hesitate(action: Action, findings: list[Finding], doubts: list[Finding], at: datetime) -> None:
    """Put off an action that nobody but its agent approved, or give it back to a person."""
    why = listed([doubt.message for doubt in doubts])
    if all(doubt.passes for doubt in doubts) and action.attempts < MOST_WAITS:
        action.findings, action.attempts = plain(findings), action.attempts + 1
        action.undo_until, action.updated_at = at + PATIENCE, at
        action.last_error = _("waits: %(why)s", why=why)
        action.words = _with_error(action, action.last_error)
        action.save(update_fields=["findings", "attempts", "undo_until", "last_error", "words", "updated_at"])
        log.info("action_waits", action=str(action.pk), why=why)
        return
    _ask_a_person(action, findings, [doubt.message for doubt in doubts], at)


def _judge_again(action: Action, findings: list[Finding]) -> Verdict:
    """Whether it may still run as it was approved: alone within today's limits, or by a person."""
    if Status(action.status) is Status.APPROVED or action.decided_at is None:
        return Verdict(True, ())
    spent = spent_alone_today_paise(action.kind, ist_day(action.decided_at)) - action.value_paise
    limits = autonomy_of(action.kind)
    return judge(action.view(), limits, findings, spent_today_paise=spent, halted=False)


def _ask_a_person(action: Action, findings: list[Finding], reasons: Sequence[str], at: datetime) -> None:
    """Give back to a person what was approved without one."""
    why = listed(reasons)
    action.findings = plain(findings)
    action.save(update_fields=["findings"])
    transition(
        action, Status.PROPOSED, actor=system("guards"), at=at,
        reason=_("a person is asked after all: %(why)s", why=why), decided_by="", decided_by_name="",
        decided_at=None, undo_until=None, attempts=0, last_error="",
    )  # fmt: skip
    DecisionRecord.objects.filter(action=action).update(approver="", approved_at=None)


@transaction.atomic
def retry(action_id: UUID, *, actor: Actor, at: datetime) -> Action:
    """Try a failed action again; a person asked for it."""
    action = get_action(action_id, for_update=True)
    if Status(action.status) is not Status.FAILED:
        raise Refused(_("action %(number)s has not failed", number=action.number), code="not_failed")
    check_not_undone(action, at)
    transition(action, Status.EXECUTING, actor=actor, at=at, claimed_at=at, attempts=1, next_try_at=at)
    return action


@transaction.atomic
def _settle(action_id: UUID, receipt: Receipt, at: datetime) -> Action:
    action = get_action(action_id, for_update=True)
    if Status(action.status) is not Status.EXECUTING:
        return action
    target = Status.FAILED if receipt.outcome == "failed" else Status.EXECUTED
    transition(
        action, target, actor=system("executor"), at=at, reason=receipt.detail,
        receipt=plain(receipt), finished_at=at, last_error="", next_try_at=None,
    )  # fmt: skip
    DecisionRecord.objects.filter(action=action, outcome__isnull=True).update(outcome=plain(receipt))
    return action


@transaction.atomic
def _put_off(action_id: UUID, error: Unavailable, at: datetime) -> Action:
    action = get_action(action_id, for_update=True)
    if Status(action.status) is not Status.EXECUTING:
        return action
    if action.attempts >= MAX_ATTEMPTS:
        return _fail(action_id, error, at)
    wait = error.retry_after or _BACKOFF_SECONDS[min(action.attempts, len(_BACKOFF_SECONDS)) - 1]
    action.attempts += 1
    action.last_error, action.words = error.message, _with_error(action, error.message)
    action.next_try_at = at + timedelta(seconds=wait)
    action.updated_at = at
    action.save(update_fields=["attempts", "last_error", "words", "next_try_at", "updated_at"])
    log.warning("action_put_off", action=str(action_id), error=error.message, wait=wait)
    return action


@transaction.atomic
def _fail(action_id: UUID, error: VyaparError, at: datetime) -> Action:
    action = get_action(action_id, for_update=True)
    if Status(action.status) is Status.EXECUTING:
        transition(
            action, Status.FAILED, actor=system("executor"), at=at, reason=error.message,
            last_error=error.message, words=_with_error(action, error.message), next_try_at=None,
        )  # fmt: skip
    return action


def _with_error(action: Action, message: str) -> dict[str, Any]:
    """The words of an action with those of what stopped it."""
    return {**action.words, "last_error": plain(words_of(message))}
