"""The pivot: cuts that tie, ages in order, cells that open their rows, files, and views that people keep."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client

from inventory.models import ImpactDaily, SavedView
from inventory.selectors import AGE_BANDS
from inventory.selectors.impact import CUTS, sum_impact
from inventory.services.saved_views import MOST, remove_view, rename_view, save_view
from inventory.views.pivot import MOST_COLUMNS
from tests.builders import AT, OWNER, TODAY
from tests.gateway.calling import Caller
from vyapar.engine.models import AuditEntry
from vyapar.kernel.errors import Invalid, NotFound
from vyapar.people.contracts import May, Role
from vyapar.people.models import User
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")


def someone(name: str) -> tuple[User, Client]:
    person = add_person(
        username=name,
        password="look-at-pivots-1",
        role=Role.ANALYST,
        name=name,
        email=f"{name}@alpha.example",
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return person, client


@pytest.fixture
def browser(in_alpha: None) -> Client:
    return someone("asha")[1]


def cell(day=TODAY, **changes) -> None:
    usual = {
        "territory": "PUNE", "category": "BISCUITS", "brand": "Kuruvi", "age": 0, "cause": "",
        "status": "dead",
        "items": 2, "pieces": 30, "value_paise": 90_000, "at_risk_pieces": 10, "at_risk_paise": 30_000,
        "loss_paise": 33_000, "expired_paise": 0, "written_off_paise": 0,
    }  # fmt: skip
    ImpactDaily.objects.create(day=day, **{**usual, **changes})


@pytest.fixture
def days(in_alpha: None) -> None:
    """Today: three cells of 300, 120 and 45 rupees at risk; a week ago one."""
    cell()
    cell(territory="NAGPUR", age=len(AGE_BANDS) - 1, at_risk_paise=12_000)
    cell(territory="NAGPUR", status="active", age=1, at_risk_paise=4_500, cause="over_buy")
    cell(day=TODAY - timedelta(days=7), at_risk_paise=99_900)


@pytest.mark.usefixtures("days")
def test_every_pair_of_cuts_ties_to_the_whole(browser: Client) -> None:
    for rows in CUTS:
        for columns in ("", *(cut for cut in CUTS if cut != rows)):
            table = browser.get("/stock/pivot", {"rows": rows, "columns": columns}).context["table"]
            assert table["total"] == sum_impact(()).total["at_risk_paise"] == 46_500
            assert sum(row["total"] for row in table["rows"]) == table["total"]
            if columns:
                assert sum(table["totals"]) == table["total"]
                for row in table["rows"]:
                    assert sum(one["value"] for one in row["cells"]) == row["total"]


@pytest.mark.usefixtures("days")
def test_a_past_day_is_told_as_it_was_and_opens_no_rows_of_today(browser: Client) -> None:
    answer = browser.get("/stock/pivot", {"on": (TODAY - timedelta(days=3)).isoformat()})
    assert answer.context["day"] == TODAY - timedelta(days=7)
    assert answer.context["table"]["total"] == 99_900
    assert not any(one["url"] for row in answer.context["table"]["rows"] for one in row["cells"])


@pytest.mark.usefixtures("days")
def test_ages_stand_in_their_order_and_a_cell_opens_the_list_of_its_items(browser: Client) -> None:
    table = browser.get("/stock/pivot", {"rows": "territory", "columns": "age"}).context["table"]
    assert table["columns"][0] == "0 to 30 days"
    assert "and more" in table["columns"][-1]
    nagpur = next(row for row in table["rows"] if row["total"] == 16_500)
    opened = nagpur["cells"][-1]["url"]
    assert parse_qs(urlparse(opened).query) == {"territory": ["NAGPUR"], "age": [str(len(AGE_BANDS) - 1)]}
    assert browser.get(opened).status_code == 200
    by_cause = browser.get("/stock/pivot", {"rows": "territory", "columns": "cause"}).context["table"]
    assert not any(one["url"] for row in by_cause["rows"] for one in row["cells"])


@pytest.mark.usefixtures("days")
def test_the_largest_cell_is_the_darkest_and_nothing_has_no_shade(browser: Client) -> None:
    table = browser.get("/stock/pivot", {"rows": "territory", "columns": "status"}).context["table"]
    shades = {one["value"]: one["shade"] for row in table["rows"] for one in row["cells"]}
    assert shades == {30_000: 4, 12_000: 2, 4_500: 1, 0: 0}


def test_many_columns_end_in_all_others_and_still_tie(browser: Client) -> None:
    for number in range(MOST_COLUMNS + 5):
        cell(brand=f"Brand {number:02d}", at_risk_paise=1_000 + number)
    table = browser.get("/stock/pivot", {"rows": "territory", "columns": "brand"}).context["table"]
    assert len(table["columns"]) == MOST_COLUMNS
    assert table["columns"][-1] == "All others"
    shades = [one["shade"] for one in table["rows"][0]["cells"]]
    assert shades == [*([4] * (MOST_COLUMNS - 1)), 0], "what is large because it is many is not the darkest"
    assert sum(table["totals"]) == table["total"] == sum(1_000 + n for n in range(MOST_COLUMNS + 5))
    content = browser.get("/stock/pivot.csv", {"rows": "territory", "columns": "brand"}).content
    (head, *_rows) = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert len(head) == 2 + MOST_COLUMNS + 5, "a file draws nothing together"


@pytest.mark.usefixtures("days")
def test_files_hold_every_figure_in_full(browser: Client) -> None:
    content = browser.get("/stock/pivot.csv", {"rows": "territory", "columns": "status"}).content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[-1][0] == "Total"
    assert rows[-1][-1] == "465.00"
    book = browser.get("/stock/pivot.xlsx", {"rows": "age", "columns": "", "measure": "pieces"})
    assert book.content.startswith(b"PK")


def test_nonsense_falls_back_and_an_empty_house_says_so(browser: Client) -> None:
    answer = browser.get("/stock/pivot", {"rows": "x", "columns": "y", "measure": "z", "on": "yesterday"})
    assert answer.status_code == 200
    assert "table" not in answer.context
    assert browser.get("/stock/pivot.csv").status_code == 404


@pytest.mark.usefixtures("days")
def test_a_view_is_kept_shared_replaced_and_removed_by_its_owner_alone() -> None:
    (asha, hers), (_binod, his) = someone("asha"), someone("binod")
    query = "rows=age&columns=status&measure=pieces"
    for name, shared in (("Mine", ""), ("Ours", "1"), ("Ours", "1")):
        hers.post("/stock/pivot/views", {"query": query, "name": name, "shared": shared})
    assert [view["label"] for view in hers.get("/stock/pivot?" + query).context["views"]] == ["Mine", "Ours"]
    seen = his.get("/stock/pivot").context["views"]
    assert [(view["label"], view["mine"]) for view in seen] == [("Ours", False)]
    assert his.get(seen[0]["url"]).context["asked"].measure == "pieces"
    his.post("/stock/pivot/views", {"remove": seen[0]["id"]})
    assert SavedView.objects.filter(user_id=asha.pk).count() == 2
    hers.post("/stock/pivot/views", {"remove": seen[0]["id"]})
    assert SavedView.objects.count() == 1


def test_a_view_without_a_name_or_one_too_many_is_refused() -> None:
    usual = {"page": "pivot", "query": "", "shared": False, "user_id": 7, "actor": OWNER, "at": AT}
    for name in ("  ", "x" * 61):
        with pytest.raises(Invalid) as refused:
            save_view(name=name, **usual)
        assert refused.value.faults[0].field == "name"
    for number in range(MOST):
        save_view(name=f"View {number}", **usual)
    with pytest.raises(Invalid, match="cannot be kept"):
        save_view(name="One more", **usual)
    save_view(name="View 0", **{**usual, "query": "rows=age"})


def test_another_persons_view_is_not_found() -> None:
    view = save_view(page="pivot", name="Hers", query="", shared=True, user_id=8, actor=OWNER, at=AT)
    with pytest.raises(NotFound):
        remove_view(view.pk, user_id=7)
    with pytest.raises(NotFound):
        rename_view(view.pk, name="Mine now", user_id=7, actor=OWNER, at=AT)
    assert SavedView.objects.get().name == "Hers"


@pytest.mark.usefixtures("days")
def test_a_view_is_renamed_on_the_page_and_keeps_its_filters() -> None:
    _asha, hers = someone("asha")
    query = "rows=age&columns=status&measure=pieces"
    for name in ("Ages", "Others"):
        hers.post("/stock/pivot/views", {"query": query, "name": name, "shared": "1"})
    ages = SavedView.objects.get(name="Ages")
    page = hers.post(
        "/stock/pivot/views", {"query": query, "rename": ages.pk, "name": "  By   age "}, follow=True
    )
    assert "By age" in page.content.decode()
    renamed = SavedView.objects.get(pk=ages.pk)
    assert (renamed.name, renamed.shared) == ("By age", True)
    assert renamed.query == ages.query
    told = json.loads(AuditEntry.objects.get(verb="ViewRenamed").body)
    assert (told["before"]["name"], told["after"]["name"]) == ("Ages", "By age")


@pytest.mark.parametrize(("name", "code"), [("Others", "name_taken"), ("x" * 200, "name"), (" ", "name")])
def test_a_view_does_not_get_a_name_that_is_taken_or_none(name: str, code: str) -> None:
    usual = {"page": "pivot", "query": "", "shared": False, "user_id": 7, "actor": OWNER, "at": AT}
    view, _other = save_view(name="Mine", **usual), save_view(name="Others", **usual)
    save_view(name="Theirs", **{**usual, "user_id": 8})
    with pytest.raises(Invalid) as refused:
        rename_view(view.pk, name=name, user_id=7, actor=OWNER, at=AT)
    assert refused.value.faults[0].code == code
    assert rename_view(view.pk, name="Theirs", user_id=7, actor=OWNER, at=AT).name == "Theirs"


def test_people_keep_views_over_the_api_and_a_key_sees_what_is_shared() -> None:
    (_asha, hers), (_binod, his) = someone("asha"), someone("binod")
    path, asked = "/api/v1/saved-views", {"page": "pivot"}
    body = {"page": "pivot", "name": "Ages", "query": "rows=age", "shared": True}
    made = hers.post(path, body, content_type="application/json")
    assert made.status_code == 201, made.content
    one = f"{path}/{made.json()['id']}"
    new = {"name": "By age"}
    assert his.patch(one, new, content_type="application/json").status_code == 404
    assert hers.patch(one, new, content_type="application/json").json()["name"] == "By age"
    assert [(row["name"], row["mine"]) for row in his.get(path, asked).json()["results"]] == [
        ("By age", False)
    ]
    machine = Caller(May.READ)
    assert [row["name"] for row in machine.get(path, **asked).json()["results"]] == ["By age"]
    assert machine.post(path, body).json()["code"] == "people_only"
    assert hers.get(path).status_code == 422
    assert hers.delete(one).status_code == 204
    assert not SavedView.objects.exists()
