"""What a mind says: proposals, what it passed over, and the findings of those who checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from vyapar.kernel.phrases import again, words_of


class Severity(StrEnum):
    """How strongly a rule objects: `block` stops the action, `warn` is shown, `info` explains."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection or remark of a rule, with its legal or policy basis and the facts it used.

    `passes`: it goes away by itself in minutes; what is approved already may wait for that.
    `words`, `fix_words`: what the message and the fix were made of, where they are phrases.
    """

    code: str
    severity: Severity
    message: str
    basis: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    fix: str = ""
    passes: bool = False
    words: tuple[Mapping[str, Any], ...] = ()
    fix_words: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.words or words_of(self.message))
        object.__setattr__(self, "fix_words", self.fix_words or words_of(self.fix))

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Finding:
        """A finding as it was kept in plain form; old ones have no words."""
        return cls(
            said["code"],
            Severity(said["severity"]),
            again(said["message"], said.get("words")),
            said.get("basis", ""),
            said.get("facts", {}),
            again(said.get("fix", ""), said.get("fix_words")),
            said.get("passes", False),
        )

    @property
    def blocks(self) -> bool:
        return self.severity is Severity.BLOCK


@dataclass(frozen=True, slots=True)
class WayOut:
    """One way for stock to leave, in net paise today; `components` add up to `net_paise` exactly.

    Revenue is positive, cost negative. `name` is one of hold, transfer, discount,
    return_to_company, donate, destroy. A way that is closed has `available` False and says why.
    """

    name: str
    net_paise: int
    components: Mapping[str, int]
    available: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing an agent would do, with everything a person needs to judge it.

    `subject` names what it is about: only one open action may stand on a subject. `payload` is
    plain JSON in the shape that the action kind's payload class reads.
    """

    kind: str
    subject: str
    title: str
    reason: str
    payload: Mapping[str, Any]
    value_paise: int
    net_paise: int
    quantity: int
    expires_at: datetime
    discount_bp: int = 0
    confidence: float = 0.5
    urgency: float = 0.0
    evidence: Mapping[str, Any] = field(default_factory=dict)
    alternatives: tuple[WayOut, ...] = ()


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Something an agent looked at and left alone, and why; `words`: of the reason, where it is a phrase."""

    subject: str
    code: str
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.words or words_of(self.reason))


@dataclass(frozen=True, slots=True)
class Decision:
    """All that one cycle concluded.

    `outcome` is what the agent's own app keeps besides actions (scores, forecasts); `counts` go on
    the cycle's row.
    """

    proposals: tuple[Proposal, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    outcome: Any = None
    counts: Mapping[str, int] = field(default_factory=dict)
