"""Agents ask again where what they predict no longer fits: their autonomy steps down by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from inventory.contracts import MonitoringPolicy
from inventory.contracts.outcomes import Predicted
from vyapar.engine import registry
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import step_down
from vyapar.kernel.actor import Actor
from vyapar.kernel.phrases import phrase as _

#: How chances may be off for what rests on them to wait. A shape that changed (`psi`) is told, but nothing
#: has come out wrong yet; intervals too wide or too narrow bend no expectation.
_OFF = frozenset({"shift", "flags", "amount"})
_WHY = {
    Predicted.EXPIRY: _("batches no longer expire unsold as often as was told"),
    Predicted.DEAD: _("goods no longer stay unsold as often as was told"),
    Predicted.DEMAND: _("more or less is asked for than was forecast"),
    Predicted.ACTION: _("what was done brought less than was told"),
}


@transaction.atomic
def ask_again(drift: Mapping[str, Any], *, actor: Actor, at: datetime) -> tuple[str, ...]:
    """Have the kinds of action that rest on what has drifted wait for a person; names of those that did not.

    `drift`: payload of a `DriftDetected`. What an action brings is its own kind's; scores and forecasts
    are everybody's. Nothing steps down where the distributor's rules do not want it.
    """
    policy: MonitoringPolicy = get_policy("monitoring")[0]
    kind = Predicted(drift["kind"])
    if not policy.steps_down or drift["measure"] not in _OFF:
        return ()
    if kind is Predicted.ACTION and drift["value"] >= 0:  # it brought more than was told
        return ()
    known = [one.name for one in registry.kinds()]
    resting = [name for name in known if kind is not Predicted.ACTION or name == drift["group"]]
    return tuple(name for name in resting if step_down(name, actor=actor, at=at, reason=_WHY[kind]))
