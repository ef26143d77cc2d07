"""Every list page offers all of its rows as CSV and as Excel: guarded, of one distributor, in one piece."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_tenants.utils import schema_context
from python_calamine import CalamineWorkbook

from alerts.models import Alert
from tests.conftest import NOW
from vyapar.dashboard import sheets
from vyapar.kernel import sheets as pure
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

#: A list page and the address of its file.
LISTS = {
    "/inbox": "dashboard:inbox_file",
    "/agents": "dashboard:cycles_file",
    "/trail": "dashboard:audit_file",
    "/settings/requests": "dashboard:requests_file",
    "/alerts": "alerts:alerts_file",
    "/transfers": "reallocation:transfers_file",
    "/campaigns": "campaigns:campaigns_file",
    "/compliance": "compliance:documents_file",
    "/stock": "inventory:export",
    "/outlets": "inventory:outlets_file",
    "/forecast": "inventory:forecast_file",
    "/forecast/outliers": "inventory:outliers_file",
    "/forecast/corrections": "inventory:corrections_file",
    "/outlook": "inventory:outlook_file",
    "/data": "inventory:imports_file",
    "/data/twins": "inventory:twins_file",
    "/data/quality": "inventory:quality_file",
    "/data/exports": "inventory:exports_file",
}
FORMS = ("csv", "xlsx")


def browser_of(schema: str) -> Client:
    with schema_context(f"t_{schema}"):
        me = add_person(
            username="reader", password="reads-the-lists-1", role=Role.OWNER, name="Reader",
            email=f"r@{schema}.example",
        )  # fmt: skip
    client = Client(HTTP_HOST=f"{schema}.localhost")
    with schema_context(f"t_{schema}"):
        client.force_login(me)
    return client


@pytest.fixture
def browser(in_alpha: None) -> Client:
    return browser_of("alpha")


def alert(title: str) -> Alert:
    return Alert.objects.create(
        cause="dead_stock", subject=title, urgency="high", urgency_rank=3, title=title,
        recommended_action="Look", value_paise=12_345, first_at=NOW, last_at=NOW,
    )  # fmt: skip


def body_of(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    assert "attachment" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def grid_of(body: bytes) -> list[list[Any]]:
    """The cells of a workbook's only sheet."""
    return CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


@pytest.mark.parametrize(("page", "name"), LISTS.items())
def test_every_list_page_leads_to_its_csv_and_its_workbook(browser: Client, page: str, name: str) -> None:
    shown = browser.get(page).content.decode()
    for form in FORMS:
        address = reverse(name, kwargs={"form": form})
        assert f'href="{address}"' in shown, f"{page} does not offer {address}"
        body = body_of(browser, address)
        if form == "csv":
            assert len(rows_of(body)[0]) > 3
        else:
            assert grid_of(body)[0][0]


def test_no_cell_of_a_file_is_a_formula(browser: Client) -> None:
    alert('=HYPERLINK("http://evil","click")')
    alert("+91 98765")
    body = body_of(browser, "/alerts.csv")
    titles = {row[2] for row in rows_of(body)[1:]}
    assert titles == {'\'=HYPERLINK("http://evil","click")', "'+91 98765"}
    book = body_of(browser, "/alerts.xlsx")
    assert {row[2] for row in grid_of(book)[1:]} == titles
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_a_file_holds_what_the_page_was_filtered_to_and_all_of_it(browser: Client) -> None:
    for number in range(60):
        alert(f"Biscuits {number}")
    alert("Soap")
    assert len(rows_of(body_of(browser, "/alerts.csv"))) == 62
    assert len(rows_of(body_of(browser, "/alerts.csv?q=Biscuits&page=2"))) == 61
    assert 'href="/alerts.csv?q=Biscuits"' in browser.get("/alerts?q=Biscuits&page=2").content.decode()


def test_a_file_is_of_one_distributor_even_when_it_is_read_after_another_was_served(browser: Client) -> None:
    alert("Of alpha")
    answer = browser.get("/alerts.csv")
    with schema_context("t_beta"):
        alert("Of beta")
        there = connection.schema_name
        titles = [row[2] for row in rows_of(answer.content)[1:]]
    assert there == "t_beta"
    assert titles == ["Of alpha"]
    assert [row[2] for row in rows_of(body_of(browser_of("beta"), "/alerts.csv"))[1:]] == ["Of beta"]


def test_figures_stay_figures_and_instants_are_told_as_they_are_read_here(browser: Client) -> None:
    Alert.objects.filter(pk=alert("Soap").pk).update(
        first_at=datetime(2026, 3, 1, 20, 0, tzinfo=UTC), value_paise=-12_345
    )
    row = grid_of(body_of(browser, "/alerts.xlsx"))[1]
    assert row[5] == -123.45
    assert row[8] == datetime(2026, 3, 2, 1, 30)
    assert rows_of(body_of(browser, "/alerts.csv"))[1][8] == "2026-03-02 01:30:00"


def test_a_stranger_gets_no_file(in_alpha: None) -> None:
    for name in LISTS.values():
        answer = Client(HTTP_HOST="alpha.localhost").get(reverse(name, kwargs={"form": "csv"}))
        assert (answer.status_code, answer["Location"][:8]) == (302, "/sign-in")


def test_a_long_file_is_written_a_row_at_a_time(in_alpha: None) -> None:
    """Rows are asked for as they are written; a workbook says when a sheet holds no more."""
    seen: list[int] = []

    def lines() -> Iterator[list[object]]:
        for number in range(30):
            seen.append(number)
            yield [number, Decimal("1.50"), date(2026, 1, 2), "x" * 40_000, None, float("nan")]

    most, pure.MOST_ROWS = pure.MOST_ROWS, 20
    try:
        answer = sheets.sheet(lines(), ["A", "B", "C", "D", "E", "F"], "xlsx", name="ఆ/..", title="[x]")
    finally:
        pure.MOST_ROWS = most
    assert len(seen) == 21
    grid = grid_of(answer.content)
    assert len(grid) == 22
    assert "CSV" in grid[21][0]
    assert re.fullmatch(r'attachment; filename="[-.]+\d{4}-\d\d-\d\d\.xlsx"', answer["Content-Disposition"])
