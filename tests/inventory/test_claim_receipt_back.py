"""A receipt that was told wrongly is taken back while that is lawful: stock, tax and books are as before."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from compliance.models import Paper
from compliance.selectors import collect_period
from inventory.contracts.outcomes import SendingState
from inventory.models import Claim, ClaimSending, Export, Prediction
from inventory.selectors.claim_books import list_claim_exports
from inventory.selectors.claim_credit import credit_of_claim
from inventory.selectors.claim_goods import ClaimGoods, goods_of
from inventory.selectors.claims import claimed_at, get_claim, list_companies
from inventory.services import claims, reserve
from inventory.services.claim_goods import settle_claim_goods
from inventory.services.claim_receipt_back import take_back_receipt
from inventory.services.ledger import check_positions
from inventory.services.lines import StockLine
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.test_claim_books import (
    LATER,
    erp,
    go,
    in_the_office,
    made,
    sheets,
    standing,
    take,
    tally,
)
from tests.inventory.test_claim_goods import (
    NOTE,
    SUPPLY,
    book,
    filed,
    refuse,
    returnable,
    send,
    told_of,
)
from tests.inventory.test_claim_pages import FORM, SENT, caller, licensed, person
from tests.inventory.test_claim_receipts import books, credit, receive
from vyapar.engine.models import AuditEntry
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid, Refused
from vyapar.people.contracts import May, Role

__all__ = ["book", "erp", "in_the_office", "licensed", "sheets", "tally"]
ANOTHER = Actor("user", "99", "Another manager")
MONTH = f"{NOW:%Y-%m}"
#: The claim's month is over, and so is all that the law leaves.
NEXT_MONTH, TOO_LATE = NOW + timedelta(days=35), NOW + timedelta(days=800)


def back(claim, reason="it was another claim's", actor=OWNER, at=NOW, **more):
    return take_back_receipt(claim.pk, reason=reason, actor=actor, at=at, **more)


def refused(claim, **more) -> str:
    entries = AuditEntry.objects.count()
    with pytest.raises(Refused) as told:
        back(claim, **more)
    assert AuditEntry.objects.count() == entries, "a refusal leaves no trace"
    return told.value.code


def is_as_sent(book, claim) -> bool:
    found, sending = get_claim(claim.pk), ClaimSending.objects.get()
    spot = book.position("S1", "B1")
    return (
        (goods_of(found), found.due_pieces, found.void) == (ClaimGoods(away=40), 40, 0)
        and (sending.state, sending.received, sending.missing, sending.ended_by) == ("sent", None, "", "")
        and sending.missing_credited is None
        and (spot.on_hand, claimed_at(spot.pk), credit_of_claim(found).by_loss) == (60, 0, 0)
        and check_positions() == []
    )


@pytest.mark.parametrize("missing", ["transporter", "lost"])
def test_what_was_written_off_is_booked_back_and_its_credit_with_it(sheets, book, missing):
    claim = filed()
    sending = send(claim)
    receive(claim, missing=missing)
    take()
    assert sum(row.reversed_paise for row in collect_period(MONTH, NOW).write_offs) == 2_500
    back(claim)
    assert is_as_sent(book, claim)
    assert book.ledger("S1", "B1") == {
        "receipt": 100, "company_out": -50, "company_back": 10, "write_off": 0,
    }  # fmt: skip
    rows = collect_period(MONTH, NOW).write_offs
    assert [(row.way, row.quantity, row.reversed_paise) for row in rows] == [
        ("write_off", 10, 2_500), ("written_back", -10, -2_500),
    ]  # fmt: skip
    _out, _home, lost, unlost, unhome = books(claim)
    assert (unlost.refers_to, unhome.refers_to) == (lost.key, f"{sending.key}:short")
    assert "reason" not in unlost.extra | unhome.extra
    assert list_companies(TODAY)[0].asked == 60_000
    entry = AuditEntry.objects.order_by("-seq").first()
    told = told_of(entry)
    assert (entry.verb, entry.reason) == ("ClaimReceiptTakenBack", "it was another claim's")
    assert (told["before"]["received"], told["before"]["missing"]) == (30, missing)
    assert (told["after"]["state"], "received" in told["after"]) == ("sent", False)


def test_books_that_had_not_heard_of_the_receipt_never_do(sheets, book):
    claim = filed()
    sending = send(claim)
    take()
    receive(claim)
    back(claim)
    assert [one.state for one in list_claim_exports(claim)] == ["locked", "cancelled", "cancelled"]
    receive(claim, received=36, missing="lost")
    assert take()[0] == f"{sending.key}:short-2", "told anew it is another document"
    back(claim)
    receive(claim, received=35, missing="home")
    keys = take()
    assert keys[-1] == f"{sending.key}:short-3"
    assert keys[1] == f"{sending.key}:short-2:back"
    assert book.position("S1", "B1").on_hand == 65
    assert check_positions() == []


def test_the_note_of_the_company_counts_all_pieces_again_and_the_claim_teaches_again(sheets, book):
    claim = claims.file_claim(
        sku="S1", batch="B1", location="GD-MUM", pieces=40, amount_paise=2_00_000, filed_on=TODAY,
        reference="CL-9", actor=OWNER, at=NOW,
    )  # fmt: skip
    send(claim, route=NOTE)
    credit(claim, 2_00_000)
    take()
    receive(claim)
    assert credit_of_claim(get_claim(claim.pk)).by_note == 7_500
    take()
    assert Prediction.objects.get(subject=f"claim:{claim.pk}").disturbed
    back(claim)
    stands = [one for one in books(claim) if one.kind == "debit_note"][-1]
    assert (stands.lines[0].quantity, stands.lines[0].tax_paise) == (40, 10_000)
    assert take()[-2:] == [f"claim:{claim.pk}:note:2:back", f"claim:{claim.pk}:note:3"]
    assert not Prediction.objects.get(subject=f"claim:{claim.pk}").disturbed
    assert check_positions() == []


def test_what_came_home_leaves_again_while_it_stands_here_free(book):
    claim = filed()
    send(claim)
    receive(claim, missing="home", reason="not its batch")
    other = filed("CL-2", 61)
    assert refused(claim) == "not_enough_stock"
    Claim.objects.filter(pk=other.pk).update(pieces=60)
    back(claim)
    assert is_as_sent_but_claimed(book, claim, 60)
    assert book.ledger("S1", "B1") == {"receipt": 100, "company_out": -50, "company_back": 10}


def is_as_sent_but_claimed(book, claim, claimed: int) -> bool:
    spot = book.position("S1", "B1")
    return (goods_of(get_claim(claim.pk)), spot.on_hand, claimed_at(spot.pk)) == (
        ClaimGoods(away=40), 60, claimed,
    )  # fmt: skip


def test_pieces_that_came_home_and_another_plan_holds_do_not_leave(book):
    claim = filed()
    send(claim)
    receive(claim, missing="home", reason="not its batch")
    reserve(uuid4(), [StockLine("S1", "B1", 65, "GD-MUM")], actor=OWNER, at=NOW)
    assert refused(claim) == "not_enough_stock"
    assert goods_of(get_claim(claim.pk)) == ClaimGoods(received=30, home=10)


@pytest.mark.parametrize(("received", "missing"), [(40, ""), (30, "company")])
def test_a_receipt_that_moved_nothing_is_taken_back_without_moving_anything(sheets, book, received, missing):
    claim = filed()
    send(claim)
    receive(claim, received=received, missing=missing, reason="as told")
    before = book.ledger("S1", "B1")
    back(claim)
    assert book.ledger("S1", "B1") == before
    assert is_as_sent(book, claim)
    assert Export.objects.count() == 1


def test_our_credit_note_is_cancelled_in_its_month_and_afterwards_it_is_said_what_to_do(sheets, book):
    claim = filed()
    send(claim, route=SUPPLY)
    receive(claim)
    take()
    with pytest.raises(Refused) as told:
        back(claim, at=NEXT_MONTH)
    assert (told.value.code, "34(3)" in str(told.value.message)) == ("note_reported", True)
    assert goods_of(get_claim(claim.pk)) == ClaimGoods(received=30, lost=10)
    back(claim)
    note = Paper.objects.get(kind="credit_note")
    assert (note.state, note.cancelled_reason) == ("cancelled", "it was another claim's")
    assert is_as_sent(book, claim)
    assert [one.refers_to for one in books(claim)][-1] == f"{ClaimSending.objects.get().key}:short:credit"
    receive(claim, received=35)
    again = Paper.objects.get(kind="credit_note", state="issued")
    assert again.taxable_paise == 25_000, "the cancelled note credits nothing"


def test_credit_that_was_reversed_is_taken_again_only_as_long_as_a_return_can_be_put_right(book):
    claim = filed()
    send(claim)
    receive(claim)
    assert refused(claim, at=TOO_LATE) == "too_late"
    back(claim, at=NEXT_MONTH)
    assert is_as_sent(book, claim)
    assert [row.quantity for row in collect_period(MONTH, NEXT_MONTH).write_offs] == [10], (
        "the month that is over says what it said"
    )


def test_only_who_told_it_or_an_owner_takes_it_back_with_a_reason(book):
    claim = filed()
    send(claim)
    receive(claim)
    assert refused(claim, actor=ANOTHER) == "not_yours"
    with pytest.raises(Invalid):
        back(claim, reason=" ")
    back(claim, actor=ANOTHER, of_others=True)
    assert is_as_sent(book, claim)


def test_nothing_told_twice_taken_back_refused_or_settled_is_refused_clearly(book):
    claim = filed()
    send(claim)
    assert refused(claim) == "no_receipt"
    receive(claim)
    back(claim)
    assert refused(claim) == "no_receipt"
    receive(claim)
    refuse(claim)
    assert refused(claim) == "claim_closed"
    settle_claim_goods(claim.pk, fate=SendingState.RETURNED, reason="not ours", actor=OWNER, at=NOW)
    assert refused(claim) == "claim_closed"


def test_two_that_take_it_back_at_once_take_it_back_once(fresh_distributor):
    book = returnable()
    claim = filed()
    send(claim)
    receive(claim)
    outcomes, start = [], threading.Barrier(2)

    def run() -> None:
        with tenant_context(fresh_distributor):
            start.wait()
            try:
                back(claim)
                outcomes.append("back")
            except Refused as error:
                outcomes.append(error.code)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert sorted(outcomes) == ["back", "no_receipt"]
    assert is_as_sent(book, claim)
    assert book.ledger("S1", "B1")["write_off"] == 0


# --- the books, over a socket --------------------------------------------------------------


def test_tally_cancels_what_was_lost_and_what_came_home(tally):
    claim = filed()
    send(claim, route=NOTE)
    receive(claim)
    go()
    assert standing(tally) == ["Rejections Out", "Receipt Note", "Stock Journal"]
    back(claim, at=LATER)
    go()
    assert standing(tally) == ["Rejections Out"]
    receive(claim, received=38, missing="lost")
    go()
    assert standing(tally) == ["Rejections Out", "Receipt Note", "Stock Journal"]
    assert {one.state for one in list_claim_exports(claim)} == {"accepted"}


def test_tally_cancels_the_credit_note_over_missing_pieces(tally):
    claim = filed()
    send(claim, route=SUPPLY)
    receive(claim)
    go()
    back(claim, at=LATER)
    go()
    assert standing(tally) == ["Sales"]
    assert {one.state for one in list_claim_exports(claim)} == {"accepted"}


def test_erpnext_cancels_what_was_lost_and_what_came_home(erp):
    claim = filed()
    send(claim)
    receive(claim)
    go()
    back(claim, at=LATER)
    go()
    assert [(one["stock_entry_type"], one["items"][0]["qty"]) for one in made(erp, "Stock Entry")] == [
        ("Material Issue", 40)
    ]  # fmt: skip
    assert {one.state for one in list_claim_exports(claim)} == {"accepted"}


# --- page and door -------------------------------------------------------------------------


def test_a_receipt_is_taken_back_on_the_page_and_at_the_door(licensed):
    manager, owner, client = person(Role.MANAGER), person(Role.OWNER), caller(May.READ, May.DECIDE)
    manager.post("/claims/new", FORM)
    claim = Claim.objects.get()
    client.post(f"/api/v1/claims/{claim.pk}/send", SENT | {"pieces": 40})
    sent = ClaimSending.objects.get()
    door, page = (
        f"/api/v1/claims/{claim.pk}/receipt/take-back",
        (f"/claims/{claim.pk}/sendings/{sent.pk}/receipt/back"),
    )
    told = {"received": 30, "missing": "lost", "reason": "a carton fell off"}
    client.post(f"/api/v1/claims/{claim.pk}/receipt", told)
    assert page not in manager.get(f"/claims/{claim.pk}").content.decode(), "somebody else told it"
    assert "on record" not in manager.get(page, follow=True).content.decode()
    said = manager.post(page, {"reason": "no"})
    assert (said.status_code, "only they or an owner" in said.content.decode()) == (422, True)
    assert page in owner.get(f"/claims/{claim.pk}").content.decode()
    assert owner.post(page, {"reason": ""}).status_code == 422
    assert "Taken back" in owner.post(page, {"reason": "another claim"}, follow=True).content.decode()
    assert "cannot be taken back" in owner.get(page, follow=True).content.decode()
    client.post(f"/api/v1/claims/{claim.pk}/receipt", told)
    key = {"HTTP_IDEMPOTENCY_KEY": "back-1"}
    answers = [client.post(door, {"reason": "another claim"}, **key) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert (answers[0].json()["goods"]["lost"], answers[0].json()["sendings"][0]["state"]) == (0, "sent")
    again = client.post(door, {"reason": "another claim"})
    assert (again.status_code, again.json()["code"]) == (409, "no_receipt")
    assert caller(May.READ).post(door, {"reason": "x"}).status_code == 403
    auditor = person(Role.AUDITOR)
    assert auditor.post(page, {"reason": "x"}).status_code == 403
