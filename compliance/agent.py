"""The Compliance agent's mind: what in the registers needs a person's eye today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from vyapar.kernel.decision import Decision, Finding, PassedOver, Severity
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _


@dataclass(frozen=True, slots=True)
class CompliancePolicy:
    """What the law wants to know of the distributor beyond single actions.

    `turnover_rupees` is the highest aggregate turnover of the PAN in any year since 2017-18, and
    `preceding_turnover_rupees` that of the last year; -1 means not known, and every paper says so.
    """

    turnover_rupees: int = -1
    preceding_turnover_rupees: int = -1
    returns_filed: bool = True
    irn_elsewhere: bool = False
    eway_grace_days: int = 1

    def __post_init__(self) -> None:
        if min(self.turnover_rupees, self.preceding_turnover_rupees) < -1 or self.eway_grace_days < 0:
            fault = Fault(
                "too_low", _("rupees and days are not negative; -1 means not known"), "turnover_rupees"
            )
            raise Invalid(_("these compliance rules cannot be set"), code="bad_policy", faults=[fault])


@dataclass(frozen=True, slots=True)
class PaperState:
    """One issued paper as the register knows it."""

    number: str
    gstin: str
    kind: str
    financial_year: str
    sequence: int
    document_date: date
    eway_needed: bool
    eway_number: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class RegisterSnapshot:
    """Every paper of the financial year and the one before."""

    as_of: datetime
    today: date
    papers: tuple[PaperState, ...]


def decide(snapshot: RegisterSnapshot, policy: CompliancePolicy) -> Decision:
    """Findings over the registers: gaps in numbers, e-way bills still owed. Proposes nothing.

    `outcome` is the tuple of `(subject, Finding)`; papers in order are counted.
    """
    found = [*_gaps(snapshot), *_eway_debts(snapshot, policy)]
    if policy.turnover_rupees < 0:
        found.append(
            (
                "registration",
                Finding(
                    "E00",
                    Severity.WARN,
                    _("the turnover is not known, so nobody can say whether e-invoicing applies"),
                    "Rule 48(4) CGST",
                    fix=_("enter the turnover under Settings, Compliance"),
                ),
            )
        )
    passed = tuple(PassedOver(subject, f.code, f.message, f.facts) for subject, f in found)
    return Decision(outcome=tuple(found), passed_over=passed, counts={"papers": len(snapshot.papers)})


def _gaps(snapshot: RegisterSnapshot) -> list[tuple[str, Finding]]:
    series: dict[tuple[str, str, str], list[int]] = {}
    for paper in snapshot.papers:
        series.setdefault((paper.gstin, paper.kind, paper.financial_year), []).append(paper.sequence)
    found = []
    for (gstin, kind, year), numbers in sorted(series.items()):
        missing = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
        if missing:
            sentence = _(
                "%(kind)s of %(gstin)s in %(year)s lacks %(count)s numbers, the first is %(first)s",
                kind=kind, gstin=gstin, year=year, count=len(missing), first=missing[0],
            )  # fmt: skip
            found.append(
                (
                    f"series:{gstin}/{kind}/{year}",
                    Finding(
                        "D01", Severity.BLOCK, sentence, "Rules 46(b), 55 CGST", {"missing": missing[:50]}
                    ),
                )
            )
    return found


def _eway_debts(snapshot: RegisterSnapshot, policy: CompliancePolicy) -> list[tuple[str, Finding]]:
    found = []
    for paper in sorted(snapshot.papers, key=lambda p: (p.document_date, p.number)):
        days = (snapshot.today - paper.document_date).days
        owed = paper.eway_needed and not paper.eway_number and not paper.cancelled
        if owed and days >= policy.eway_grace_days:
            found.append(
                (
                    f"document:{paper.number}",
                    Finding(
                        "T05",
                        Severity.WARN,
                        _(
                            "%(paper)s needs an e-way bill and %(days)s days later none is recorded",
                            paper=paper.number,
                            days=days,
                        ),
                        "Rule 138 CGST",
                        {"days": days},
                        fix=_("upload its JSON at the portal and enter the number here"),
                    ),
                )
            )
    return found
