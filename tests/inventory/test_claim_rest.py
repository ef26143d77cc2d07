"""Pieces of a claim that never leave: credited, destroyed here, or released; lawful, and in the books."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from inventory.contracts.exports import read_document
from inventory.contracts.outcomes import Stay
from inventory.models import Batch, Brand, Movement
from inventory.selectors.claim_books import list_claim_exports
from inventory.selectors.claim_credit import credit_of_claim
from inventory.selectors.claim_goods import ClaimGoods, goods_of
from inventory.selectors.claims import claimed_at, get_claim, list_companies
from inventory.services import reserve
from inventory.services.claim_rest import close_claim
from inventory.services.ledger import check_positions
from inventory.services.lines import StockLine
from inventory.services.transfers import write_off
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.test_api import caller
from tests.inventory.test_claim_books import CREDITED, credit, in_the_office, sheets
from tests.inventory.test_claim_goods import NOTE, SUPPLY, book, correct, filed, refuse, send, told_of
from tests.inventory.test_claim_pages import person
from vyapar.engine.models import AuditEntry
from vyapar.kernel.errors import Invalid, Refused
from vyapar.people.contracts import May, Role

__all__ = ["book", "in_the_office", "sheets"]


def close(claim, stay=Stay.DESTROYED, reason="certificate 14"):
    return close_claim(claim.pk, stay=stay, reason=reason, actor=OWNER, at=NOW)


def books(claim):
    return [read_document(one.document) for one in list_claim_exports(claim)]


def test_what_is_destroyed_here_is_written_off_its_credit_reversed_and_its_note_booked(sheets, book):
    """Forty pieces: ₹2,000.00 at cost, ₹100.00 of credit on them goes back whole; ₹450.00 are credited."""
    claim = filed()
    credit(claim)
    assert books(claim) == [], "nothing is booked while nobody says where the goods are"
    close(claim)
    assert book.ledger("S1", "B1") == {"receipt": 100, "write_off": -40}
    lost, note = sorted(books(claim), key=lambda one: one.kind, reverse=True)
    assert (lost.extra["reason"], lost.lines[0].quantity, lost.lines[0].tax_paise) == ("lost", 40, 10_000)
    assert (note.lines[0].amount_paise, note.lines[0].tax_paise) == (CREDITED, 0)
    assert note.extra["return_route"] == "financial_credit_note"
    found = get_claim(claim.pk)
    tax = credit_of_claim(found)
    assert (goods_of(found), tax.by_note, tax.by_loss) == (ClaimGoods(destroyed=40), 0, 10_000)
    entry = AuditEntry.objects.filter(verb="ClaimRestSettled").get()
    assert (told_of(entry)["after"]["stay"], entry.reason) == ("destroyed", "certificate 14")
    assert check_positions() == []
    with pytest.raises(Refused) as told:
        close(claim)
    assert told.value.code == "nothing_here"


def test_what_is_kept_by_its_companys_leave_stays_in_stock_and_in_credit_and_is_not_claimed_again(
    sheets, book
):
    Batch.objects.update(expiry_date=date(2027, 12, 31))
    claim = filed()
    credit(claim)
    close(claim, Stay.KEPT)
    (note,) = books(claim)
    assert (note.kind, note.lines[0].amount_paise, note.lines[0].tax_paise) == ("debit_note", CREDITED, 0)
    spot = book.position("S1", "B1")
    assert (spot.on_hand, claimed_at(spot.pk)) == (100, 40)
    assert goods_of(get_claim(claim.pk)) == ClaimGoods(kept=40)
    assert not Movement.objects.filter(kind="write_off").exists()
    correct(claim, 5_000)
    assert [one.lines[0].amount_paise for one in books(claim) if one.kind == "debit_note"][-1] == 5_000


def test_expired_goods_are_not_kept_for_sale(book):
    claim = filed()
    credit(claim)
    with pytest.raises(Invalid) as told:
        close(claim, Stay.KEPT)
    assert (told.value.code, told.value.faults[0].field) == ("expired", "stay")


def test_a_rest_stays_under_a_financial_note_alone_and_is_else_released_and_claimed_anew(sheets, book):
    claim = filed()
    send(claim, pieces=30, route=NOTE)
    credit(claim)
    with pytest.raises(Refused) as told:
        close(claim)
    assert told.value.code == "another_way"
    assert claimed_at(book.position("S1", "B1").pk) == 10
    close(claim, Stay.RELEASED, "the last carton is not its batch")
    found = get_claim(claim.pk)
    assert (goods_of(found), found.due_paise) == (ClaimGoods(away=0, received=30, released=10), 45_000)
    assert claimed_at(book.position("S1", "B1").pk) == 0
    assert filed("CL-2", 70).pieces == 70
    assert list_companies(TODAY)[0].asked == CREDITED + 60_000


def test_a_part_goes_and_the_rest_is_destroyed_here_under_one_note(sheets, book):
    claim = filed()
    send(claim, pieces=30)
    credit(claim)
    close(claim)
    kinds = [one.kind for one in books(claim)]
    assert sorted(kinds) == ["debit_note", "return", "reversal"]
    assert goods_of(get_claim(claim.pk)) == ClaimGoods(received=30, destroyed=10)
    assert book.position("S1", "B1").on_hand == 60


def test_what_may_not_stay_says_why_and_leaves_no_trace(book):
    claim = filed()
    with pytest.raises(Refused) as told:
        close(claim)
    assert told.value.code == "claim_not_credited"
    with pytest.raises(Refused) as told:
        close(claim, Stay.RELEASED)
    assert told.value.code == "nothing_left"
    credit(claim)
    with pytest.raises(Invalid):
        close(claim, reason=" ")
    reserve(uuid4(), [StockLine("S1", "B1", 80, "GD-MUM")], actor=OWNER, at=NOW)
    with pytest.raises(Refused) as told:
        close(claim)
    assert told.value.code == "not_enough_stock"
    correct(claim, 0)
    with pytest.raises(Refused) as told:
        close(claim)
    assert told.value.code == "claim_closed"
    assert not Movement.objects.filter(kind="write_off").exists()
    claim.refresh_from_db()
    assert (claim.stay, claim.stayed) == ("", 0)


def test_goods_that_went_as_a_supply_leave_no_rest_to_be_credited(book):
    claim = filed()
    send(claim, pieces=30, route=SUPPLY)
    credit(claim)
    with pytest.raises(Refused) as told:
        close(claim)
    assert told.value.code == "another_way"


def test_what_is_written_off_otherwise_holds_no_claim(book):
    filed(pieces=40)
    write_off([StockLine("S1", "B1", 30, "GD-MUM")], reason="rats", reference="W-1", actor=OWNER, at=NOW)
    assert claimed_at(book.position("S1", "B1").pk) == 10


def test_the_rest_is_settled_on_the_page_and_at_the_door_once(sheets, book):
    browser, client = person(Role.MANAGER), caller(May.READ, May.DECIDE)
    Brand.objects.update(supplier_name="Tivrano Foods Ltd", supplier_gstin="24AAACT2727Q1Z2")
    claim = filed()
    assert "They stay here" not in browser.get(f"/claims/{claim.pk}").content.decode()
    assert "Credited, and kept" not in browser.get(f"/claims/{claim.pk}/rest").content.decode()
    credit(claim)
    assert "They stay here" in browser.get(f"/claims/{claim.pk}").content.decode()
    said = {"stay": "kept", "reason": "they let us sell them"}
    wrong = browser.post(f"/claims/{claim.pk}/rest", said)
    page = wrong.content.decode()
    assert (wrong.status_code, "they may not be sold" in page, "they let us sell them" in page) == (
        422, True, True,
    )  # fmt: skip
    browser.post(f"/claims/{claim.pk}/rest", said | {"stay": "destroyed", "reason": "certificate 14"})
    again = browser.post(f"/claims/{claim.pk}/rest", said | {"stay": "destroyed"}, follow=True)
    assert "here any more" in again.content.decode()
    page = browser.get(f"/claims/{claim.pk}").content.decode()
    for words in ("certificate 14", "Destroyed", "100.00", "Tax credit lost"):
        assert words in page, words
    told = client.get(f"/api/v1/claims/{claim.pk}").json()
    assert told["creditToReverse"] == {"byNote": "0.00", "expected": False, "byLoss": "100.00"}
    late = client.post(f"/api/v1/claims/{claim.pk}/rest", {"stay": "released", "reason": "x"})
    assert (late.status_code, late.json()["code"]) == (409, "claim_stayed")
    assert person(Role.AUDITOR).post(f"/claims/{claim.pk}/rest", said).status_code == 403
    refused = filed("CL-3", 10)
    refuse(refused)
    assert browser.get(f"/claims/{refused.pk}/rest").status_code == 302
