"""What compliance tells the other agents, in the names of the design document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.digest import plain


@dataclass(frozen=True, slots=True)
class ComplianceViolation:
    """An action was found unlawful or doubtful before it was carried out.

    `severity` is the strongest among `findings`, each of which has code, severity, message,
    basis, facts and fix.
    """

    VERSION: ClassVar[int] = 1

    action_id: str
    kind: str
    subject: str
    rule_ids: tuple[str, ...]
    findings: Sequence[Mapping[str, Any]]
    severity: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class DocumentIssued:
    """A paper got its number and was frozen."""

    VERSION: ClassVar[int] = 1

    document_id: str
    kind: str
    number: str
    gstin: str
    financial_year: str
    document_date: str
    taxable_paise: int
    tax_paise: int
    total_paise: int
    sha256: str
    action_id: str
    simulated: bool
    rule_version: str


@dataclass(frozen=True, slots=True)
class DocumentCancelled:
    """An issued paper was cancelled; its number stays used."""

    VERSION: ClassVar[int] = 1

    document_id: str
    kind: str
    number: str
    gstin: str
    reason: str
    action_id: str


_ORDER = (Severity.BLOCK, Severity.WARN, Severity.INFO)


def violation(
    *, action_id: str, kind: str, subject: str, findings: Sequence[Finding], rule_version: str
) -> ComplianceViolation:
    """The event that tells of findings; at least one is wanted, blocking ones first."""
    ordered = sorted(findings, key=lambda f: _ORDER.index(f.severity))
    return ComplianceViolation(
        action_id=action_id,
        kind=kind,
        subject=subject,
        rule_ids=tuple(dict.fromkeys(f.code for f in ordered)),
        findings=tuple(plain(f) for f in ordered),
        severity=ordered[0].severity.value,
        rule_version=rule_version,
    )
