"""A page's list by mail, over a real socket: what arrives opens and holds what the page's file holds."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test import Client
from python_calamine import CalamineWorkbook

from alerts import services
from alerts.models import MailedReport
from alerts.selectors import list_sendings
from alerts.services import lists
from alerts.services.lists import LINK_FOR, Wish
from inventory.services.saved_views import remove_view, save_view
from tests.builders import AT, OWNER, open_channels
from tests.inventory.book import make_book
from tests.inventory.test_pages import item
from tests.messaging.conftest import QUIET
from vyapar.farside.http import Timeouts
from vyapar.farside.resilience import breakers
from vyapar.kernel.calendar import IST, next_monthly
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.messaging import clients
from vyapar.messaging.channels.email import EmailClient
from vyapar.messaging.models import Enclosure, Message
from vyapar.messaging.services import claim_due, drop_sent_files, look_after, send
from vyapar.people.contracts import Role
from vyapar.people.models import User
from vyapar.people.services import add_person
from vyapar.tenancy.links import sign

STOCK = Wish("stock", "", None, "both", 7, None, 9)
SOON = Timeouts(connect_seconds=2.0, read_seconds=0.3)


@pytest.fixture(autouse=True)
def closed_breaker(settings) -> None:
    breakers(settings.REDIS_URL).close("email", "t_alpha")


@pytest.fixture
def relay(make_sandbox, in_alpha: None):
    made = make_sandbox(shares=QUIET)
    open_channels(base_url=made.http_url, smtp_port=made.smtp_address[1])
    services.ensure_weekly_template()
    book = make_book()
    item(book, "S1", "MUM", "dead", 10, idle=120)
    item(book, "S2", "BLR", "slow_moving", 9, idle=40)
    return made


def person(name: str, role: Role = Role.ANALYST, language: str = "en", email: str = "") -> User:
    who = add_person(
        username=name,
        password="reads-them-1",
        role=role,
        name=name.title(),
        email=email or f"{name}@a.example",
    )
    who.language = language
    who.save()
    return who


def client_of(who: User) -> Client:
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(who)
    return client


def set_one(who: User, wish: Wish = STOCK, setter: User | None = None) -> MailedReport:
    by = setter or who
    return services.set_mailed_list(
        wish, people=[who.pk], user_id=by.pk, for_others=setter is not None, actor=by.actor, at=AT
    )[0]


def go(report: MailedReport) -> Message:
    """The report's time comes and a worker sends what waits."""
    report.refresh_from_db()
    due = report.next_at
    services.send_mailed_reports(due)
    send(claim_due(due), at=due)
    return list_sendings([report])[report.pk][0]


def arrived(relay) -> list:
    return [message_from_bytes(Path(mail.path).read_bytes(), policy=default) for mail in relay.journal.mails]


def files_of(mail) -> dict[str, bytes]:
    return {part.get_filename(): part.get_content() for part in mail.iter_attachments()}


def as_rows(content: bytes | str) -> list[list[str]]:
    text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.lstrip("\ufeff")
    return list(csv.reader(io.StringIO(text)))


def test_the_mail_brings_both_files_and_they_hold_what_the_page_gives(relay) -> None:
    who = person("meena")
    sent = go(set_one(who))
    assert (sent.status, sent.address) == ("sent", "meena@a.example")
    (mail,) = arrived(relay)
    assert mail["To"] == "meena@a.example"
    files = files_of(mail)
    book = next(content for name, content in files.items() if name.endswith(".xlsx"))
    text = next(content for name, content in files.items() if name.endswith(".csv"))
    shown = as_rows(client_of(who).get("/stock.csv").content)
    assert len(shown) == 3
    assert as_rows(text) == shown
    found = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert found[0] == shown[0]
    assert [row[0] for row in found] == [row[0] for row in shown]
    body = mail.get_body(("plain",)).get_content()
    assert "http://alpha.localhost:8000/stock" in body
    assert "/alerts/reports/stop?who=" in body


def test_each_reader_has_it_in_their_language_and_with_the_filters_of_the_view(relay) -> None:
    owner, reader = person("owner", Role.OWNER), person("ravi", language="hi")
    view = save_view(
        page="pivot", name="By brand", query="rows=brand&columns=&measure=pieces", shared=True,
        user_id=owner.pk, actor=owner.actor, at=AT,
    )  # fmt: skip
    wish = Wish("stock", "status=dead", None, "csv", 0, None, 9)
    go(set_one(reader, wish, owner))
    (mail,) = arrived(relay)
    ((name, content),) = files_of(mail).items()
    heads, *rows = as_rows(content)
    assert [row[0] for row in rows] == ["S1"]
    assert name.startswith("stock-")
    assert re.search(r"[\u0900-\u097f]", "".join(heads))
    assert re.search(r"[\u0900-\u097f]", mail.get_body(("plain",)).get_content())
    report = set_one(reader, Wish("", "", view.pk, "csv", 0, None, 10), owner)
    assert (report.listing, report.query) == ("pivot", "")
    assert lists.list_title(report) == "By brand"


@pytest.mark.usefixtures("in_alpha")
def test_whoever_chooses_a_language_has_mails_in_it_too() -> None:
    who = person("meena")
    client = client_of(who)
    for chosen, kept in (("hi", "hi"), ("xx", "hi"), ("en", "en")):
        client.post("/i18n/setlang/", {"language": chosen, "next": "/"})
        who.refresh_from_db()
        assert who.language == kept
    assert Client(HTTP_HOST="alpha.localhost").post("/i18n/setlang/", {"language": "hi"}).status_code == 302
    who.refresh_from_db()
    assert who.language == "en"


def test_a_view_that_is_gone_or_no_longer_shared_is_not_sent_and_its_row_says_why(relay) -> None:
    owner, reader = person("owner", Role.OWNER), person("ravi")
    kept = {"page": "stock", "name": "Dead", "user_id": owner.pk, "actor": owner.actor, "at": AT}
    view = save_view(**kept, query="status=dead", shared=False)
    wish = Wish("", "", view.pk, "csv", 7, None, 9)
    with pytest.raises(Invalid) as refusal:
        set_one(reader, wish, owner)
    assert "share it first" in str(refusal.value.faults[0].message)
    view = save_view(**kept, query="status=dead", shared=True)
    report = set_one(reader, wish, owner)
    assert go(report).status == "sent"
    save_view(**kept, query="status=dead", shared=False)
    unsent = go(report)
    assert (unsent.status, unsent.sent_at) == ("skipped", None)
    assert "not shared any more" in unsent.reason
    assert "not shared any more" in client_of(owner).get("/alerts/lists").content.decode()
    remove_view(view.pk, user_id=owner.pk)
    with pytest.raises(Refused, match="removed"):
        services.send_report_now(report.pk, actor=OWNER, at=AT + timedelta(days=9))
    assert len(arrived(relay)) == 1


def test_who_left_or_may_read_no_more_gets_none(relay) -> None:
    report = set_one(who := person("meena"))
    User.objects.filter(pk=who.pk).update(is_active=False)
    assert "gone or closed" in go(report).reason
    User.objects.filter(pk=who.pk).update(is_active=True, email="")
    assert "no e-mail address" in go(report).reason
    assert arrived(relay) == []


def test_a_refused_mail_is_failed_with_the_relays_words_and_the_next_is_tried_again(relay) -> None:
    report = set_one(person("meena", email="meena@unknown.invalid"))
    failed = go(report)
    assert failed.status == "failed"
    assert "does not exist" in failed.reason
    User.objects.update(email="meena@a.example")
    assert go(report).status == "sent"


def test_a_relay_that_takes_less_refuses_before_the_file_is_sent(relay, monkeypatch) -> None:
    monkeypatch.setattr(lists, "MOST_BYTES", 40_000_000)
    big = os.urandom(9_000_000)
    monkeypatch.setattr(lists, "write", lambda table, form: _written(big, form))
    failed = go(set_one(person("meena"), STOCK._replace(form="xlsx")))
    assert failed.status == "failed"
    assert "552" in failed.reason
    assert relay.journal.requests.get("SMTP DATA", 0) == 0


def test_a_relay_that_hangs_is_never_sent_it_twice_and_a_day_later_it_counts_as_failed(
    relay, monkeypatch
) -> None:
    monkeypatch.setattr(clients, "EmailClient", partial(EmailClient, timeout=SOON))
    clients._client.cache_clear()
    relay.faults.add({"channel": "smtp", "kind": "timeout", "seconds": 3})
    report = set_one(person("meena"))
    due = report.next_at
    hung = go(report)
    assert hung.status == "unknown"
    assert claim_due(due + timedelta(hours=1)) == []
    look_after(due + timedelta(hours=25))
    hung.refresh_from_db()
    assert hung.status == "failed"
    assert len(relay.journal.mails) == 1
    clients._client.cache_clear()


def test_the_bytes_of_a_file_are_dropped_once_its_mail_is_settled_and_not_before(relay) -> None:
    report = set_one(person("meena"))
    services.send_mailed_reports(report.next_at)
    assert drop_sent_files() == 0
    send(claim_due(report.next_at), at=report.next_at)
    assert drop_sent_files() == 2
    assert [bool(one.size and one.sha256) for one in Enclosure.objects.all()] == [True, True]
    assert not Enclosure.objects.filter(content__isnull=False).exists()


def _written(content: bytes, form: str):
    from vyapar.dashboard.sheets import Written

    return Written(f"big.{form}", "application/octet-stream", len(content), io.BytesIO(content))


def test_a_file_too_large_for_a_mail_is_a_link_good_for_days_and_at_this_distributor_only(
    relay, monkeypatch, beta_open
) -> None:
    monkeypatch.setattr(lists, "MOST_BYTES", 10)
    who = person("meena")
    assert go(set_one(who, STOCK._replace(form="csv"))).status == "sent"
    (mail,) = arrived(relay)
    assert files_of(mail) == {}
    path = re.search(r"/alerts/lists/file\?what=\S+", mail.get_body(("plain",)).get_content()).group(0)
    stranger = Client(HTTP_HOST="alpha.localhost")
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert as_rows(b"".join(answer.streaming_content)) == as_rows(client_of(who).get("/stock.csv").content)
    assert Client(HTTP_HOST="beta.localhost").get(path).status_code == 404
    assert stranger.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
    User.objects.filter(pk=who.pk).update(is_active=False)
    assert stranger.get(path).status_code == 404


@pytest.mark.usefixtures("in_alpha")
def test_the_link_of_a_file_ends(monkeypatch) -> None:
    from django.core import signing

    who = person("meena")
    report = set_one(who)
    token = sign([report.pk, "csv"], purpose=lists._PURPOSE)
    with lists.file_of_token(token).content as content:
        assert content.read()
    born = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: born + LINK_FOR.total_seconds() + 5)
    with pytest.raises(NotFound):
        lists.file_of_token(token)


@pytest.fixture
def beta_open() -> None:
    """Beta's host answers, with nobody of alpha's there."""
    connection.cursor()


@pytest.mark.usefixtures("relay")
def test_one_that_cannot_be_written_holds_up_no_other(monkeypatch) -> None:
    first, second = set_one(person("meena")), set_one(person("ravi"))
    whole, calls = lists.fill_list, []

    def breaks_for_the_first(report, *given):
        calls.append(report.pk)
        if report.pk == first.pk:
            connection.cursor().execute("SELECT 1/0")
        return whole(report, *given)

    monkeypatch.setattr("alerts.services.mailed.fill_list", breaks_for_the_first)
    assert services.send_mailed_reports(first.next_at) == 2
    sent = list_sendings([first, second])
    assert sent[first.pk][0].status == "skipped"
    assert "could not be written" in sent[first.pk][0].reason
    assert sent[second.pk][0].status == "queued"


def test_only_those_who_decide_choose_others_and_a_reader_who_stopped_it_is_left_alone(relay) -> None:
    owner, analyst, reader = person("owner", Role.OWNER), person("anil"), person("ravi")
    with pytest.raises(Invalid):
        services.set_mailed_list(
            STOCK, people=[reader.pk], user_id=analyst.pk, for_others=False, actor=analyst.actor, at=AT
        )
    report = set_one(reader, STOCK, owner)
    go(report)
    path = re.search(
        r"/alerts/reports/stop\?who=\S+", arrived(relay)[0].get_body(("plain",)).get_content()
    ).group(0)
    assert Client(HTTP_HOST="alpha.localhost").post(path).status_code == 200
    for refused in (
        lambda: set_one(reader, STOCK, owner),
        lambda: services.resume_mailed_report(report.pk, user_id=owner.pk, actor=OWNER, at=AT),
    ):
        with pytest.raises(Refused):
            refused()
    services.resume_mailed_report(report.pk, user_id=reader.pk, actor=reader.actor, at=AT)
    report.refresh_from_db()
    assert report.next_at is not None


@pytest.mark.usefixtures("relay")
def test_the_page_takes_what_a_list_showed_and_shows_only_ones_own() -> None:
    manager, reader, other = person("mina", Role.MANAGER), person("ravi"), person("anil")
    page = client_of(manager).get("/stock?status=dead&page=2").content.decode()
    address = re.search(r'href="(/alerts/lists\?[^"]+)"', page).group(1).replace("&amp;", "&")
    shown = client_of(manager).get(address).content.decode()
    assert 'value="status=dead"' in shown
    posted = {"what": "stock", "query": "status=dead", "people": [str(reader.pk)], "form": "xlsx",
              "weekday": "8", "day": "5", "hour": "9"}  # fmt: skip
    assert client_of(manager).post("/alerts/lists", {**posted, "people": []}).status_code == 422
    assert client_of(manager).post("/alerts/lists", posted).status_code == 302
    report = MailedReport.objects.get()
    assert (report.query, report.weekday, report.day) == ("status=dead", 8, 5)
    assert "day 5 of each month at 09:00" in client_of(reader).get("/alerts/lists").content.decode()
    assert "day 5 of each month" not in client_of(other).get("/alerts/lists").content.decode()
    assert client_of(other).post(f"/alerts/lists/{report.pk}/stop").status_code == 404
    assert client_of(reader).post(f"/alerts/lists/{report.pk}/now").status_code == 302
    assert Message.objects.filter(origin=report.origin).count() == 1
    client_of(reader).post(f"/alerts/lists/{report.pk}/stop")
    report.refresh_from_db()
    assert report.next_at is None


@pytest.mark.parametrize(
    ("after", "day", "expected"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=UTC), 28, datetime(2026, 2, 28, 9, tzinfo=IST)),
        (datetime(2026, 12, 5, 3, 30, tzinfo=UTC), 5, datetime(2027, 1, 5, 9, tzinfo=IST)),
        (datetime(2026, 12, 5, 3, 29, 59, tzinfo=UTC), 5, datetime(2026, 12, 5, 9, tzinfo=IST)),
        (datetime(2026, 3, 31, 20, tzinfo=UTC), 1, datetime(2026, 4, 1, 9, tzinfo=IST)),
    ],
)
def test_the_next_monthly_time(after, day, expected) -> None:
    assert next_monthly(after, day, 9) == expected


@pytest.mark.chaos
@pytest.mark.usefixtures("fresh_distributor")
@pytest.mark.parametrize("step", range(1, 5))
def test_a_worker_killed_while_it_sends_leaves_one_mail_and_no_more(step: int) -> None:
    """It dies before the mail is taken, after, before the next time is kept, and before it commits."""
    open_channels()
    services.ensure_weekly_template()
    who = person("meena")
    report = set_one(who)
    due = report.next_at
    child = os.fork()
    if child == 0:
        for one in connections.all():
            one.connection = None
            one.search_path_set_schemas = None
        _die_at(step)
        services.send_mailed_reports(due)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    for _ in range(100):  # the database may need a moment to notice that the dead worker's lock is free
        services.send_mailed_reports(due)
        if Message.objects.filter(origin=report.origin).exists():
            break
    services.send_mailed_reports(due)
    assert Message.objects.filter(origin=report.origin).count() == 1
    assert Enclosure.objects.count() == 2
    report.refresh_from_db()
    assert report.next_at == due + timedelta(days=1)


def _die_at(step: int) -> None:
    from alerts.services import mailed

    def die(*_given, **_named):
        os.kill(os.getpid(), signal.SIGKILL)

    whole = mailed.queue
    if step == 1:
        mailed.fill_list = die
    elif step == 2:
        mailed.queue = die
    elif step == 3:
        mailed.queue = lambda *given, **named: (whole(*given, **named), die())
    else:
        connection.commit = die  # type: ignore[method-assign]
        connection._commit = die  # type: ignore[method-assign]
