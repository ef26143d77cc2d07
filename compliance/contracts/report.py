"""What an auditor's period report is made from, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.facts import Party
from vyapar.law.papers import PaperKind


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One issued paper. `sequence` is the running number inside its series."""

    document_id: str
    kind: PaperKind
    gstin: str
    financial_year: str
    series: str
    sequence: int
    number: str
    document_date: date
    party: str
    party_gstin: str
    place_of_supply: str
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int
    round_off_paise: int
    total_paise: int
    valuation: str = ""
    eway_needed: bool = False
    eway_number: str = ""
    sha256: str = ""
    simulated: bool = False
    cancelled: bool = False
    cancelled_reason: str = ""

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise

    @property
    def sign(self) -> int:
        """How the paper counts in sums over kinds: a credit note takes off."""
        return -1 if self.kind is PaperKind.CREDIT_NOTE else 1


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding that was raised, on what, and what became of the action."""

    at: datetime
    subject: str
    action: str
    code: str
    severity: Severity
    message: str
    basis: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class DiscountRow:
    """One SKU and batch sold below its usual price; prices per base unit.

    GST is included in `mrp_paise`, `list_price_paise` and `offer_price_paise`, not in
    `landed_cost_paise`.
    """

    on_date: date
    sku: str
    description: str
    batch: str
    quantity: int
    mrp_paise: int
    list_price_paise: int
    offer_price_paise: int
    landed_cost_paise: int
    offer_class: str
    approver: str
    reason: str
    action: str = ""


#: `WriteOffRow.way` of what was written off by mistake and booked back.
WRITTEN_BACK = "written_back"


@dataclass(frozen=True, slots=True)
class WriteOffRow:
    """Stock that left otherwise than by sale, and the credit traced to its purchase.

    What was booked back has a quantity and a reversal below 0, in the period in which that was done.
    """

    on_date: date
    sku: str
    description: str
    batch: str
    way: str
    quantity: int
    cost_paise: int
    purchase_invoice: str
    itc_per_unit_paise: int
    reversed_paise: int
    evidence: str = ""
    traced: bool = True


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A company's GST credit note over a claim, and the credit attributable to it that goes back.

    `gstr3b` is where it is reported. What another answer undid has figures below 0, in the period in which
    that was recorded.
    """

    on_date: date
    claim: str
    sku: str
    batch: str
    number: str
    note_date: date | None
    gstin: str
    company: str
    company_gstin: str
    credited_paise: int
    igst_paise: int
    cgst_paise: int
    sgst_paise: int
    gstr3b: str

    @property
    def tax_paise(self) -> int:
        return self.igst_paise + self.cgst_paise + self.sgst_paise


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """Who let an action go ahead, under which autonomy version, and how it ended."""

    at: datetime
    action: str
    kind: str
    title: str
    value_paise: int
    proposed_by: str
    approved_by: str
    automatic: bool
    policy: str
    outcome: str


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The result of walking the audit chain."""

    intact: bool
    entries: int
    first_sequence: int
    last_sequence: int
    last_seal: str
    checked_at: datetime
    broken_at: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SeriesOpening:
    """The last running number that a series had used before a period began."""

    gstin: str
    kind: PaperKind
    financial_year: str
    series: str
    last_sequence: int


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """Everything that happened in a period, both days included.

    `openings` make a gap at the very start of a series seen too; a series without one is taken to
    begin with its first paper here.
    """

    distributor: str
    period: str
    first_date: date
    last_date: date
    registrations: tuple[Party, ...]
    documents: tuple[RegisterRow, ...]
    findings: tuple[FindingRow, ...]
    discounts: tuple[DiscountRow, ...]
    write_offs: tuple[WriteOffRow, ...]
    approvals: tuple[ApprovalRow, ...]
    chain: ChainCheck
    data_cut_off_at: datetime
    generated_at: datetime
    openings: tuple[SeriesOpening, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One series as Table 13 of GSTR-1 asks for it; `missing` are running numbers nobody used."""

    gstin: str
    kind: PaperKind
    financial_year: str
    series: str
    table_13_class: int
    nature: str
    first_number: str
    last_number: str
    issued: int
    cancelled: int
    missing: tuple[int, ...]
    taxable_paise: int
    tax_paise: int
    total_paise: int

    @property
    def net_issued(self) -> int:
        return self.issued - self.cancelled


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The report: summaries, registers in order, and exceptions an auditor should see first.

    `exceptions` are findings over the period itself; an empty tuple means every check held.
    """

    facts: PeriodFacts
    series: tuple[SeriesSummary, ...]
    transfers: tuple[RegisterRow, ...]
    exceptions: tuple[Finding, ...]
    sums: Mapping[str, int]
    checks: Sequence[tuple[str, bool]]
    rule_version: str
