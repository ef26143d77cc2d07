"""The board on which apps hang agents, action kinds, guards, subscribers and desks.

Filled once while Django starts; read everywhere. It is how the four apps on top work together
without knowing each other.
"""

from __future__ import annotations

from typing import Any

from vyapar.engine.contracts import (
    EVERY,
    ActionKind,
    AgentSpec,
    Chore,
    Guard,
    Readiness,
    Setup,
    Subscriber,
    Tally,
)
from vyapar.kernel.errors import Misconfigured, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.ports import PaperDesk
from vyapar.kernel.quality import QualityDesk

_agents: dict[str, AgentSpec] = {}
_kinds: dict[str, ActionKind] = {}
_guards: dict[str, Guard] = {}
_subscribers: dict[str, Subscriber] = {}
_tallies: dict[str, Tally] = {}
_chores: dict[str, Chore] = {}
_setups: dict[str, Setup] = {}
_readiness: dict[str, Readiness] = {}
_desks: dict[str, PaperDesk] = {}
_quality: list[QualityDesk] = []


def hang(item: AgentSpec | ActionKind | Guard | Subscriber | Tally | Chore | Setup | Readiness) -> None:
    """Register an item under its name; the same name again replaces it (autoreload)."""
    boards: dict[type, dict[str, Any]] = {
        AgentSpec: _agents,
        ActionKind: _kinds,
        Guard: _guards,
        Subscriber: _subscribers,
        Tally: _tallies,
        Chore: _chores,
        Setup: _setups,
        Readiness: _readiness,
    }
    boards[type(item)][item.name] = item


def keep_paper_desk(keeper: PaperDesk) -> None:
    """Say who keeps the paper desk."""
    _desks["paper"] = keeper


def paper_desk() -> PaperDesk:
    """Who says which papers are needed and issues them; `Misconfigured` when nobody does."""
    if "paper" not in _desks:
        raise Misconfigured(_("nobody keeps the paper desk"), code="no_desk")
    return _desks["paper"]


def keep_quality_desk(keeper: QualityDesk) -> None:
    """Say who keeps the desk of data quality."""
    _quality[:] = [keeper]


def quality_desk() -> QualityDesk | None:
    """Who says how good the data of actions are; None when nobody does."""
    return _quality[0] if _quality else None


def agent(name: str) -> AgentSpec:
    """An agent by name."""
    if name not in _agents:
        raise NotFound(_("there is no agent %(name)s", name=f"{name!r}"), code="no_such_agent")
    return _agents[name]


def agents() -> tuple[AgentSpec, ...]:
    """All agents, leaders before followers, otherwise in the order in which they were hung."""
    return tuple(sorted(_agents.values(), key=lambda spec: _depth(spec)))


def _depth(spec: AgentSpec) -> int:
    return 1 + max((_depth(_agents[name]) for name in spec.after if name in _agents), default=0)


def kind(name: str) -> ActionKind:
    """An action kind by name."""
    if name not in _kinds:
        raise NotFound(_("there is no action kind %(name)s", name=f"{name!r}"), code="no_such_kind")
    return _kinds[name]


def kinds() -> tuple[ActionKind, ...]:
    """All action kinds by name."""
    return tuple(_kinds[name] for name in sorted(_kinds))


def guards_of(kind_name: str) -> tuple[Guard, ...]:
    """Guards that want to be asked about a kind."""
    return tuple(g for g in _guards.values() if not g.kinds or kind_name in g.kinds)


def subscribers_of(event: str) -> tuple[Subscriber, ...]:
    """Who wants an event of this name, here and now."""
    named = (s for s in _subscribers.values() if s.event in (event, EVERY))
    return tuple(s for s in named if s.wants is None or s.wants(event))


def subscriber(name: str) -> Subscriber | None:
    """A subscriber by name; None when it is no longer there."""
    return _subscribers.get(name)


def tallies() -> tuple[Tally, ...]:
    """All tallies by name."""
    return tuple(_tallies[name] for name in sorted(_tallies))


def chores() -> tuple[Chore, ...]:
    """All chores by name."""
    return tuple(_chores[name] for name in sorted(_chores))


def setups() -> tuple[Setup, ...]:
    """What apps put in place for a new distributor, in their order."""
    return tuple(sorted(_setups.values(), key=lambda setup: (setup.order, setup.name)))


def readiness() -> tuple[Readiness, ...]:
    """What is looked at before a distributor goes live, in its order."""
    return tuple(sorted(_readiness.values(), key=lambda one: (one.order, one.name)))
