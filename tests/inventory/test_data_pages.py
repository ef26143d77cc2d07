"""The pages of data as a person uses them, from the upload to the quarantine, and the doors of the API."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import ImportRun, MappingProfile, QuarantinedRow, Sale
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import Book, make_book
from tests.inventory.test_imports import OWNER, opened, sale, sales, written
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha", "own_media", "no_worker")


@pytest.fixture
def no_worker(monkeypatch) -> list[str]:
    """Nobody works in the background: what was sent is kept, and the test drives it."""
    from inventory.tasks import drive_import

    sent: list[str] = []
    monkeypatch.setattr(drive_import, "delay", sent.append)
    return sent


@pytest.fixture
def book() -> Book:
    book = make_book()
    for sku in ("S1", "S2"):
        book.batch(sku, "A")
        book.receive(sku, "A", 500)
    return book


def client_of(role: Role) -> Client:
    person = add_person(
        username=role.value,
        password="look-at-data-1",
        role=role,
        name=role.title(),
        email=f"{role}@a.example",
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


@pytest.fixture
def manager(book: Book) -> Client:
    return client_of(Role.MANAGER)


def upload(client: Client, body: bytes, name: str = "sales.csv", **more):
    return client.post("/data/upload", {"file": SimpleUploadedFile(name, body), "feed": "", **more})


def drive(run: ImportRun) -> ImportRun:
    while imports.drive(run.pk, at=NOW):
        pass
    run.refresh_from_db()
    return run


ODD = (
    b"Bill Number,Cust Code,Prod Cd,Sold,At Price,When\n"
    b"T1,R1,S1,2,80.00,20-11-2026\nT2,R1,S1,3,80.00,21-11-2026\n"
)


def test_a_file_goes_from_upload_to_reconciled_through_the_pages(
    manager: Client, no_worker, django_capture_on_commit_callbacks
) -> None:
    answer = upload(manager, sales(sale(1), sale(2, sku="NO")))
    run = ImportRun.objects.get()
    assert answer["Location"] == f"/data/imports/{run.pk}"
    assert manager.get(answer["Location"])["Location"] == f"/data/imports/{run.pk}/mapping"
    shown = manager.get(f"/data/imports/{run.pk}/mapping")
    assert shown.context["trouble"] == ""
    chosen = {row["label"]: row["column"] for row in shown.context["fields"][0]["rows"]}
    assert chosen["Transaction id"] == "transaction_id"
    with django_capture_on_commit_callbacks(execute=True):  # a worker is woken by what is committed
        manager.post(f"/data/imports/{run.pk}/mapping", {"check": "1"})
    assert no_worker == [str(run.pk)]
    assert "Under way" in manager.get(f"/data/imports/{run.pk}").content.decode()
    run = drive(run)
    page = manager.get(f"/data/imports/{run.pk}").content.decode()
    assert "no SKU has this code" in page
    assert "Import it" in page
    assert not Sale.objects.exists()
    manager.post(f"/data/imports/{run.pk}/write")
    run = drive(run)
    page = manager.get(f"/data/imports/{run.pk}").content.decode()
    assert (run.state, Sale.objects.count()) == ("reconciled", 1)
    assert "Reconciliation" in page
    assert "set aside" in page
    assert run.asked_by_name == "Manager"


def test_columns_nobody_knows_are_mapped_by_a_person_and_kept_as_a_profile(manager: Client) -> None:
    upload(manager, ODD)
    run = ImportRun.objects.get()
    address = f"/data/imports/{run.pk}/mapping"
    shown = manager.get(address, {"kind": "sales"})
    assert shown.status_code == 200
    fields = {row["label"]: row for kind in shown.context["fields"] for row in (*kind["rows"], *kind["more"])}
    form = {row["name"]: row["column"] for row in fields.values()}
    form |= {
        fields["Quantity"]["name"]: "Sold", fields["Unit price"]["name"]: "At Price",
        fields["Timestamp"]["name"]: "When", fields["Transaction id"]["name"]: "Bill Number",
        fields["Retailer id"]["name"]: "Cust Code", fields["SKU"]["name"]: "Prod Cd",
    }  # fmt: skip
    form |= {"kind": "sales", "sheet": shown.context["table"].name, "profile": "", "asked": "|sales||sales"}
    form["name"] = "The till"
    form["asked"] = "|".join(("", "sales", form["sheet"], "sales"))
    tried = manager.post(address, form)
    assert tried.context["trouble"] == ""
    assert tried.context["tried"][0]["rows"]
    manager.post(address, {**form, "check": "1"})
    profile = MappingProfile.objects.get()
    assert (profile.name, profile.version) == ("The till", 1)
    run = drive(run)
    assert run.checks["counts"]["sales"]["accepted"] == 2, run.checks
    assert run.profile == profile
    imports.begin_write(run.pk, actor=OWNER, at=NOW)
    assert drive(run).state == "reconciled"

    upload(manager, ODD.replace(b"T1", b"T8").replace(b"T2", b"T9"))
    again = ImportRun.objects.order_by("-number").first()
    known = manager.get(f"/data/imports/{again.pk}/mapping", {"profile": str(profile.pk)})
    assert known.context["origin"] == "The till v1"
    assert known.context["trouble"] == ""


def test_a_mapping_that_lacks_what_is_needed_says_so_and_is_not_used(manager: Client) -> None:
    upload(manager, b"Alpha,Beta\n1,2\n")
    run = ImportRun.objects.get()
    shown = manager.get(f"/data/imports/{run.pk}/mapping", {"kind": "stock"})
    assert shown.status_code == 200
    assert any(row["lacking"] for row in shown.context["fields"][0]["rows"])
    manager.post(f"/data/imports/{run.pk}/mapping", {"check": "1", "kind": "stock"})
    run.refresh_from_db()
    assert run.options["wait"] is True


def test_a_file_that_is_no_table_says_so_on_the_mapping_page(manager: Client) -> None:
    upload(manager, b"%PDF-1.7 whatever")
    run = ImportRun.objects.get()
    page = manager.get(f"/data/imports/{run.pk}/mapping").content.decode()
    assert "PDF" in page


def test_the_same_file_leads_to_the_import_it_was(manager: Client) -> None:
    upload(manager, sales(sale(1)))
    first = ImportRun.objects.get()
    assert upload(manager, sales(sale(1)))["Location"].endswith(str(first.pk))
    assert ImportRun.objects.count() == 1
    upload(manager, sales(sale(1)), again="on")
    assert ImportRun.objects.count() == 2


def test_an_analyst_looks_and_cannot_touch(manager: Client) -> None:
    run = written(sales(sale(1), sale(2, sku="NO")))
    row = run.quarantine.get()
    analyst = client_of(Role.ANALYST)
    for path in ("/data", f"/data/imports/{run.pk}", f"/data/imports/{run.pk}/quarantine"):
        page = analyst.get(path)
        assert page.status_code == 200
        assert not re.search(r'action="/data/(upload|rows|imports)', page.content.decode())
    refused = [
        analyst.post("/data/upload"), analyst.post(f"/data/imports/{run.pk}/undo"),
        analyst.post(f"/data/rows/{row.pk}/correct"), analyst.post(f"/data/rows/{row.pk}/drop"),
        analyst.get(f"/data/imports/{run.pk}/mapping"),
    ]  # fmt: skip
    assert {answer.status_code for answer in refused} == {403}


def test_history_is_filtered_and_shows_nothing_of_others(manager: Client, beta) -> None:
    written(sales(sale(1)), "november.csv")
    written(sales(sale(2)), "october.csv")
    page = manager.get("/data", {"q": "octo"})
    assert [run.title for run in page.context["page"]] == ["october.csv"]
    assert [run.title for run in manager.get("/data", {"state": "failed"}).context["page"]] == []
    assert len(manager.get("/data", {"state": "nonsense", "q": "a\x00", "page": "99"}).context["page"]) == 0
    assert len(manager.get("/data", {"feed": "files"}).context["page"]) == 2


def test_progress_is_polled_and_ends_with_the_whole_page(manager: Client) -> None:
    run = opened(sales(sale(1)))
    part = manager.get(f"/data/imports/{run.pk}/progress")
    assert 'hx-trigger="every 1s"' in part.content.decode()
    drive(run)
    assert manager.get(f"/data/imports/{run.pk}/progress")["HX-Refresh"] == "true"


def test_totals_show_differences_first_and_their_causes(manager: Client) -> None:
    run = written(sales(sale(1), sale(2, sku="S2"), sale(3, sku="NO", quantity=9)))
    page = manager.get(f"/data/imports/{run.pk}")
    shown = [(one["total"].sku, one["causes"], one["open"]) for one in page.context["totals_shown"]]
    assert shown == [("NO", ["set aside: unknown sku"], False)]
    everything = manager.get(f"/data/imports/{run.pk}", {"all": "1"})
    assert next(one["total"].sku for one in everything.context["totals_shown"]) == "NO"
    assert len(everything.context["totals_shown"]) == 3
    Sale.objects.filter(transaction_id="T1").delete()
    manager.post(f"/data/imports/{run.pk}/reconcile")
    page = manager.get(f"/data/imports/{run.pk}").content.decode()
    assert "It does not add up" in page
    assert "no cause known" in page


def test_a_row_is_corrected_in_place_and_driven_again(manager: Client) -> None:
    run = written(sales(sale(1), sale(2, sku="NO")))
    row = run.quarantine.get()
    page = manager.get(f"/data/imports/{run.pk}/quarantine").content.decode()
    assert 'name="field:sku" value="NO"' in page
    part = manager.post(
        f"/data/rows/{row.pk}/correct", {"field:sku": "S2", "drive": "1"}, headers={"HX-Request": "true"}
    )
    assert "Taken" in part.content.decode()
    assert Sale.objects.count() == 2
    assert QuarantinedRow.objects.get().state == "taken"
    left = manager.get(f"/data/imports/{run.pk}/quarantine").content.decode()
    assert "No row waits here" in left


def test_a_row_that_stays_wrong_says_so_in_place(manager: Client) -> None:
    run = written(sales(sale(1), sale(2, sku="NO")))
    row = run.quarantine.get()
    part = manager.post(
        f"/data/rows/{row.pk}/correct", {"field:sku": "S77", "drive": "1"}, headers={"HX-Request": "true"}
    )
    assert "still not right" in part.content.decode()
    assert 'value="S77"' in part.content.decode()
    assert Sale.objects.count() == 1


def test_quarantine_comes_as_a_file_that_says_why_and_can_be_sent_again(manager: Client) -> None:
    run = written(sales(sale(1), sale(2, sku="=2+5")))
    body = manager.get(f"/data/imports/{run.pk}/quarantine.csv").content
    [line] = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert line["sku"] == "'=2+5"
    assert "no SKU has this code" in line["reason"]
    assert line["source_row"] == str(run.quarantine.get().row)
    book = manager.get(f"/data/imports/{run.pk}/quarantine.xlsx").content
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()
    corrected = body.replace(b"'=2+5", b"S2")
    again = written(corrected, "corrected.csv", kind="sales")
    assert again.counts["sales"]["accepted"] == 1


def test_dropped_rows_leave_and_the_reconciliation_names_them(manager: Client) -> None:
    run = written(sales(sale(1), sale(2, sku="NO", quantity=4)))
    manager.post(f"/data/rows/{run.quarantine.get().pk}/drop")
    page = manager.get(f"/data/imports/{run.pk}").content.decode()
    assert "left out by a person" in page


# --- the API -------------------------------------------------------------------------------


def caller(*scopes: May) -> APIClient:
    _row, secret = issue_key(name="erp", scopes=scopes, actor=system("tests"), at=timezone.now())
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_raw_body_becomes_an_import_and_the_same_again_is_known(
    book: Book, no_worker, django_capture_on_commit_callbacks
) -> None:
    client, body = caller(May.FEED, May.READ), sales(sale(1), sale(2, sku="NO"))
    where = "/api/v1/imports?name=sales.csv&kind=sales"
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.generic("POST", where, body, content_type="text/csv")
    assert answer.status_code == 202, answer.content
    address = answer["Location"]
    assert no_worker == [answer.json()["id"]]
    assert answer.json()["done"] is False
    again = client.generic("POST", where, body, content_type="text/csv")
    assert (again.status_code, again.json()["known"], again.json()["id"]) == (200, True, answer.json()["id"])
    run = drive(ImportRun.objects.get())
    told = client.get(address).json()
    assert (told["state"], told["done"], told["faultCount"]) == ("checked", True, 1)
    assert client.post(f"{address}/write").status_code == 202
    drive(run)
    told = client.get(address).json()
    assert told["state"] == "reconciled"
    assert told["reconciliation"]["kinds"][0]["sourceValue"] == "320.00"
    assert told["reconciliation"]["kinds"][0]["landedValue"] == "160.00"
    [row] = client.get(f"{address}/quarantine").json()["results"]
    assert row["faults"][0]["code"] == "unknown_sku"
    assert b"no SKU has this code" in client.get(f"{address}/quarantine.csv").content
    assert client.post(f"{address}/undo").status_code == 202
    drive(run)
    assert client.get(address).json()["state"] == "undone"
    assert not Sale.objects.exists()


def test_a_form_with_a_file_is_taken_too_and_may_go_on_by_itself(book: Book) -> None:
    client = caller(May.FEED)
    file = SimpleUploadedFile("sales.csv", sales(sale(1)), content_type="text/csv")
    answer = client.post(
        "/api/v1/imports", {"file": file, "kind": "sales", "write": "true"}, format="multipart"
    )
    assert answer.status_code == 202, answer.content
    assert drive(ImportRun.objects.get()).state == "reconciled"


def test_what_is_wrong_with_a_call_is_named(book: Book) -> None:
    client = caller(May.FEED, May.READ)
    run = opened(sales(sale(1)))
    for answer, status in (
        (client.generic("POST", "/api/v1/imports?feed=none", b"x", content_type="text/csv"), 404),
        (client.generic("POST", "/api/v1/imports", b"", content_type="text/csv"), 422),
        (client.generic("POST", "/api/v1/imports?write=perhaps", b"x", content_type="text/csv"), 422),
        (client.get("/api/v1/imports?state=none"), 422),
        (client.get("/api/v1/imports?cursor=x"), 422),
        (client.post(f"/api/v1/imports/{run.pk}/undo"), 409),
        (client.get(f"/api/v1/imports/{run.pk.hex[::-1]}"), 404),
    ):
        assert answer.status_code == status, answer.content
        assert orjson.loads(answer.content)["code"]
    assert (
        caller(May.READ).generic("POST", "/api/v1/imports", b"x", content_type="text/csv").status_code == 403
    )


def test_imports_are_listed_page_by_page(book: Book) -> None:
    client = caller(May.READ)
    for n in range(3):
        opened(sales(sale(n)))
    first = client.get("/api/v1/imports?limit=2").json()
    rest = client.get("/api/v1/imports", {"limit": 2, "cursor": first["nextCursor"]}).json()
    assert [one["number"] for one in (*first["results"], *rest["results"])] == [3, 2, 1]
    assert rest["nextCursor"] is None
