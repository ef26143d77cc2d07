"""What each way out does to the input tax credit that was taken on the goods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import Row, in_force, table

HOLD = "hold"
TRANSFER = "transfer"
DISCOUNT = "discount"
RETURN_TO_COMPANY = "return_to_company"
DONATE = "donate"
DESTROY = "destroy"

WAYS_OUT = (HOLD, TRANSFER, DISCOUNT, RETURN_TO_COMPANY, DONATE, DESTROY)

#: How goods go back to the company: on our tax invoice, or against its GST or financial credit note.
RETURN_ROUTES = ("fresh_supply", "gst_credit_note", "financial_credit_note")


@dataclass(frozen=True, slots=True)
class ItcEffect:
    """Credit to reverse in paise (0 for none), where it is reported, and the reason."""

    reverse_paise: int
    effect: str
    gstr3b: str
    document: str
    basis: str


def itc_effect(
    way: str,
    on_date: date,
    *,
    quantity: int,
    itc_per_unit_paise: int,
    distinct_persons: bool = False,
    return_route: str = "financial_credit_note",
    credited: tuple[int, int] | None = None,
) -> ItcEffect:
    """What one way out costs in credit.

    `itc_per_unit_paise` is the credit actually taken per base unit on the purchase. Goods lost,
    destroyed, written off or given away lose their credit (s.17(5)(h) CGST Act); sold goods keep
    it at any price; returned goods lose it to whoever destroys them, or where the company reduces
    its own tax by a GST credit note (s.34(2) CGST Act, Circular 72/46/2018). Such a note takes back what is
    attributable to it: `credited` is what it credits and what the goods were bought for, paise without GST;
    None where nobody knows, and all is at stake.
    """
    row = _row(_key(way, distinct_persons, return_route), on_date)
    taken = quantity * itc_per_unit_paise
    reverse = {"all": taken, "credited": attributable(taken, credited)}.get(row["reverses"], 0)
    return ItcEffect(reverse, row["itc_effect"], row["gstr3b"], row["document"], row["source"])


def attributable(taken_paise: int, credited: tuple[int, int] | None) -> int:
    """That part of a credit taken which a credit note of the supplier takes back, in paise, half up: in
    proportion to what it credits of what was bought, never more than was taken (s.34(2) CGST Act, proviso).
    """
    if credited is None:
        return taken_paise
    paise, of = credited
    return min((2 * taken_paise * paise + of) // (2 * of), taken_paise) if of else 0


def gift_effect(on_date: date, *, quantity: int, itc_per_unit_paise: int) -> ItcEffect:
    """What free samples cost in credit. Source: s.17(5)(h) CGST Act; Circular 92/11/2019."""
    row = _row("gift", on_date)
    reverse = quantity * itc_per_unit_paise
    return ItcEffect(reverse, row["itc_effect"], row["gstr3b"], row["document"], row["source"])


def return_papers(who: str, *, inside_limit: bool) -> Row:
    """Papers and tax effect of returning expired goods against a credit note.

    `who` is `registered regular`, `composition` or `unregistered`; `inside_limit` says whether the
    day of `credit_note_last_date` has not passed. Source: Circular 72/46/2018.
    """
    wanted = {"yes" if inside_limit else "no", "any"}
    rows = [
        row
        for row in table("expiry_return_decision")
        if row["who_returns"] == who and row["inside_s34_limit"] in wanted
    ]
    credit = [row for row in rows if "credit note" in row["document_by_supplier"]]
    if not rows:
        fault = Fault("who", _("registered regular, composition or unregistered"), "who", value=who)
        raise Invalid(_("nobody returns goods as %(who)s", who=f"{who!r}"), code="who", faults=[fault])
    return (credit or rows)[0]


def _key(way: str, distinct_persons: bool, return_route: str) -> str:
    if way == TRANSFER:
        return "transfer_distinct" if distinct_persons else "transfer_same"
    if way == RETURN_TO_COMPANY:
        return f"return_{return_route}"
    return way


def _row(key: str, on_date: date) -> Row:
    found = next((r for r in in_force(table("itc_reversal"), on_date) if r["key"] == key), None)
    if found is None:
        fault = Fault("way_out", _("one of %(known)s", known=", ".join(WAYS_OUT)), "way", value=key)
        raise Invalid(
            _("the law tables know no way out %(key)s", key=f"{key!r}"), code="way_out", faults=[fault]
        )
    return found
