"""The dead-stock page, one SKU in depth, the files, and the figures of the first screen."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.contracts.forecasts import ForecastPlan
from inventory.contracts.offers import OfferAnnounced, OfferedGoods
from inventory.feeds.files.writing import guarded
from inventory.models import (
    BatchRisk,
    DailyDemand,
    DemandForecast,
    ForecastModel,
    ItemOutlook,
    PositionOutlook,
    StockItem,
)
from inventory.selectors.shelf import StockFilter, cut_items, list_items, sum_items
from inventory.services import renew_sums
from inventory.services.offers import keep_offer
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from vyapar.dashboard import board
from vyapar.dashboard.templatetags.figures import day_text
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")

WAYS = [
    {"name": "hold", "net_paise": -1_000, "components": {"carrying": -1_000}, "available": True, "note": ""},
    {
        "name": "discount",
        "net_paise": 9_000,
        "components": {"recovered": 9_000},
        "available": True,
        "note": "",
    },
]


@pytest.fixture
def browser() -> Client:
    person = add_person(
        username="analyst",
        password="look-at-stock-1",
        role=Role.ANALYST,
        name="Analyst",
        email="a@alpha.example",
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def item(
    book: Book, sku: str, place: str, status: str, pieces: int, idle: int = 10, risk: int = 0
) -> StockItem:
    return StockItem.objects.create(
        sku=book.skus[sku], territory=book.territories[place], as_of=TODAY, updated_at=NOW, status=status,
        current_stock=pieces, value_paise=pieces * 5_000, days_without_movement=idle,
        at_risk_quantity=risk, at_risk_paise=risk * 5_000, dead_stock_score=60.0,
        score_parts={"movement": 35.0, "cover": 25.0},
    )  # fmt: skip


@pytest.fixture
def book() -> Book:
    """Five items in two territories; a batch of S1 expires in 20 days with 4 pieces unsold, one in 80."""
    book = make_book()
    for number, (life, unsold) in enumerate(((20, 4), (80, 6))):
        book.batch("S1", f"B{number}", life)
        book.receive("S1", f"B{number}", 10)
        BatchRisk.objects.create(
            position=book.position("S1", f"B{number}"), as_of=TODAY, days_to_expiry=life,
            expected_unsold=unsold, probability_unsold=0.9, p90_unsold=unsold, at_risk_quantity=unsold,
            at_risk_paise=unsold * 5_000, ways_out=WAYS, best_way="discount", best_net_paise=9_000,
        )  # fmt: skip
    item(book, "S1", "MUM", "dead", 20, idle=95, risk=10)
    item(book, "S1", "BLR", "active", 7, idle=0)
    item(book, "S2", "MUM", "slow_moving", 9, idle=40)
    item(book, "S3", "MUM", "dead", 4, idle=200)
    item(book, "S3", "BLR", "active", 0)
    StockItem.objects.filter(sku=book.skus["S1"], status="dead").update(
        due_30_quantity=4, due_30_paise=20_000, due_60_quantity=4, due_60_paise=20_000,
        due_90_quantity=10, due_90_paise=50_000,
    )  # fmt: skip
    renew_sums()
    return book


@pytest.mark.parametrize("by", ["status", "category", "age"])
def test_every_cut_adds_up_to_the_headline(book: Book, by: str) -> None:
    rows = list_items(StockFilter())
    cut, whole = cut_items(rows, by), sum_items(rows)
    assert cut.whole() == whole
    assert sum((cut.row(key) for key, _ in cut.rows), type(whole)()) == whole
    assert sum((cut.column(key) for key, _ in cut.columns), type(whole)()) == whole
    assert (whole.items, whole.pieces, whole.risk_pieces) == (4, 40, 10)


@pytest.mark.parametrize("by", ["status", "category", "age"])
def test_a_figure_of_the_cut_opens_rows_that_add_up_to_it(browser: Client, book: Book, by: str) -> None:
    table = browser.get("/stock", {"by": by}).context["cut"]
    cells = [cell for row in table["rows"] for cell in (*row["cells"], row["total"]) if cell["url"]]
    assert len(cells) >= 4
    for cell in [*cells, *table["totals"]]:
        assert browser.get(cell["url"]).context["totals"] == cell["sums"]


def test_what_expires_counts_only_the_batches_that_expire_in_time(browser: Client, book: Book) -> None:
    assert sum_items(list_items(StockFilter(expires=30))).risk_pieces == 4
    assert sum_items(list_items(StockFilter(expires=90))).risk_pieces == 10
    shown = browser.get("/stock", {"expires": "30"}).context
    assert [row.due_quantity for row, *_rest in shown["items"]] == [4]


def test_rows_are_sorted_and_filtered_by_the_query(browser: Client, book: Book) -> None:
    def codes(**query: str) -> list[str]:
        return [
            f"{row.sku.code}@{row.territory.code}"
            for row, *_ in browser.get("/stock", query).context["items"]
        ]

    assert codes()[0] == "S1@MUM"
    assert codes(sort="-idle") == ["S3@MUM", "S1@MUM", "S2@MUM", "S1@BLR"]
    assert codes(q="biscuit 2") == ["S2@MUM"]
    assert codes(status="dead", territory="MUM", sort="stock") == ["S3@MUM", "S1@MUM"]
    assert codes(age="4") == ["S3@MUM"]
    assert len(codes(status="nonsense", age="99", expires="x", by="y", page="-3")) == 4
    assert codes(q="a\x00b") == []


def test_nothing_found_says_what_to_do_next(browser: Client, book: Book) -> None:
    assert "Show everything" in browser.get("/stock", {"q": "nothing like it"}).content.decode()


def test_the_csv_holds_the_filtered_rows_and_no_formula(browser: Client, book: Book) -> None:
    book.skus["S3"].name = '=HYPERLINK("http://x")'
    book.skus["S3"].save()
    answer = browser.get("/stock.csv", {"status": "dead", "sort": "-stock"})
    heads, *rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer["Content-Disposition"].startswith("attachment")
    assert heads[0] == "SKU"
    assert [row[0] for row in rows] == ["S1", "S3"]
    assert rows[0][7] == "1000.00"
    assert rows[1][1] == '\'=HYPERLINK("http://x")'


def test_the_workbook_opens_and_holds_text_as_text(browser: Client, book: Book) -> None:
    book.skus["S1"].name = "+1 biscuit"
    book.skus["S1"].save()
    with zipfile.ZipFile(io.BytesIO(browser.get("/stock.xlsx").content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<is><t>'+1 biscuit</t></is>" in sheet
    assert "<f>" not in sheet
    assert sheet.count("<row ") == 5


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_formulas_are_disarmed(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_numbers_and_plain_words_are_left_alone() -> None:
    assert [guarded(value) for value in (-5, "Biscuit", "", None)] == [-5, "Biscuit", "", None]


def test_the_item_page_shows_history_forecast_batches_and_ways_out(browser: Client, book: Book) -> None:
    first = date.today() - timedelta(days=3)
    DailyDemand.objects.create(
        sku=book.skus["S1"], territory=book.territories["MUM"], day=first, quantity=6, revenue_paise=48_000
    )
    DemandForecast.objects.create(
        sku=book.skus["S1"], territory=book.territories["MUM"], cycle_id=1, as_of=TODAY, pattern="lumpy",
        method="croston", weekly_mean=[4.0] * 13, dispersion=2.0,
    )  # fmt: skip
    answer = browser.get("/stock/S1/MUM")
    chart = answer.context["chart"]
    sold, expected = (series["values"] for series in chart["series"])
    assert len(chart["x"]) == len(sold) == len(expected) == 52 + 13
    assert sold[51] == 6
    assert expected[52:] == [4.0] * 13
    assert all(
        low <= 4 <= high
        for low, high in zip(chart["fan"][0]["low"][52:], chart["fan"][0]["high"][52:], strict=True)
    )
    assert [batch.batch for batch in answer.context["batches"]] == ["B0", "B1"]
    assert answer.context["worst"].batch == "B1"
    assert [row.territory for row in answer.context["elsewhere"]] == ["BLR"]
    assert {m.kind for m in answer.context["movements"]} == {"receipt"}


def test_a_sku_says_which_offers_are_known_ahead_and_whether_the_forecast_answers(
    browser: Client, book: Book
) -> None:
    today = ist_day(timezone.now())
    days = (today + timedelta(days=7), today + timedelta(days=13))
    goods = (OfferedGoods("S1", 40),)
    keep_offer(OfferAnnounced("campaign:C-1", "MUM", 1_050, goods, *days), at=timezone.now())
    page = browser.get("/stock/S1/MUM")
    words = f"Offer of 10.5 % from {day_text(days[0])} to {day_text(days[1])}, of 40 pieces."
    assert page.context["offers"] == [words]
    assert words in page.content.decode()
    assert "has not been learnt yet" in page.content.decode()
    ForecastModel.objects.create(
        cycle_id=1, as_of=TODAY, version="v", data_from=TODAY, data_to=TODAY, series=1,
        plan=ForecastPlan(()).as_json(), promoted=True, reason="",
        effects=[{"effect": "price", "figure": 2.0, "stands": True}],
    )  # fmt: skip
    assert "is lifted by what cheaper weeks" in browser.get("/stock/S1/MUM").content.decode()
    assert browser.get("/stock/S1/BLR").context["offers"] == []


def test_a_sku_says_what_is_foreseen_and_why_each_batch_lies_there(browser: Client, book: Book) -> None:
    assert browser.get("/stock/S1/MUM").context["foreseen"] is None
    position = book.position("S1", "B0")
    PositionOutlook.objects.create(
        position=position, cycle_id=1, as_of=TODAY, cause="over_buy", confidence=0.8, expected_paise=20_000,
        evidence={"received": 120, "order_days": 400, "daily_before": 0.3},
    )  # fmt: skip
    ItemOutlook.objects.create(
        sku=book.skus["S1"], territory=book.territories["MUM"], cycle_id=1, as_of=TODAY, no_sale_30=0.9,
        no_sale_60=0.7, no_sale_90=0.62, method="ensemble", matrix="AXF", matrix_overall="AXF",
        value_share_bp=10,
        reasons=[{"topic": "silence", "points": 12.5, "figures": {"idle": 65, "idle_own": 2}}],
    )  # fmt: skip
    answer = browser.get("/stock/S1/MUM")
    assert [bar["value"] for bar in answer.context["foreseen"]["bars"]] == [90.0, 70.0, 62.0]
    (reason,) = answer.context["foreseen"]["reasons"]
    assert reason.startswith("Last sale 65 days ago")
    (cause,) = answer.context["causes"]
    assert (cause["batch"], cause["cause"]) == ("B0", "Over-buying")
    assert "120 pieces came" in answer.content.decode()
    assert "80" in answer.content.decode()


@pytest.mark.parametrize("path", ["/stock/NO/MUM", "/stock/S1/NOWHERE", "/stock/S1/a%00b"])
def test_an_item_that_is_not_there_is_not_found(browser: Client, book: Book, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_the_first_screen_opens_the_rows_behind_its_figures(browser: Client, book: Book) -> None:
    tiles = {tile.name: tile.read() for tile in board.tiles() if tile.name.startswith("stock.")}
    for name in ("stock.dead", "stock.in_30", "stock.in_60", "stock.in_90", "stock.at_risk"):
        totals = browser.get(tiles[name].url).context["totals"]
        shown = totals.paise if name == "stock.dead" else totals.risk_paise
        assert shown == tiles[name].value_paise, name
    assert tiles["stock.dead"].value_paise == 24 * 5_000
    assert tiles["stock.in_30"].value_paise == 4 * 5_000
    assert browser.get(tiles["stock.freshness"].url).status_code == 200
    assert browser.get(tiles["stock.carried_out"].url).status_code == 200
    assert "Dead now" in browser.get("/").content.decode()


def test_strangers_are_sent_to_the_sign_in_page(book: Book) -> None:
    answer = Client(HTTP_HOST="alpha.localhost").get(reverse("inventory:stock"))
    assert answer.status_code == 302
    assert "/sign-in" in answer["Location"]
