"""Claims at the API and on the pages: filed, answered, withdrawn; who may, and what is told when not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inventory.models import Batch, Brand, Claim, ClaimSending, GstRegistration, StockItem
from inventory.selectors.claims import find_claimable
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.test_api import caller
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

LAST = ist_day(timezone.now()) - timedelta(days=1)
FILED = {
    "sku": "S1", "batch": "B1", "location": "GD-MUM", "pieces": 40, "amount": "1200.50",
    "filedOn": LAST.isoformat(), "reference": "CL/1",
}  # fmt: skip
FORM = {
    "sku": "S1", "batch": "B1", "location": "GD-MUM", "pieces": "40", "amount": "1200.50",
    "filed_on": LAST.isoformat(), "reference": "CL/1",
}  # fmt: skip


@pytest.fixture
def book(in_alpha):
    made = make_book(1)
    Brand.objects.update(return_bp=6_000, claim_cap_paise=2_00_000)
    made.batch("S1", "B1", expires_in=60)
    made.receive("S1", "B1", 100, at=NOW - timedelta(days=90))
    StockItem.objects.create(
        sku=made.skus["S1"], territory=made.territories["MUM"], as_of=LAST, updated_at=NOW
    )  # fmt: skip
    return made


def person(role: Role) -> Client:
    who = add_person(
        username=role.value, password="claims-are-1-record", role=role, name=role.value,
        email=f"{role.value}@alpha.example",
    )  # fmt: skip
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(who)
    return browser


def test_the_doors_record_a_claim_once_however_often_it_is_sent_and_its_answer(book):
    client = caller(May.READ, May.DECIDE)
    sent = [client.post("/api/v1/claims", FILED, HTTP_IDEMPOTENCY_KEY="claim-1") for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    claim = Claim.objects.get()
    assert (claim.amount_paise, sent[0].json()["amount"], claim.pieces) == (1_20_050, "1200.50", 40)
    again = client.post("/api/v1/claims", FILED | {"pieces": 20})
    assert (again.status_code, again.json()["code"]) == (409, "claimed_already")
    short = client.post("/api/v1/claims", FILED | {"pieces": 61, "reference": "CL/2"})
    assert (short.status_code, short.json()["errors"][0]["field"]) == (409, "pieces")
    wrong = client.post("/api/v1/claims", FILED | {"amount": "12.345"})
    assert wrong.status_code == 422
    found = client.get("/api/v1/claims?state=open").json()
    assert [one["reference"] for one in found["results"]] == ["CL/1"]
    assert (found["companies"][0]["claimed"], found["companies"][0]["room"]) == ("1200.50", "799.50")
    answer = {"credited": "900.25", "answeredOn": LAST.isoformat(), "creditNote": "CN-1"}
    told = client.post(f"/api/v1/claims/{claim.pk}/answer", answer).json()
    assert (told["state"], told["credited"], told["creditNote"]) == ("credited", "900.25", "CN-1")
    assert client.post(f"/api/v1/claims/{claim.pk}/answer", answer).status_code == 409
    assert client.post(f"/api/v1/claims/{claim.pk}/withdraw", {"reason": "x"}).status_code == 409
    assert client.get(f"/api/v1/claims/{claim.pk}").json() == told
    assert client.get("/api/v1/claims?state=lost").status_code == 422
    assert client.get("/api/v1/claims/999").status_code == 404


def test_who_may_only_look_records_nothing(book):
    client = caller(May.READ)
    assert client.post("/api/v1/claims", FILED).status_code == 403
    browser = person(Role.AUDITOR)
    assert browser.post("/claims/new", FORM).status_code == 403
    assert not Claim.objects.exists()
    assert "Record a claim" not in browser.get("/claims").content.decode()


def test_a_manager_records_a_claim_from_the_batch_and_its_answer_on_the_page(book):
    browser = person(Role.MANAGER)
    page = browser.get("/claims/new?sku=S1&batch=B1&location=GD-MUM").content.decode()
    assert 'value="B1"' in page
    kept = browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    assert (kept.status_code, kept["Location"]) == (302, f"/claims/{claim.pk}")
    page = browser.get(f"/claims/{claim.pk}").content.decode()
    assert "Waits for an answer" in page
    assert "moves no stock" in page
    slip = browser.post(f"/claims/{claim.pk}", {"credited": "1300", "answered_on": LAST.isoformat()})
    assert slip.status_code == 422
    assert "0 to 1200.50" in slip.content.decode()
    browser.post(f"/claims/{claim.pk}", {"credited": "600.25", "answered_on": LAST.isoformat(), "note": "n"})
    page = browser.get("/claims").content.decode()
    for words in ("CL/1", "Credited in part", "Tivrano"):
        assert words in page
    lines = b"".join(browser.get("/claims.csv")).decode("utf-8-sig").splitlines()
    assert lines[1].split(",")[1:3] == ["Tivrano", LAST.isoformat()]
    assert "1200.50" in lines[1]
    assert "600.25" in lines[1]


def test_a_refusal_stands_where_it_was_written_and_a_slip_is_taken_back(book):
    browser = person(Role.MANAGER)
    page = browser.post("/claims/new", FORM | {"pieces": "101"})
    assert page.status_code == 422
    assert "100 pieces stand there, 0 of them are claimed: at most 100" in page.content.decode()
    page = browser.post("/claims/new", FORM | {"batch": "B9"})
    assert "there is no S1 batch B9 at GD-MUM" in page.content.decode()
    browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    assert browser.post(f"/claims/{claim.pk}/withdraw", {"reason": "filed twice"}).status_code == 302
    claim.refresh_from_db()
    assert (claim.state, claim.note) == ("withdrawn", "filed twice")
    assert "Withdrawn" in browser.get("/claims?state=withdrawn").content.decode()


def test_the_form_says_what_can_be_claimed_and_when_the_company_takes_nothing(book):
    browser = person(Role.MANAGER)
    address = "/claims/new?sku=S1&batch=B1&location=GD-MUM"
    cost = Batch.objects.get(number="B1").cost_paise
    told = find_claimable("S1", "B1", "GD-MUM", LAST)
    assert (told.free, told.return_bp, told.room) == (100, 6_000, 2_00_000)
    assert told.credit_paise == min(100 * cost * 6_000 // 10_000, 2_00_000)
    assert "100 pieces stand there" in browser.get(address).content.decode()
    browser.post("/claims/new", FORM)
    assert "60 pieces stand there" in browser.get(address).content.decode()
    Brand.objects.update(return_days=-90)
    page = browser.get(address).content.decode()
    assert "takes no claim on it today" in page
    assert "pieces stand there" not in page
    assert "stand there" not in browser.get("/claims/new?sku=S1&batch=B9&location=GD-MUM").content.decode()


def test_a_form_that_is_sent_twice_is_kept_once_and_says_so(book):
    browser = person(Role.MANAGER)
    first, again = (browser.post("/claims/new", FORM) for _ in range(2))
    claim = Claim.objects.get()
    assert first["Location"] == again["Location"] == f"/claims/{claim.pk}"
    other = browser.post("/claims/new", FORM | {"pieces": "41"})
    assert (other.status_code, Claim.objects.count()) == (422, 1)
    answer = {"credited": "900.25", "answered_on": LAST.isoformat()}
    told = [browser.post(f"/claims/{claim.pk}", answer, follow=True) for _ in range(2)]
    assert [page.status_code for page in told] == [200, 200]
    assert "answered or withdrawn already" not in told[0].content.decode()
    assert "answered or withdrawn already" in told[1].content.decode()


SENT = {
    "pieces": "40", "route": "financial_credit_note", "company": "Tivrano Foods Ltd",
    "gstin": "24AAACT2727Q1Z2", "address": "1 Mill Road", "place": "Ahmedabad", "pincode": "380001",
}  # fmt: skip


@pytest.fixture
def licensed(book):
    GstRegistration.objects.update(fssai="11512345000123")
    return book


def test_goods_leave_from_the_page_and_what_was_typed_stays_when_they_may_not(licensed):
    browser = person(Role.MANAGER)
    browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    assert "Send the goods" in browser.get(f"/claims/{claim.pk}").content.decode()
    wrong = browser.post(f"/claims/{claim.pk}/send", SENT | {"pieces": "41"})
    page = wrong.content.decode()
    assert (
        wrong.status_code,
        'value="1 Mill Road"' in page,
        "1 to 40, what was claimed and has not left" in page,
    ) == (
        422,
        True,
        True,
    )
    slip = browser.post(f"/claims/{claim.pk}/send", SENT | {"gstin": "24AAACT2727Q1Z9"})
    assert slip.status_code == 422
    assert "typing slip" in slip.content.decode()
    browser.post(f"/claims/{claim.pk}/send", SENT)
    page = browser.get(f"/claims/{claim.pk}").content.decode()
    for words in ("On their way to the company", "DC/27/", "They did not leave"):
        assert words in page
    assert browser.post(f"/claims/{claim.pk}/send", SENT).status_code == 302, "twice is once"
    assert ClaimSending.objects.count() == 1
    lot = f"/claims/{claim.pk}/sendings/{ClaimSending.objects.get().pk}"
    empty = browser.post(lot, {"reason": " "})
    assert empty.status_code == 422
    browser.post(f"/claims/{claim.pk}", {"credited": "0", "answered_on": LAST.isoformat()})
    assert "Say what became of them" in browser.get(f"/claims/{claim.pk}").content.decode()
    browser.post(lot, {"fate": "returned", "reason": "seal broken"})
    assert ClaimSending.objects.get().state == "returned"
    assert "seal broken" in browser.get(f"/claims/{claim.pk}").content.decode()


def test_goods_leave_in_parts_from_the_page_and_a_form_that_is_sent_twice_sends_once(licensed):
    browser = person(Role.MANAGER)
    browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    half = SENT | {"pieces": "15", "earlier": "0"}
    for _ in range(2):
        told = browser.post(f"/claims/{claim.pk}/send", half, follow=True).content.decode()
    assert "have left since that page was shown" in told
    assert ClaimSending.objects.count() == 1
    form = browser.get(f"/claims/{claim.pk}/send").content.decode()
    assert "25 pieces of 40 claimed are still here" in form
    assert 'name="earlier" value="1"' in form
    browser.post(f"/claims/{claim.pk}/send", SENT | {"pieces": "25", "earlier": "1"})
    page = browser.get(f"/claims/{claim.pk}").content.decode()
    assert page.count("They did not leave") == 2
    assert "Still here" not in page
    auditor = person(Role.AUDITOR)
    assert "They did not leave" not in auditor.get(f"/claims/{claim.pk}").content.decode()
    lot = ClaimSending.objects.first()
    assert auditor.post(f"/claims/{claim.pk}/sendings/{lot.pk}", {"reason": "x"}).status_code == 403
    browser.post(f"/claims/{claim.pk}/sendings/{lot.pk}", {"reason": "no lorry"})
    again = browser.post(f"/claims/{claim.pk}/sendings/{lot.pk}", {"reason": "no lorry"}, follow=True)
    assert "not on their way any more" in again.content.decode()
    assert browser.get(f"/claims/{claim.pk}/sendings/999").status_code == 302


def test_a_wrong_answer_is_corrected_on_the_page_and_both_are_shown(book):
    browser = person(Role.MANAGER)
    browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    assert browser.get(f"/claims/{claim.pk}/correct").status_code == 302, "there is no answer yet"
    browser.post(f"/claims/{claim.pk}", {"credited": "600.25", "answered_on": LAST.isoformat()})
    assert 'value="600.25"' in browser.get(f"/claims/{claim.pk}/correct").content.decode()
    said = {"credited": "60.25", "answered_on": LAST.isoformat(), "reason": "one nought too many"}
    wrong = browser.post(f"/claims/{claim.pk}/correct", said | {"credited": "1300"})
    page = wrong.content.decode()
    assert (wrong.status_code, 'value="one nought too many"' in page, "0 to 1200.50" in page) == (
        422,
        True,
        True,
    )
    browser.post(f"/claims/{claim.pk}/correct", said)
    page = browser.get(f"/claims/{claim.pk}").content.decode()
    for words in ("60.25", "600.25", "one nought too many"):
        assert words in page


def test_the_doors_send_goods_call_them_back_and_correct_an_answer(licensed):
    client = caller(May.READ, May.DECIDE)
    claim = client.post("/api/v1/claims", FILED).json()["id"]
    asked = SENT | {"pieces": 40, "distanceKm": 530}
    sent = client.post(f"/api/v1/claims/{claim}/send", asked).json()
    (lot,) = sent["sendings"]
    assert (lot["state"], lot["papers"][0]["kind"]) == ("sent", "delivery_challan")
    assert {name: n for name, n in sent["goods"].items() if n} == {"onTheWay": 40}
    again = client.post(f"/api/v1/claims/{claim}/send", asked)
    assert (again.status_code, again.json()["code"]) == (409, "claim_sent")
    back = client.post(f"/api/v1/claims/{claim}/call-back", {"reason": "no lorry"}).json()
    assert (back["sendings"][0]["state"], back["goods"]["here"]) == ("called_back", 40)
    assert client.get("/api/v1/claims").json()["results"][0]["sendings"] == back["sendings"]
    parts = [client.post(f"/api/v1/claims/{claim}/send", asked | {"pieces": n}).json() for n in (30, 10)]
    assert [part["goods"]["onTheWay"] for part in parts] == [30, 40]
    which = client.post(f"/api/v1/claims/{claim}/call-back", {"reason": "which?"})
    assert (which.status_code, which.json()["code"]) == (422, "which_sending")
    last = parts[1]["sendings"][-1]["id"]
    back = client.post(f"/api/v1/claims/{claim}/call-back", {"reason": "which?", "sending": last}).json()
    assert back["goods"]["here"] == 10
    answer = {"credited": "0", "answeredOn": LAST.isoformat()}
    client.post(f"/api/v1/claims/{claim}/answer", answer)
    gone = client.post(f"/api/v1/claims/{claim}/goods", {"fate": "destroyed", "reason": "burnt"}).json()
    assert (gone["goods"]["destroyed"], gone["sendings"][1]["state"]) == (30, "destroyed")
    assert gone["creditToReverse"] == {"byNote": "0.00", "expected": False, "byLoss": "75.00"}
    late = client.post(f"/api/v1/claims/{claim}/correct", answer | {"credited": "9", "reason": "x"})
    assert (late.status_code, late.json()["code"]) == (409, "goods_came_back")
    looker = caller(May.READ)
    for door in ("send", "call-back", "goods", "correct"):
        assert looker.post(f"/api/v1/claims/{claim}/{door}", {}).status_code == 403


def test_a_withdrawal_that_is_refused_keeps_its_reason_and_a_wrong_gstin_stands_at_its_field(book):
    browser = person(Role.MANAGER)
    browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    long = "filed twice " * 30
    answer = browser.post(f"/claims/{claim.pk}/withdraw", {"reason": long})
    assert (answer.status_code, long.strip() in answer.content.decode()) == (422, True)
    assert 'id="id_reason-errors"' in answer.content.decode()
    party = {
        "company": "Tivrano Foods Ltd", "gstin": "24AAACT2727Q1ZX", "address": "1 Mill Road",
        "place": "Ahmedabad", "pincode": "380001",
    }  # fmt: skip
    sent = {"pieces": "40", "route": "financial_credit_note", "distance_km": "530", **party}
    html = browser.post(f"/claims/{claim.pk}/send", sent).content.decode()
    assert 'id="id_gstin-errors"' in html
    assert all(f'value="{typed}"' in html for typed in party.values())
    assert not ClaimSending.objects.exists()
    assert browser.post(f"/claims/{claim.pk}/withdraw", {"reason": "filed twice"}).status_code == 302
    claim.refresh_from_db()
    assert (claim.state, claim.note) == ("withdrawn", "filed twice")
    again = browser.post(f"/claims/{claim.pk}/withdraw", {"reason": "filed twice"}).content.decode()
    assert "This cannot be kept" in again


def test_a_short_receipt_is_told_on_the_page_and_at_the_door(licensed):
    browser, client = person(Role.MANAGER), caller(May.READ, May.DECIDE)
    browser.post("/claims/new", FORM)
    claim = Claim.objects.get()
    for pieces in (30, 10):
        client.post(f"/api/v1/claims/{claim.pk}/send", SENT | {"pieces": pieces})
    first, second = ClaimSending.objects.order_by("pk")
    lot = f"/claims/{claim.pk}/sendings/{first.pk}/receipt"
    assert 'name="received" value="30"' in browser.get(lot).content.decode()
    short = {"received": "20", "damaged": "4", "missing": "", "reason": ""}
    wrong = browser.post(lot, short)
    assert (wrong.status_code, "say what became of the 10 others" in wrong.content.decode()) == (422, True)
    told = short | {"missing": "transporter", "reason": "a carton fell off"}
    browser.post(lot, told)
    page = browser.get(f"/claims/{claim.pk}").content.decode()
    for words in ("Received in part", "the transporter owes for it", "4 of them damaged", "900.37",
                  "a carton fell off", "Lost on the way"):  # fmt: skip
        assert words in page, words
    assert "on record" in browser.post(lot, told, follow=True).content.decode()
    door = f"/api/v1/claims/{claim.pk}/receipt"
    sent = client.post(door, {"sending": second.pk, "received": 10}).json()
    assert (sent["due"], sent["goods"]["received"], sent["goods"]["lost"]) == ("900.37", 30, 10)
    assert [one["state"] for one in sent["sendings"]] == ["received"] * 2
    again = client.post(door, {"sending": second.pk, "received": 10})
    assert (again.status_code, again.json()["code"]) == (409, "claim_not_sent")
    assert caller(May.READ).post(door, {"received": 1}).status_code == 403
    auditor = person(Role.AUDITOR)
    assert "What it received" not in auditor.get(f"/claims/{claim.pk}").content.decode()
    assert auditor.post(lot, told).status_code == 403
