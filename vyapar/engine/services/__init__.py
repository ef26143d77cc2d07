"""Writes of the spine: one verb, one transaction."""

from vyapar.engine.services.actions import (
    approve,
    ask,
    edit,
    expire_due,
    propose,
    reject,
    withdraw,
)
from vyapar.engine.services.autonomy import ensure_autonomy, lift, pull, set_autonomy, set_policy, step_down
from vyapar.engine.services.cycles import (
    close_split,
    due_cycles,
    fail_lost,
    run_cycle,
    wish_cycle,
    work_on_part,
)
from vyapar.engine.services.deliveries import deliver, give_back, lease_due, replay
from vyapar.engine.services.events import append_audit, emit, note
from vyapar.engine.services.execution import carry_out, claim, list_due, list_stuck, retry
from vyapar.engine.services.live import go_live, observe_again
from vyapar.engine.services.parts import due_parts, list_open_parts, run_part
from vyapar.engine.services.undoing import undo

__all__ = [
    "append_audit",
    "approve",
    "ask",
    "carry_out",
    "claim",
    "close_split",
    "deliver",
    "due_cycles",
    "due_parts",
    "edit",
    "emit",
    "ensure_autonomy",
    "expire_due",
    "fail_lost",
    "give_back",
    "go_live",
    "lease_due",
    "lift",
    "list_due",
    "list_open_parts",
    "list_stuck",
    "note",
    "observe_again",
    "propose",
    "pull",
    "reject",
    "replay",
    "retry",
    "run_cycle",
    "run_part",
    "set_autonomy",
    "set_policy",
    "step_down",
    "undo",
    "wish_cycle",
    "withdraw",
    "work_on_part",
]
