"""ERPNext over a socket: full and incremental pulls, faults, and documents handed back once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine, RecordKind
from inventory.feeds.erpnext import SYSTEM
from inventory.feeds.system import Access, Fetched
from tests.inventory.farsides.frappe import KEY, SECRET, Frappe, furnish, invoice
from tests.inventory.farsides.http import Reply
from vyapar.kernel.errors import Invalid, Misconfigured, NotNow, Unavailable

Frames = dict[RecordKind, pl.DataFrame]


@pytest.fixture
def site() -> Iterator[Frappe]:
    with Frappe().serving() as far:
        yield far


def access(site: Frappe, secret: str = SECRET, **settings: object) -> Access:
    known = {"address": site.url, "key": KEY, "timeout_seconds": 1.0, **settings}
    return Access("erp", "t_alpha", known, {"secret": secret})


def fetch(site: Frappe, folder: Path, cursor: dict | None = None, **settings: object) -> Fetched:
    return SYSTEM.fetch(access(site, **settings), cursor or {}, folder)


def frames(fetched: Fetched) -> Frames:
    """All rows of a pull by kind."""
    found: dict[RecordKind, list[pl.DataFrame]] = {}
    for path in fetched.files:
        for parcel in SYSTEM.open(path, {}).parcels():
            found.setdefault(parcel.kind, []).append(parcel.rows)
    return {kind: pl.concat(parts, how="diagonal") for kind, parts in found.items()}


# --- what comes in -------------------------------------------------------------------------


def test_a_full_pull_brings_every_kind_in_canonical_words(site: Frappe, tmp_path: Path) -> None:
    furnish(site)
    fetched = fetch(site, tmp_path)
    found = {kind: frame.drop("row").to_dicts() for kind, frame in frames(fetched).items()}
    assert fetched.complete
    assert fetched.error is None
    assert [kind.value for kind in found] == [
        "territories", "locations", "retailers", "skus", "prices", "batches", "purchases", "receipts",
        "sales", "stock",
    ]  # fmt: skip
    (sku,) = found[RecordKind.SKUS]
    assert (sku["mrp"], sku["trade_price"], sku["cost"]) == ("12.50", "10.50", "8.33")
    assert (sku["case_pack"], sku["weight_grams"], sku["uqc"], sku["hsn"]) == ("24", "250", "NOS", "1905")
    (shop,) = found[RecordKind.RETAILERS]
    assert (shop["pincode"], shop["phone"], shop["credit_limit"]) == ("411002", "9812345678", "50000.00")
    assert shop["trade_channel"] == "modern_trade"
    assert found[RecordKind.PRICES] == [
        {"sku": "BIS-1", "mrp": "12.50", "trade_price": "10.50", "valid_from": "2026-04-01"}
    ]
    (batch,) = found[RecordKind.BATCHES]
    assert batch == {"sku": "BIS-1", "batch": "B/1", "mrp": "12.50", "manufacture_date": "2026-08-01",
                     "expiry_date": "2027-01-31"}  # fmt: skip
    (bought,) = found[RecordKind.PURCHASES]
    assert (bought["purchase_invoice"], bought["quantity"], bought["cost"]) == ("SF/77", "240", "8.33")
    assert bought["tax"] == "100.00"
    (arrived,) = found[RecordKind.RECEIPTS]
    assert (arrived["reference"], arrived["received_at"]) == ("PR-1", "2026-11-02T10:00:00+05:30")
    (sold,) = found[RecordKind.SALES]
    assert (sold["unit_price"], sold["timestamp"]) == ("10.50", "2026-11-20T09:05:00+05:30")
    (held,) = found[RecordKind.STOCK]
    assert (held["batch"], held["quantity"]) == ("B/1", "228")
    assert held["as_of"].endswith("+05:30")


def test_what_is_not_taken_is_told(site: Frappe, tmp_path: Path) -> None:
    furnish(site)
    source = SYSTEM.open(fetch(site, tmp_path).files[0], {})
    list(source.parcels())
    told = {(one.name, one.count, one.example) for one in source.coverage()}
    assert told == {("Warehouse groups", 1, "All - VS"), ("Items not kept in stock", 1, "FEE")}


def test_a_second_pull_brings_only_what_changed_since(site: Frappe, tmp_path: Path) -> None:
    furnish(site)
    first = fetch(site, tmp_path)
    assert fetch(site, tmp_path, dict(first.cursor)).files == ()
    invoice(site, "SINV-2")
    site.put("Sales Invoice", "SINV-1", docstatus=2)
    second = fetch(site, tmp_path, dict(first.cursor))
    rows = frames(second)
    assert list(rows) == [RecordKind.SALES]
    told = rows[RecordKind.SALES].select("transaction_id", "cancelled").rows()
    assert sorted(told) == [("SINV-1", "yes"), ("SINV-2", "no")]


def test_a_document_that_ends_its_transaction_late_is_not_lost(site: Frappe, tmp_path: Path) -> None:
    invoice(site, "SINV-1")
    first = fetch(site, tmp_path, take=["Sales Invoice"])
    site.clock -= timedelta(minutes=2)  # its instant is older than what we have read already
    invoice(site, "LATE")
    second = fetch(site, tmp_path, dict(first.cursor), take=["Sales Invoice"])
    assert frames(second)[RecordKind.SALES]["transaction_id"].to_list() == ["LATE"]


def test_a_document_that_is_changed_during_a_pull_is_taken_as_it_stands_last(
    site: Frappe, tmp_path: Path
) -> None:
    for number in range(4):
        invoice(site, f"SINV-{number}")
    answer, changed = site._list, []

    def meddle(asked: dict, *, child_allowed: bool) -> list[dict]:
        if len(site.seen) == 4 and not changed:  # the first page is read
            changed.append(site.put("Sales Invoice", "SINV-0", docstatus=2))
        return answer(asked, child_allowed=child_allowed)

    site._list = meddle  # type: ignore[method-assign]
    fetched = fetch(site, tmp_path, page=2, take=["Sales Invoice"])
    assert changed
    assert fetched.files[0].read_bytes().count(b'"name":"SINV-0"') == 2
    told = frames(fetched)[RecordKind.SALES].select("transaction_id", "cancelled").rows()
    assert sorted(told) == [("SINV-0", "yes"), *((f"SINV-{number}", "no") for number in (1, 2, 3))]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_documents_of_one_instant_are_each_taken_once_whatever_the_page(
    site: Frappe, tmp_path: Path, size: int
) -> None:
    names = [f"{letter}{number}" for number in range(4) for letter in "bAdC"]  # sorted without case there
    for name in names[:10]:
        invoice(site, name, tick=0)
    site.clock = site.clock.replace(microsecond=0, second=30)  # an instant without microseconds
    for name in names[10:]:
        invoice(site, name, tick=0)
    fetched = fetch(site, tmp_path, page=size, take=["Sales Invoice"])
    assert sorted(frames(fetched)[RecordKind.SALES]["transaction_id"].to_list()) == sorted(names)
    assert fetch(site, tmp_path, dict(fetched.cursor), page=size, take=["Sales Invoice"]).files == ()


def test_a_full_pull_stops_at_its_bound_and_the_next_goes_on(site: Frappe, tmp_path: Path) -> None:
    for number in range(7):
        invoice(site, f"SINV-{number}")
    cursor, seen = {}, []
    for _ in range(4):
        fetched = fetch(site, tmp_path, cursor, most=2, page=2, take=["Sales Invoice"])
        cursor = dict(fetched.cursor)
        seen += frames(fetched)[RecordKind.SALES]["transaction_id"].to_list() if fetched.files else []
        if fetched.complete:
            break
    assert seen == [f"SINV-{number}" for number in range(7)]
    assert fetched.complete


@pytest.mark.parametrize("kind", ["drop", "half", "hang"])
def test_a_pull_that_breaks_off_keeps_whole_pages_and_goes_on_without_loss_or_doubling(
    site: Frappe, tmp_path: Path, kind: str
) -> None:
    for number in range(6):
        invoice(site, f"SINV-{number}")
    site.order(kind, match="get_list", after=2, times=3, seconds=1.5)  # children of the third page
    first = fetch(site, tmp_path, page=1, take=["Sales Invoice"])
    assert isinstance(first.error, Unavailable)
    assert not first.complete
    came = frames(first)[RecordKind.SALES]["transaction_id"].to_list()
    second = fetch(site, tmp_path, dict(first.cursor), page=1, take=["Sales Invoice"])
    assert came == ["SINV-0", "SINV-1"]
    assert frames(second)[RecordKind.SALES]["transaction_id"].to_list() == [f"SINV-{n}" for n in range(2, 6)]


def test_batches_of_a_bundle_become_lines_that_keep_their_numbers(site: Frappe, tmp_path: Path) -> None:
    site.put("Serial and Batch Bundle", "BND-1", entries=[
        {"batch_no": "B/1", "qty": -8.0}, {"batch_no": "B/2", "qty": -4.0},
    ])  # fmt: skip
    made = invoice(site, "SINV-1")
    made["items"][0] |= {"batch_no": None, "serial_and_batch_bundle": "BND-1"}
    rows = frames(fetch(site, tmp_path, take=["Sales Invoice"]))[RecordKind.SALES]
    assert rows.select("line", "batch", "quantity", "unit_price").rows() == [
        ("1", "B/1", "8", "10.50"), ("2", "B/2", "4", "10.50"),
    ]  # fmt: skip


def test_a_return_is_negative(site: Frappe, tmp_path: Path) -> None:
    invoice(site, "SINV-1-R", quantity=-3, is_return=1, return_against="SINV-1")
    rows = frames(fetch(site, tmp_path, take=["Sales Invoice"]))[RecordKind.SALES]
    assert rows.select("quantity", "unit_price").row(0) == ("-3", "10.50")


def test_stock_that_batches_do_not_account_for_stands_under_none_and_is_told(
    site: Frappe, tmp_path: Path
) -> None:
    site.put("Bin", "bin1", item_code="BIS-1", warehouse="Stores - VS", actual_qty=230.0, stock_uom="Nos")
    site.balances[("BIS-1", "Stores - VS")] = {"B/1": 228.0}
    source = SYSTEM.open(fetch(site, tmp_path, take=["Bin"]).files[0], {})
    (parcel,) = source.parcels()
    assert parcel.rows.select("batch", "quantity").rows() == [(None, "2"), ("B/1", "228")]
    assert [one.name for one in source.coverage()] == ["Stock outside batches"]


def test_a_site_of_version_14_without_india_compliance_is_asked_only_for_what_it_has(tmp_path: Path) -> None:
    with Frappe({"frappe": "14.80.0", "erpnext": "14.70.1"}).serving() as site:
        made = invoice(site, "SINV-1", taxes=[
            {"item_wise_tax_detail": '{"BIS-1": [2.5, 3.0]}'},
            {"item_wise_tax_detail": '{"BIS-1": [2.5, 3.0]}'},
        ])  # fmt: skip
        for name in ("cgst_amount", "sgst_amount", "gst_hsn_code"):
            del made["items"][0][name]
        rows = frames(fetch(site, tmp_path))[RecordKind.SALES]
    assert rows["unit_price"].to_list() == ["10.50"]


def test_a_parcel_has_the_same_rows_whichever_came_before_it(site: Frappe, tmp_path: Path) -> None:
    furnish(site)
    path = fetch(site, tmp_path).files[0]
    whole = list(SYSTEM.open(path, {}).parcels())
    for after in range(len(whole)):
        rest = list(SYSTEM.open(path, {}).parcels(after))
        assert [one.number for one in rest] == list(range(after + 1, len(whole)))
        assert all(one.rows.equals(two.rows) for one, two in zip(rest, whole[after + 1 :], strict=True))


def test_a_file_that_no_pull_wrote_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_bytes(b'{"sku": "A"}\n')
    with pytest.raises(Invalid, match="not written by a pull"):
        SYSTEM.open(path, {})


# --- when it goes wrong --------------------------------------------------------------------


def test_a_wrong_secret_is_ours_to_mend_and_stands_in_no_message_or_log(
    site: Frappe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "wrong-secret-1234"
    with caplog.at_level(logging.DEBUG), pytest.raises(Misconfigured) as caught:
        SYSTEM.fetch(access(site, secret=wrong), {}, tmp_path)
    assert wrong not in caught.value.message + caplog.text + repr(access(site, secret=wrong))


def test_a_doctype_that_the_key_may_not_read_is_named(site: Frappe, tmp_path: Path) -> None:
    site.forbidden.add("Batch")
    with pytest.raises(Misconfigured, match="Batch"):
        fetch(site, tmp_path)


def test_a_field_that_the_site_lacks_is_named(site: Frappe, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="custom_mrp"):
        fetch(site, tmp_path, mrp_field="custom_mrp")


def test_a_throttled_call_waits_as_long_as_it_is_told(site: Frappe, tmp_path: Path) -> None:
    invoice(site, "SINV-1")
    site.order(match="Sales Invoice", reply=site.error(429, "TooManyRequestsError", **{"Retry-After": "1"}))
    fetched = fetch(site, tmp_path, take=["Sales Invoice"])
    assert frames(fetched)[RecordKind.SALES].height == 1
    site.order(
        match="Sales Invoice", times=9, reply=site.error(429, "TooManyRequestsError", **{"Retry-After": "90"})
    )
    with pytest.raises(NotNow) as caught:
        fetch(site, tmp_path, take=["Sales Invoice"])
    assert caught.value.retry_after == 90


def test_a_deadlock_inside_the_site_is_repeated(site: Frappe, tmp_path: Path) -> None:
    invoice(site, "SINV-1")
    site.order(match="get_list", reply=site.error(500, "QueryDeadlockError", "Deadlock found"))
    assert frames(fetch(site, tmp_path, take=["Sales Invoice"]))[RecordKind.SALES].height == 1


def test_a_page_in_place_of_an_answer_is_no_answer(site: Frappe, tmp_path: Path) -> None:
    site.order(match="get_versions", times=9, reply=Reply(200, b"<html>Login</html>"))
    with pytest.raises(Unavailable, match="unreadable"):
        fetch(site, tmp_path)


def test_a_check_names_the_versions(site: Frappe) -> None:
    assert SYSTEM.check(access(site)) == "erpnext 15.38.0, frappe 15.40.1, india_compliance 15.12.0"


# --- what goes back ------------------------------------------------------------------------

TRANSFER = ExportDocument(
    ExportKind.TRANSFER, "transfer:17", "DC/26-27/00017", datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
    (ExportLine("BIS-1", "Butter biscuit", "B/1", 48, 833, 39_984),), source="Stores - VS", target="Van - VS",
)  # fmt: skip


@pytest.mark.parametrize("unique", [True, False])
def test_a_transfer_is_one_stock_entry_however_often_it_is_handed_over(site: Frappe, unique: bool) -> None:
    furnish(site)
    site.unique = unique
    said = [SYSTEM.push(access(site), TRANSFER) for _ in range(2)]
    (entry,) = site.documents["Stock Entry"].values()
    assert [one.number for one in said] == [entry["name"]] * 2
    assert said[0].accepted
    assert (entry["docstatus"], entry["posting_date"], entry["posting_time"]) == (1, "2026-11-23", "12:00:00")
    assert entry["items"][0] | {"x": 1} == {
        "item_code": "BIS-1", "qty": 48, "s_warehouse": "Stores - VS", "t_warehouse": "Van - VS",
        "batch_no": "B/1", "use_serial_batch_fields": 1, "x": 1,
    }  # fmt: skip


def test_an_answer_that_got_lost_does_not_book_a_second_entry(site: Frappe) -> None:
    furnish(site)
    site.order("lose", match="/api/resource/Stock Entry", after=1)  # the look-up passes, the answer does not
    with pytest.raises(Unavailable) as caught:
        SYSTEM.push(access(site), TRANSFER)
    assert caught.value.outcome_unknown
    assert SYSTEM.find(access(site), TRANSFER).accepted
    assert SYSTEM.push(access(site), TRANSFER).accepted
    assert len(site.documents["Stock Entry"]) == 1


def test_a_call_that_came_through_in_between_is_found(site: Frappe) -> None:
    furnish(site)
    SYSTEM.push(access(site), TRANSFER)
    site.order(match="/api/resource/Stock Entry", reply=Reply(200, {"data": []}))  # looked up too early
    assert SYSTEM.push(access(site), TRANSFER).accepted
    assert len(site.documents["Stock Entry"]) == 1


def test_a_refusal_is_told_in_the_sites_own_words(site: Frappe) -> None:
    said = SYSTEM.push(access(site), TRANSFER)  # the site has no such batch
    assert not said.accepted
    assert "Batch No: B/1" in said.reason
    assert "<b>" not in said.reason


def test_a_site_without_the_reference_field_is_told_what_to_add(site: Frappe) -> None:
    furnish(site)
    site.key_field = None
    with pytest.raises(Misconfigured, match="custom_vyapar_key"):
        SYSTEM.push(access(site), TRANSFER)
    assert "Stock Entry" not in site.documents


def test_an_offers_prices_stand_by_batch_and_end_when_it_is_reversed(site: Frappe) -> None:
    furnish(site)
    offer = replace(
        TRANSFER, kind=ExportKind.PRICE_LIST, key="offer:3", valid_from=date(2026, 11, 24),
        valid_to=date(2026, 12, 24), lines=TRANSFER.lines * 2,
    )  # fmt: skip
    assert SYSTEM.push(access(site), offer).accepted
    mine = [one for one in site.documents["Item Price"].values() if one.get("custom_vyapar_key")]
    assert [(one["price_list_rate"], one["batch_no"], one["valid_upto"]) for one in mine] == [
        ("8.33", "B/1", "2026-12-24")
    ] * 2
    night = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)  # half past one of the 25th in India
    back = replace(TRANSFER, kind=ExportKind.REVERSAL, key="undo:3", refers_to="offer:3", at=night)
    assert SYSTEM.push(access(site), back).accepted
    ended = [one for one in site.documents["Item Price"].values() if one.get("custom_vyapar_key")]
    assert [one["valid_upto"] for one in ended] == ["2026-11-25"] * 2


def test_a_credit_note_is_a_return_and_a_reversal_cancels_it_once(site: Frappe) -> None:
    furnish(site)
    note = replace(
        TRANSFER, kind=ExportKind.CREDIT_NOTE, key="credit:5", party="Kiran Stores", source="", target=""
    )
    assert SYSTEM.push(access(site), note).accepted
    made = next(one for one in site.documents["Sales Invoice"].values() if one.get("custom_vyapar_key"))
    assert (made["is_return"], made["items"][0]["qty"], made["items"][0]["rate"]) == (1, -48, "8.33")
    back = replace(TRANSFER, kind=ExportKind.REVERSAL, key="undo:5", refers_to="credit:5")
    assert all(SYSTEM.push(access(site), back).accepted for _ in range(2))
    assert site.documents["Sales Invoice"][made["name"]]["docstatus"] == 2
    unknown = SYSTEM.push(access(site), replace(back, refers_to="credit:6"))
    assert (unknown.accepted, "credit:6" in unknown.reason) == (False, True)


def test_what_is_lost_is_issued_and_the_transfer_stands(site: Frappe) -> None:
    furnish(site)
    assert SYSTEM.push(access(site), TRANSFER).accepted
    lost = replace(
        TRANSFER, kind=ExportKind.REVERSAL, key="loss:1", refers_to=TRANSFER.key, target="",
        extra={"reason": "lost"},
    )  # fmt: skip
    assert SYSTEM.find(access(site), lost) is None
    numbers = {SYSTEM.push(access(site), lost).number for _ in range(2)}
    assert numbers == {SYSTEM.find(access(site), lost).number}
    entries = [one for one in site.documents["Stock Entry"].values() if one.get("custom_vyapar_key")]
    assert {one["stock_entry_type"]: one["docstatus"] for one in entries} == {
        "Material Transfer": 1,
        "Material Issue": 1,
    }


def test_the_end_of_an_offer_ends_its_prices_and_makes_none(site: Frappe) -> None:
    furnish(site)
    offer = replace(
        TRANSFER, kind=ExportKind.PRICE_LIST, key="offer:9", valid_from=TRANSFER.at.date(),
        valid_to=TRANSFER.at.date() + timedelta(days=30),
    )  # fmt: skip
    assert SYSTEM.push(access(site), offer).accepted
    over = replace(offer, key="offer:9:end", refers_to="offer:9", valid_to=None)
    assert SYSTEM.push(access(site), over).accepted
    mine = [one for one in site.documents["Item Price"].values() if one.get("custom_vyapar_key")]
    assert len(mine) == len(TRANSFER.lines)
    assert {one["valid_upto"] for one in mine} == {TRANSFER.at.date().isoformat()}


def test_documents_that_webhooks_sent_become_a_file_that_reads_like_a_pull(
    site: Frappe, tmp_path: Path
) -> None:
    path = tmp_path / "events.ndjson"
    body = b'{"doctype": "Batch", "name": "B/9", "item": "BIS-1", "expiry_date": "2027-02-28"}'
    SYSTEM.gather(access(site), [body], path)
    (parcel,) = SYSTEM.open(path, {}).parcels()
    assert parcel.rows.select("batch", "expiry_date").row(0) == ("B/9", "2027-02-28")
    with pytest.raises(Invalid, match="doctype"):
        SYSTEM.gather(access(site), [b"[]"], path)
