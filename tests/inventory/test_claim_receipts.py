"""What a company says it received of a claim's goods: what is missing has one fate, in stock and in tax."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from compliance.models import Paper
from inventory.contracts.exports import read_document
from inventory.contracts.outcomes import Factor, SendingState
from inventory.models import ClaimSending, Export, Prediction
from inventory.selectors.claim_books import list_claim_exports
from inventory.selectors.claim_credit import credit_of_claim
from inventory.selectors.claim_goods import ClaimGoods, goods_of
from inventory.selectors.claims import claimed_at, get_claim, list_companies
from inventory.services import claims
from inventory.services.claim_goods import settle_claim_goods
from inventory.services.claim_receipts import receive_claim_goods
from inventory.services.ledger import check_positions
from inventory.services.outcomes.learning import _evidence
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.test_claim_books import in_the_office, sheets, take
from tests.inventory.test_claim_goods import (
    CHALLAN,
    NOTE,
    SUPPLY,
    book,
    correct,
    filed,
    refuse,
    send,
    told_of,
)
from vyapar.engine.models import AuditEntry
from vyapar.kernel.errors import Invalid, Refused

__all__ = ["book", "in_the_office", "sheets"]


def receive(claim, received=30, missing="transporter", reason="a carton fell off", **more):
    return receive_claim_goods(
        claim.pk, received=received, missing=missing, reason=reason, actor=OWNER, at=NOW, **more
    )


def credit(claim, paise):
    claims.answer_claim(claim.pk, credited_paise=paise, answered_on=TODAY, actor=OWNER, at=NOW)


def books(claim):
    return [read_document(one.document) for one in list_claim_exports(claim)]


def test_all_that_was_received_moves_nothing_and_stands_in_the_trail(book):
    claim = filed()
    send(claim)
    before = book.ledger("S1", "B1")
    told = receive(claim, received=40, missing="", reason="")
    assert (told.state, book.ledger("S1", "B1"), goods_of(claim)) == (
        "received", before, ClaimGoods(received=40),
    )  # fmt: skip
    entry = AuditEntry.objects.order_by("-seq").first()
    assert (entry.verb, told_of(entry)["after"]["received"]) == ("ClaimGoodsReceived", 40)
    with pytest.raises(Refused) as again:
        receive(claim, received=40, missing="", reason="")
    assert again.value.code == "claim_not_sent"


@pytest.mark.parametrize("missing", ["transporter", "lost"])
def test_what_was_lost_on_the_road_is_written_off_and_credit_is_expected_for_the_rest(sheets, book, missing):
    """Ten of forty are lost: ₹150.00 of ₹600.00 are asked for no more, ₹25.00 of credit on them goes back."""
    claim = filed()
    sending = send(claim)
    receive(claim, missing=missing, damaged=4)
    found = get_claim(claim.pk)
    assert goods_of(found) == ClaimGoods(received=30, lost=10)
    assert (found.due_pieces, found.due_paise) == (30, 45_000)
    assert credit_of_claim(found).by_loss == 10 * 250
    assert book.ledger("S1", "B1") == {
        "receipt": 100, "company_out": -40, "company_back": 10, "write_off": -10,
    }  # fmt: skip
    assert (book.position("S1", "B1").on_hand, claimed_at(book.position("S1", "B1").pk)) == (60, 0)
    assert list_companies(TODAY)[0].asked == 45_000
    _out, home, lost = books(found)
    assert (home.key, home.extra["reason"], home.lines[0].quantity) == (f"{sending.key}:short", "home", 10)
    assert (lost.extra["reason"], lost.lines[0].quantity, lost.lines[0].tax_paise) == ("lost", 10, 2_500)
    assert check_positions() == []


def test_a_loss_told_after_the_answer_never_reverses_more_credit_than_was_taken(sheets, book):
    """The note credits ₹2,000.00, all that the goods cost: of ₹100.00 taken ₹25.00 go with the lost ones."""
    claim = claims.file_claim(
        sku="S1", batch="B1", location="GD-MUM", pieces=40, amount_paise=2_00_000, filed_on=TODAY,
        reference="CL-9", actor=OWNER, at=NOW,
    )  # fmt: skip
    send(claim, route=NOTE)
    credit(claim, 2_00_000)
    assert Export.objects.get(kind="debit_note").document["lines"][0]["tax_paise"] == 10_000
    take()
    receive(claim)
    found = get_claim(claim.pk)
    tax = credit_of_claim(found)
    assert (tax.by_note, tax.by_loss) == (7_500, 2_500)
    stands = [one for one in books(found) if one.kind == "debit_note"][-1]
    assert (stands.lines[0].quantity, stands.lines[0].tax_paise) == (30, 7_500)
    assert f"claim:{claim.pk}:note:1:back" in take(), "the first note is taken back"


def test_what_an_invoice_charged_for_lost_goods_is_credited_and_the_rest_later(sheets, book):
    claim = filed()
    send(claim, route=SUPPLY)
    receive(claim)
    note = Paper.objects.get(kind="credit_note")
    assert (note.taxable_paise, ClaimSending.objects.get().missing_credited["paper"]["number"]) == (
        50_000, note.number,
    )  # fmt: skip
    refuse(claim)
    settle_claim_goods(claim.pk, fate=SendingState.RETURNED, reason="not ours", actor=OWNER, at=NOW)
    notes = Paper.objects.filter(kind="credit_note").order_by("number")
    assert [one.taxable_paise for one in notes] == [50_000, 1_50_000]
    invoice = Paper.objects.get(kind="tax_invoice")
    assert sum(one.tax_paise for one in notes) == invoice.tax_paise
    assert [one.key for one in books(claim) if one.kind == "credit_note"] == [
        f"{ClaimSending.objects.get().key}:short:credit", f"{ClaimSending.objects.get().key}:credit",
    ]  # fmt: skip
    assert goods_of(get_claim(claim.pk)) == ClaimGoods(home=30, lost=10)
    assert check_positions() == []


def test_what_came_home_stands_here_free_and_is_not_lost(sheets, book):
    claim = filed()
    send(claim)
    receive(claim, missing="home", reason="not its batch")
    assert goods_of(claim) == ClaimGoods(received=30, home=10)
    spot = book.position("S1", "B1")
    assert (spot.on_hand, claimed_at(spot.pk)) == (70, 0)
    assert credit_of_claim(get_claim(claim.pk)).by_loss == 0
    other = filed("CL-2", 70)
    assert other.pieces == 70, "they may be claimed anew"


def test_where_the_company_is_mistaken_pieces_stay_claimed_until_it_is_settled(sheets, book):
    claim = filed()
    send(claim)
    receive(claim, missing="company", reason="we have their gate's stamp")
    found = get_claim(claim.pk)
    assert (goods_of(found), found.due_paise) == (ClaimGoods(received=30, disputed=10), 60_000)
    assert book.ledger("S1", "B1") == {"receipt": 100, "company_out": -40}
    assert [one.kind for one in books(found)] == ["return"]
    receive(claim, received=36, missing="lost", reason="four were never loaded")
    found = get_claim(claim.pk)
    assert (goods_of(found), found.due_paise) == (ClaimGoods(received=36, lost=4), 54_000)
    with pytest.raises(Refused):
        receive(claim, received=40, missing="", reason="")


def test_a_refusal_ends_a_dispute_and_all_of_the_lot_shares_one_fate(book):
    claim = filed()
    send(claim)
    receive(claim, missing="company", reason="we have their stamp")
    refuse(claim)
    settle_claim_goods(claim.pk, fate=SendingState.DESTROYED, reason="burnt", actor=OWNER, at=NOW)
    found = get_claim(claim.pk)
    assert (goods_of(found), credit_of_claim(found).by_loss) == (ClaimGoods(destroyed=40), 40 * 250)
    assert check_positions() == []


def test_a_claim_that_lost_pieces_is_judged_by_what_its_company_had(book):
    claim = filed()
    send(claim)
    receive(claim)
    credit(claim, 45_000)
    row = Prediction.objects.get(subject=f"claim:{claim.pk}")
    assert (row.realised_paise, row.disturbed) == (45_000, True)
    assert list_companies(TODAY)[0].share_bp == 10_000, "it credited all that it got"
    correct(claim, 22_500)
    assert list_companies(TODAY)[0].share_bp == 5_000
    assert Factor.CLAIM_SUCCESS.value not in _evidence(TODAY), "one claim teaches nothing yet"


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"received": 41}, {"received"}),
        ({"received": -1}, {"received"}),
        ({"damaged": 11}, {"damaged"}),
        ({"missing": ""}, {"missing"}),
        ({"missing": "stolen", "reason": " "}, {"missing", "reason"}),
        ({"received": 40}, {"missing"}),
    ],
)
def test_a_receipt_that_cannot_be_kept_names_its_fields_and_leaves_no_trace(book, wrong, fields):
    claim = filed()
    send(claim)
    before = AuditEntry.objects.count()
    with pytest.raises(Invalid) as told:
        receive(claim, **wrong)
    assert {fault.field for fault in told.value.faults} == fields
    assert AuditEntry.objects.count() == before
    refuse(claim)
    with pytest.raises(Refused) as told:
        receive(claim)
    assert told.value.code == "claim_closed"


def test_the_database_keeps_no_receipt_that_does_not_add_up(book):
    sending = send(filed(), route=CHALLAN)
    rows = ClaimSending.objects.filter(pk=sending.pk)
    for wrong in (
        {"received": 41}, {"received": 30}, {"received": 40, "missing": "lost"}, {"damaged": 1},
        {"received": 30, "missing": "lost", "damaged": 11},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)
