"""Stock at outlets: the list by cursor, one outlet, the files, and the pivot whose cuts all tie."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from itertools import permutations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from inventory.models import Brand, Category, OutletStock, Retailer, StandingDay, StockItem
from inventory.selectors import AGE_BANDS
from inventory.selectors.standing import (
    CUTS,
    MEASURES,
    StandingFilter,
    list_outlets,
    list_standing_astray,
    sum_outlets,
    sum_standing,
)
from inventory.services import ingest_sales
from inventory.services.standing import keep_standing
from inventory.views import outlets as page
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book, sale
from tests.inventory.test_gate import graded
from vyapar.engine.models import AuditEntry
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Invalid, NotFound
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture
def browser() -> Client:
    person = add_person(username="asha", password="look-at-shops-1", role=Role.ANALYST, name="Asha")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def stands(shop: str, book: Book, sku: str, place: str, days: int, paise: int, orders: int = 3) -> None:
    OutletStock.objects.create(
        retailer=Retailer.objects.get(retailer_id=shop), sku=book.skus[sku],
        territory=book.territories[place], cycle_id=1, as_of=TODAY, orders=orders, pieces=24,
        last_bought_date=TODAY - timedelta(days=days), interval_days=20.0, probability=0.6,
        expected_quantity=paise / 1_000, expected_paise=paise, no_sale_30=0.9, no_sale_60=0.8, no_sale_90=0.7,
    )  # fmt: skip


@pytest.fixture
def book() -> Book:
    """R1 and R3 (MUM) and R2 (BLR) hold 90, 90 and 40 rupees; two brands, two categories, two beats."""
    book = make_book()
    root = Category.objects.create(code="FOOD", name="Food")
    sweets = Category.objects.create(code="SWE", name="Sweets", parent=root)
    book.skus["S3"].brand, book.skus["S3"].category = Brand.objects.create(name="Other"), sweets
    book.skus["S3"].save()
    Retailer.objects.filter(retailer_id__in=("R1", "R2")).update(beat="Monday")
    stands("R1", book, "S1", "MUM", 95, 5_000)
    stands("R1", book, "S3", "MUM", 200, 4_000, orders=1)
    stands("R2", book, "S1", "BLR", 10, 4_000)
    stands("R3", book, "S2", "MUM", 40, 9_000)
    keep_standing(actor=system("tests"), at=NOW)
    return book


def test_outlets_come_by_rupees_page_by_page_and_back_again(browser, book, monkeypatch):
    monkeypatch.setattr(page, "ROWS", 1)
    seen, cursor, previous = [], "", ""
    for _turn in range(3):
        shown = browser.get("/outlets", {"cursor": cursor}).context
        seen += [one.retailer_id for one, _grade in shown["outlets"]]
        cursor, previous = shown["next"], shown["previous"]
    assert seen == ["R1", "R3", "R2"]
    assert cursor == ""
    shown = browser.get("/outlets", {"cursor": previous}).context
    assert ([one.retailer_id for one, _grade in shown["outlets"]], bool(shown["previous"])) == (["R3"], True)
    shown = browser.get("/outlets", {"cursor": shown["previous"]}).context
    assert ([one.retailer_id for one, _grade in shown["outlets"]], shown["previous"]) == (["R1"], "")
    for nonsense in ("n1", "x1.2", "n.", "n9999999999999999999999.1", "n-1.2"):
        assert len(browser.get("/outlets", {"cursor": nonsense}).context["outlets"]) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"territory": "MUM"}, ["R1", "R3"]),
        ({"beat": "Monday"}, ["R1", "R2"]),
        ({"category": "FOOD"}, ["R1"]),
        ({"category": "SWE"}, ["R1"]),
        ({"q": "shop 3"}, ["R3"]),
        ({"q": "biscuit 1"}, ["R1", "R2"]),
        ({"outlet": "R2"}, ["R2"]),
        ({"q": "a\x00b"}, []),
    ],
)
def test_filters_narrow_rows_and_totals_alike(browser, book, query, expected):
    shown = browser.get("/outlets", query).context
    assert [one.retailer_id for one, _grade in shown["outlets"]] == expected
    assert shown["totals"].outlets == len(expected)
    assert shown["totals"].expected_paise == sum(one.expected_paise for one, _grade in shown["outlets"])


def test_an_outlet_says_what_stands_there_what_it_buys_and_what_to_ask(browser, book):
    rows = [
        sale("T1", "S2", 30, shop="R1"),
        sale("T2", "S2", 12, shop="R1", timestamp="2026-11-20T10:00:00+05:30"),
    ]
    ingest_sales(rows, source="tests", actor=system("tests"), at=NOW)
    answer = browser.get("/outlets/R1")
    assert [row.sku.code for row in answer.context["standing"]] == ["S1", "S3"]
    assert [(one.sku, one.pieces, one.orders) for one in answer.context["bought"]] == [("S2", 42, 2)]
    first, second, *rest = answer.context["talk"]
    assert first.startswith("Biscuit 1: last ordered on")
    assert second.startswith("Biscuit 3: tried once, 24 pieces")
    assert rest[-1].startswith("Biscuit 2 runs here, ordered 2 times")
    assert browser.get("/outlets/R9").status_code == 404
    assert "orders again what it bought" in browser.get("/outlets/R4").content.decode()


@pytest.mark.parametrize(
    ("path", "lines"), [("/outlets", 3), ("/outlets/items", 4), ("/outlets/R1/standing", 2)]
)
def test_files_hold_every_row_and_no_formula(browser, book, path, lines):
    Retailer.objects.filter(retailer_id="R1").update(name="=1+1")
    found = list(csv.reader(io.StringIO(browser.get(f"{path}.csv").content.decode("utf-8-sig"))))
    assert len(found) == 1 + lines
    assert found[1][1] in ("'=1+1", "Shop 3")
    assert browser.get(f"{path}.xlsx").content[:2] == b"PK"


@pytest.mark.parametrize(
    ("path", "place"), [("/outlets", 2), ("/outlets/items", 2), ("/outlets/R1/standing", 2), ("/stock", 3)]
)
def test_the_grade_of_the_data_stands_beside_every_line_of_a_file(browser, book, path, place):
    graded("B", "MUM", NOW, "territory")
    item = {"as_of": date(2026, 11, 23), "updated_at": NOW, "current_stock": 5}
    for sku, territory in (("S1", "MUM"), ("S1", "BLR")):
        StockItem.objects.create(sku=book.skus[sku], territory=book.territories[territory], **item)
    heads, *rows = csv.reader(io.StringIO(browser.get(f"{path}.csv").content.decode("utf-8-sig")))
    assert heads[-1] == "Data"
    assert {(row[place], row[-1]) for row in rows} <= {("MUM", "B"), ("BLR", "")}
    assert ("MUM", "B") in {(row[place], row[-1]) for row in rows}


def test_the_grade_of_the_data_stands_on_the_pages_of_outlets(browser, book):
    graded("D", "MUM", NOW, "territory")
    shown = browser.get("/outlets").context["outlets"]
    assert {(one.territory, grade) for one, grade in shown} == {("MUM", "D"), ("BLR", "")}
    assert "Data D" in browser.get("/outlets/R1").content.decode()
    assert "Data D" not in browser.get("/outlets/R2").content.decode()


def test_every_cut_of_stock_at_outlets_has_the_same_sum(book):
    whole = sum_outlets(StandingFilter())
    expected = {"expected_paise": whole.expected_paise, "pieces": whole.pieces, "items": whole.items}
    assert expected == {"expected_paise": 22_000, "pieces": 96, "items": 4}
    cuts = [(), *((cut,) for cut in CUTS), *permutations(CUTS, 2), CUTS]
    for by in cuts:
        cells = sum_standing(by).cells
        assert {name: sum(cell.sums[name] for cell in cells) for name in MEASURES} == expected, by
        assert len({tuple(cell.keys.items()) for cell in cells}) == len(cells)


def test_ages_and_causes_of_stock_at_outlets_are_told_by_orders(book):
    cells = sum_standing(("age", "cause")).cells
    found = {(cell.keys["age"], cell.keys["cause"]): cell.sums["expected_paise"] for cell in cells}
    assert found == {
        (AGE_BANDS[0], "stopped_ordering"): 4_000, (AGE_BANDS[1], "stopped_ordering"): 9_000,
        (AGE_BANDS[3], "stopped_ordering"): 5_000, (AGE_BANDS[4], "tried_once"): 4_000,
    }  # fmt: skip


@pytest.mark.parametrize(("rows", "columns"), [("outlet", "category"), ("territory", "beat"), ("brand", "")])
def test_the_pivot_at_outlets_ties_and_its_cells_open_their_rows(browser, book, rows, columns):
    query = {"basis": "outlets", "rows": rows, "columns": columns}
    table = browser.get("/stock/pivot", query).context["table"]
    assert table["total"] == sum(row["total"] for row in table["rows"]) == 22_000
    cells = [cell for row in table["rows"] for cell in row["cells"] if cell["url"]]
    assert bool(cells) == (rows != "brand")
    for cell in cells:
        assert browser.get(cell["url"]).context["totals"].expected_paise == cell["value"]
    lines = browser.get("/stock/pivot.csv", query).content.decode("utf-8-sig").splitlines()
    assert lines[-1].endswith("220.00")


def test_rows_beyond_what_a_page_shows_stand_in_one_and_the_total_stays(browser, book, monkeypatch):
    monkeypatch.setattr("inventory.views.pivot._sum.__kwdefaults__", {"most": 12, "most_rows": 2})
    table = browser.get("/stock/pivot", {"basis": "outlets", "rows": "outlet"}).context["table"]
    assert [row["name"] for row in table["rows"]] == ["Shop 1", "All others"]
    assert (table["total"], table["rows"][1]["total"], table["rows"][1]["url"]) == (22_000, 13_000, "")


def test_the_two_stocks_are_cut_apart(browser, book):
    shown = browser.get("/stock/pivot", {"basis": "godowns", "rows": "outlet"}).context["asked"]
    assert (shown.basis.name, shown.rows) == ("godowns", "territory")
    shown = browser.get("/stock/pivot", {"basis": "outlets", "rows": "status", "on": "2026-01-01"}).context
    assert (shown["asked"].rows, shown["asked"].on) == ("territory", date(2026, 1, 1))
    assert "table" not in shown


def test_a_past_morning_is_cut_as_it_was_and_opens_no_rows_of_today(browser, book):
    before = {by: sum_standing(by).cells for by in [(), *permutations(CUTS, 2), CUTS]}
    OutletStock.objects.filter(retailer__retailer_id="R3").delete()
    OutletStock.objects.update(as_of=TODAY + timedelta(days=3), expected_paise=1_000)
    keep_standing(actor=system("tests"), at=NOW)
    for by, cells in before.items():
        for on in (TODAY, TODAY + timedelta(days=2)):
            assert (sum_standing(by, on).day, sum_standing(by, on).cells) == (TODAY, cells)
    assert sum_standing(()).cells[0].sums["expected_paise"] == 3_000
    with pytest.raises(NotFound):
        sum_standing((), TODAY - timedelta(days=1))
    query = {"basis": "outlets", "rows": "outlet", "columns": "category", "on": TODAY.isoformat()}
    shown = browser.get("/stock/pivot", query).context
    assert (shown["day"], shown["table"]["total"]) == (TODAY, 22_000)
    assert not any(cell["url"] for row in shown["table"]["rows"] for cell in row["cells"])
    lines = browser.get("/stock/pivot.csv", query).content.decode("utf-8-sig").splitlines()
    assert lines[-1].endswith("220.00")


def test_what_is_kept_is_proven_equal_to_the_rows_it_stands_for_and_mended(book, capsys):
    assert list_standing_astray() == []
    OutletStock.objects.filter(retailer__retailer_id="R2").update(pieces=25)
    assert [line.partition(": kept ")[2] for line in list_standing_astray()] == [
        "(4000, 24, 1), counted (4000, 25, 1)"
    ]
    with pytest.raises(CommandError):
        call_command("check_aggregates", distributor="alpha")
    call_command("check_aggregates", distributor="alpha", mend=True)
    assert "alpha: 0 sums differ" in capsys.readouterr().out
    assert sum_standing(("outlet",)).cells[1].sums["pieces"] == 25


def test_a_cut_that_is_none_and_a_book_without_such_stock_are_refused(book):
    with pytest.raises(Invalid):
        sum_standing(("status",))
    OutletStock.objects.all().delete()
    StandingDay.objects.all().delete()
    with pytest.raises(NotFound):
        sum_standing(("territory",))
    assert list_outlets(StandingFilter()) == []


# --- trade channel and least life -------------------------------------------------------------


def owner() -> Client:
    person = add_person(username="ravi", password="keeps-the-rules-1", role=Role.OWNER, name="Ravi")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def test_an_outlets_terms_are_set_on_its_page_with_a_trace_and_said_there(book: Book) -> None:
    browser = owner()
    page = browser.get("/outlets/R1").content.decode()
    assert "General trade" in page
    assert "30 days, as its channel" in page
    browser.post("/outlets/R1/terms", {"trade_channel": "e_commerce", "minimum_life_days": ""})
    page = browser.get("/outlets/R1").content.decode()
    assert "45 days, as its channel" in page
    assert "or 30% of the whole life where that is less" in page
    browser.post("/outlets/R1/terms", {"trade_channel": "e_commerce", "minimum_life_days": "60"})
    assert "60 days, its own" in browser.get("/outlets/R1").content.decode()
    entries = AuditEntry.objects.filter(verb="OutletTermsSet", subject="retailer:R1")
    assert entries.count() == 2
    browser.post("/outlets/R1/terms", {"trade_channel": "e_commerce", "minimum_life_days": "60"})
    assert entries.count() == 2, "what stands already leaves no trace"


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"trade_channel": "bazaar", "minimum_life_days": ""}, "choose one of"),
        ({"trade_channel": "modern_trade", "minimum_life_days": "731"}, "give whole days, 0 to 730"),
        ({"trade_channel": "modern_trade", "minimum_life_days": "two"}, "give whole days, 0 to 730"),
    ],
)
def test_terms_that_make_no_sense_are_refused_in_words(book: Book, posted, said) -> None:
    answer = owner().post("/outlets/R1/terms", posted, follow=True)
    assert said in answer.content.decode()
    assert answer.redirect_chain == [("/outlets/R1", 302)], "a refusal is said at the page's head"
    row = Retailer.objects.get(retailer_id="R1")
    assert (row.trade_channel, row.minimum_life_days) == ("general_trade", None)


def test_an_analyst_looks_at_terms_and_cannot_change_them(browser: Client, book: Book) -> None:
    assert "outlets/R1/terms" not in browser.get("/outlets/R1").content.decode()
    assert browser.post("/outlets/R1/terms", {"trade_channel": "modern_trade"}).status_code == 403


def test_outlets_are_filtered_by_trade_channel_on_the_page_and_in_the_file(browser, book: Book) -> None:
    Retailer.objects.filter(retailer_id="R2").update(trade_channel="modern_trade")
    shown = browser.get("/outlets?trade_channel=modern_trade").content.decode()
    assert "/outlets/R2" in shown
    assert "/outlets/R1" not in shown
    body = browser.get("/outlets.csv?trade_channel=modern_trade").getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["Outlet"], row["Trade channel"]) for row in rows] == [("R2", "Modern trade")]
