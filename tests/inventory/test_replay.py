"""A past day played again: its book is the ledger's, nothing later leaks in, and the report ties."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client, TestCase
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from inventory.contracts import AnalysisPolicy
from inventory.forecasting import forecast
from inventory.impact.verdict import judge, pairs
from inventory.models import Batch, DailyDemand, MovementKind, Position, ReplayReport, SkuPrice, Territory
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.outcomes import list_asked_replays, list_replays, waiting_replays
from inventory.selectors.past import take_past_snapshot, what_became
from inventory.services import record_movements
from inventory.services.asked_replays import ask_replay, play_asked
from inventory.services.lines import MovementLine
from inventory.services.replay import _share, replay
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.living import a_worker_at
from vyapar.engine.asked import list_takeable
from vyapar.engine.models import AuditEntry
from vyapar.kernel.actor import system
from vyapar.kernel.calendar import IST, ist_instant
from vyapar.kernel.errors import Refused
from vyapar.people.contracts import Role
from vyapar.people.services import add_person
from vyapar.tenancy.holding import number_of

ME = system("tests")
#: The day that is played again, 100 days before the tests' today.
DAY = TODAY - timedelta(days=100)


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=IST)


def move(book, sku, number, kind, pieces, day, place="MUM"):
    line = MovementLine(book.batches[sku, number].pk, book.godowns[place].pk, kind, pieces)
    record_movements([line], actor=ME, at=at_noon(day))


@pytest.fixture
def book(in_alpha):
    """S1 never sells and expires 40 days after the day; S2 sells two pieces a day from 40 days before it."""
    made = make_book(2)
    made.batch("S1", "B1", expires_in=-60)
    made.batch("S2", "B2", expires_in=-50)
    first = DAY - timedelta(days=120)
    move(made, "S1", "B1", MovementKind.RECEIPT, 100, first)
    move(made, "S2", "B2", MovementKind.RECEIPT, 160, first)
    for n in range(80):
        day = DAY + timedelta(days=n - 40)
        move(made, "S2", "B2", MovementKind.SALE, -2, day)
        DailyDemand.objects.create(
            sku=made.skus["S2"], territory=made.territories["MUM"], day=day, quantity=2,
            revenue_paise=16_000, lines=1, outlets=1,
        )  # fmt: skip
    move(made, "S1", "B1", MovementKind.WRITE_OFF, -30, DAY + timedelta(days=45))
    DailyDemand.objects.create(
        sku=made.skus["S2"], territory=made.territories["MUM"], day=TODAY, quantity=1, revenue_paise=8_000,
        lines=1, outlets=1,
    )  # fmt: skip
    return made


def past(day: date):
    policy = AnalysisPolicy()
    return take_past_snapshot(day, forecast(take_demand_snapshot(ist_instant(day), policy), policy))


def test_the_book_of_a_past_morning_is_what_the_ledger_had_by_then(book):
    found = past(DAY)
    stood = dict(zip(found.batch_ids.tolist(), found.snapshot.on_hand.tolist(), strict=True))
    assert stood == {book.batches["S1", "B1"].pk: 100, book.batches["S2", "B2"].pk: 160 - 80}
    assert set(found.snapshot.first_receipt_day.tolist()) == {(DAY - timedelta(days=120)).toordinal()}
    item = found.snapshot.position_item[found.batch_ids.tolist().index(book.batches["S2", "B2"].pk)]
    assert found.snapshot.last_sale_day[item] == (DAY - timedelta(days=1)).toordinal()
    assert found.snapshot.recent_daily[item] == 2
    assert not found.snapshot.reserved.any()


def test_what_comes_later_changes_nothing_of_a_past_morning(book):
    before = past(DAY)
    move(book, "S1", "B1", MovementKind.RECEIPT, 500, DAY)
    SkuPrice.objects.create(sku=book.skus["S2"], valid_from=DAY + timedelta(days=1), trade_price_paise=1)
    after = past(DAY)
    for name in ("on_hand", "net_price_paise", "weekly_mean", "last_sale_day", "recent_daily", "dispersion"):
        assert (getattr(before.snapshot, name) == getattr(after.snapshot, name)).all(), name


def test_a_price_that_was_in_force_then_counts_then(book):
    SkuPrice.objects.create(sku=book.skus["S2"], valid_from=DAY - timedelta(days=9), trade_price_paise=4_000)
    prices = dict(zip(past(DAY).batch_ids.tolist(), past(DAY).snapshot.net_price_paise.tolist(), strict=True))
    assert prices[book.batches["S2", "B2"].pk] * 2 == pytest.approx(
        prices[book.batches["S1", "B1"].pk], abs=2
    )


def test_today_played_as_the_past_is_todays_book(book):
    morning = TODAY + timedelta(days=1)
    found = past(morning)
    rows = Position.objects.filter(on_hand__gt=0).values_list("batch_id", "location_id", "on_hand")
    assert sorted(rows) == sorted(
        zip(
            found.batch_ids.tolist(),
            found.location_ids.tolist(),
            found.snapshot.on_hand.tolist(),
            strict=True,
        )
    )


def test_what_became_of_it_is_read_off_the_ledger_and_the_sales(book):
    found = past(DAY)
    became = what_became(found, DAY + timedelta(days=89))
    at = {pk: n for n, pk in enumerate(found.batch_ids.tolist())}
    one, two = at[book.batches["S1", "B1"].pk], at[book.batches["S2", "B2"].pk]
    # the evening of its last day, 40 days on; the write-off came five days later
    assert (became.left[one], became.sold[one], became.written_off[one]) == (100, 0, 30)
    assert (became.left[two], became.sold[two], became.written_off[two]) == (0, 80, 0)
    assert became.sale_days[found.snapshot.position_item[one]] == 0
    assert became.sale_days[found.snapshot.position_item[two]] == 40


def test_the_report_says_what_was_flagged_and_what_became_of_it(book, own_media):
    report = replay(DAY, actor=ME, at=NOW)
    assert (report.day, report.until) == (DAY, DAY + timedelta(days=89))
    batches, items = report.figures["batches"], report.figures["items"]
    # S2 too: 30 days of life are owed to who buys it, yet what was left after that sold all the same
    assert (batches["hits"], batches["alarms"], batches["missed"]) == (1, 1, 0)
    assert batches["lost_paise"] == batches["caught_paise"] == 100 * 5_000
    assert (items["hits"], items["missed"], items["recall"]) == (1, 0, 1.0)
    page = default_storage.open(f"{report.folder}/report.html").read().decode()
    assert "<svg" in page
    assert book.skus["S1"].name in page
    assert "expired unsold in that time" in page
    assert report.figures["avoidable_paise"] > 0
    table = default_storage.open(f"{report.folder}/rows.csv").read().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["sku"]: (row["left_at_end"], row["sold_since"]) for row in rows} == {
        "S1": ("100", "0"), "S2": ("0", "80"),
    }  # fmt: skip
    assert {row["name"] for row in rows} == {book.skus[code].name for code in ("S1", "S2")}
    assert list_replays() == [report]
    assert AuditEntry.objects.filter(verb="DayReplayed").count() == 1


def test_a_day_too_near_or_before_all_history_is_refused_and_leaves_nothing(book, own_media):
    for day, code in ((TODAY - timedelta(days=13), "too_near"), (DAY - timedelta(days=119), "no_history")):
        with pytest.raises(Refused) as refused:
            replay(day, actor=ME, at=NOW)
        assert refused.value.code == code
        assert refused.value.faults[0].field == "day"
    assert not ReplayReport.objects.exists()
    assert not default_storage.exists("replays")


def test_the_command_plays_a_day_of_a_distributor_and_says_where_the_report_is(book, own_media, capsys):
    call_command("replay", distributor="alpha", day=DAY)
    told = capsys.readouterr().out
    assert "batches: precision 0.5, recall 1.0" in told
    assert "report: replays/" in told
    with pytest.raises(CommandError, match="there is no distributor"):
        call_command("replay", distributor="nobody", day=DAY)
    with pytest.raises(CommandError, match="too little is known"):
        call_command("replay", distributor="alpha", day=TODAY)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 99), st.integers(0, 99)), max_size=30))
def test_a_verdict_counts_every_row_once_and_catches_no_more_than_was_lost(rows):
    flagged, happened = (np.array([row[n] for row in rows], dtype=bool) for n in (0, 1))
    predicted, lost = (np.array([row[n] for row in rows], dtype=np.int64) for n in (2, 3))
    found = judge(flagged, happened, predicted, lost)
    assert found.hits + found.alarms + found.missed + found.rest == len(rows)
    assert 0 <= found.caught_paise <= found.lost_paise
    assert (found.recall is None) == (not happened.any())
    assert (found.precision is None) == (not flagged.any())


paise = st.lists(st.tuples(st.integers(-5, 10**12), st.integers(-5, 10**12)), max_size=20)


@settings(max_examples=100, deadline=None)
@given(paise)
def test_both_series_stand_on_one_ground_by_one_scale_of_round_lines(values):
    first, second = ([(str(n), row[k]) for n, row in enumerate(values)] for k in (0, 1))
    found = pairs(first, second, width=700, height=240)
    every = [*found.first, *found.second]
    assert all(0 <= bar.y <= 240 and bar.y + bar.height == 240 and bar.x + bar.width <= 700 for bar in every)
    top = found.ticks[-1][1]
    assert top >= max((bar.value for bar in every), default=0)
    assert all(bar.height == 240 * max(bar.value, 0) // top for bar in every), "a paisa is as tall in both"
    assert 2 <= len(found.ticks) <= 6
    assert str(found.ticks[1][1]).rstrip("0") in ("1", "2", "5")
    assert all(one.x + one.width <= other.x for one, other in zip(found.first, found.second, strict=True))


def test_the_rows_tell_exact_rupees_and_the_batch_by_its_number(book, own_media):
    book.batches["S1", "B1"].cost_paise = 5_029
    book.batches["S1", "B1"].save()
    report = replay(DAY, actor=ME, at=NOW)
    table = default_storage.open(f"{report.folder}/rows.csv").read().decode("utf-8-sig")
    row = next(one for one in csv.DictReader(io.StringIO(table)) if one["sku"] == "S1")
    assert (row["batch"], row["cost_rupees"], row["lost_rupees"]) == ("B1", "50.29", "5029.00")
    assert all(len(row[name].split(".")[1]) == 2 for name in ("cost_rupees", "loss_rupees", "lost_rupees"))


def test_the_rows_come_as_a_workbook_too_with_codes_as_text_and_rupees_as_numbers(book, own_media):
    Batch.objects.filter(pk=book.batches["S1", "B1"].pk).update(number="0012")
    Territory.objects.filter(code="MUM").update(name="Mumbai yard")
    report = replay(DAY, actor=ME, at=NOW)
    who = add_person(username="asha", password="plays-days-again-1", role=Role.ANALYST, name="Asha")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(who)
    kept = client.get(f"/outcomes/replays/{report.pk}/rows").content.decode("utf-8-sig")
    answer = client.get(f"/outcomes/replays/{report.pk}/xlsx")
    heads, *rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    )
    found = {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
    for line in csv.DictReader(io.StringIO(kept)):
        told = found[line["sku"]]
        assert (told["batch"], told["territory"]) == (line["batch"], line["territory"])
        assert (told["pieces"], told["lost_rupees"]) == (int(line["pieces"]), float(line["lost_rupees"]))
    assert found["S1"]["batch"] == "0012"
    assert {row["territory"] for row in found.values()} == {"Mumbai yard"}


def test_a_day_asked_for_on_the_page_is_played_once_and_its_report_takes_the_place_of_the_asking(
    book, own_media, monkeypatch
):
    given: list[str] = []
    monkeypatch.setattr("inventory.views.outcomes.play_day.delay", given.append)
    who = add_person(username="asha", password="plays-days-again-1", role=Role.AUDITOR, name="Asha")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(who)
    for day in ("", "yesterday", TODAY.isoformat()):
        client.post("/outcomes/replays", {"day": day})
    assert not ReplayReport.objects.exists(), "no day, or one too near"
    for _turn in range(2):
        with TestCase.captureOnCommitCallbacks(execute=True):
            client.post("/outcomes/replays", {"day": DAY.isoformat()})
    (asked,) = list_asked_replays()
    assert given == [str(asked.pk)]
    assert "being played" in client.get("/outcomes").content.decode()
    report = play_asked(asked.pk, at=NOW)
    assert play_asked(asked.pk, at=NOW) is None
    assert (list_asked_replays(), list_replays()) == ([], [report])
    assert AuditEntry.objects.get(verb="DayReplayed").actor_ref == who.actor.ref


def test_a_day_that_cannot_be_played_says_why_and_another_can_be_asked_for(book, own_media):
    for day in (DAY - timedelta(days=119), DAY):
        asked = ask_replay(day, actor=ME, at=NOW)
        found = play_asked(asked.pk, at=NOW)
        if day != DAY:
            assert found is None
            (kept,) = list_asked_replays()
            assert kept.figures["refused_words"]
            assert "two weeks of sales" in kept.figures["refused"]
    assert found.day == DAY


def test_one_day_at_a_time_and_one_whose_worker_died_is_played_at_once(book, own_media):
    asked = ask_replay(DAY, actor=ME, at=NOW)
    with pytest.raises(Refused, match="being played"):
        ask_replay(DAY, actor=ME, at=NOW + timedelta(days=9))
    ReplayReport.objects.update(begun_at=NOW, attempts=1)
    with a_worker_at("asked", number_of(str(asked.pk)) % 2**31):
        assert list_takeable(waiting_replays(), NOW + timedelta(hours=3)) == []
        assert play_asked(asked.pk, at=NOW) is None
    assert list_takeable(waiting_replays(), NOW) == [str(asked.pk)]
    assert play_asked(asked.pk, at=NOW) == list_replays()[0]


def test_a_day_that_lost_its_worker_three_times_says_so_and_holds_up_no_other(book):
    asked = ask_replay(DAY, actor=ME, at=NOW)
    ReplayReport.objects.update(begun_at=NOW, attempts=3)
    assert play_asked(asked.pk, at=NOW) is None
    (kept,) = list_asked_replays()
    assert "lost each time" in kept.figures["refused"]
    ask_replay(DAY, actor=ME, at=NOW)


def test_the_report_speaks_the_language_of_who_asked_not_of_the_worker(book, own_media):
    asked = ask_replay(DAY, actor=ME, at=NOW, language="hi")
    report = play_asked(asked.pk, at=NOW)
    with default_storage.open(f"{report.folder}/report.html") as content:
        page = content.read().decode()
    assert '<html lang="hi">' in page
    assert re.search(r"<h1>[^<]*[\u0900-\u097f]", page)
    assert translation.get_language() == "en"


@pytest.mark.parametrize(
    ("part", "told"), [(None, ""), (1.0, "100%"), (0.9996, "99.9%"), (0.5, "50%"), (0.0004, "0%")]
)
def test_what_is_not_all_of_it_is_never_called_100_percent(part, told):
    assert _share(part) == told
