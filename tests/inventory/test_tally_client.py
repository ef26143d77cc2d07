"""A running Tally, over a socket: pulled whole and by changes, broken off and resumed, written to once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

import pytest

from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine, RecordKind
from inventory.feeds.system import Access, Fetched
from inventory.feeds.tally import SYSTEM
from inventory.feeds.tally import pull as pulling
from inventory.feeds.tally.client import TallyClient
from inventory.feeds.tally.export import messages_of, remote_id, write
from inventory.feeds.tally.requests import VOUCHER, Period, list_vouchers
from inventory.feeds.tally.source import TallySource
from inventory.models import Position, Sale
from inventory.services import imports
from tests.inventory.book import make_book
from vyapar.farside.http import Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid, Misconfigured, Rejected, Unavailable
from vyapar.ops.sandbox.tally import Company, TallySandbox, parse

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY = date(2026, 11, 23)
MAHARASHTRA, PUNE_TOO, GUJARAT = "27AABCU9603R1ZN", "27AABCU9603R2ZM", "24AABCU9603R1ZT"

_MASTERS = (
    '<UNIT NAME="Nos"><ISSIMPLEUNIT>Yes</ISSIMPLEUNIT><GSTREPUOM>NOS-NUMBERS</GSTREPUOM></UNIT>',
    '<GROUP NAME="Sundry Debtors"><PARENT>Current Assets</PARENT></GROUP>',
    '<GROUP NAME="West"><PARENT>Sundry Debtors</PARENT></GROUP>',
    '<VOUCHERTYPE NAME="Cash Memo"><PARENT>Sales</PARENT></VOUCHERTYPE>',
    '<GODOWN NAME="Main Location"/>',
    '<GODOWN NAME="Pune Depot"/>',
    '<LEDGER NAME="Ram &amp; Sons"><PARENT>West</PARENT><PINCODE>411001</PINCODE></LEDGER>',
    '<STOCKITEM NAME="Soap &amp; Water"><PARENT>Bath</PARENT><BASEUNITS>Nos</BASEUNITS>'
    "<OPENINGBALANCE> 100 Nos</OPENINGBALANCE><OPENINGVALUE>-1000.00</OPENINGVALUE>"
    "<FULLPRICELIST.LIST><DATE>20260401</DATE><PRICELEVEL>Retail</PRICELEVEL>"
    "<PRICELEVELLIST.LIST><RATE>15.00/Nos</RATE></PRICELEVELLIST.LIST></FULLPRICELIST.LIST>"
    "<BATCHALLOCATIONS.LIST><GODOWNNAME>Main Location</GODOWNNAME><BATCHNAME>B/1</BATCHNAME>"
    "<OPENINGBALANCE> 100 Nos</OPENINGBALANCE></BATCHALLOCATIONS.LIST></STOCKITEM>",
)


_RATED = (
    '<STOCKITEM NAME="Soap &amp; Water">'
    "<HSNDETAILS.LIST><HSNCODE>34011190</HSNCODE></HSNDETAILS.LIST>"
    "<MRPDETAILS.LIST><MRPRATEDETAILS.LIST><MRPRATE>20.00/Nos</MRPRATE></MRPRATEDETAILS.LIST>"
    "</MRPDETAILS.LIST></STOCKITEM>"
)


def sale(day: str, quantity: int, kind: str = "Sales", lines: int = 1) -> str:
    one = (
        "<ALLINVENTORYENTRIES.LIST><STOCKITEMNAME>Soap &amp; Water</STOCKITEMNAME><ISDEEMEDPOSITIVE>No"
        f"</ISDEEMEDPOSITIVE><RATE>12.00/Nos</RATE><AMOUNT>{12 * quantity}.00</AMOUNT>"
        f"<ACTUALQTY> {quantity} Nos</ACTUALQTY>"
        "<BATCHALLOCATIONS.LIST><GODOWNNAME>Main Location</GODOWNNAME><BATCHNAME>B/1</BATCHNAME>"
        f"<ACTUALQTY> {quantity} Nos</ACTUALQTY></BATCHALLOCATIONS.LIST></ALLINVENTORYENTRIES.LIST>"
    )
    return (
        f'<VOUCHER VCHTYPE="{kind}"><DATE>{day}</DATE><VOUCHERTYPENAME>{kind}</VOUCHERTYPENAME>'
        f"<PARTYLEDGERNAME>Ram &amp; Sons</PARTYLEDGERNAME>{one * lines}</VOUCHER>"
    )


@pytest.fixture(autouse=True)
def in_the_office(settings) -> None:
    """Tally stands in the office's network, and whoever runs the installation lets feeds reach it."""
    settings.FEEDS_IN_PRIVATE_NETWORKS = True


@pytest.fixture
def company() -> Company:
    company = Company("Sharma Traders & Co")
    company.enter(*_MASTERS)
    return company


@pytest.fixture
def tally(company: Company) -> Iterator[TallySandbox]:
    with TallySandbox(company) as running:
        yield running


@pytest.fixture
def access(tally: TallySandbox, request: pytest.FixtureRequest) -> Access:
    # a breaker of each test's own: what one test breaks is no outage to the next
    told = {"url": tally.url, "company": "sharma  traders & co", "timeout_seconds": 1.0}
    return Access(request.node.name[:60], "alpha", told, sandbox=False)


def told(pulled: Fetched) -> dict[RecordKind, list[dict[str, object]]]:
    found: dict[RecordKind, list[dict[str, object]]] = {}
    for path in pulled.files:
        for parcel in TallySource(path, {}).parcels():
            rows = [{k: v for k, v in row.items() if v is not None} for row in parcel.rows.to_dicts()]
            found.setdefault(parcel.kind, []).extend(rows)
    return found


def pull(access: Access, folder: Path, cursor: object = None) -> Fetched:
    folder.mkdir(exist_ok=True)
    assert SYSTEM.fetch is not None
    return SYSTEM.fetch(access, dict(cursor or {}), folder)  # type: ignore[call-overload]


def standing(rows: dict[RecordKind, list[dict[str, object]]]) -> dict[tuple[object, object], object]:
    return {(row["batch"], row["location"]): row["quantity"] for row in rows[RecordKind.STOCK]}


class TestCheck:
    def test_it_names_the_server_and_the_company(self, access):
        assert SYSTEM.check(access) == "TallyPrime: Sharma Traders & Co, books from 01-04-2026"

    def test_a_company_that_is_not_open_is_named_with_those_that_are(self, access):
        other = replace(access, settings={**access.settings, "company": "Gupta Stores"})
        with pytest.raises(
            Misconfigured, match=r"Gupta Stores is not open in Tally \(open: Sharma Traders & Co\)"
        ):
            SYSTEM.check(other)

    def test_of_several_companies_one_must_be_named(self, tally, access):
        tally.companies["Other"] = Company("Other")
        with pytest.raises(Misconfigured, match="several companies"):
            SYSTEM.check(replace(access, settings={**access.settings, "company": ""}))

    def test_tally_that_does_not_run_is_unavailable_and_nothing_is_known_of_it(self, access):
        dead = replace(access, settings={**access.settings, "url": "http://127.0.0.1:9"})
        with pytest.raises(Unavailable) as failure:
            SYSTEM.check(dead)
        assert failure.value.code == "tally_unreachable"

    def test_an_address_that_is_none_is_ours_to_mend(self, access):
        with pytest.raises(Misconfigured):
            SYSTEM.check(replace(access, settings={"url": "192.168.1.5:9000"}))

    def test_another_server_at_the_address_is_not_taken_for_tally(self, access, company):
        from http.server import BaseHTTPRequestHandler, HTTPServer
        from threading import Thread

        class Other(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<html>It works!</html>")

            def log_message(self, *_: object) -> None: ...

        server = HTTPServer(("127.0.0.1", 0), Other)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            with pytest.raises(Misconfigured, match="something else than Tally"):
                SYSTEM.check(replace(access, settings={**access.settings, "url": url}))
        finally:
            server.shutdown()
            server.server_close()


class _January(datetime):
    """A clock that stands in the last quarter of a financial year."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime(2027, 1, 15, 6, tzinfo=tz)


class TestPull:
    def test_the_first_pull_brings_everything_and_says_it_is_simulated(self, access, company, tmp_path):
        company.enter(sale("20260410", 10), sale("20260512", 5, "Cash Memo"))
        pulled = pull(access, tmp_path / "a")
        rows = told(pulled)
        assert [path.name for path in pulled.files] == [
            "000-masters.xml", "001-vouchers-2026-04.xml", "002-vouchers-2026-05.xml", "003-stock.xml",
        ]  # fmt: skip
        assert (pulled.complete, pulled.simulated) == (True, True)
        assert [row["code"] for row in rows[RecordKind.LOCATIONS]] == ["Main Location", "Pune Depot"]
        assert rows[RecordKind.RETAILERS][0]["retailer_id"] == "Ram & Sons"
        assert [(row["transaction_id"], row["quantity"]) for row in rows[RecordKind.SALES]] == [
            (f"{company.guid}-00000001", "10"),
            (f"{company.guid}-00000002", "5"),
        ]
        assert standing(rows) == {("B/1", "Main Location"): "85"}
        assert [parcel.kind for parcel in TallySource(pulled.files[-1], {}).parcels()] == [RecordKind.STOCK]

    def test_in_the_last_months_of_a_financial_year_the_first_pull_begins_in_april_before(
        self, access, company, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(pulling, "datetime", _January)
        company.books_from = ""  # an old release does not say where the books begin
        company.enter(sale("20260410", 10))
        rows = told(pull(access, tmp_path / "a"))
        assert [row["quantity"] for row in rows[RecordKind.SALES]] == ["10"]

    def test_nothing_is_asked_for_when_nothing_changed(self, access, company, tally, tmp_path):
        company.enter(sale("20260410", 10))
        cursor = pull(access, tmp_path / "a").cursor
        tally.bodies.clear()
        again = pull(access, tmp_path / "b", cursor)
        assert (again.files, again.cursor) == ((), cursor)
        assert len(tally.bodies) == 1  # which companies are open, and where their counters stand

    def test_changes_alone_come_afterwards_back_dated_ones_too(self, access, company, tmp_path):
        company.enter(sale("20260510", 10))
        cursor = pull(access, tmp_path / "a").cursor
        company.enter(sale("20260401", 3), '<LEDGER NAME="Sita"><PARENT>West</PARENT></LEDGER>')
        rows = told(pull(access, tmp_path / "b", cursor))
        assert [row["retailer_id"] for row in rows[RecordKind.RETAILERS]] == ["Sita"]
        assert RecordKind.SKUS not in rows
        assert [(row["quantity"], str(row["timestamp"])[:10]) for row in rows[RecordKind.SALES]] == [
            ("3", "2026-04-01")
        ]
        assert standing(rows) == {("B/1", "Main Location"): "87"}

    def test_an_altered_voucher_takes_its_earlier_self_back_and_has_lines_of_its_own(
        self, access, company, tmp_path
    ):
        (ident,) = company.enter(sale("20260510", 10, lines=3))
        cursor = pull(access, tmp_path / "a").cursor
        name = f"{company.guid}-00000001"
        lines = set()
        for turn, quantity in enumerate((4, 6), 1):
            company.alter(ident, sale("20260510", quantity, lines=2))
            pulled = pull(access, tmp_path / f"b{turn}", cursor)
            cursor = pulled.cursor
            withdrawn, *sold = told(pulled)[RecordKind.SALES]
            assert (withdrawn["transaction_id"], withdrawn["cancelled"]) == (name, "yes")
            assert "line" not in withdrawn
            assert [(row["transaction_id"], row["quantity"]) for row in sold] == [(name, str(quantity))] * 2
            assert not lines & {row["line"] for row in sold}
            lines |= {row["line"] for row in sold}
            kinds = [
                p.rows.height
                for p in TallySource(pulled.files[0], {}).parcels()
                if p.kind is RecordKind.SALES
            ]
            assert kinds == [1, 2]  # in a parcel before: in the same one it would take the new lines along
        assert standing(told(pulled)) == {("B/1", "Main Location"): "88"}

    def test_cancelled_and_deleted_vouchers_are_withdrawn(self, access, company, tmp_path):
        first, second, third = company.enter(sale("20260510", 10), sale("20260511", 20), sale("20260512", 1))
        cursor = pull(access, tmp_path / "a").cursor
        company.cancel(first)
        company.delete(second)
        pulled = pull(access, tmp_path / "b", cursor)
        rows = told(pulled)
        assert [(row["transaction_id"], row["cancelled"]) for row in rows[RecordKind.SALES]] == [
            (f"{company.guid}-{first:08x}", "yes"),
            (f"{company.guid}-{second:08x}", "yes"),
        ]
        assert standing(rows) == {("B/1", "Main Location"): "99"}
        company.delete(third)
        assert [
            row["transaction_id"]
            for row in told(pull(access, tmp_path / "c", pulled.cursor))[RecordKind.SALES]
        ] == [f"{company.guid}-{third:08x}"]

    def test_a_pull_that_breaks_off_keeps_what_is_whole_and_goes_on_from_there(
        self, access, company, tally, tmp_path
    ):
        company.enter(sale("20260410", 1), sale("20260510", 2), sale("20260610", 3))
        tally.order("drop", times=-1, match="20260501")
        broken = pull(access, tmp_path / "a")
        assert not broken.complete
        assert isinstance(broken.error, Unavailable)
        assert [path.name for path in broken.files] == ["000-masters.xml", "001-vouchers-2026-04.xml"]
        assert not list((tmp_path / "a").glob("*.part"))
        tally._faults.clear()
        tally.bodies.clear()
        rest = pull(access, tmp_path / "b", broken.cursor)
        assert rest.complete
        assert not any("20260401</SVFROMDATE>" in body and "Reference" in body for body in tally.bodies)
        rows = [told(broken), told(rest)]
        sold = [row["quantity"] for part in rows for row in part[RecordKind.SALES]]
        assert sold == ["1", "2", "3"]
        assert standing(rows[1]) == {("B/1", "Main Location"): "94"}
        assert pull(access, tmp_path / "c", rest.cursor).files == ()

    def test_what_changes_while_it_pulls_belongs_to_the_next_one(
        self, access, company, tally, tmp_path, monkeypatch
    ):
        company.enter(sale("20260410", 1))
        answer, entered = tally._do, []

        def meanwhile(text: str) -> str:
            if "VSVouchers" in text and not entered:
                entered.extend(company.enter(sale("20260402", 7)))
            return answer(text)

        monkeypatch.setattr(tally, "_do", meanwhile)
        first = pull(access, tmp_path / "a")
        second = pull(access, tmp_path / "b", first.cursor)
        assert f"{company.guid}-00000002" in {row["transaction_id"] for row in told(second)[RecordKind.SALES]}

    def test_before_anything_came_a_failure_is_raised(self, access, tally, tmp_path):
        tally.order("drop", times=-1)
        with pytest.raises(Unavailable):
            pull(access, tmp_path / "a")
        assert not list((tmp_path / "a").iterdir())

    def test_answers_in_utf_16_without_a_mark_are_read(self, access, company, tally, tmp_path):
        tally.utf16 = True
        company.enter(sale("20260410", 2), '<LEDGER NAME="रामू किराना"><PARENT>West</PARENT></LEDGER>')
        rows = told(pull(access, tmp_path / "a"))
        assert [row["name"] for row in rows[RecordKind.RETAILERS]] == ["Ram & Sons", "रामू किराना"]

    def test_a_month_too_large_for_one_answer_is_asked_for_in_parts(
        self, access, company, tally, tmp_path, monkeypatch
    ):
        company.enter(*(sale(f"202604{day:02d}", day) for day in range(1, 31)))
        monkeypatch.setattr("inventory.feeds.tally.pull.LARGEST_ANSWER", 12_000)
        rows = told(pull(access, tmp_path / "a"))
        assert sorted(int(str(row["quantity"])) for row in rows[RecordKind.SALES]) == list(range(1, 31))
        assert any("20260415</SVTODATE>" in body for body in tally.bodies)
        assert standing(rows) == {("B/1", "Main Location"): str(100 - sum(range(1, 31)))}

    def test_books_that_show_no_voucher_although_they_hold_some_are_not_believed(
        self, access, company, tally, tmp_path, monkeypatch
    ):
        company.enter(sale("20260410", 1))
        monkeypatch.setattr("vyapar.ops.sandbox.tally.exports._filtered", lambda *_: [])
        broken = pull(access, tmp_path / "a")
        assert not broken.complete
        assert broken.error.code == "tally_silent"

    def test_books_made_anew_under_the_same_name_are_not_mixed_with_the_old(
        self, access, company, tally, tmp_path
    ):
        company.enter(sale("20260410", 1))
        cursor = pull(access, tmp_path / "a").cursor
        company.guid = "another"
        with pytest.raises(Rejected, match="not the company pulled before"):
            pull(access, tmp_path / "b", cursor)

    def test_settings_of_the_feed_travel_with_the_file(self, access, company, tmp_path):
        company.enter(sale("20260410", 1))
        settings = {**access.settings, "parties": {"Ram & Sons": "R-1"}, "territory": "PUNE", "stock": "none"}
        rows = told(pull(replace(access, settings=settings), tmp_path / "a"))
        assert rows[RecordKind.SALES][0]["retailer_id"] == "R-1"
        assert rows[RecordKind.LOCATIONS][0]["territory"] == "PUNE"
        assert RecordKind.STOCK not in rows


class TestFailures:
    @pytest.fixture
    def client(self, tally) -> Iterator[TallyClient]:
        quick = RetryPolicy(attempts=2, first_wait_seconds=0.01, budget_seconds=2.0)
        with TallyClient(tally.url, timeout=Timeouts(1.0, 0.3), retry=quick) as client:
            yield client

    @property
    def request(self) -> bytes:
        return list_vouchers("Sharma Traders & Co", VOUCHER, Period(DAY, DAY))

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("hang", "tally_timeout"),
            ("drop", "tally_broken_off"),
            ("half", "tally_broken_off"),
            ("half_quietly", "tally_broken_off"),
            ("html", "tally_unreadable"),
            ("empty", "tally_unreadable"),
            ("status", "tally_http_500"),
        ],
    )
    def test_an_outage_is_tried_again_and_then_told(self, client, tally, fault, code):
        tally.order(fault, times=1, seconds=0.6)
        assert "<ENVELOPE" in client.export(self.request)
        tally.order(fault, times=2, seconds=0.6)
        with pytest.raises(Unavailable) as failure:
            client.export(self.request)
        assert (failure.value.code, failure.value.outcome_unknown) == (code, False)

    @pytest.mark.parametrize(
        ("fault", "words"), [("unknown", "Unknown Request"), ("line_error", "Could not find")]
    )
    def test_a_refusal_in_an_answer_that_looks_well_is_a_refusal(self, client, tally, fault, words):
        tally.order(fault)
        with pytest.raises(Rejected, match=words):
            client.export(self.request)
        assert len(tally.bodies) == 1  # never tried again

    def test_a_company_that_was_closed_meanwhile_is_ours_to_open(self, client):
        with pytest.raises(Misconfigured, match="open the company"):
            client.export(list_vouchers("Closed", VOUCHER, Period(DAY, DAY)))

    @pytest.mark.parametrize("fault", ["drop_after", "half", "half_quietly", "empty", "html", "hang"])
    def test_an_import_without_a_clear_answer_is_never_repeated_by_itself(self, client, tally, fault):
        tally.order(fault, seconds=0.6)
        with pytest.raises(Unavailable) as failure:
            client.send(write((document(),))[1])
        assert failure.value.outcome_unknown
        assert len(tally.bodies) == 1


def document(kind: ExportKind = ExportKind.TRANSFER, **changes: object) -> ExportDocument:
    lines = (
        ExportLine(
            "Soap & Water", "Soap & Water", "B/1", 12, 1000, 12000, uqc="NOS", expiry_date=date(2027, 3, 31)
        ),
    )
    told = {
        "kind": kind, "key": "transfer:7", "number": "DC/26/7", "at": AT, "lines": lines,
        "source": "Main Location", "target": "Pune Depot", "narration": "Stock moved <to> Pune & on",
    } | changes  # fmt: skip
    return ExportDocument(**told)


class TestPush:
    def vouchers(self, company: Company, kind: str) -> list:
        return [tree for tree in company.vouchers.values() if tree.get("VOUCHERTYPENAME") == kind]

    def test_a_transfer_is_a_stock_journal_that_moves_the_batch(self, access, company, tmp_path):
        answer = SYSTEM.push(access, document())
        assert (answer.accepted, answer.number, answer.simulated) == (True, "1", True)
        (journal,) = self.vouchers(company, "Stock Journal")
        assert journal.get("NARRATION") == "Stock moved <to> Pune & on [VS:transfer:7]"
        rows = told(pull(access, tmp_path / "a"))
        assert standing(rows) == {("B/1", "Main Location"): "88", ("B/1", "Pune Depot"): "12"}
        assert {row.get("expiry_date") for row in rows[RecordKind.STOCK]} == {"2027-03-31"}

    def test_pushed_twice_it_is_booked_once(self, access, company, tally):
        first = SYSTEM.push(access, document())
        sent = tally.requests["import data"]
        assert SYSTEM.push(access, document()) == first
        assert tally.requests["import data"] == sent  # it looked and did not send
        assert len(company.vouchers) == 1

    @pytest.mark.parametrize("fault", ["drop_after", "half_quietly"])
    def test_cut_off_in_between_it_is_looked_for_and_booked_once(self, access, company, tally, fault):
        tally.order(fault, match="<IMPORTDATA>")
        with pytest.raises(Unavailable) as failure:
            SYSTEM.push(access, document())
        assert failure.value.outcome_unknown
        assert SYSTEM.find(access, document()).number == "1"
        assert SYSTEM.push(access, document()).number == "1"
        assert len(company.vouchers) == 1

    def test_sent_twice_without_looking_tally_alters_what_it_has(self, tally, company):
        with TallyClient(tally.url) as client:
            assert client.send(write((document(),))[1]).created == 1
            assert client.send(write((document(),))[1]).altered == 1
        assert len(company.vouchers) == 1

    def test_what_a_person_cancelled_stays_cancelled(self, access, company):
        SYSTEM.push(access, document())
        company.cancel(1)
        answer = SYSTEM.push(access, document())
        assert not answer.accepted
        assert answer.reason == "it was booked as 1 and cancelled in Tally"
        assert self.vouchers(company, "Stock Journal")[0].get("ISCANCELLED") == "Yes"

    def test_nothing_known_is_nothing_found(self, access):
        assert SYSTEM.find(access, document()) is None

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"target": "Nagpur"}, "Stock Journal: Tally: Godown 'Nagpur' does not exist!"),
            ({"at": datetime(2025, 1, 1, tzinfo=UTC)}, "Stock Journal: Tally: Voucher date is missing."),
        ],
    )
    def test_a_refusal_is_told_in_tallys_words(self, access, company, changes, reason):
        answer = SYSTEM.push(access, document(**changes))
        assert (answer.accepted, answer.reason) == (False, reason)
        assert not company.vouchers

    def test_an_item_tally_does_not_have_is_named_before_anything_is_sent(self, access, tally):
        line = ExportLine("Shampoo", "Shampoo", "B", 1, 100, 100)
        answer = SYSTEM.push(access, document(lines=(line,)))
        assert answer.reason == "Tally has no stock item called Shampoo"
        assert not tally.requests["import data"]

    def test_an_exception_without_a_word_is_no_success(self, access, company, tally):
        company.enter(*(f'<LEDGER NAME="{name}"/>' for name in ("Pune Depot", "Main Location", "Sales")))
        lines = (replace(document().lines[0], amount_paise=12001, unit_paise=1000, tax_paise=1),)
        extra = {"source_gstin": MAHARASHTRA, "target_gstin": PUNE_TOO}
        answer = SYSTEM.push(access, document(lines=lines, extra=extra))
        assert not answer.accepted
        assert "Output CGST" in answer.reason or "without a reason" in answer.reason

    @pytest.mark.parametrize(
        ("target", "taxes"),
        [(GUJARAT, {"IGST": "21.60"}), (PUNE_TOO, {"CGST": "10.80", "SGST": "10.80"})],
    )
    def test_between_registrations_goods_are_invoiced_and_bought_with_their_tax(
        self, access, company, target, taxes
    ):
        names = ["Pune Branch", "HO Branch", "Branch Sales", "Purchase"]
        names += [f"{side} {tax}" for side in ("Output", "Input") for tax in taxes]
        company.enter(*(f'<LEDGER NAME="{name}"/>' for name in names))
        settings = {
            **access.settings,
            "branches": {"Pune Depot": "Pune Branch", "Main Location": "HO Branch"},
            "ledgers": {"sales": "Branch Sales"},
        }
        lines = tuple(replace(line, tax_paise=2160) for line in document().lines)
        extra = {"source_gstin": MAHARASHTRA, "target_gstin": target}
        answer = SYSTEM.push(replace(access, settings=settings), document(lines=lines, extra=extra))
        assert (answer.accepted, answer.number, answer.reason) == (True, "1, 1", "")
        (invoice,), (bought,) = self.vouchers(company, "Sales"), self.vouchers(company, "Purchase")
        told = {
            tree.get("VOUCHERTYPENAME"): {
                entry.get("LEDGERNAME"): entry.get("AMOUNT") for entry in tree.each("LEDGERENTRIES.LIST")
            }
            for tree in (invoice, bought)
        }
        assert told == {
            "Sales": {"Pune Branch": "-141.60", **{f"Output {tax}": paise for tax, paise in taxes.items()}},
            "Purchase": {
                "HO Branch": "141.60",
                **{f"Input {tax}": f"-{paise}" for tax, paise in taxes.items()},
            },
        }
        assert (
            SYSTEM.push(replace(access, settings=settings), document(lines=lines, extra=extra)).number
            == "1, 1"
        )
        assert len(company.vouchers) == 2

    def test_half_of_a_pair_is_told_and_the_other_half_follows(self, access, company):
        company.enter(*(f'<LEDGER NAME="{name}"/>' for name in ("Pune Depot", "Sales")))
        extra = {"source_gstin": MAHARASHTRA, "target_gstin": GUJARAT}
        answer = SYSTEM.push(access, document(extra=extra))
        assert not answer.accepted
        assert answer.reason.startswith("1 is booked; Purchase: Tally: Ledger")
        company.enter(*(f'<LEDGER NAME="{name}"/>' for name in ("Main Location", "Purchase")))
        assert SYSTEM.push(access, document(extra=extra)).number == "1, 1"
        assert len(company.vouchers) == 2

    def test_a_credit_note_credits_its_party(self, access, company):
        company.enter('<LEDGER NAME="Sales"/>')
        note = document(ExportKind.CREDIT_NOTE, key="credit:1", party="Ram & Sons", target="")
        assert SYSTEM.push(access, note).accepted
        (booked,) = self.vouchers(company, "Credit Note")
        assert booked.get("PARTYLEDGERNAME") == "Ram & Sons"
        assert booked.each("LEDGERENTRIES.LIST")[0].get("AMOUNT") == "120.00"

    @pytest.mark.parametrize("come_back", [False, True])
    def test_a_credit_between_registrations_books_both_sides_and_goods_only_if_they_come_back(
        self, access, company, come_back
    ):
        company.enter(*(f'<LEDGER NAME="{name}"/>'
                        for name in ("Pune Depot", "Main Location", "Sales", "Purchase")))  # fmt: skip
        note = document(
            ExportKind.CREDIT_NOTE, key="credit:2", party="Pune Depot", source="Pune Depot",
            target="Main Location",
            extra={"source_gstin": MAHARASHTRA, "target_gstin": GUJARAT, "goods_come_back": come_back},
        )  # fmt: skip
        assert SYSTEM.push(access, note).accepted
        (credit,), (debit,) = self.vouchers(company, "Credit Note"), self.vouchers(company, "Debit Note")
        assert (credit.get("PARTYLEDGERNAME"), debit.get("PARTYLEDGERNAME")) == (
            "Pune Depot",
            "Main Location",
        )
        for booked, sign in ((credit, 1), (debit, -1)):
            party = next(
                one for one in booked.each("LEDGERENTRIES.LIST") if one.get("ISPARTYLEDGER") == "Yes"
            )
            assert float(party.get("AMOUNT")) * sign > 0
            assert bool(booked.each("ALLINVENTORYENTRIES.LIST")) is come_back

    def test_a_reversal_cancels_what_was_booked_and_says_so_again(self, access, company, tmp_path):
        SYSTEM.push(access, document())
        later = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
        back = document(
            ExportKind.REVERSAL, key="transfer:7:recall", refers_to="transfer:7", at=later,
            source="Pune Depot", target="Main Location", narration="Recalled",
        )  # fmt: skip
        assert SYSTEM.find(access, back) is None
        answer = SYSTEM.push(access, back)
        assert (answer.accepted, answer.number) == (True, "1 cancelled")
        assert SYSTEM.push(access, back) == answer
        assert SYSTEM.find(access, back) == answer
        assert len(company.vouchers) == 1
        assert standing(told(pull(access, tmp_path / "a"))) == {("B/1", "Main Location"): "100"}

    def test_a_reversal_of_what_tally_never_had_moves_the_goods_back(self, access, company):
        back = document(
            ExportKind.REVERSAL, key="transfer:7:recall", refers_to="transfer:7", source="Pune Depot",
            target="Main Location",
        )  # fmt: skip
        assert SYSTEM.push(access, back).number == "1"
        (journal,) = self.vouchers(company, "Stock Journal")
        out = journal.find("INVENTORYENTRIESOUT.LIST").find("BATCHALLOCATIONS.LIST")
        assert out.get("GODOWNNAME") == "Pune Depot"

    def test_what_was_lost_only_leaves(self, access, company):
        lost = document(
            ExportKind.REVERSAL,
            key="transfer:7:loss",
            refers_to="transfer:7",
            target="",
            extra={"reason": "lost"},
        )
        assert SYSTEM.push(access, lost).accepted
        (journal,) = self.vouchers(company, "Stock Journal")
        assert journal.find("INVENTORYENTRIESIN.LIST") is None

    def test_a_price_list_adds_to_the_levels_an_item_has(self, access, company):
        lines = (document().lines[0], replace(document().lines[0], batch="B/2", unit_paise=900))
        offer = document(ExportKind.PRICE_LIST, key="campaign:3", number="C-3", lines=lines, valid_from=DAY)
        for _ in range(2):
            assert SYSTEM.push(access, offer).accepted
        item = company.masters["STOCKITEM"]["soap & water"]
        levels = [
            (one.get("PRICELEVEL"), one.get("DATE"), one.find("PRICELEVELLIST.LIST").get("RATE"))
            for one in item.each("FULLPRICELIST.LIST")
        ]
        assert levels == [("Retail", "20260401", "15.00/Nos"), ("Offers", "20261123", "10.00/Nos")]
        assert item.get("BASEUNITS") == "Nos"

    def test_simulated_decisions_say_so_in_the_books(self, access, company):
        SYSTEM.push(access, document(extra={"simulated": True}))
        assert self.vouchers(company, "Stock Journal")[0].get("NARRATION").startswith("SIMULATED: ")


class TestFiles:
    def test_documents_of_every_kind_are_one_well_formed_file(self):
        credit = document(ExportKind.CREDIT_NOTE, key="c:1", party="Ram & Sons")
        offer = document(ExportKind.PRICE_LIST, key="p:1", valid_from=DAY)
        name, content = write((document(), credit, offer))
        assert name == "tally-20261123-063000.xml"
        tree = parse(content.decode())
        kinds = [message.children[0] for message in tree.walk() if message.tag == "TALLYMESSAGE"]
        assert [(one.tag, one.get("VOUCHERTYPENAME")) for one in kinds] == [
            ("VOUCHER", "Stock Journal"), ("VOUCHER", "Credit Note"), ("STOCKITEM", ""),
        ]  # fmt: skip
        assert kinds[0].attributes["REMOTEID"] == remote_id("transfer:7")

    def test_the_same_document_is_written_the_same_and_another_is_not(self):
        assert write((document(),)) == write((document(),))
        assert remote_id("transfer:7") != remote_id("transfer:8") != remote_id("transfer:8", "in")

    def test_a_file_of_ours_is_read_back_as_what_it_moves(self, tmp_path):
        path = tmp_path / "ours.xml"
        path.write_bytes(write((document(),))[1])
        (voucher,) = [note for note in _nodes(path) if note.tag == "VOUCHER"]
        assert voucher.get("VOUCHERNUMBER") == "DC/26/7"
        assert "control" not in write((document(narration="a\x04b\x00control"),))[1].decode().split("ab")[0]

    def test_a_document_that_does_not_say_where_is_refused(self):
        with pytest.raises(Invalid) as refusal:
            write((document(target=""),))
        assert refusal.value.faults[0].code == "no_place"
        with pytest.raises(Invalid):
            write((document(ExportKind.CREDIT_NOTE),))

    def test_every_debit_has_its_credit(self):
        from inventory.feeds.tally.export import Names

        extra = {"source_gstin": MAHARASHTRA, "target_gstin": GUJARAT}
        lines = tuple(replace(line, tax_paise=2161) for line in document().lines)
        for message in messages_of(document(lines=lines, extra=extra), Names()):
            tree = parse(message.xml)
            entries = ("LEDGERENTRIES.LIST", "ACCOUNTINGALLOCATIONS.LIST")
            paise = [round(float(node.get("AMOUNT")) * 100) for node in tree.walk() if node.tag in entries]
            assert sum(paise) == 0


class TestLanding:
    """A pull taken in by the imports, twice: what the books say is what stands here."""

    @pytest.fixture
    def reach(self, access):
        told = {"territory": "MUM", "pincode": "411001", "price_level": "Offers"}
        return replace(access, settings={**access.settings, **told})

    @pytest.fixture
    def write(self, alpha, own_media):
        book = make_book()
        owner = Actor("user", "1", "The owner")
        feed = imports.ensure_feed(
            code="tally", name="Tally", system="tally", actor=owner, at=datetime.now(UTC)
        )

        def write(path: Path) -> None:
            at = datetime.now(UTC)  # a pull says when it was made, by the same clock
            run = imports.open_run(feed=feed, content=path, title=path.name, options={}, actor=owner, at=at)
            imports.check_run(run.pk, at=at)
            run = imports.write_run(run.pk, actor=owner, at=at)
            assert run.state == "reconciled", (path.name, run.error, run.reconciliation)
            assert not run.quarantine.exists(), list(run.quarantine.values("kind", "values", "faults"))

        assert book.territories["MUM"]
        return write

    @pytest.fixture
    def land(self, write, reach, tmp_path):
        turns = iter(range(100))

        def land(cursor: object = None) -> object:
            pulled = pull(reach, tmp_path / f"turn{next(turns)}", cursor)
            for path in pulled.files:
                write(path)
            return pulled.cursor

        return land

    def sold(self) -> list[tuple[str, int, int]]:
        rows = Sale.objects.filter(sku__code="Soap & Water").order_by("transaction_id", "line")
        return [(row.transaction_id[-2:], row.quantity, row.unit_price_paise) for row in rows]

    def held(self) -> dict[tuple[str, str], int]:
        rows = Position.objects.filter(sku__code="Soap & Water", on_hand__gt=0)
        return {(row.batch.number, row.location.code): row.on_hand for row in rows}

    def test_pulled_altered_cancelled_deleted_and_pulled_again(self, land, company):
        company.enter(_RATED)
        first, second, third = company.enter(sale("20261010", 10), sale("20261011", 20), sale("20261110", 1))
        cursor = land()
        assert self.sold() == [("01", 10, 1200), ("02", 20, 1200), ("03", 1, 1200)]
        assert self.held() == {("B/1", "Main Location"): 69}
        company.alter(first, sale("20261010", 4, lines=2))
        company.cancel(second)
        company.delete(third)
        company.enter(sale("20261012", 5))
        cursor = land(cursor)
        assert self.sold() == [("01", 4, 1200), ("01", 4, 1200), ("04", 5, 1200)]
        assert self.held() == {("B/1", "Main Location"): 87}
        company.alter(first, sale("20261014", 6))
        land(cursor)
        assert self.sold() == [("01", 6, 1200), ("04", 5, 1200)]
        assert self.held() == {("B/1", "Main Location"): 89}

    def test_a_deleted_voucher_stays_away_though_the_import_that_tells_it_is_written_later(
        self, write, reach, company, tmp_path
    ):
        company.enter(_RATED)
        gone, _kept = company.enter(sale("20261010", 10), sale("20261011", 20))
        without = replace(reach, settings={**reach.settings, "stock": "none"})
        first = pull(without, tmp_path / "first")
        company.delete(gone)
        later = pull(without, tmp_path / "later", first.cursor)
        masters, sales = first.files
        for path in (masters, *later.files, sales):  # a person looked at the sales' check for a while
            write(path)
        assert self.sold() == [("02", 20, 1200)]


def _nodes(path: Path) -> list:
    from inventory.feeds.tally.records import Reader

    with path.open("rb") as stream:
        return list(Reader(stream).records())
