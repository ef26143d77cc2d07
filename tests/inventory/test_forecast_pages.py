"""The forecast's page beside its referees, its files, and overrides made by people."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inventory.models import DemandForecast, ForecastModel, ForecastOverride, ForecastScore
from inventory.selectors.accuracy import get_accuracy, list_past_scores, sum_overrides
from inventory.services import set_override
from tests.inventory.book import TODAY, Book, make_book
from vyapar.engine.models import AuditEntry
from vyapar.kernel.actor import system
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")


def signed_in(role: Role) -> Client:
    person = add_person(username=role.value, password="look-at-it-1", role=role, name=role.value.title())
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


@pytest.fixture
def manager() -> Client:
    return signed_in(Role.MANAGER)


def keep(cycle: int, pattern: str, method: str, wape: float, rmsse: float, **more) -> None:
    ForecastScore.objects.create(
        cycle_id=cycle, as_of=TODAY + timedelta(days=cycle), pattern=pattern, method=method, series=40,
        level=more.get("level", "item"), chosen=more.get("chosen", False),
        metrics={"wape": wape, "rmsse": rmsse, "bias": 0.04, "pinball": rmsse, "coverage80": 0.79},
    )  # fmt: skip


@pytest.fixture
def scored() -> None:
    """Two trainings; in the newer, trees stand for smooth demand and nothing beats naive for lumpy."""
    for cycle, off in ((1, 0.5), (2, 0.3)):
        keep(cycle, "all", "chosen", off, 0.7, chosen=True)
        keep(cycle, "all", "naive", 0.6, 1.0)
    keep(2, "smooth", "boosted", 0.25, 0.6, chosen=True)
    keep(2, "smooth", "naive", 0.5, 1.0)
    keep(2, "smooth", "sba", 0.7, 1.2)
    keep(2, "lumpy", "naive", 0.9, 1.0, chosen=True)
    keep(2, "lumpy", "sba", 0.8, 1.1)
    keep(2, "all", "chosen", 0.2, 0.5, level="sku", chosen=True)
    keep(2, "all", "silence", 1.0, 1.5, level="sku")
    ForecastModel.objects.create(
        cycle_id=2, as_of=TODAY, version="abc123", data_from=TODAY - timedelta(days=700), data_to=TODAY,
        series=40, plan={}, promoted=False, figure=0.9, figure_in_force=0.8,
        reason="worse than the model in force on weeks that it was not chosen by; that one stays",
    )  # fmt: skip


@pytest.fixture
def book() -> Book:
    """S1 in MUM and BLR, expected to sell 70 and 7 pieces a week from today on."""
    book = make_book()
    for place, mean in (("MUM", 70.0), ("BLR", 7.0)):
        DemandForecast.objects.create(
            sku=book.skus["S1"], territory=book.territories[place], cycle_id=1, as_of=ist_day(timezone.now()),
            pattern="smooth", method="tsb", weekly_mean=[mean] * 13, dispersion=5.0,
        )  # fmt: skip
    return book


def asked(**changes) -> dict[str, object]:
    today = ist_day(timezone.now())
    return {
        "level": "item", "sku": "S1", "territory": "MUM", "category": "", "from_date": today.isoformat(),
        "to_date": (today + timedelta(days=6)).isoformat(), "factor": "2", "pieces": "",
        "reason": "A fair comes to town", **changes,
    }  # fmt: skip


def test_the_newest_back_test_is_cut_by_level_and_class_with_what_loses_to_naive(scored):
    found = get_accuracy()
    assert [one.level for one in found.levels] == ["item", "sku"]
    assert [one.pattern for one in found.classes] == ["smooth", "lumpy"]
    whole, smooth, lumpy = found.levels[0], *found.classes
    assert whole.gain == pytest.approx(0.5)
    assert (smooth.chosen.method, [one.method for one in smooth.losers]) == ("boosted", ["sba"])
    assert (lumpy.chosen.method, [one.method for one in lumpy.losers]) == ("naive", ["sba"])
    assert found.levels[1].referees[0] is None
    assert found.levels[1].referees[3].figures["rmsse"] == 1.5


def test_figures_are_kept_over_time_oldest_first(scored):
    assert [(one.chosen["wape"], one.naive["wape"]) for one in list_past_scores()] == [(0.5, 0.6), (0.3, 0.6)]


def test_the_page_says_in_words_how_far_off_it_is_and_why_a_model_stayed(manager, scored):
    shown = manager.get("/forecast", {"figure": "rmsse"})
    text = shown.content.decode()
    assert "the forecast is off by 30 of 100 pieces. That is 50% less than by repeating last week." in text
    assert "that all goods together sell" not in text
    assert "4% too much" in text
    assert "nothing beats naive" in text
    assert "that one stays" in text
    assert [row["mine"] for row in shown.context["classes"]] == ["0.600", "1.000"]
    assert shown.context["trend"]["series"][0]["values"] == [0.7, 0.7]


def test_the_page_begins_with_all_goods_and_warns_of_figures_that_reward_expecting_nothing(manager, scored):
    keep(2, "all", "chosen", 0.17, 0.5, level="all", chosen=True)
    assert "would never see" not in manager.get("/forecast", {"figure": "rmsse"}).content.decode()
    keep(2, "lumpy", "silence", 0.8, 0.9)
    for figure, warned in (("wape", True), ("rmsse", True), ("pinball", False), ("bias", False)):
        text = manager.get("/forecast", {"figure": figure}).content.decode()
        assert "Of 100 pieces that all goods together sell in a week, the forecast is off by 17." in text
        assert ("would never see a sale coming" in text) == warned


def test_before_the_first_forecast_the_page_says_what_comes(manager):
    assert "Nothing was forecast yet" in manager.get("/forecast").content.decode()


@pytest.mark.parametrize("name", ["forecast", "forecast/overrides"])
def test_files_hold_a_line_for_each_row(manager, scored, book, name):
    manager.post("/forecast/overrides/new", asked())
    lines = list(csv.reader(io.StringIO(manager.get(f"/{name}.csv").content.decode("utf-8-sig"))))
    assert len(lines) == 1 + (9 if name == "forecast" else 1)
    assert manager.get(f"/{name}.xlsx").content[:2] == b"PK"


def test_an_override_is_checked_first_and_kept_only_when_asked(manager, book):
    checked = manager.post("/forecast/overrides/new", asked(check="1"))
    assert (checked.context["effect"].baseline_pieces, checked.context["effect"].adjusted_pieces) == (70, 140)
    assert not ForecastOverride.objects.exists()
    assert manager.post("/forecast/overrides/new", asked()).status_code == 302
    kept = ForecastOverride.objects.get()
    assert (kept.sku.code, kept.territory.code, kept.factor) == ("S1", "MUM", 2.0)
    assert "A fair comes to town" in manager.get("/forecast").content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"factor": ""}, "factor"),
        ({"pieces": "5"}, "factor"),
        ({"sku": "NOPE"}, "sku"),
        ({"level": "all"}, "sku"),
        ({"to_date": "2020-01-01"}, "to_date"),
        ({"factor": "-1"}, "factor"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(manager, book, wrong, field):
    answer = manager.post("/forecast/overrides/new", asked(**wrong))
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert not ForecastOverride.objects.exists()


def test_a_changed_override_takes_the_place_of_the_old_which_stays_on_record(manager, book):
    manager.post("/forecast/overrides/new", asked())
    old = ForecastOverride.objects.get()
    manager.post(f"/forecast/overrides/{old.pk}/change", asked(factor="0.5", sku="S2"))
    old.refresh_from_db()
    new = ForecastOverride.objects.exclude(pk=old.pk).get()
    assert old.dropped_at is not None
    assert (new.sku.code, new.factor, new.adjusted_pieces) == ("S1", 0.5, 35.0)
    assert manager.get(f"/forecast/overrides/{old.pk}/change").status_code == 404
    verbs = AuditEntry.objects.filter(subject__startswith="override:").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        "ForecastOverridden", "ForecastOverrideDropped", "ForecastOverridden",
    ]  # fmt: skip


def test_a_refused_change_leaves_the_old_one_in_force(manager, book):
    manager.post("/forecast/overrides/new", asked())
    old = ForecastOverride.objects.get()
    assert manager.post(f"/forecast/overrides/{old.pk}/change", asked(reason=" ")).status_code == 422
    assert manager.post(f"/forecast/overrides/{old.pk}/change", asked(factor="")).status_code == 422
    assert ForecastOverride.objects.get().dropped_at is None


def test_an_override_is_taken_back_and_only_by_those_who_decide(manager, book):
    manager.post("/forecast/overrides/new", asked())
    row = ForecastOverride.objects.get()
    analyst = signed_in(Role.ANALYST)
    assert analyst.post(f"/forecast/overrides/{row.pk}/drop").status_code == 403
    assert analyst.get("/forecast/overrides/new").status_code == 403
    assert analyst.get("/forecast").status_code == 200
    manager.post(f"/forecast/overrides/{row.pk}/drop")
    row.refresh_from_db()
    assert row.dropped_at is not None
    assert manager.get("/forecast/overrides/999/change").status_code == 404


def test_what_overrides_were_worth_is_one_line(book):
    today, actor = ist_day(timezone.now()), system("tests")
    for sold, factor in ((140, 2.0), (70, 2.0)):
        row = set_override(
            level="item", sku="S1", territory="MUM", from_date=today, to_date=today + timedelta(days=6),
            factor=factor, reason=f"{sold} are known", actor=actor, at=timezone.now(),
        )  # fmt: skip
        ForecastOverride.objects.filter(pk=row.pk).update(actual_pieces=sold, measured_at=timezone.now())
    told = sum_overrides(today)
    assert (told.made, told.measured, told.better, told.saved_pieces, told.sold_pieces) == (2, 2, 1, 0.0, 210)
