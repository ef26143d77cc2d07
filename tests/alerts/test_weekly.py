"""The weekly report by mail: due once a week, sent once, in the reader's language, stopped at will."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from alerts import services
from alerts.models import WeeklyReport
from alerts.selectors import week_figures
from tests.builders import AT, OWNER, build_world, open_channels, propose_transfer, transfer_payload
from vyapar.engine.models import Action, AuditEntry
from vyapar.kernel.calendar import IST, next_weekly
from vyapar.kernel.errors import Invalid
from vyapar.kernel.lifecycle import Status
from vyapar.messaging.models import Message
from vyapar.people.contracts import Role
from vyapar.people.models import User
from vyapar.people.services import add_person

DB = pytest.mark.usefixtures("in_alpha")
WEEK = timedelta(days=7)


@given(
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 6),
    st.integers(0, 23),
)
def test_the_next_time_is_the_first_of_its_day_and_hour_in_india(after, weekday, hour) -> None:
    found = next_weekly(after, weekday, hour)
    assert after < found <= after + WEEK
    local = found.astimezone(IST)
    assert (local.weekday(), local.hour, local.minute) == (weekday, hour, 0)


@pytest.fixture
def manager(in_alpha: None) -> User:
    return add_person(
        username="meena", password="weekly-report-1", role=Role.MANAGER, name="Meena",
        email="meena@alpha.example",
    )  # fmt: skip


@pytest.fixture
def mail(in_alpha: None) -> None:
    open_channels()
    services.ensure_weekly_template()


def ask(person: User, weekday: int = 0, hour: int = 9) -> WeeklyReport:
    return services.set_weekly_report(person, weekday=weekday, hour=hour, actor=OWNER, at=AT)


@pytest.mark.usefixtures("mail")
def test_a_report_is_sent_once_when_it_is_due_and_again_a_week_later(manager: User) -> None:
    due = ask(manager).next_at
    assert services.send_weekly_reports(due - timedelta(seconds=1)) == 0
    assert [services.send_weekly_reports(due) for _ in range(2)] == [1, 0]
    assert services.send_weekly_reports(due + WEEK) == 1
    letters = Message.objects.filter(origin=f"weekly-report:{manager.pk}")
    assert letters.count() == 2
    assert {letter.address for letter in letters} == {"meena@alpha.example"}


@pytest.mark.usefixtures("mail")
def test_after_missed_weeks_one_report_is_sent_and_the_day_is_kept(manager: User) -> None:
    due = ask(manager, weekday=4, hour=18).next_at
    late = due + 3 * WEEK + timedelta(hours=5)
    assert services.send_weekly_reports(late) == 1
    report = WeeklyReport.objects.get()
    assert report.next_at == due + 4 * WEEK
    assert services.send_weekly_reports(late) == 0


@DB
def test_without_a_mail_account_it_waits(manager: User) -> None:
    due = ask(manager).next_at
    assert services.send_weekly_reports(due) == 0
    open_channels()
    services.ensure_weekly_template()
    assert services.send_weekly_reports(due + timedelta(hours=1)) == 1


@pytest.mark.usefixtures("mail")
def test_who_left_gets_none(manager: User) -> None:
    due = ask(manager).next_at
    User.objects.filter(pk=manager.pk).update(is_active=False)
    assert services.send_weekly_reports(due) == 0
    assert not Message.objects.filter(origin__startswith="weekly-report").exists()


@DB
def test_it_tells_what_waits_and_where_to_look_in_both_languages() -> None:
    world = build_world()
    action = propose_transfer(transfer_payload(world))
    Action.objects.update(status=Status.PROPOSED)
    figures = week_figures(AT)
    assert (figures.waiting, figures.waiting_paise) == (1, action.net_paise)
    english, hindi = (services.write_weekly_report(figures, language) for language in ("en", "hi"))
    assert "1 action waits for a person" in english.body
    assert "/inbox" in english.body
    assert "/inbox" in hindi.body
    assert english.body != hindi.body


@DB
def test_a_wish_without_an_address_or_with_a_wrong_hour_is_refused(manager: User) -> None:
    manager.email = ""
    with pytest.raises(Invalid) as refused:
        services.set_weekly_report(manager, weekday=9, hour=24, actor=OWNER, at=AT)
    assert [fault.field for fault in refused.value.faults] == ["weekday", "hour", "email"]
    assert not WeeklyReport.objects.exists()


@DB
def test_a_person_sets_and_stops_it_on_the_page_and_the_trail_says_so(manager: User) -> None:
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(manager)
    assert b"What it would say now" in browser.get("/alerts/preferences").content
    browser.post("/alerts/weekly-report", {"weekday": "2", "hour": "7"})
    report = WeeklyReport.objects.get(user_id=manager.pk)
    assert (report.weekday, report.hour) == (2, 7)
    browser.post("/alerts/weekly-report", {"weekday": "x", "hour": "7"})
    report.refresh_from_db()
    assert report.weekday == 2
    browser.post("/alerts/weekly-report", {"stop": "1"})
    assert not WeeklyReport.objects.exists()
    verbs = list(AuditEntry.objects.filter(subject=f"user:{manager.pk}").values_list("verb", flat=True))
    assert verbs[-2:] == ["WeeklyReportSet", "WeeklyReportStopped"]
