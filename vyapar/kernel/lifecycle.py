"""The life of an action: which status may follow which, in one table."""

from __future__ import annotations

from enum import StrEnum

from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _


class Status(StrEnum):
    """Where an action stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    AUTO_APPROVED = "auto_approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


_S = Status

#: An approved action may still be withdrawn or rejected while its undo window is open, and by a
#: guard that objects at execution; a failed one may be tried again or rolled back. One that was
#: approved without a person goes back to a person when what was clear then is doubtful now.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    _S.PROPOSED: frozenset({_S.APPROVED, _S.AUTO_APPROVED, _S.REJECTED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.EXECUTING, _S.WITHDRAWN, _S.EXPIRED}),
    _S.AUTO_APPROVED: frozenset({_S.EXECUTING, _S.PROPOSED, _S.WITHDRAWN, _S.EXPIRED, _S.REJECTED}),
    _S.EXECUTING: frozenset({_S.EXECUTED, _S.FAILED}),
    _S.EXECUTED: frozenset({_S.ROLLED_BACK}),
    _S.FAILED: frozenset({_S.EXECUTING, _S.ROLLED_BACK}),
    _S.ROLLED_BACK: frozenset(),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}

#: While an action is open it holds its cartons, and no second action may be opened on its subject.
OPEN = frozenset({_S.PROPOSED, _S.APPROVED, _S.AUTO_APPROVED, _S.EXECUTING, _S.FAILED})
#: Statuses in which a person may still stop it before anything leaves the building.
STOPPABLE = frozenset({_S.PROPOSED, _S.APPROVED, _S.AUTO_APPROVED})
CLOSED = frozenset(Status) - OPEN


def check_transition(source: Status, target: Status) -> None:
    """Raise `Refused` unless the table allows `source -> target`."""
    if target not in TRANSITIONS[source]:
        raise Refused(
            _(
                "an action that is %(source)s cannot become %(target)s",
                source=coded(source),
                target=coded(target),
            ),
            code="bad_transition",
        )
