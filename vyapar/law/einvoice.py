"""E-invoices: who must have one, by when, and the number that names it."""

from __future__ import annotations

import hashlib
from datetime import date

from vyapar.kernel.money import PAISE_PER_RUPEE
from vyapar.law.store import table


def applies(on_date: date, turnover_paise: int) -> bool:
    """Whether a supplier's invoices to registered persons need an IRN on a day.

    `turnover_paise` is the highest aggregate turnover of the PAN in any financial year since
    2017-18: once crossed, the duty stays. Source: Rule 48(4) CGST; Notif 13/2020-CT as amended up
    to 10/2023-CT.
    """
    threshold = threshold_paise(on_date)
    return threshold is not None and turnover_paise > threshold


def threshold_paise(on_date: date) -> int | None:
    """The turnover above which the duty exists on a day; None before it began."""
    rows = [r for r in table("einvoice_thresholds") if date.fromisoformat(r["effective_from"]) <= on_date]
    if not rows:
        return None
    return int(max(rows, key=lambda r: r["effective_from"])["aato_above_inr"]) * PAISE_PER_RUPEE


def reporting_days(on_date: date, turnover_paise: int) -> int | None:
    """Days from the document's date within which it must be reported; None where no limit holds.

    Source: GSTN advisories, from 01-11-2023 and 01-04-2025.
    """
    rows = [
        row
        for row in table("einvoice_reporting_window")
        if date.fromisoformat(row["effective_from"]) <= on_date
        and turnover_paise >= int(row["aato_at_least_inr"]) * PAISE_PER_RUPEE
    ]
    return min((int(row["max_age_days"]) for row in rows), default=None)


def irn(supplier_gstin: str, financial_year: str, document_type: str, number: str) -> str:
    """The invoice reference number: hex SHA-256 of GSTIN, year `2026-27`, type and number joined.

    Source: e-invoice schema INV-01; the parts are sent and hashed in upper case.
    """
    joined = f"{supplier_gstin}{financial_year}{document_type}{number}".upper()
    return hashlib.sha256(joined.encode()).hexdigest()
