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
    assert (wrong.status_code, 'value="1 Mill Road"' in page, "1 to 40, what was claimed" in page) == (
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
    empty = browser.post(f"/claims/{claim.pk}/goods", {"reason": " "})
    assert empty.status_code == 422
    browser.post(f"/claims/{claim.pk}", {"credited": "0", "answered_on": LAST.isoformat()})
    assert "Say what became of them" in browser.get(f"/claims/{claim.pk}").content.decode()
    browser.post(f"/claims/{claim.pk}/goods", {"fate": "returned", "reason": "seal broken"})
    assert ClaimSending.objects.get().state == "returned"
    assert "seal broken" in browser.get(f"/claims/{claim.pk}").content.decode()


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
    assert (sent["goods"]["state"], sent["goods"]["papers"][0]["kind"]) == ("sent", "delivery_challan")
    again = client.post(f"/api/v1/claims/{claim}/send", asked)
    assert (again.status_code, again.json()["code"]) == (409, "claim_sent")
    back = client.post(f"/api/v1/claims/{claim}/call-back", {"reason": "no lorry"}).json()
    assert back["goods"]["state"] == "called_back"
    assert client.get("/api/v1/claims").json()["results"][0]["goods"] == back["goods"]
    client.post(f"/api/v1/claims/{claim}/send", asked)
    answer = {"credited": "0", "answeredOn": LAST.isoformat()}
    client.post(f"/api/v1/claims/{claim}/answer", answer)
    gone = client.post(f"/api/v1/claims/{claim}/goods", {"fate": "destroyed", "reason": "burnt"}).json()
    assert gone["goods"]["state"] == "destroyed"
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
