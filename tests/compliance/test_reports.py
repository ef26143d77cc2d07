"""Period reports that a worker prints: asked for once, printed once, found again, cleared."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from compliance import selectors, services
from compliance.handlers import tend_reports
from compliance.models import ReportFile
from compliance.services import reports
from tests.builders import AT, OWNER
from tests.compliance.movements import movement
from tests.gateway.calling import Caller, problem
from tests.living import a_worker_at
from vyapar.engine.asked import list_takeable
from vyapar.kernel.errors import Invalid
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person
from vyapar.tenancy.holding import number_of

pytestmark = pytest.mark.usefixtures("in_alpha")

PERIOD = f"{AT:%Y-%m}"


@pytest.fixture
def long_month(in_alpha: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One paper is many: what counts as long is lowered, nothing else."""
    services.issue(movement(), key="transfer:one", actor=OWNER, at=AT)
    monkeypatch.setattr(selectors, "LONG_ROWS", 1)


@pytest.fixture
def auditor() -> Client:
    person = add_person(
        username="auditor", password="look-at-papers-1", role=Role.AUDITOR, name="Auditor",
        email="a@alpha.example",
    )  # fmt: skip
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def ask() -> ReportFile:
    return services.ask_report(PERIOD, actor=OWNER, at=AT)


def test_a_report_is_asked_for_once_printed_once_and_opens_as_pdf() -> None:
    report = ask()
    assert ask().pk == report.pk
    assert services.print_report(report.pk, clock=lambda: AT)
    assert not services.print_report(report.pk, clock=lambda: AT)
    report.refresh_from_db()
    assert (report.state, report.attempts) == ("ready", 1)
    with selectors.open_report(report) as file:
        content = file.read()
    assert content.startswith(b"%PDF")
    assert len(content) == report.bytes
    assert ask().pk != report.pk, "a month asked for anew is printed anew"


def test_a_report_is_printed_in_the_language_of_who_asked() -> None:
    english, hindi = ask(), services.ask_report(PERIOD, actor=OWNER, at=AT, language="hi")
    assert english.pk != hindi.pk
    assert services.ask_report(PERIOD, actor=OWNER, at=AT, language="hi").pk == hindi.pk
    for report, word in ((english, "Register of papers"), (hindi, "रजिस्टर")):
        services.print_report(report.pk, clock=lambda: AT)
        report.refresh_from_db()
        with selectors.open_report(report) as file:
            assert word in " ".join(page.extract_text() for page in PdfReader(file).pages)


def test_what_is_no_month_is_refused() -> None:
    with pytest.raises(Invalid, match="not a month"):
        services.ask_report("2026-13", actor=OWNER, at=AT)


def test_a_report_in_a_living_workers_hands_is_left_to_it_and_a_dead_ones_is_taken_up_at_once() -> None:
    report = ask()
    ReportFile.objects.update(begun_at=AT, attempts=1)
    late = AT + timedelta(hours=3)
    with a_worker_at("asked", number_of(str(report.pk)) % 2**31):
        assert list_takeable(selectors.waiting_reports(), late) == []
        assert not services.print_report(report.pk, clock=lambda: late)
    assert list_takeable(selectors.waiting_reports(), AT) == [str(report.pk)]
    assert services.print_report(report.pk, clock=lambda: AT)


def test_a_report_that_lost_its_worker_three_times_is_given_up_and_says_so() -> None:
    report = ask()
    ReportFile.objects.update(begun_at=AT, attempts=3)
    assert not services.print_report(report.pk, clock=lambda: AT)
    report.refresh_from_db()
    assert (report.state, report.reason) == ("failed", "its worker was lost each time")


def test_what_fails_is_tried_three_times_and_then_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    report = ask()

    def jam(*_: object, **__: object) -> bytes:
        raise OSError("out of paper")

    monkeypatch.setattr(reports, "render_period_report", jam)
    for state in ("waiting", "waiting", "failed"):
        with pytest.raises(OSError, match="out of paper"):
            services.print_report(report.pk, clock=lambda: AT)
        report.refresh_from_db()
        assert report.state == state
    assert report.reason == "OSError: out of paper"
    assert not services.print_report(report.pk, clock=lambda: AT)


def test_old_reports_go_with_their_files() -> None:
    report = ask()
    services.print_report(report.pk, clock=lambda: AT)
    report.refresh_from_db()
    tend_reports(AT + timedelta(days=29))
    assert default_storage.exists(report.file)
    tend_reports(AT + timedelta(days=reports.KEPT_DAYS, seconds=1))
    assert not ReportFile.objects.exists()
    assert not default_storage.exists(report.file)


@pytest.mark.usefixtures("long_month")
def test_an_auditor_is_sent_to_a_page_that_tells_how_far_it_is(auditor: Client) -> None:
    answer = auditor.get(f"/compliance/reports/{PERIOD}")
    report = ReportFile.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/compliance/reports/{report.pk}")
    assert b"hx-get" in auditor.get(answer["Location"]).content
    assert auditor.get(f"{answer['Location']}/file").status_code == 404
    services.print_report(report.pk, clock=timezone.now)
    part = auditor.get(answer["Location"], headers={"HX-Request": "true"})
    assert b"hx-get" not in part.content
    assert b"<html" not in part.content
    file = auditor.get(f"{answer['Location']}/file")
    assert b"".join(file.streaming_content).startswith(b"%PDF")


@pytest.mark.usefixtures("long_month")
def test_a_program_polls_the_address_that_it_is_given() -> None:
    caller = Caller(May.AUDIT)
    answer = caller.get(f"/reports/v1/regulatory/{PERIOD}", format="pdf")
    assert (answer.status_code, answer["Content-Type"]) == (202, "application/json")
    assert caller.get(f"/reports/v1/regulatory/{PERIOD}").json()["period"] == PERIOD
    assert caller.get(answer["Location"]).status_code == 202
    services.print_report(ReportFile.objects.get().pk, clock=timezone.now)
    ready = caller.get(answer["Location"])
    assert (ready.status_code, ready["Content-Type"]) == (200, "application/pdf")
    ReportFile.objects.update(state="failed", reason="jam")
    problem(caller.get(answer["Location"]), 409, "report_failed")
