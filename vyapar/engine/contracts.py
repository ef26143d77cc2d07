"""Nouns of the spine that every app may use: views of actions and events, specs, receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from vyapar.kernel.actor import Actor
from vyapar.kernel.decision import Decision, Finding, WayOut
from vyapar.kernel.facts import MovementFacts, OfferFacts
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import words_of


class Mode(StrEnum):
    """How much of an action kind its agent may do alone."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    AUTO_WITHIN_LIMITS = "auto_within_limits"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Autonomy:
    """Limits within which one action kind may run without a person. Zero caps mean "nothing"."""

    kind: str
    version: int
    mode: Mode
    max_value_paise: int
    max_quantity: int
    max_discount_bp: int
    min_confidence: float
    undo_seconds: int
    daily_cap_paise: int


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action as its app, guards and executors see it: a frozen copy."""

    id: UUID
    number: int
    kind: str
    subject: str
    status: Status
    title: str
    payload: Mapping[str, Any]
    value_paise: int
    net_paise: int
    quantity: int
    discount_bp: int
    confidence: float
    agent: str
    key: str
    version: int
    proposed_at: datetime
    expires_at: datetime
    receipt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as its subscribers see it; `payload` is as the outside world reads it."""

    id: int
    event_id: UUID
    name: str
    version: int
    subject: str
    payload: Mapping[str, Any]
    actor_ref: str
    at: datetime
    action_id: UUID | None = None
    cycle_id: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an executor brought about. `outcome` is success, partial or failed.

    `words`: what the detail was made of, where it is a phrase.
    """

    outcome: str
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    words: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.words or words_of(self.detail))


@dataclass(frozen=True, slots=True)
class Revalued:
    """An action recalculated after a person's edit: what would be sent instead."""

    payload: Mapping[str, Any]
    value_paise: int
    net_paise: int
    quantity: int
    discount_bp: int = 0
    alternatives: Sequence[WayOut] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionKind:
    """All that an app tells the engine about one kind of action.

    `hold` and `let_go` run inside the engine's transaction and reserve or free the cartons;
    `execute` runs outside of one, opens its own, and must be idempotent by `ActionView.key`;
    `reconcile` asks the far side and our own rows what became of an execution that was cut off,
    and returns None when nothing did. `undo` is None where the world allows none, and
    `undo_note` says so before approval.
    """

    name: str
    label: Any
    agent: str
    default_autonomy: Mapping[str, Any]
    facts: Callable[[ActionView], MovementFacts | OfferFacts | None]
    hold: Callable[[ActionView, Actor, datetime], None]
    let_go: Callable[[ActionView, Actor, datetime], None]
    execute: Callable[[ActionView, Actor, datetime], Receipt]
    reconcile: Callable[[ActionView], Receipt | None]
    revalue: Callable[[ActionView, Mapping[str, Any]], Revalued]
    edits: tuple[str, ...] = ()
    undo: Callable[[ActionView, Actor, datetime], Receipt] | None = None
    undo_note: Any = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """A check asked at proposal, at approval and again at execution. Empty `kinds` means all."""

    name: str
    check: Callable[[ActionView, datetime], Sequence[Finding]]
    kinds: frozenset[str] = frozenset()
    rule_version: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent: where its snapshot comes from, its mind, and how its outcome is kept.

    `take_snapshot` returns None when there is nothing to look at (the cycle is then not kept).
    `record` keeps the decision's `outcome` in the cycle's transaction. An agent with `every`
    (seconds) is started by beat; one with `after` follows those agents' cycles with the same
    `as_of`, but not before `rest` seconds have passed since its own last cycle.

    A cycle too large for one worker is cut by `split`, which plans it as scopes of plain JSON that do
    not depend on each other. `take_part` is the snapshot of a scope, recorded as any other by `record`.
    Of a single scope there are no parts: it is all that the cycle looks at; without any scope that is
    `take_snapshot`. `merge` makes one decision of those of all parts, and `close` runs in the transaction
    that completes the cycle. An agent that splits proposes nothing. A part that has been running for
    `part_minutes` was cut off, and another worker may have it.
    """

    name: str
    label: Any
    policy: type
    take_snapshot: Callable[[datetime, Any], Any | None]
    decide: Callable[[Any, Any], Decision]
    record: Callable[[Decision, Any, Actor, datetime], None] | None = None
    every: int = 0
    after: tuple[str, ...] = ()
    rest: int = 0
    split: Callable[[datetime, Any], Sequence[Mapping[str, Any]]] | None = None
    take_part: Callable[[datetime, Any, Mapping[str, Any]], Any] | None = None
    merge: Callable[[Sequence[Decision], Any], Decision] | None = None
    close: Callable[[Any, Actor, datetime], None] | None = None
    part_minutes: int = 5


#: The event of a subscriber who wants them all.
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Someone who wants events of a name, or `EVERY` one; `handle` runs once in effect, in a transaction.

    `wants` is asked, where it is given, when an event of a name is written: whether anybody here wants
    it at all. It must be quick; a no costs the distributor no delivery.
    """

    name: str
    event: str
    handle: Callable[[EventView], None]
    wants: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures an app gives to the check report and the metrics page: plain JSON, read in a moment."""

    name: str
    read: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Chore:
    """Something an app wants looked after every few seconds: retries, sweeps. Must be quick and safe."""

    name: str
    run: Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app puts in place when a distributor is opened; safe to repeat at every start.

    Lower `order` comes first.
    """

    name: str
    run: Callable[[Actor, datetime], None]
    order: int = 0


class Weight(StrEnum):
    """How much it weighs, before a distributor goes live, that something is missing.

    A blocker is what would make proposals wrong or empty without anything noticing; what a guard
    catches later, and what can wait, is a warning.
    """

    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing: a sentence that says what, and one that says what to do.

    `examples`: codes or names, five at most. `link`: path of the page where it is mended, empty
    where no page mends it.
    """

    message: str
    fix: str
    count: int = 1
    examples: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Something an app wants looked at before a distributor goes live.

    `look` reads with a fixed number of queries and returns None where nothing is missing.
    """

    name: str
    label: Any
    weight: Weight
    look: Callable[[datetime], Lack | None]
    order: int = 0


# --- the engine's own events ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionProposed:
    """An agent proposed; `findings` holds what guards said."""

    action_id: str
    kind: str
    title: str
    value_paise: int
    net_paise: int
    findings: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ActionMoved:
    """An action passed from one status to another."""

    action_id: str
    kind: str
    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActionEdited:
    """A person changed a proposal before deciding."""

    action_id: str
    kind: str
    changes: Mapping[str, Any]
    net_paise: int


@dataclass(frozen=True, slots=True)
class ActionQuestioned:
    """A person asked something about an action, or answered."""

    action_id: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CycleCompleted:
    """An agent finished a cycle."""

    cycle_id: int
    agent: str
    as_of: str
    proposals: int
    passed_over: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class CycleFailed:
    """An agent's cycle ended in an error."""

    cycle_id: int
    agent: str
    as_of: str
    error: str


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """A business rule or an autonomy limit changed."""

    name: str
    version: int
    effective_date: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HaltPulled:
    """The kill switch was pulled for a kind, or for everything when `kind` is empty."""

    kind: str


@dataclass(frozen=True, slots=True)
class HaltLifted:
    """The kill switch was lifted."""

    kind: str


@dataclass(frozen=True, slots=True)
class WentLive:
    """Agents propose from now on. `kinds`: action kinds that only observed; `warnings`: what stood open."""

    kinds: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class WentObserving:
    """Agents only observe from now on. `kinds`: action kinds that proposed or acted before."""

    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class TrailNoted:
    """An entry that an outside system asked us to keep in the trail."""

    verb: str
    detail: Mapping[str, Any]
