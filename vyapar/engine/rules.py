"""May this run without a person? A pure judgement over limits, findings and what was spent today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vyapar.engine.contracts import ActionView, Autonomy, Mode
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.money import indian


@dataclass(frozen=True, slots=True)
class Verdict:
    """`alone` says whether the agent may act; `reasons` says why, or why a person is asked."""

    alone: bool
    reasons: tuple[str, ...]


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
        return Verdict(False, (f"every {action.kind} waits for a person (mode {limits.mode})",))
    reasons = [f"{f.code}: {f.message}" for f in findings if f.severity in (Severity.BLOCK, Severity.WARN)]
    if halted:
        reasons.append("the stop button is pulled")
    if limits.mode is Mode.AUTO_WITHIN_LIMITS:
        reasons += _exceeded(action, limits, spent_today_paise)
    if reasons:
        return Verdict(False, tuple(reasons))
    return Verdict(True, (_within(action, limits),))


def _exceeded(action: ActionView, limits: Autonomy, spent_today_paise: int) -> list[str]:
    reasons = []
    if action.value_paise > limits.max_value_paise:
        reasons.append(
            f"moves {indian(action.value_paise)}, above the limit of {indian(limits.max_value_paise)}"
        )
    if action.quantity > limits.max_quantity:
        reasons.append(f"{action.quantity} pieces, above the limit of {limits.max_quantity}")
    if action.discount_bp > limits.max_discount_bp:
        reasons.append(f"discount {action.discount_bp / 100:g} %, above {limits.max_discount_bp / 100:g} %")
    if action.confidence < limits.min_confidence:
        reasons.append(f"confidence {action.confidence:.0%}, below the {limits.min_confidence:.0%} asked for")
    if spent_today_paise + action.value_paise > limits.daily_cap_paise:
        reasons.append(
            f"today's {action.kind} total would be {indian(spent_today_paise + action.value_paise)}, "
            f"above the daily cap of {indian(limits.daily_cap_paise)}"
        )
    return reasons


def _within(action: ActionView, limits: Autonomy) -> str:
    if limits.mode is Mode.AUTO:
        return f"{action.kind} runs without a person (mode auto, autonomy version {limits.version})"
    return (
        f"within the limits of autonomy version {limits.version}: {indian(action.value_paise)} of "
        f"{indian(limits.max_value_paise)}, confidence {action.confidence:.0%}"
    )
