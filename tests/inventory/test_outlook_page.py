"""The page of the chance of no sale: curves and rules of what was learnt, classes, the likeliest, files."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.test import Client

from inventory.models import ItemOutlook, RiskModel, StockItem
from inventory.serializers.risk_words import reason_words
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture
def browser() -> Client:
    person = add_person(username="asha", password="look-at-chances-1", role=Role.ANALYST, name="Asha")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


@pytest.fixture
def book() -> Book:
    return make_book()


def learnt(level: str, method: str, reason: str, *, in_force: bool = True, version: int = 1) -> None:
    judged = {"rows": 1_000, "cases": 250, "auc": 0.91, "ap": 0.8, "brier": 0.11, "off": 0.021}
    rule = judged | {"auc": 0.85, "ap": 0.7, "brier": 0.0, "off": 0.0}
    told = {"method": method, "reason": reason, "ensemble": None, "rules": {}}
    if reason not in ("short", "few_cases"):
        told |= {"ensemble": judged, "rules": {"idle": rule, "few_orders": rule}}
    bars = [[n / 10, n / 10 + 0.01, 100] for n in range(10)] if told["ensemble"] else []
    RiskModel.objects.create(
        level=level, version=version, cycle_id=1, as_of=TODAY, window_first=TODAY, window_last=TODAY,
        rows=1_000, method=method, metrics={str(days): told for days in (30, 60, 90)},
        reliability={str(days): bars for days in (30, 60, 90)}, in_force=in_force,
        why_not="" if in_force else "worse", body=b"",
    )  # fmt: skip


def foresee(book: Book, sku: str, chance: float, matrix: str, packs: int = 0, method: str = "rule") -> None:
    why = [{"topic": "silence", "points": 12.0, "figures": {"idle": 40.0, "idle_own": 3.0}}]
    ItemOutlook.objects.create(
        sku=book.skus[sku], territory=book.territories["MUM"], cycle_id=1, as_of=TODAY, no_sale_30=chance,
        no_sale_60=chance, no_sale_90=chance, method=method, reasons=why, matrix=matrix,
        matrix_overall="AXF", value_share_bp=1_234, overstock_quantity=12 * packs, overstock_packs=packs,
    )  # fmt: skip


def test_the_curve_is_shown_beside_both_rules_and_a_rule_says_why_it_stands_in(browser, book):
    learnt("item", "ensemble", "")
    learnt("outlet", "rule", "short")
    learnt("item", "ensemble", "", in_force=False, version=2)
    item, outlet = browser.get("/outlook", {"days": "60"}).context["levels"]
    assert [(row["name"], row["ap"], row["brier"]) for row in item["rows"]] == [
        ("learnt", "0.800", "0.110"), ("days since last sale", "0.700", ""), ("few orders", "0.700", ""),
    ]  # fmt: skip
    told, happened = item["chart"]["series"]
    assert (told["values"][3], happened["values"][3], item["chart"]["also"][0]["values"][3]) == (
        3000,
        3100,
        100,
    )
    assert "2.1 of 100" in item["summary"]
    assert (outlet["by_rule"], outlet["chart"], outlet["rows"]) == (True, None, [])
    assert "too little history" in outlet["rests_on"]
    body = browser.get("/outlook").content.decode()
    assert "ranks worse than what is in force" in body
    ids = re.findall(r'\bid="([^"]+)"', body)
    assert len(ids) == len(set(ids)), "a chart is found by its id: what else bears it is drawn instead"


def test_what_is_likeliest_to_stay_comes_first_with_a_reason_and_classes_count_every_item(browser, book):
    learnt("item", "rule", "lost_to_rule")
    for sku, chance, matrix, packs, paise in (
        ("S1", 0.2, "AXF", 0, 100_000), ("S2", 0.9, "CZN", 3, 10_000), ("S3", 0.5, "CZS", 1, 0),
    ):  # fmt: skip
        foresee(book, sku, chance, matrix, packs)
        StockItem.objects.create(
            sku=book.skus[sku], territory=book.territories["MUM"], as_of=TODAY, value_paise=paise,
            updated_at=NOW,
        )  # fmt: skip
    shown = browser.get("/outlook").context
    found = [(row.sku.code, paise) for row, paise, *_rest in shown["worst"]]
    assert found == [("S1", 100_000), ("S2", 10_000)], "by rupees expected to stay; what is not there is not"
    assert [stays for _row, _paise, stays, *_rest in shown["worst"]] == [20_000, 9_000]
    assert "points" in shown["worst"][0][3][0]
    classes = shown["classes"]
    assert classes["items"] == 3
    assert classes["rows"][2]["cells"][2] == [("F", 0, 0), ("S", 1, 1), ("N", 1, 3)]
    assert classes["rows"][0]["cells"][0][0] == ("F", 1, 0)


@pytest.mark.parametrize(
    ("cover", "said"), [(1_000.0, "1000 days of its sales or more."), (999.4, "999.4 days of its sales.")]
)
def test_a_cover_that_was_cut_off_says_so(cover, said):
    assert said in reason_words({"topic": "cover", "points": 3.0, "figures": {"cover": cover}})


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"delisted": 1.0}, "no longer makes it."),
        ({"delisted": 0.0}, "still makes it."),
        ({}, "or still does."),
    ],
)
def test_a_reason_says_whether_the_maker_still_makes_it(figures, said):
    assert said in reason_words({"topic": "delisted", "points": 3.0, "figures": figures})


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_file_holds_every_item(browser, book, form):
    foresee(book, "S1", 0.2, "AXF")
    foresee(book, "S2", 0.9, "CZN", packs=3)
    answer = browser.get(f"/outlook.{form}")
    content = answer.getvalue() if answer.streaming else answer.content
    if form == "xlsx":
        assert content[:2] == b"PK"
        return
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(line[0], line[5], line[8], line[12]) for line in lines[1:]] == [
        ("S2", "0.9", "CZN", "3"), ("S1", "0.2", "AXF", "0"),
    ]  # fmt: skip


def test_before_anything_was_foreseen_the_page_says_so(browser, book):
    assert "Nothing was foreseen yet" in browser.get("/outlook").content.decode()
