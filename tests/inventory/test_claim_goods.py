"""Goods of a claim leave once, by a kind of their own and with their paper, and come home by a choice."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from compliance.models import Paper
from compliance.selectors import document_of
from inventory.contracts.outcomes import Predicted, SendingState
from inventory.models import Brand, ClaimSending, Export, Feed, Movement, Prediction
from inventory.selectors.claim_credit import credit_of_claim
from inventory.selectors.claim_goods import ClaimGoods, find_company_party, goods_of
from inventory.selectors.claims import claim_rooms, claimed_at, list_companies
from inventory.selectors.outcomes import list_outcomes
from inventory.services import claims, reserve
from inventory.services.claim_goods import call_back_claim, send_claim, settle_claim_goods
from inventory.services.ledger import check_positions
from inventory.services.lines import StockLine
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from vyapar.engine.models import AuditEntry
from vyapar.kernel.errors import Invalid, NotFound, Refused, Stale
from vyapar.kernel.facts import Party

COMPANY = Party(
    legal_name="Tivrano Foods Ltd", gstin="24AAACT2727Q1Z2", state_code="24", pincode="380001",
    place="Ahmedabad", address="1 Mill Road",
)  # fmt: skip
CHALLAN, NOTE, SUPPLY = "financial_credit_note", "gst_credit_note", "fresh_supply"


@pytest.fixture
def book(in_alpha):
    return returnable()


def returnable():
    """A hundred pieces that have expired for ten days, of a company that takes them back."""
    made = make_book(1)
    Brand.objects.update(return_bp=6_000, return_days=60, claim_cap_paise=10_00_000)
    for registration in {t.registration for t in made.territories.values()}:
        registration.fssai = "11512345000123"
        registration.save()
    made.batch("S1", "B1", expires_in=-10)
    made.receive("S1", "B1", 100, at=NOW - timedelta(days=90))
    return made


def filed(reference="CL-1", pieces=40):
    return claims.file_claim(
        sku="S1", batch="B1", location="GD-MUM", pieces=pieces, amount_paise=60_000, filed_on=TODAY,
        reference=reference, actor=OWNER, at=NOW,
    )  # fmt: skip


def send(claim, pieces=40, route=CHALLAN, company=COMPANY, at=NOW, **more):
    return send_claim(
        claim.pk, pieces=pieces, route=route, company=company, distance_km=500, actor=OWNER, at=at, **more
    )


def told_of(entry):
    return json.loads(entry.body)


def refuse(claim):
    claims.answer_claim(claim.pk, credited_paise=0, answered_on=TODAY, actor=OWNER, at=NOW)


def test_expired_goods_leave_against_a_credit_note_on_a_challan_by_a_kind_of_their_own(book):
    claim = filed()
    sending = send(claim)
    assert book.ledger("S1", "B1") == {"receipt": 100, "company_out": -40}
    spot = book.position("S1", "B1")
    assert (spot.on_hand, claimed_at(spot.pk)) == (60, 0), "the claim holds none of what still stands here"
    paper = Paper.objects.get()
    document = document_of(paper)
    assert (paper.kind, paper.party_gstin, paper.tax_paise) == ("delivery_challan", COMPANY.gstin, 0)
    assert "72/46/2018" in document.basis
    assert document.totals.taxable_paise == 40 * 5_000
    assert sending.papers[0]["number"] == paper.number
    assert credit_of_claim(claim).by_note == 0, "a note without GST takes no credit back"
    assert check_positions() == []
    entry = AuditEntry.objects.order_by("-seq").first()
    assert (entry.verb, told_of(entry)["after"]["papers"]) == ("ClaimGoodsSent", [paper.number])
    assert find_company_party(claim)["place"] == "Ahmedabad", "the next paper to them begins as this one"


def test_a_gst_credit_note_takes_its_share_of_the_credit_back_and_comes_in_time_or_not_at_all(book):
    """Of ₹2,000.00 of goods ₹600.00 were asked for and ₹450.01 are credited; ₹100.00 of credit were taken."""
    claim = filed()
    send(claim, route=NOTE)
    credit = credit_of_claim(claim)
    assert (credit.by_note, credit.is_expected) == (3_000, True)
    claims.answer_claim(claim.pk, credited_paise=45_010, answered_on=TODAY, actor=OWNER, at=NOW)
    claim.refresh_from_db()
    credit = credit_of_claim(claim)
    assert (credit.by_note, credit.is_expected, credit.by_loss) == (2_251, False, 0)
    late = NOW.replace(year=2027, month=12, day=1)
    with pytest.raises(Refused) as told:
        send(filed("CL-2"), route=NOTE, at=late)
    assert (told.value.code, told.value.faults[0].field) == ("too_late", "route")
    assert Paper.objects.count() == ClaimSending.objects.count() == 1


def test_a_fresh_supply_goes_on_a_tax_invoice_at_the_purchase_value(book):
    sending = send(filed(), route=SUPPLY)
    document = document_of(Paper.objects.get())
    assert (document.kind, document.totals.taxable_paise, document.tax_kind) == (
        "tax_invoice",
        2_00_000,
        "IGST",
    )
    assert document.totals.igst_paise == 2_00_000 * document.lines[0].rate_bp // 10_000 > 0
    assert document.valuation == "", "Rule 28 is for one's own registrations"
    assert credit_of_claim(sending.claim).by_note == 0


def test_all_goods_leave_once_and_a_claim_whose_goods_left_is_not_withdrawn(book):
    claim = filed()
    send(claim)
    for again in (
        lambda: send(claim),
        lambda: send(claim, pieces=1),
        lambda: claims.withdraw_claim(claim.pk, reason="x", actor=OWNER, at=NOW),
    ):
        with pytest.raises(Refused) as told:
            again()
        assert told.value.code == "claim_sent"
    assert book.position("S1", "B1").on_hand == 60
    assert Paper.objects.count() == 1


def test_goods_leave_in_parts_each_with_its_paper_and_never_more_than_was_claimed(book):
    claim = filed()
    one = send(claim, pieces=25)
    with pytest.raises(Invalid) as told:
        send(claim, pieces=16)
    assert told.value.faults[0].message == "1 to 15, what was claimed and has not left"
    with pytest.raises(Refused) as told:
        send(claim, pieces=15, route=SUPPLY)
    assert (told.value.code, told.value.faults[0].field) == ("another_way", "route")
    assert "went as goods against its financial credit note" in told.value.message
    two = send(claim, pieces=10, at=NOW + timedelta(hours=1))
    assert goods_of(claim) == ClaimGoods(here=5, away=35)
    assert [row.number for row in Paper.objects.order_by("number")] == [
        sending.papers[0]["number"] for sending in (one, two)
    ]  # fmt: skip
    spot = book.position("S1", "B1")
    assert (spot.on_hand, claimed_at(spot.pk)) == (65, 5)
    with pytest.raises(Invalid) as told:
        call_back_claim(claim.pk, reason="which?", actor=OWNER, at=NOW)
    assert told.value.code == "which_sending"
    call_back_claim(claim.pk, sending_id=two.pk, reason="no lorry", actor=OWNER, at=NOW)
    assert goods_of(claim) == ClaimGoods(here=15, away=25)
    assert Paper.objects.get(key=one.key).state == "issued"
    assert Paper.objects.get(key=two.key).state == "cancelled"
    three = send(claim, pieces=15)
    refuse(claim)
    settle_claim_goods(
        claim.pk, sending_id=one.pk, fate=SendingState.DESTROYED, reason="burnt", actor=OWNER, at=NOW
    )
    settle_claim_goods(claim.pk, fate=SendingState.RETURNED, reason="not ours", actor=OWNER, at=NOW)
    three.refresh_from_db()
    claim.refresh_from_db()
    assert (three.state, goods_of(claim)) == ("returned", ClaimGoods(home=15, destroyed=25))
    assert credit_of_claim(claim).by_loss == 25 * 250
    assert book.position("S1", "B1").on_hand == 75
    assert check_positions() == []


def test_a_form_that_is_sent_twice_lets_one_lot_leave(book):
    claim = filed()
    send(claim, pieces=20, earlier=0)
    with pytest.raises(Stale) as told:
        send(claim, pieces=20, earlier=0)
    assert told.value.code == "claim_goods_moved"
    assert goods_of(claim).here == 20


def test_goods_of_a_claim_that_is_over_do_not_free_those_of_another(book):
    gone, other = filed("CL-1", 40), filed("CL-2", 30)
    send(gone)
    refuse(gone)
    settle_claim_goods(gone.pk, fate=SendingState.DESTROYED, reason="burnt", actor=OWNER, at=NOW)
    assert claimed_at(book.position("S1", "B1").pk) == other.pieces


def test_of_two_lots_that_would_leave_at_once_only_what_was_claimed_does(fresh_distributor):
    book = returnable()
    claim = filed(pieces=40)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def leave() -> None:
        with tenant_context(fresh_distributor):
            start.wait()
            try:
                send(claim, pieces=25)
                outcomes.append("left")
            except Invalid:
                outcomes.append("refused")
        connection.close()

    threads = [threading.Thread(target=leave) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert sorted(outcomes) == ["left", "refused"]
    assert book.position("S1", "B1").on_hand == 75
    assert (Paper.objects.count(), goods_of(claim)) == (1, ClaimGoods(here=15, away=25))
    send(claim, pieces=15)
    assert goods_of(claim) == ClaimGoods(away=40)


def test_what_did_not_leave_after_all_stands_where_it_stood_and_may_leave_later(book):
    claim = filed()
    before = book.position("S1", "B1")
    send(claim)
    back = call_back_claim(claim.pk, reason="the lorry never came", actor=OWNER, at=NOW)
    spot = book.position("S1", "B1")
    assert (back.state, spot.on_hand, spot.first_receipt_date) == (
        "called_back", 100, before.first_receipt_date,
    )  # fmt: skip
    assert claimed_at(spot.pk) == 40, "they stand on the claim again"
    paper = Paper.objects.get()
    assert (paper.state, paper.cancelled_reason) == ("cancelled", "the lorry never came")
    with pytest.raises(Refused) as told:
        call_back_claim(claim.pk, reason="again", actor=OWNER, at=NOW)
    assert told.value.code == "claim_not_sent"
    send(claim)
    assert book.ledger("S1", "B1") == {"receipt": 100, "company_out": -80, "company_back": 40}
    assert check_positions() == []


def test_goods_that_the_company_did_not_take_come_home_by_choice(book):
    claim = filed()
    send(claim, route=SUPPLY)
    with pytest.raises(Refused) as told:
        settle_claim_goods(claim.pk, fate=SendingState.RETURNED, reason="x", actor=OWNER, at=NOW)
    assert told.value.code == "claim_not_refused"
    refuse(claim)
    with pytest.raises(Refused) as told:
        call_back_claim(claim.pk, reason="x", actor=OWNER, at=NOW)
    assert told.value.code == "claim_refused"
    home = settle_claim_goods(claim.pk, fate=SendingState.RETURNED, reason="not ours", actor=OWNER, at=NOW)
    assert book.position("S1", "B1").on_hand == 100
    note = Paper.objects.get(kind="credit_note")
    assert home.credited["paper"]["number"] == note.number, "their invoice was for nothing"
    assert note.taxable_paise == 2_00_000
    with pytest.raises(Refused) as told:
        settle_claim_goods(claim.pk, fate=SendingState.DESTROYED, reason="x", actor=OWNER, at=NOW)
    assert told.value.code == "claim_not_sent"
    assert check_positions() == []


def test_goods_that_the_company_destroyed_are_written_off_and_their_credit_reversed(book):
    Feed.objects.create(
        code="books", name="Books", system="tally", active=True, created_at=NOW, updated_at=NOW
    )  # fmt: skip
    claim = filed()
    send(claim)
    refuse(claim)
    settle_claim_goods(claim.pk, fate=SendingState.DESTROYED, reason="burnt there", actor=OWNER, at=NOW)
    assert book.ledger("S1", "B1") == {
        "receipt": 100, "company_out": -40, "company_back": 40, "write_off": -40,
    }  # fmt: skip
    assert book.position("S1", "B1").on_hand == 60
    reversal = Export.objects.exclude(state="cancelled").get()
    assert reversal.document["lines"][0]["tax_paise"] == 40 * 250


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"pieces": 41}, {"pieces"}),
        ({"pieces": 0, "route": "by_night"}, {"pieces", "route"}),
        ({"company": replace(COMPANY, legal_name=" ", address="")}, {"company", "address"}),
    ],
)
def test_goods_that_cannot_leave_name_every_field_and_leave_no_trace(book, wrong, fields):
    claim, before = filed(), AuditEntry.objects.count()
    with pytest.raises(Invalid) as told:
        send(claim, **wrong)
    assert {fault.field for fault in told.value.faults} == fields
    assert not Movement.objects.filter(kind="company_out").exists()
    assert AuditEntry.objects.count() == before


def test_what_the_law_forbids_or_another_plan_holds_does_not_leave(book):
    claim = filed()
    with pytest.raises(Refused) as told:
        send(claim, company=replace(COMPANY, gstin="24AAACT2727Q1ZX"))
    assert told.value.code == "document_refused"
    with pytest.raises(Refused) as told:
        send(claim, company=replace(COMPANY, gstin="27AABCU9603R1ZN", state_code="27", pincode="400072"))
    assert "your own registration" in str(told.value.message)
    reserve(uuid4(), [StockLine("S1", "B1", 70, "GD-MUM")], actor=OWNER, at=NOW)
    with pytest.raises(Refused) as told:
        send(claim)
    assert (told.value.code, told.value.faults[0].field) == ("not_enough_stock", "pieces")
    refuse(claim)
    with pytest.raises(Refused) as told:
        send(claim)
    assert told.value.code == "claim_closed"
    with pytest.raises(NotFound):
        send_claim(0, pieces=1, route=CHALLAN, company=COMPANY, actor=OWNER, at=NOW)
    assert not Paper.objects.exists()


def correct(claim, paise, reason="typed wrongly", **changes):
    usual = {"credited_paise": paise, "answered_on": TODAY, "reason": reason}
    return claims.correct_answer(claim.pk, **(usual | changes), actor=OWNER, at=NOW)


def test_a_wrong_answer_is_corrected_and_money_and_outcomes_follow(book):
    claim = filed()
    with pytest.raises(Refused) as told:
        correct(claim, 100)
    assert told.value.code == "claim_not_answered"
    claims.answer_claim(claim.pk, credited_paise=50_000, answered_on=TODAY, actor=OWNER, at=NOW)
    correct(claim, 5_000)
    company = list_companies(TODAY)[0]
    assert (company.asked, company.room, company.credited_paise) == (5_000, 9_95_000, 5_000)
    row = Prediction.objects.get(subject=f"claim:{claim.pk}")
    assert (row.realised_paise, row.happened, row.settled_on) == (5_000, 40 * 5_000 / 60_000, TODAY)
    assert next(iter(list_outcomes(Predicted.ACTION))).realised_paise == 5_000
    entry = AuditEntry.objects.order_by("-seq").first()
    assert entry.verb == "ClaimAnswerCorrected"
    assert (told_of(entry)["before"]["credited_paise"], told_of(entry)["after"]["credited_paise"]) == (
        50_000,
        5_000,
    )
    assert entry.reason == "typed wrongly"
    correct(claim, 0)
    claim.refresh_from_db()
    assert claim.state == "refused"
    for wrong in ({"reason": " "}, {"paise": 60_001}, {"answered_on": TODAY + timedelta(days=1)}):
        with pytest.raises(Invalid):
            correct(claim, **({"paise": 1} | wrong))
    with pytest.raises(Refused) as told:
        correct(claim, 0)
    assert told.value.code == "nothing_changes"


def test_goods_that_came_back_earn_no_credit_by_a_correction(book):
    claim = filed()
    send(claim)
    refuse(claim)
    correct(claim, 1_000)  # they are still away: the company may have taken them after all
    correct(claim, 0)
    settle_claim_goods(claim.pk, fate=SendingState.RETURNED, reason="not taken", actor=OWNER, at=NOW)
    with pytest.raises(Refused) as told:
        correct(claim, 1_000)
    assert told.value.code == "goods_came_back"
    spot = book.position("S1", "B1")
    assert claim_rooms(TODAY, np.array([spot.pk]))[0] == 100 * 5_000 * 6_000 // 10_000
