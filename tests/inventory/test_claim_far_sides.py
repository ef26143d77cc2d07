"""Claims that leave in parts, arrive short or stay: what Tally and ERPNext hold of them, over a socket."""

from __future__ import annotations

from inventory.contracts.outcomes import Stay
from inventory.models import Brand
from inventory.selectors.claim_books import list_claim_exports
from tests.inventory.test_claim_books import (
    credit,
    erp,
    found,
    go,
    in_the_office,
    ledgers,
    made,
    standing,
    tally,
)
from tests.inventory.test_claim_goods import CHALLAN, COMPANY, NOTE, book, filed, send
from tests.inventory.test_claim_receipts import receive
from tests.inventory.test_claim_rest import close

__all__ = ["book", "erp", "in_the_office", "tally"]


def states(claim) -> set[str]:
    return {one.state for one in list_claim_exports(claim)}


def test_tally_has_a_rejection_for_each_lorry_and_one_note_and_loses_what_was_lost(tally):
    claim = filed()
    send(claim, pieces=30, route=NOTE)
    credit(claim)
    go()
    second = send(claim, pieces=10, route=NOTE)
    receive(claim, received=4, missing="transporter", sending_id=second.pk)
    go()
    assert standing(tally) == [
        "Rejections Out",
        "Debit Note",
        "Rejections Out",
        "Receipt Note",
        "Stock Journal",
    ]
    assert states(claim) == {"accepted"}
    lost = list(tally.vouchers.values())[-1]
    assert found(lost, "ACTUALQTY")[0].startswith("6")


def test_tally_loses_what_is_destroyed_here_and_books_its_note_without_tax(tally):
    Brand.objects.update(supplier_name=COMPANY.legal_name, supplier_gstin=COMPANY.gstin)
    claim = filed()
    credit(claim)
    close(claim, Stay.DESTROYED)
    go()
    assert sorted(standing(tally)) == ["Debit Note", "Stock Journal"]
    (note,) = [one for one in tally.vouchers.values() if one.get("VOUCHERTYPENAME") == "Debit Note"]
    assert ledgers(note) == {"Tivrano (creditor)": "-450.00", "Claims received": "450.00"}
    assert states(claim) == {"accepted"}


def test_erpnext_issues_each_lorry_receives_what_is_missing_and_issues_it_as_lost(erp):
    claim = filed()
    send(claim, pieces=30, route=CHALLAN)
    second = send(claim, pieces=10, route=CHALLAN)
    receive(claim, received=4, missing="lost", sending_id=second.pk)
    credit(claim)
    go()
    entries = [(one["stock_entry_type"], one["items"][0]["qty"]) for one in made(erp, "Stock Entry")]
    assert sorted(entries) == [
        ("Material Issue", 6), ("Material Issue", 10), ("Material Issue", 30), ("Material Receipt", 6),
    ]  # fmt: skip
    (note,) = made(erp, "Purchase Invoice")
    assert sum(line["qty"] for line in note["items"]) == -34
    assert states(claim) == {"accepted"}
