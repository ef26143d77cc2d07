"""Reports that the owner has sent to others: set, sent when due and now, stopped by him or their reader."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from alerts import services
from alerts.models import MailedReport
from tests.builders import AT, OWNER, build_world, open_channels, propose_transfer, transfer_payload
from vyapar.engine.models import AuditEntry
from vyapar.kernel.calendar import IST, next_daily
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.messaging.models import Message
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

DB = pytest.mark.usefixtures("in_alpha")
DAY = timedelta(days=1)


@given(
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 23),
)
def test_the_next_daily_time_is_within_a_day_and_at_its_hour_in_india(after, hour) -> None:
    found = next_daily(after, hour)
    assert after < found <= after + DAY
    assert (found.astimezone(IST).hour, found.astimezone(IST).minute) == (hour, 0)


@pytest.fixture
def mail(in_alpha: None) -> None:
    open_channels()
    services.ensure_weekly_template()


def set_one(**changes) -> MailedReport:
    given = {"kind": "week", "email": "ca@firm.example", "name": "Rao & Co", "language": "en", "weekday": 0,
             "hour": 9}  # fmt: skip
    return services.set_mailed_report(**{**given, **changes}, actor=OWNER, at=AT)


def letters(report: MailedReport) -> list[Message]:
    return list(Message.objects.filter(origin=f"mailed-report:{report.pk}").order_by("queued_at"))


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize("kind", sorted(set(MailedReport.Kind.values) - {"list"}))
def test_a_report_goes_once_when_it_is_due_and_says_who_had_it_sent(kind: str) -> None:
    propose_transfer(transfer_payload(build_world()))
    report = set_one(kind=kind, weekday=7, hour=18)
    due = report.next_at
    assert services.send_mailed_reports(due - timedelta(seconds=1)) == 0
    assert [services.send_mailed_reports(due) for _ in range(2)] == [1, 0]
    assert services.send_mailed_reports(due + 3 * DAY) == 1
    first, _second = letters(report)
    assert (first.address, first.channel) == ("ca@firm.example", "email")
    assert OWNER.name in first.parameters[1]
    assert "/alerts/reports/stop?who=" in first.parameters[1]


@pytest.mark.usefixtures("mail")
def test_the_same_report_to_the_same_address_is_changed_not_doubled() -> None:
    set_one()
    changed = set_one(email=" CA@Firm.example ", hour=20, language="hi")
    assert [(one.hour, one.language) for one in MailedReport.objects.all()] == [(20, "hi")]
    assert changed.next_at.astimezone(IST).hour == 20


@pytest.mark.usefixtures("mail")
def test_it_can_be_sent_now_for_trying_and_keeps_its_own_time() -> None:
    report = set_one()
    due = report.next_at
    services.send_report_now(report.pk, actor=OWNER, at=AT)
    assert len(letters(report)) == 1
    with pytest.raises(Refused, match="moment"):
        services.send_report_now(report.pk, actor=OWNER, at=AT + timedelta(seconds=5))
    services.send_report_now(report.pk, actor=OWNER, at=AT + timedelta(minutes=2))
    assert len(letters(report)) == 2
    report.refresh_from_db()
    assert report.next_at == due


@DB
def test_without_a_mail_account_it_waits_and_says_so() -> None:
    report = set_one()
    due = report.next_at
    assert services.send_mailed_reports(due) == 0
    with pytest.raises(Refused, match="e-mail account"):
        services.send_report_now(report.pk, actor=OWNER, at=AT)
    report.refresh_from_db()
    assert report.next_at == due


@pytest.mark.usefixtures("mail")
def test_its_reader_stops_it_by_the_link_and_it_is_not_set_again() -> None:
    report = set_one()
    services.send_report_now(report.pk, actor=OWNER, at=AT)
    path = re.search(r"/alerts/reports/stop\?who=\S+", letters(report)[0].parameters[1]).group(0)
    stranger = Client(HTTP_HOST="alpha.localhost")
    assert "No more of this report?" in stranger.get(path).content.decode()
    report.refresh_from_db()
    assert report.next_at is not None
    assert "Stopped" in stranger.post(path).content.decode()
    report.refresh_from_db()
    assert report.next_at is None
    with pytest.raises(Refused, match="stopped this report"):
        set_one()
    assert AuditEntry.objects.order_by("-seq").first().verb == "MailedReportStoppedByReader"
    assert stranger.post("/alerts/reports/stop?who=forged").status_code == 404


@DB
def test_every_field_that_makes_no_sense_is_named_and_nothing_is_kept() -> None:
    with pytest.raises(Invalid) as refusal:
        set_one(
            kind="gossip", email="a\r\nBcc: x@y.example", language="xx", weekday=9, hour=24, name="n" * 121
        )
    names = {fault.field for fault in refusal.value.faults}
    assert names == {"kind", "email", "language", "weekday", "hour", "name"}
    assert not MailedReport.objects.exists()
    with pytest.raises(NotFound):
        services.stop_mailed_report(999, actor=OWNER, at=AT)


def person(role: Role) -> Client:
    who = add_person(username=role, password="reads-them-1", role=role, name=role, email=f"{role}@a.example")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(who)
    return client


@pytest.mark.usefixtures("mail")
def test_only_the_owner_sets_reports_and_his_page_shows_what_is_wrong() -> None:
    owner, manager = person(Role.OWNER), person(Role.MANAGER)
    assert manager.get("/alerts/reports").status_code == 403
    assert owner.get("/alerts/reports").status_code == 200
    form = {"kind": "dead", "email": "ca@firm.example", "name": "🧾 राव", "language": "hi", "weekday": "7",
            "hour": "8"}  # fmt: skip
    wrong = owner.post("/alerts/reports", {**form, "email": "nobody"})
    assert wrong.status_code == 422
    assert "write an e-mail address" in wrong.content.decode()
    assert owner.post("/alerts/reports", form).status_code == 302
    report = MailedReport.objects.get()
    shown = owner.get("/alerts/reports?show=waiting").content.decode()
    assert "🧾 राव" in shown
    assert "every day at 08:00" in shown
    assert manager.post(f"/alerts/reports/{report.pk}/now").status_code == 403
    owner.post(f"/alerts/reports/{report.pk}/now")
    assert len(letters(report)) == 1
    owner.post(f"/alerts/reports/{report.pk}/stop")
    report.refresh_from_db()
    assert report.next_at is None
