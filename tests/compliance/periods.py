"""A period of papers, findings and approvals for tests of the auditor's report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from compliance.contracts import (
    ApprovalRow,
    ChainCheck,
    DiscountRow,
    FindingRow,
    PaperKind,
    PeriodFacts,
    RegisterRow,
    WriteOffRow,
)
from tests.compliance.movements import BENGALURU, NAGPUR, PUNE
from vyapar.kernel.calendar import IST
from vyapar.kernel.decision import Severity
from vyapar.law.tax import round_to_rupee, split_tax

FIRST = date(2026, 11, 1)
NOON = datetime(2026, 11, 10, 12, 0, tzinfo=IST)


def paper(sequence: int = 1, **changes: Any) -> RegisterRow:
    """A tax invoice from Pune to Bengaluru with a value that grows with its number."""
    taxable = 1_234_50 + sequence * 321_77
    tax = split_tax(taxable, 500, "27", "29")
    total, round_off = round_to_rupee(taxable + tax.total)
    row = RegisterRow(
        document_id=f"d{sequence}",
        kind=PaperKind.TAX_INVOICE,
        gstin=PUNE.gstin,
        financial_year="2026-27",
        series="PN",
        sequence=sequence,
        number=f"PN/2627/{sequence:05d}",
        document_date=FIRST + timedelta(days=sequence % 28),
        party=BENGALURU.trade_name,
        party_gstin=BENGALURU.gstin,
        place_of_supply="29",
        taxable_paise=taxable,
        cgst_paise=0,
        sgst_paise=0,
        igst_paise=tax.igst,
        cess_paise=0,
        round_off_paise=round_off,
        total_paise=total,
        valuation="invoice_value",
        sha256=f"{sequence:064x}",
    )
    return replace(row, **changes)


def challan(sequence: int = 1, **changes: Any) -> RegisterRow:
    """A delivery challan inside one registration."""
    value = 50_000_00 + sequence * 100
    return paper(
        sequence,
        **{
            "kind": PaperKind.DELIVERY_CHALLAN, "series": "DC", "number": f"DC/2627/{sequence:05d}",
            "party": NAGPUR.trade_name, "party_gstin": PUNE.gstin, "place_of_supply": "27",
            "taxable_paise": value, "igst_paise": 0, "round_off_paise": 0, "total_paise": value,
            "valuation": "",
        } | changes,
    )  # fmt: skip


def finding(**changes: Any) -> FindingRow:
    row = FindingRow(
        at=NOON,
        subject="transfer:SKU-101:Pune>Nagpur",
        action="TR-17",
        code="T08",
        severity=Severity.BLOCK,
        message="Row 1 (SKU-101, batch B2610A) would have 12 days of life left; 30 days are asked for.",
        basis="FSS Act s.27(2)",
        outcome="withdrawn",
    )
    return replace(row, **changes)


def discount(**changes: Any) -> DiscountRow:
    row = DiscountRow(
        on_date=date(2026, 11, 12), sku="SKU-101", description="Kuruvi glucose biscuits 100 g",
        batch="B2610A", quantity=480, mrp_paise=1000, list_price_paise=920, offer_price_paise=810,
        landed_cost_paise=700, offer_class="on_invoice", approver="Sales manager",
        reason="expires in 41 days", action="CA-3",
    )  # fmt: skip
    return replace(row, **changes)


def write_off(**changes: Any) -> WriteOffRow:
    row = WriteOffRow(
        on_date=date(2026, 11, 20), sku="SKU-300", description="Mango drink 200 ml", batch="M14",
        way="destroy", quantity=40, cost_paise=2400, purchase_invoice="INV/8812",
        itc_per_unit_paise=1240, reversed_paise=496_00, evidence="certificate DST-4, 6 photographs",
    )  # fmt: skip
    return replace(row, **changes)


def approval(**changes: Any) -> ApprovalRow:
    row = ApprovalRow(
        at=NOON, action="TR-17", kind="transfer", title="Move 480 pieces from Pune to Nagpur",
        value_paise=38_400_00, proposed_by="Reallocation agent", approved_by="Owner", automatic=False,
        policy="autonomy v3", outcome="executed",
    )  # fmt: skip
    return replace(row, **changes)


def period(**changes: Any) -> PeriodFacts:
    facts = PeriodFacts(
        distributor="Sahyadri Vitaran Private Limited",
        period="November 2026",
        first_date=FIRST,
        last_date=date(2026, 11, 30),
        registrations=(PUNE, BENGALURU),
        documents=(paper(1), paper(2), challan(1), challan(2)),
        findings=(finding(),),
        discounts=(discount(),),
        write_offs=(write_off(),),
        approvals=(approval(), approval(action="TR-18", automatic=True, approved_by="")),
        chain=ChainCheck(True, 4312, 1, 4312, "ab" * 32, NOON),
        data_cut_off_at=datetime(2026, 12, 1, 0, 0, tzinfo=IST),
        generated_at=datetime(2026, 12, 2, 9, 30, tzinfo=IST),
    )
    return replace(facts, **changes)
