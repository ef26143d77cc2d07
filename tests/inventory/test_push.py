"""Records pushed at the API: each kind in each form, hostile bodies, row by row, tried, repeated, as jobs."""

from __future__ import annotations

import csv
import gzip
import io
from io import BytesIO
from itertools import product
from uuid import UUID, uuid4

import orjson
import polars as pl
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from inventory.api import bodies, push
from inventory.api.described import example_row
from inventory.contracts.feeds import RecordKind as Kind
from inventory.feeds.canonical import canonical_names
from inventory.feeds.push import Form, Pushed, blocks, count_rows, read_rows, read_table
from inventory.models import (
    Batch,
    ImportRun,
    Location,
    Movement,
    PurchaseLine,
    Retailer,
    Sale,
    Sku,
    SkuPrice,
    Territory,
)
from inventory.services.imports import drive
from tests.inventory.book import make_book
from vyapar.engine.models import AuditEntry, Event
from vyapar.gateway.models import ApiCall
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")

JSON, LINES, CSV = Form.JSON.value, Form.LINES.value, Form.CSV.value
NAMES = canonical_names(Kind.SALES)


@pytest.fixture
def book():
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 500)
    return book


@pytest.fixture
def client() -> APIClient:
    return caller(May.FEED)


def caller(*scopes: May | str) -> APIClient:
    _row, secret = issue_key(name="erp", scopes=scopes, actor=system("tests"), at=timezone.now())
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def send(client: APIClient, kind: str, body: bytes, form: str = JSON, query: str = "", **headers):
    return client.generic("POST", f"/api/v1/{kind}/batch{query}", body, content_type=form, **headers)


def sale(transaction: str = "T1", **changes) -> dict:
    return {
        "transactionId": transaction, "line": 1, "retailerId": "R1", "sku": "S1", "quantity": 2,
        "unitPrice": "80.00", "timestamp": "2026-11-20T10:00:00+05:30", **changes,
    }  # fmt: skip


def coded(rows: list[dict], form: str, kind: str = "sales") -> bytes:
    """Rows as a body of a content type."""
    if form == JSON:
        return orjson.dumps({"transactions" if kind == "sales" else kind: rows})
    if form == LINES:
        return b"\n".join(map(orjson.dumps, rows))
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue().encode()


def told(answer) -> set[tuple]:
    return {(f["row"], f["field"], f["code"]) for f in answer.json()["rejected"]}


# --- each kind, each form ------------------------------------------------------------------

#: A row of each kind that the book can take, and the table in which it is found afterwards.
ROWS = {
    "territories": ({"code": "PUN", "name": "Pune", "gstin": "27AABCU9603R1ZN"}, Territory, {"code": "PUN"}),
    "locations": (
        {"code": "VAN-1", "name": "Van 1", "kind": "van", "territory": "MUM", "pincode": "400072"},
        Location,
        {"code": "VAN-1", "kind": "van"},
    ),
    "retailers": (
        {"retailerId": "R9", "name": "रमेश स्टोर", "territory": "MUM", "pincode": "400072"},
        Retailer,
        {"retailer_id": "R9", "name": "रमेश स्टोर"},
    ),
    "skus": (
        {"sku": "S9", "name": "Rusk 200 g", "brand": "Tivrano", "hsn": "19054000", "mrp": "45.00",
         "tradePrice": 39.5, "cost": "30.00", "casePack": 24},
        Sku,
        {"code": "S9", "trade_price_paise": 39_50, "case_pack": 24},
    ),
    "prices": (
        {"sku": "S1", "mrp": "105.00", "validFrom": "2026-12-01"},
        SkuPrice,
        {"sku__code": "S1", "mrp_paise": 105_00},
    ),
    "batches": (
        {"sku": "S1", "batch": "B/7", "mrp": "100.00", "expiryDate": "2027-05-31"},
        Batch,
        {"sku__code": "S1", "number": "B/7"},
    ),
    "purchases": (
        {"purchaseInvoice": "PI-1", "supplierName": "Tivrano", "invoiceDate": "2026-11-01", "sku": "S1",
         "batch": "A", "location": "GD-MUM", "quantity": 500, "cost": "50.00", "tax": "250.00"},
        PurchaseLine,
        {"purchase_invoice": "PI-1", "quantity": 500},
    ),
    "receipts": (
        {"reference": "GRN-1", "receivedAt": "2026-11-10T09:00:00+05:30", "sku": "S1", "batch": "A",
         "location": "GD-MUM", "quantity": "2 CASE 3 PCS"},
        Movement,
        {"kind": "receipt", "quantity": 27},
    ),
    "stock": (
        {"sku": "S1", "batch": "A", "location": "GD-MUM", "quantity": 480},
        Movement,
        {"kind": "adjustment", "quantity": -20},
    ),
    "sales": (sale(), Sale, {"transaction_id": "T1", "quantity": 2, "unit_price_paise": 80_00}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "form"), list(product(ROWS, (JSON, LINES, CSV))))
def test_each_kind_is_taken_in_each_form_and_again_changes_nothing(book, client, kind, form) -> None:
    row, table, found = ROWS[kind]
    body = coded([row], form, kind)
    answer = send(client, kind, body, form)
    assert (answer.status_code, answer.json()["accepted"] + answer.json().get("updated", 0)) == (200, 1)
    assert table.objects.filter(**found).count() == 1
    again = send(client, kind, gzip.compress(body), form, HTTP_CONTENT_ENCODING="gzip").json()
    assert (again["accepted"], again.get("updated", 0), again["duplicates"]) == (0, 0, 1)
    assert table.objects.filter(**found).count() == 1


def test_every_kind_there_is_has_a_door_and_an_example_in_its_description() -> None:
    assert set(push.DOORS) == set(Kind)
    assert {kind.value for kind in Kind} == set(ROWS)
    for kind in Kind:
        assert set(example_row(kind)) <= set(canonical_names(kind))


def test_a_key_for_one_kind_opens_that_door_only(book) -> None:
    client = caller("feed:sales")
    assert send(client, "sales", coded([sale()], JSON)).status_code == 200
    assert send(client, "stock", coded([ROWS["stock"][0]], JSON, "stock")).status_code == 403


def test_csv_takes_our_own_names_and_says_which_columns_mean_nothing(book, client) -> None:
    body = (
        "transaction_id,retailer_id,sku,quantity,unit_price,timestamp,colour\r\n"
        "T1,R1,S1,2,80.00,20-11-2026 10:00,red\r\n\r\n"
    )
    answer = send(client, "sales", b"\xef\xbb\xbf" + body.encode(), CSV)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["ignored"]) == (200, 1, ["colour"])


# --- row by row ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [JSON, LINES, CSV])
def test_bad_rows_are_named_and_the_good_ones_are_taken(book, client, form) -> None:
    rows = [sale("T1"), sale("T2", sku="NO"), sale("T3", quantity="many"), sale("T4", unitPrice="-1")]
    answer = send(client, "sales", coded(rows, form), form)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejectedRows"]) == (207, 1, 3)
    assert told(answer) == {
        (2, "sku", "unknown_sku"), (3, "quantity", "not_whole"), (4, "unitPrice", "negative"),
    }  # fmt: skip
    fault = answer.json()["rejected"][0]
    assert set(fault) == {"row", "field", "code", "message", "value"}
    assert fault["value"] == "NO"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (b'"quantity": 1e308', ("quantity", "not_whole")),
        (b'"unitPrice": 1e308', ("unitPrice", "not_money")),
        (b'"quantity": null', ("quantity", "not_whole")),
        (b'"quantity": true', ("quantity", "not_whole")),
        (b'"quantity": 2.5', ("quantity", "not_whole")),
        (b'"quantity": 99999999999999999999', ("quantity", "not_whole")),
        (b'"quantity": [2]', ("quantity", "not_whole")),
        (b'"sku": {"code": "S1"}', ("sku", "unknown_sku")),
        (b'"unitPrice": "NaN"', ("unitPrice", "not_money")),
        (b'"unitPrice": 12.345', ("unitPrice", "not_money")),
        (b'"timestamp": 5', ("timestamp", "not_an_instant")),
        (b'"sku": "S1\\u0007"', ("sku", "control_character")),
    ],
)
def test_values_of_no_sense_are_faults_of_their_rows(book, client, changes: bytes, fault: tuple) -> None:
    name = changes.split(b'"')[1].decode()
    rows = [orjson.dumps({k: v for k, v in sale("T2").items() if k != name}), orjson.dumps(sale("T1"))]
    rows[0] = rows[0][:-1] + b"," + changes + b"}"
    answer = send(client, "sales", b"[" + b",".join(rows) + b"]")
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)
    assert {(row, *rest) for row, *rest in told(answer)} == {(1, *fault)}


def test_what_a_till_wrote_as_a_float_is_the_price_that_it_meant(book, client) -> None:
    body = coded([sale("T1", unitPrice=12.350000000000001), sale("T2", unitPrice=0.1 + 0.2)], JSON)
    assert send(client, "sales", body).json()["accepted"] == 2
    assert set(Sale.objects.values_list("unit_price_paise", flat=True)) == {12_35, 30}


def test_faults_are_counted_although_only_the_first_are_told(book, client) -> None:
    rows = [sale(f"T{n}", sku="NO") for n in range(1_100)]
    answer = send(client, "sales", coded(rows, LINES), LINES).json()
    assert (len(answer["rejected"]), answer["rejectedRows"], answer["faultCount"]) == (1_000, 1_100, 1_100)


# --- bodies that cannot be read ------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "form", "status", "code"),
    [
        (b'[{"sku": NaN}]', JSON, 422, "not_json"),
        (b'[{"sku": 1e400}]', JSON, 422, "not_json"),
        (b'[{"sku": "S1"}', JSON, 422, "not_json"),
        (b'[{"sku": "S1"}}', JSON, 422, "not_json"),
        (b'[{"sku": "S1"} {"sku": "S2"}]', JSON, 422, "not_json"),
        (b'[{"sku": "S1"}, 7]', JSON, 422, "not_an_object"),
        (b'"sales"', JSON, 422, "no_sales"),
        (b'[{"sku": "a\\u0000b"}]', JSON, 422, "not_text"),
        (b'[{"sku": "a\\ud800"}]', JSON, 422, "not_text"),
        (b'{"sku": "S\x001"}', LINES, 422, "not_text"),
        (b"[1]\n[2]", LINES, 422, "not_an_object"),
        ('[{"sku": "चाय"}]'.encode("utf-16"), JSON, 422, "not_utf8"),
        ("sku\nM\xfcsli\n".encode("latin-1"), CSV, 422, "not_utf8"),
        (b"a,b\n1,2,3,4\n", CSV, 422, "not_csv"),
        (b"colour,size\nred,2\n", CSV, 422, "no_header"),
        (b"sku,sku\nS1,S1\n", CSV, 422, "no_header"),
        (b"a" * 70_000, CSV, 422, "no_header"),
        (b'[{"sku":' + b"[" * 5_000 + b"]" * 5_000 + b"}]", JSON, 422, "not_json"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_whole(book, client, body, form, status, code) -> None:
    answer = send(client, "sales", body, form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Sale.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "text/csv; charset=latin-1", "multipart/form-data"]
)
def test_other_content_types_are_refused_before_anything_is_read(book, client, kind: str) -> None:
    answer = client.generic("POST", "/api/v1/sales/batch", coded([sale()], CSV), content_type=kind)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (gzip.compress(b" " * 30_000_000), 413, "packed_too_well"),
        (gzip.compress(coded([sale()], JSON))[:-5], 422, "gzip_cut_off"),
        (gzip.compress(coded([sale()], JSON)) + b"rest", 422, "not_gzip"),
        (coded([sale()], JSON), 422, "not_gzip"),
    ],
)
def test_a_packed_body_is_unpacked_within_limits_or_refused(book, client, body, status, code) -> None:
    answer = send(client, "sales", body, HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Sale.objects.exists()


def test_a_gzip_stream_of_two_members_is_one_body(book, client) -> None:
    first, second = orjson.dumps(sale("T1")) + b"\n", orjson.dumps(sale("T2"))
    body = gzip.compress(first) + gzip.compress(second)
    assert send(client, "sales", body, LINES, HTTP_CONTENT_ENCODING="gzip").json()["accepted"] == 2


def test_another_coding_is_refused(book, client) -> None:
    assert send(client, "sales", coded([sale()], JSON), HTTP_CONTENT_ENCODING="br").status_code == 415


def test_a_body_in_chunks_is_read_to_its_end(book, client) -> None:
    body = coded([sale("T1"), sale("T2")], JSON)
    answer = send(
        client, "sales", body, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": BytesIO(body)},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)


@pytest.mark.parametrize(("length", "status"), [("", 411), ("0", 422), ("999999", 400), (str(3 << 30), 413)])
def test_a_length_that_is_none_or_not_true_is_refused(book, client, length: str, status: int) -> None:
    body = coded([sale()], JSON)
    answer = send(client, "sales", body, CONTENT_LENGTH=length, **{"wsgi.input": BytesIO(body)})
    assert answer.status_code == status
    assert not Sale.objects.exists()


def test_a_body_that_unpacks_beyond_the_limit_is_refused(
    book, client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES", 1_000)
    body = coded([sale(f"T{n}") for n in range(50)], JSON)
    answer = send(client, "sales", gzip.compress(body), HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# --- tried, and repeated -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ROWS)
def test_a_try_says_what_would_happen_and_writes_nothing(book, client, kind: str) -> None:
    row, table, found = ROWS[kind]
    before, events = AuditEntry.objects.count(), Event.objects.count()
    answer = send(client, kind, coded([row], JSON, kind), query="?dryRun=true").json()
    assert (answer["accepted"] + answer.get("updated", 0), answer["dryRun"]) == (1, True)
    assert not table.objects.filter(**found).exists()
    assert (AuditEntry.objects.count(), Event.objects.count()) == (before, events)


def test_a_try_finds_the_same_faults_as_the_write(book, client) -> None:
    body = coded([sale("T1"), sale("T2", sku="NO"), sale("T1", quantity=3)], JSON)
    tried, done = send(client, "sales", body, query="?dryRun=true"), send(client, "sales", body)
    assert (tried.status_code, tried.json()["rejected"]) == (done.status_code, done.json()["rejected"])
    assert tried.json()["accepted"] == done.json()["accepted"] == 1


def test_a_try_is_true_or_false(book, client) -> None:
    assert send(client, "sales", coded([sale()], JSON), query="?dryRun=perhaps").status_code == 422


@pytest.mark.parametrize("packed", [False, True])
def test_the_same_key_gets_the_first_reply_and_another_body_is_refused(book, client, packed: bool) -> None:
    head = {"HTTP_IDEMPOTENCY_KEY": "night-1", **({"HTTP_CONTENT_ENCODING": "gzip"} if packed else {})}

    def body(*rows: dict) -> bytes:
        plain = coded(list(rows), JSON)
        return gzip.compress(plain, mtime=0) if packed else plain

    first, second = (send(client, "sales", body(sale()), **head) for _ in range(2))
    assert first.json()["accepted"] == second.json()["accepted"] == 1
    assert second["Idempotent-Replayed"] == "true"
    assert send(client, "sales", body(sale("T2")), **head).json()["code"] == "key_reused"
    assert Sale.objects.count() == 1


# --- jobs ----------------------------------------------------------------------------------


def finish(job: dict) -> None:
    """What the worker does, step by step."""
    while drive(UUID(job["id"]), at=timezone.now(), clock=timezone.now):
        pass


@pytest.mark.parametrize("form", [JSON, LINES, CSV])
def test_more_rows_than_are_answered_at_once_become_a_job(book, client, monkeypatch, form) -> None:
    monkeypatch.setattr(push, "MOST_ROWS_NOW", 1)
    rows = [sale(f"T{n}") for n in range(9)] + [sale("BAD", sku="NO")]
    taken = send(client, "sales", coded(rows, form), form)
    assert (taken.status_code, taken["Location"]) == (202, f"/api/v1/jobs/{taken.json()['id']}")
    waiting = client.get(taken["Location"]).json()
    assert (waiting["state"], waiting["done"], waiting["kind"]) == ("uploaded", False, "sales")
    assert not Sale.objects.exists()
    finish(waiting)
    done = client.get(taken["Location"]).json()
    assert (done["state"], done["done"], done["percent"]) == ("reconciled", True, 100.0)
    assert (done["rowsRead"], done["accepted"], done["rejected"]) == (10, 9, 1)
    assert (done["faults"][0]["row"], done["faults"][0]["code"]) == (10, "unknown_sku")
    assert Sale.objects.count() == 9
    assert [f["row"] for f in client.get(done["moreFaults"]).json()["results"]] == [10]


def test_a_job_is_had_by_asking_for_it(book, client) -> None:
    taken = send(
        client, "stock", coded([ROWS["stock"][0]], JSON, "stock"), HTTP_PREFER="respond-async, wait=5"
    )
    assert (taken.status_code, taken["Preference-Applied"]) == (202, "respond-async")
    finish(taken.json())
    assert client.get(taken["Location"]).json()["updated"] == 1
    assert book.position("S1", "A").on_hand == 480


def test_a_tried_job_is_checked_and_writes_nothing(book, client) -> None:
    body = coded([sale("T1"), sale("T2", sku="NO")], JSON)
    taken = send(client, "sales", body, query="?dryRun=true", HTTP_PREFER="respond-async")
    finish(taken.json())
    done = client.get(taken["Location"]).json()
    assert (done["state"], done["done"], done["dryRun"]) == ("checked", True, True)
    assert (done["accepted"], done["rejected"], done["faults"][0]["code"]) == (1, 1, "unknown_sku")
    assert not Sale.objects.exists()


def test_a_job_that_has_not_begun_can_be_called_off_and_one_that_is_over_cannot(book, client) -> None:
    taken = send(client, "sales", coded([sale()], JSON), HTTP_PREFER="respond-async")
    assert client.delete(taken["Location"]).json()["state"] == "cancelled"
    finish(taken.json())
    assert client.get(taken["Location"]).json()["state"] == "cancelled"
    assert client.delete(taken["Location"]).status_code == 409
    assert not Sale.objects.exists()


def test_a_job_whose_body_breaks_further_down_fails_and_leaves_nothing(book, client, monkeypatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 200)
    body = b"\n".join([*(orjson.dumps(sale(f"T{n}")) for n in range(9)), b"{broken"])
    taken = send(client, "sales", body, LINES, HTTP_PREFER="respond-async")
    finish(taken.json())
    done = client.get(taken["Location"]).json()
    assert (done["state"], done["done"]) == ("failed", True)
    assert "10" in done["error"]
    assert not Sale.objects.exists()


def test_a_body_that_cannot_begin_a_job_is_refused_at_once(book, client) -> None:
    answer = send(client, "sales", b'{"source": "till", "rows": []}', HTTP_PREFER="respond-async")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_sales")


def test_jobs_of_another_kind_are_not_for_a_key_of_one_kind(book, client) -> None:
    taken = send(client, "sales", coded([sale()], JSON), HTTP_PREFER="respond-async")
    assert caller("feed:sales").get(taken["Location"]).status_code == 200
    assert caller("feed:stock").get(taken["Location"]).status_code == 403
    assert client.get("/api/v1/jobs/00000000-0000-0000-0000-000000000000").status_code == 404


def test_faults_of_a_job_come_in_pages(book, client) -> None:
    rows = [sale(f"T{n}") for n in range(40)] + [sale(f"BAD{n}", sku="NO") for n in range(5)]
    taken = send(client, "sales", coded(rows, LINES), LINES, HTTP_PREFER="respond-async")
    finish(taken.json())
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{taken['Location']}/faults", {"limit": 2, "cursor": cursor}).json()
        seen += [fault["row"] for fault in page["results"]]
        cursor = page["nextCursor"]
    assert seen == [41, 42, 43, 44, 45]


# --- forms, whatever they hold -------------------------------------------------------------

words = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12)
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), words)
records = st.lists(
    st.dictionaries(st.sampled_from([*NAMES, "colour"]), values, max_size=6), min_size=1, max_size=6
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=records, spaced=st.booleans())
@example(rows=[{"sku": "a},{b"}, {"sku": "a}, {b"}], spaced=False)
@example(rows=[{"sku": '"},{"'}], spaced=False)
@example(rows=[{}], spaced=False)
@example(rows=[{"sku": "\n"}, {"sku": "\\"}], spaced=True)
def test_json_and_lines_are_read_the_same_and_no_row_is_lost_or_split(rows, spaced) -> None:
    option = orjson.OPT_INDENT_2 if spaced else 0
    lines = b"\n".join(map(orjson.dumps, rows))
    whole = read_table(orjson.dumps(rows, option=option), Form.JSON, kind="sales", names=NAMES).rows
    single = read_table(lines, Form.LINES, kind="sales", names=NAMES).rows
    assert whole.equals(single)
    assert whole.height == len(rows)
    for name, canonical in NAMES.items():
        wanted = [_written(row.get(name)) for row in rows]
        assert whole[canonical].to_list() == wanted


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=records, spaced=st.booleans(), size=st.integers(1, 60), form=st.sampled_from([JSON, LINES, CSV]))
@example(rows=[{"sku": 'a"},{"b'}, {"sku": "\\\\"}], spaced=False, size=3, form=JSON)
@example(rows=[{"sku": "a\nb"}, {"sku": 'c"d'}], spaced=False, size=2, form=CSV)
def test_a_body_read_piece_by_piece_says_what_it_says_as_a_whole(tmp_path, rows, spaced, size, form) -> None:
    if form == CSV:
        names = [*NAMES, "colour"]
        body = coded([{name: row.get(name, "") for name in names} for row in rows], CSV)
    else:
        option = orjson.OPT_INDENT_2 if spaced and form == JSON else 0
        body = orjson.dumps(rows, option=option) if form == JSON else b"\n".join(map(orjson.dumps, rows))
    path = tmp_path / "body"
    path.write_bytes(body)
    whole = read_rows(body, Form(form), Kind.SALES).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", size)
        patch.setattr(blocks, "HEAD", 64 if form == JSON else blocks.HEAD)
        parcels = list(Pushed(path, {"kind": "sales", "form": form}).parcels())
    pieces = pl.concat([whole.clear(), *(parcel.rows.select(whole.columns) for parcel in parcels)])
    assert pieces.equals(whole)
    assert all(parcel.bytes_read <= len(body) for parcel in parcels)


def _written(value: object) -> str | None:
    """A value as JSON writes it; a text is itself."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


# --- how many rows there are, and whose they are -------------------------------------------------


@pytest.mark.parametrize(
    ("body", "form", "count"),
    [
        (b"[]", JSON, 0),
        (b'{"transactions": [ ]}', JSON, 0),
        (b'[{"a": "x,y"}, {"a": [1, {"b": 2}]},\n{"a": "}],["}]', JSON, 3),
        (b'[{"a": 1}, {"a"', JSON, 0),  # breaks off: nothing that can be cut into rows
        (b'{"a": 1}\n{"a": 2}', LINES, 2),
        (b'{"a": 1}\n{"a": 2}\n', LINES, 2),
        (b"sku,quantity\nS1,2\nS2,3", CSV, 2),
        (b'sku,name\nS1,"two\nlines"\nS2,"a ""quote"""\n', CSV, 2),
        (b"sku,quantity\n", CSV, 0),
    ],
)
def test_rows_of_a_kept_body_are_counted_without_reading_them(body: bytes, form: str, count: int) -> None:
    assert count_rows(io.BytesIO(body), Form(form), "sales") == count


@pytest.mark.parametrize("form", [JSON, LINES, CSV])
def test_rows_are_counted_the_same_in_pieces(monkeypatch, form: str) -> None:
    rows = [sale(f"T{n}", sku='S,"1', quantity=n) for n in range(200)]
    monkeypatch.setattr("inventory.feeds.push.blocks.BLOCK", 997)
    assert count_rows(io.BytesIO(coded(rows, form)), Form(form), "sales") == 200


@pytest.mark.parametrize("form", [JSON, LINES, CSV])
def test_rows_of_a_job_are_the_callers_and_beyond_its_share_it_is_refused(
    book, client, settings, monkeypatch, form
) -> None:
    mark = uuid4().hex
    monkeypatch.setattr("vyapar.gateway.limits.current_schema", lambda: f"t_{mark}")
    settings.API_ROWS_RATE, settings.API_TENANT_ROWS_RATE = "10/day", "1000/day"
    six = coded([sale(f"T{n}") for n in range(6)], form)
    first = send(client, "sales", six, form, HTTP_PREFER="respond-async")
    assert first.status_code == 202
    assert ApiCall.objects.latest("pk").rows_in == 6
    refused = send(client, "sales", six, form, HTTP_PREFER="respond-async")
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert int(refused["Retry-After"]) > 0
    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(refused.headers)
    assert ImportRun.objects.count() == 1  # what was refused is not kept
    tried = send(client, "sales", six, form, query="?dryRun=true", HTTP_PREFER="respond-async")
    assert tried.status_code == 202  # what writes nothing costs nothing
    four = coded([sale(f"U{n}") for n in range(4)], form)
    assert send(client, "sales", four, form).status_code == 200  # the rest of the share, at once
    assert send(client, "sales", coded([sale("V")], form), form).status_code == 429


@pytest.mark.parametrize("key", ["", "m-1"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_method_that_the_door_has_not_is_told_so_whatever_its_body(client, method, key) -> None:
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    answer = client.generic(method, "/api/v1/sales/batch", b"", **headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer["Allow"]
