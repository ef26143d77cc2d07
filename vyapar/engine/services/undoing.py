"""Undoing an action: claim, call with no transaction open, settle; never by two at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from vyapar.engine import registry
from vyapar.engine.contracts import Receipt
from vyapar.engine.models import Action
from vyapar.engine.selectors import get_action
from vyapar.engine.services.actions import transition, withdraw
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Refused
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

#: An undoing without an end for so long was cut off; another may take it up.
LEASE = timedelta(seconds=90)


def undo(action_id: UUID, *, actor: Actor, at: datetime, reason: str = "") -> Action:
    """Undo an action: inside its window nothing has left yet; afterwards its kind must know how.

    Raises `Refused` with the kind's own words when it cannot be undone any more, and while somebody else
    is undoing it.
    """
    action = _claim(action_id, actor=actor, at=at, reason=reason)
    if Status(action.status) is Status.WITHDRAWN:
        return action
    kind = registry.kind(action.kind)
    assert kind.undo is not None  # the claim has seen to it
    try:
        receipt = kind.undo(action.view(), actor, at)
    except BaseException:
        Action.objects.filter(pk=action_id, undo_claimed_at=at).update(undo_claimed_at=None)
        raise
    return _settle(action_id, receipt, actor=actor, at=at, reason=reason)


def check_not_undone(action: Action, at: datetime) -> None:
    """`Refused` while somebody is undoing the action; the caller holds its row."""
    if action.undo_claimed_at is not None and action.undo_claimed_at >= at - LEASE:
        raise Refused(
            _("action %(number)s is being undone just now; look again in a moment", number=action.number),
            code="being_undone",
        )


@transaction.atomic
def _claim(action_id: UUID, *, actor: Actor, at: datetime, reason: str) -> Action:
    """Withdraw what has not left; of what has, take the undoing, so that nobody else does."""
    action = get_action(action_id, for_update=True)
    if Status(action.status) in (Status.APPROVED, Status.AUTO_APPROVED):
        return withdraw(action_id, actor=actor, at=at, reason=reason or _("undone in the undo window"))
    if Status(action.status) is Status.EXECUTING:
        raise Refused(
            _(
                "action %(number)s is being carried out just now; look again in a moment",
                number=action.number,
            ),
            code="being_carried_out",
        )
    kind = registry.kind(action.kind)
    if Status(action.status) not in (Status.EXECUTED, Status.FAILED) or kind.undo is None:
        raise Refused(
            str(kind.undo_note)
            or _(
                "action %(number)s is %(status)s; there is nothing to undo",
                number=action.number,
                status=coded(action.status),
            ),
            code="cannot_undo",
        )
    check_not_undone(action, at)
    action.undo_claimed_at = at
    action.save(update_fields=["undo_claimed_at"])
    return action


@transaction.atomic
def _settle(action_id: UUID, receipt: Receipt, *, actor: Actor, at: datetime, reason: str) -> Action:
    action = get_action(action_id, for_update=True)
    if Status(action.status) is Status.ROLLED_BACK:
        return action
    transition(
        action, Status.ROLLED_BACK, actor=actor, at=at, reason=reason or receipt.detail,
        receipt={**(action.receipt or {}), "undone": plain(receipt)}, finished_at=at, undo_claimed_at=None,
    )  # fmt: skip
    return action
