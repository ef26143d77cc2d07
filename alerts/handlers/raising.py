"""Raising an alert for an event, and what kinds and agents are called in it."""

from __future__ import annotations

from datetime import datetime

from alerts import services
from alerts.contracts import Condition
from vyapar.engine import registry
from vyapar.engine.selectors import get_policy
from vyapar.gateway.speech import named
from vyapar.kernel.actor import agent
from vyapar.kernel.phrases import Phrase

ACTOR = agent("alerts")


def kind_name(code: str) -> Phrase:
    """What people call a kind of action; what is none of them by its code."""
    known = {kind.name: kind.label for kind in registry.kinds()}
    return named(known.get(code, code))


def agent_name(name: str) -> Phrase:
    """What people call an agent."""
    return named({spec.name: spec.label for spec in registry.agents()}.get(name, name))


def raise_for(condition: Condition, at: datetime) -> None:
    policy, _version = get_policy("alerts")
    services.raise_alert(condition, policy=policy, actor=ACTOR, at=at)
