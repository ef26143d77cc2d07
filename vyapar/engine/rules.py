"""May this run without a person? A pure judgement over limits, findings and what was spent today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vyapar.engine.contracts import ActionView, Autonomy, Mode
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.money import indian
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.phrases import words_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """`alone` says whether the agent may act; `reasons` says why, or why a person is asked; `words` what
    each reason was made of.
    """

    alone: bool
    reasons: tuple[str, ...]
    words: tuple[tuple[Mapping[str, Any], ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.words or tuple(map(words_of, self.reasons)))


def judge(
    action: ActionView,
    limits: Autonomy,
    findings: Sequence[Finding],
    *,
    spent_today_paise: int,
    halted: bool,
) -> Verdict:
    """Whether `action` may be approved automatically.

    Every limit that is exceeded is named, not only the first. Warnings of guards also bring in a
    person: what is unclear is not done alone.
    """
    if limits.mode is Mode.PROPOSE or limits.mode is Mode.OBSERVE:
        return Verdict(False, (_("every action of this kind waits for a person"),))
    reasons: list[str] = [
        _("%(code)s: %(message)s", code=f.code, message=f.message)
        for f in findings
        if f.severity in (Severity.BLOCK, Severity.WARN)
    ]
    if halted:
        reasons.append(_("the stop button is pulled"))
    if limits.mode is Mode.AUTO_WITHIN_LIMITS:
        reasons += _exceeded(action, limits, spent_today_paise)
    if reasons:
        return Verdict(False, tuple(reasons))
    return Verdict(True, (_within(action, limits),))


def _exceeded(action: ActionView, limits: Autonomy, spent_today_paise: int) -> list[str]:
    reasons: list[str] = []
    if action.value_paise > limits.max_value_paise:
        worth = {"value": indian(action.value_paise), "limit": indian(limits.max_value_paise)}
        reasons.append(_("moves %(value)s, above the limit of %(limit)s", **worth))
    if action.quantity > limits.max_quantity:
        pieces = {"pieces": action.quantity, "limit": limits.max_quantity}
        reasons.append(_("%(pieces)s pieces, above the limit of %(limit)s", **pieces))
    if action.discount_bp > limits.max_discount_bp:
        rates = {"discount": f"{action.discount_bp / 100:g}", "limit": f"{limits.max_discount_bp / 100:g}"}
        reasons.append(_("discount %(discount)s %%, above %(limit)s %%", **rates))
    if action.confidence < limits.min_confidence:
        shares = {"confidence": f"{action.confidence:.0%}", "least": f"{limits.min_confidence:.0%}"}
        reasons.append(_("confidence %(confidence)s, below the %(least)s asked for", **shares))
    if spent_today_paise + action.value_paise > limits.daily_cap_paise:
        total = {
            "total": indian(spent_today_paise + action.value_paise),
            "cap": indian(limits.daily_cap_paise),
        }
        reasons.append(
            _("today's total of its kind would be %(total)s, above the daily cap of %(cap)s", **total)
        )
    return reasons


def _within(action: ActionView, limits: Autonomy) -> str:
    if limits.mode is Mode.AUTO:
        return _("it runs without a person, by version %(version)s of the limits", version=limits.version)
    return _(
        "within version %(version)s of the limits: %(value)s of %(limit)s, confidence %(confidence)s",
        version=limits.version,
        value=indian(action.value_paise),
        limit=indian(limits.max_value_paise),
        confidence=f"{action.confidence:.0%}",
    )
