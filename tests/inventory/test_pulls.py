"""Feeds pulled end to end: from a far side over a socket to rows in the tables, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django_tenants.utils import tenant_context
from rest_framework.test import APIClient

from inventory import handlers, tasks
from inventory.models import Feed, ImportRun, Retailer, Sale, Sku
from inventory.selectors.pullers import LOCK
from inventory.services import imports, pulls
from inventory.services.pulls import pulling
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.farsides import frappe
from tests.inventory.farsides.frappe import Frappe, furnish, invoice
from tests.inventory.test_tally_client import _MASTERS, _RATED
from tests.inventory.test_tally_client import sale as tally_sale
from vyapar.engine.models import AuditEntry, Event
from vyapar.farside.resilience import breaker_states, breakers
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.errors import Invalid, Refused
from vyapar.ops.sandbox.tally import Company, TallySandbox
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person
from vyapar.tenancy.here import current_schema

pytestmark = pytest.mark.usefixtures("in_alpha", "storage")
State = ImportRun.State
OWNER = Actor("user", "1", "The owner")


@pytest.fixture
def storage(settings, own_media: Path, tmp_path: Path) -> None:
    settings.DROP_ROOT = tmp_path / "drops"


@pytest.fixture(autouse=True)
def closed_breakers(settings) -> Iterator[None]:
    """Breakers outlive a test, for Redis does."""
    known = breakers(settings.REDIS_URL, 3, 300.0)
    yield
    for schema in ("t_alpha", "t_beta"):
        for one in breaker_states(schema, settings.REDIS_URL):
            known.close(one.far_side, schema)


@pytest.fixture
def site() -> Iterator[Frappe]:
    with Frappe().serving() as far:
        yield far


def erp(site: Frappe, secret: str = frappe.SECRET, code: str = "erp", **settings: object) -> Feed:
    told = {"address": site.url, "key": frappe.KEY, "timeout_seconds": 0.8, "page": 2, **settings}
    return pulls.set_up_feed(
        code=code, name="ERPNext", system="erpnext", settings=told, secrets={"secret": secret},
        every_seconds=900, actor=OWNER, at=NOW,
    )  # fmt: skip


def drive(number: int) -> ImportRun:
    """A run to its end, as a worker drives it."""
    run = ImportRun.objects.get(number=number)
    while imports.drive(run.pk, at=NOW):
        pass
    run.refresh_from_db()
    return run


def pull(feed: Feed, minutes: float = 0) -> pulls.Pulled:
    """One pull, and whatever it brought driven to its end."""
    done = pulls.pull(feed.pk, at=NOW + timedelta(minutes=minutes))
    for number in done.runs:
        drive(number)
    feed.refresh_from_db()
    return done


def kept_files() -> list[Path]:
    """Files of imports in the distributor's storage."""
    return [one for one in Path(default_storage.path(".")).rglob("*") if one.is_file()]


def sold() -> list[str]:
    return sorted(Sale.objects.values_list("transaction_id", flat=True))


# --- from the far side to the tables -------------------------------------------------------


def test_a_pull_becomes_an_import_that_is_written_by_itself(site: Frappe) -> None:
    furnish(site)
    feed = erp(site)
    done = pull(feed)
    assert kept_files()  # the test below would miss them elsewhere
    run = ImportRun.objects.get(number=done.runs[0])
    assert (done.outcome, done.more, run.state) == ("brought", False, State.RECONCILED), run.error
    assert Sku.objects.get(code="BIS-1").case_pack == 24
    assert Retailer.objects.get(retailer_id="Kiran Stores").territory.code == "VS"
    assert sold() == ["SINV-1"]
    assert feed.next_pull_at == NOW + timedelta(minutes=15)
    assert feed.cursor["Sales Invoice"]["modified"] == site.documents["Sales Invoice"]["SINV-1"]["modified"]
    assert (feed.last_error, feed.pull_claimed_at, feed.last_ok_at) == ("", None, NOW)


def test_files_of_one_pull_are_taken_in_one_after_the_other(monkeypatch, own_media: Path) -> None:
    company = Company("Sharma Traders")
    company.enter(*_MASTERS, _RATED)
    company.enter(tally_sale("20261010", 10), tally_sale("20261011", 20))
    queue: list[str] = []
    monkeypatch.setattr(tasks.drive_import, "delay", queue.append)
    make_book()
    now = datetime.now(UTC)  # a pull says when it was made, by the same clock
    with TallySandbox(company) as tally:
        told = {"url": tally.url, "company": company.name, "territory": "MUM", "pincode": "411001"}
        feed = pulls.set_up_feed(
            code="tally", name="Tally", system="tally", settings=told, secrets={}, actor=OWNER, at=now,
            sandbox=True,
        )  # fmt: skip
        tasks.pull_feed(feed.pk)
    masters, sales, stock = ImportRun.objects.order_by("number")
    assert imports.list_takeable(now) == [masters.pk], "the others have their turn later"
    for run in (stock, sales):  # a worker that is asked for them too early leaves them alone
        tasks.drive_import(str(run.pk))
    assert set(ImportRun.objects.values_list("state", flat=True)) == {State.UPLOADED}
    while queue:
        tasks.drive_import(queue.pop())  # the last first: other workers are in a hurry
    assert (
        list(ImportRun.objects.order_by("number").values_list("state", flat=True)) == [State.RECONCILED] * 3
    ), [(run.title, run.error, run.checks) for run in ImportRun.objects.order_by("number")]
    assert Sale.objects.count() == 2


def test_no_news_keeps_the_feed_fresh_and_opens_no_run(site: Frappe) -> None:
    furnish(site)
    feed = erp(site)
    pull(feed)
    assert pull(feed, 15).outcome == "nothing"
    assert feed.last_ok_at == NOW + timedelta(minutes=15)
    assert ImportRun.objects.count() == 1


def test_the_next_pull_brings_what_is_new(site: Frappe) -> None:
    furnish(site)
    feed = erp(site)
    pull(feed)
    invoice(site, "SINV-2")
    assert pull(feed, 15).outcome == "brought"
    assert sold() == ["SINV-1", "SINV-2"]


def test_a_pull_that_broke_off_goes_on_without_loss_or_doubling(site: Frappe) -> None:
    furnish(site)
    for number in range(2, 8):
        invoice(site, f"SINV-{number}")
    feed = erp(site)
    site.order("half", match="/api/resource/Sales Invoice", after=2, times=3)
    first = pull(feed)
    assert (first.outcome, first.more) == ("brought", False)
    assert "broke off" in feed.last_error
    assert (feed.failed_pulls, feed.next_pull_at) == (1, NOW + timedelta(seconds=60))
    assert 0 < len(sold()) < 7
    pull(feed, 2)
    assert sold() == [f"SINV-{number}" for number in range(1, 8)]
    assert (feed.failed_pulls, feed.last_error) == (0, "")


def test_a_pull_that_is_full_is_followed_by_another_at_once(site: Frappe) -> None:
    furnish(site)
    feed = erp(site, most=6)
    rounds = 0
    while pull(feed).more:
        assert pulls.due_pulls(NOW) == [feed.pk]
        rounds += 1
    assert rounds >= 1
    assert sold() == ["SINV-1"]
    assert Sku.objects.count() == 1


def test_a_feed_waits_while_its_import_is_under_way(site: Frappe) -> None:
    furnish(site)
    feed = erp(site, most=6)
    first = pulls.pull(feed.pk, at=NOW)
    assert (first.more, pulls.due_pulls(NOW)) == (True, [])
    assert pulls.pull(feed.pk, at=NOW).outcome == "busy"
    drive(first.runs[0])
    assert pulls.due_pulls(NOW) == [feed.pk]


# --- workers that die, and workers that are slow -------------------------------------------


def test_a_worker_killed_before_the_runs_are_kept_leaves_the_cursor_and_no_file(
    site: Frappe, monkeypatch
) -> None:
    furnish(site)
    feed = erp(site)
    with monkeypatch.context() as patch:
        patch.setattr(pulling, "_end", _die)  # after the run was opened, before the transaction ends
        with pytest.raises(SystemExit):
            pulls.pull(feed.pk, at=NOW)
    feed.refresh_from_db()
    assert (feed.cursor, ImportRun.objects.count()) == ({}, 0)
    assert kept_files() == []
    assert pulls.pull(feed.pk, at=NOW + timedelta(seconds=50)).outcome == "busy"  # it waits a little
    assert pulls.due_pulls(NOW + timedelta(minutes=1)) == [feed.pk]
    pull(feed, 16)
    assert sold() == ["SINV-1"]


def _die(*args: object, **kwargs: object) -> None:
    raise SystemExit


def test_what_a_worker_brings_after_its_lease_is_dropped(site: Frappe, monkeypatch) -> None:
    furnish(site)
    feed = erp(site)
    slow = pulling._fetch

    def overtaken(*args: object) -> object:
        fetched = slow(*args)
        Feed.objects.filter(pk=feed.pk).update(pull_claimed_at=NOW + timedelta(minutes=20))
        return fetched

    monkeypatch.setattr(pulling, "_fetch", overtaken)
    assert pulls.pull(feed.pk, at=NOW).outcome == "busy"
    feed.refresh_from_db()
    assert (feed.cursor, ImportRun.objects.count()) == ({}, 0)
    assert feed.pull_claimed_at == NOW + timedelta(minutes=20)


def test_a_dead_worker_is_known_at_once_and_its_feed_is_pulled_again_after_a_short_wait(site: Frappe) -> None:
    feed = erp(site)
    Feed.objects.filter(pk=feed.pk).update(pull_claimed_at=NOW, next_pull_at=NOW)
    page = browser()
    soon, late = NOW + timedelta(seconds=59), NOW + timedelta(seconds=60)
    with psycopg.connect(**_address()) as other:  # its worker lives
        other.execute(f"SELECT pg_advisory_lock({LOCK})", [current_schema(), feed.pk])
        assert pulls.due_pulls(late) == []
        assert pulls.pull(feed.pk, at=late).outcome == "busy"
        for path in ("/data/feeds", "/data/feeds/erp"):
            assert "Being pulled" in page.get(path).content.decode()
    for path in ("/data/feeds", "/data/feeds/erp"):
        assert "Being pulled" not in page.get(path).content.decode()
    assert pulls.due_pulls(soon) == []
    assert pulls.due_pulls(late) == [feed.pk]
    furnish(site)
    assert pulls.pull(feed.pk, at=late).outcome == "brought"
    feed.refresh_from_db()
    assert (feed.pull_claimed_at, feed.failed_pulls) == (None, 0)


def test_a_feed_that_kills_its_workers_is_pulled_ever_later(site: Frappe, monkeypatch) -> None:
    feed = erp(site)
    monkeypatch.setattr(pulling, "_end", _die)
    monkeypatch.setattr(pulling, "_fail", _die)
    at, waits = NOW, []
    for _ in range(6):
        with pytest.raises(SystemExit):
            pulls.pull(feed.pk, at=at)
        wait = next(n for n in range(1, 20) if pulls.due_pulls(at + timedelta(minutes=n)))
        waits.append(wait)
        at += timedelta(minutes=wait)
    assert waits == [1, 2, 4, 8, 15, 15]


def _address() -> dict[str, Any]:
    own = connection.get_connection_params()
    return {name: own[name] for name in ("dbname", "user", "password", "host", "port") if own.get(name)}


def test_a_bug_is_raised_kept_on_the_feed_and_tried_again(site: Frappe, monkeypatch) -> None:
    feed = erp(site)
    monkeypatch.setattr(pulling, "_settle", lambda claim: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pulls.pull(feed.pk, at=NOW)
    feed.refresh_from_db()
    assert "ZeroDivisionError" in feed.last_error
    assert (feed.pull_claimed_at, feed.next_pull_at) == (None, NOW + timedelta(seconds=60))


# --- far sides that fail -------------------------------------------------------------------


def test_a_far_side_that_is_down_is_left_alone_after_three_pulls_and_shows_it(site: Frappe, settings) -> None:
    furnish(site)
    feed = erp(site)
    site.order("drop", times=-1)
    waits = []
    for minute in range(3):
        assert pull(feed, minute).outcome == "failed"
        waits.append(feed.next_pull_at - NOW - timedelta(minutes=minute))
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    called = len(site.seen)
    assert pull(feed, 3).outcome == "failed"
    assert len(site.seen) == called  # the breaker is open: nobody was called
    assert "left alone" in feed.last_error
    (state,) = [one for one in breaker_states("t_alpha", settings.REDIS_URL) if one.far_side == "feed:erp"]
    assert state.state == "open"
    assert caller(May.READ).get("/api/v1/feeds/erp").json()["breaker"] == "open"
    site.faults.clear()
    pulls.pull_soon("erp", actor=OWNER, at=NOW)  # a person who mended it need not wait
    assert pull(feed, 4).outcome == "brought"
    assert feed.last_error == ""


def test_a_throttle_is_no_outage_and_is_waited_for(site: Frappe) -> None:
    feed = erp(site)
    site.order(times=-1, reply=site.error(429, "TooManyRequestsError", **{"Retry-After": "600"}))
    for minute in range(4):
        pull(feed, minute)
    assert len(site.seen) == 4  # no breaker opened
    assert feed.next_pull_at == NOW + timedelta(minutes=3 + 10)


def test_a_wrong_secret_stops_the_feed_says_so_once_and_is_told_nowhere(site: Frappe) -> None:
    secret = "very-wrong-secret-81"
    feed = erp(site, secret)
    for minute in range(2):
        assert pull(feed, minute).outcome == "failed"
    assert (feed.next_pull_at, pulls.due_pulls(NOW + timedelta(days=9))) == (None, [])
    assert Event.objects.filter(name="FeedHalted").count() == 1
    told = str(list(Event.objects.values())) + str(list(AuditEntry.objects.values())) + feed.last_error
    told += str(caller(May.READ).get("/api/v1/feeds").json()) + str(
        caller(May.FEED).post("/api/v1/feeds/erp/check")
    )
    assert secret not in told
    assert "API key" in feed.last_error
    checked = caller(May.FEED).post("/api/v1/feeds/erp/check")
    assert (checked.status_code, checked.json()["code"]) == (409, "erpnext_401")
    assert "issue a new one" in checked.json()["detail"]
    erp(site)  # mended
    assert pull(feed, 3).outcome == "nothing"


def test_two_distributors_are_apart(site: Frappe, beta) -> None:
    furnish(site)
    site.order("drop", times=-1)
    feed = erp(site)
    for minute in range(3):
        pull(feed, minute)
    site.faults.clear()
    with tenant_context(beta):
        other = erp(site)
        assert pull(other, 3).outcome == "brought"  # alpha's breaker is not beta's
        assert sold() == ["SINV-1"]
    assert sold() == []
    assert pulls.due_pulls(NOW) == []


# --- files that are dropped ----------------------------------------------------------------

MASTERS = b"code,name,gstin\nMUM,Mumbai,27AABCU9603R1ZN\n"


@pytest.fixture
def folder(settings) -> Path:
    path = Path(settings.DROP_ROOT) / "t_alpha" / "in"
    path.mkdir(parents=True)
    return path


def dropped() -> Feed:
    return pulls.set_up_feed(
        code="in", name="Drop folder", system="drop", settings={"folder": "in", "stable_seconds": 0.01},
        secrets={}, every_seconds=60, actor=OWNER, at=NOW,
    )  # fmt: skip


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_dropped_files_become_runs_and_are_set_aside_with_their_numbers(folder: Path) -> None:
    feed = dropped()
    (folder / "1-territories.csv").write_bytes(MASTERS)
    (folder / "2-broken.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    first = pull(feed)
    assert (first.outcome, first.more, files(folder)) == (
        "brought",
        True,
        ["2-broken.xlsx", "taken/1-territories.csv"],
    )
    second = pull(feed)
    assert ImportRun.objects.get(number=second.runs[0]).state == State.FAILED
    assert pull(feed, 1).outcome == "nothing"
    one, two = first.runs[0], second.runs[0]
    assert files(folder) == [f"done/{one:06}-1-territories.csv", f"failed/{two:06}-2-broken.xlsx"]
    assert "waiting" not in feed.cursor


def test_the_same_file_again_is_known_and_set_aside_under_its_first_number(folder: Path) -> None:
    feed = dropped()
    (folder / "a.csv").write_bytes(MASTERS)
    number = pull(feed).runs[0]
    (folder / "b.csv").write_bytes(MASTERS)
    assert pull(feed, 1).runs == ()
    pull(feed, 2)
    assert files(folder) == [f"done/{number:06}-a.csv", f"done/{number:06}-b.csv"]
    assert ImportRun.objects.count() == 1


def test_an_empty_file_does_not_hold_up_those_behind_it(folder: Path) -> None:
    feed = dropped()
    (folder / "1-empty.csv").touch()
    (folder / "2-good.csv").write_bytes(MASTERS)
    assert pull(feed).outcome == "failed"
    assert "empty" in feed.last_error
    assert files(folder) == ["2-good.csv", "failed/1-empty.csv"]
    assert pull(feed, 1).outcome == "brought"


# --- setting up ----------------------------------------------------------------------------


def caller(*scopes: May) -> APIClient:
    _row, secret = issue_key(name="erp", scopes=scopes, actor=system("tests"), at=NOW)
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def browser(role: Role = Role.OWNER) -> Client:
    person = add_person(
        username=f"p-{role}", password="look-at-feeds-1", role=role, name="P", email=f"{role}@alpha.example"
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def test_another_address_begins_from_the_start_and_secrets_stay(site: Frappe) -> None:
    feed = erp(site)
    Feed.objects.filter(pk=feed.pk).update(cursor={"Item": {"modified": "2026"}})
    same = pulls.set_up_feed(
        code="erp", name="New name", system="erpnext", settings=feed.settings, secrets={}, actor=OWNER, at=NOW
    )
    assert (same.cursor, same.secrets) == ({"Item": {"modified": "2026"}}, {"secret": frappe.SECRET})
    moved = pulls.set_up_feed(
        code="erp", name="New name", system="erpnext", settings={**feed.settings, "company": "Other"},
        secrets={"secret": ""}, actor=OWNER, at=NOW,
    )  # fmt: skip
    assert (moved.cursor, moved.secrets) == ({}, {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "Up Per"}, {"code": ""}, {"name": " "}, {"system": "sap"}, {"every_seconds": 5},
        {"fresh_hours": 0}, {"settings": {"password": "x"}},
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_feed_is_named_and_nothing_is_kept(wrong: dict) -> None:
    told = {"code": "x", "name": "X", "system": "erpnext", "settings": {}, "secrets": {}, **wrong}
    with pytest.raises(Invalid) as caught:
        pulls.set_up_feed(**told, actor=OWNER, at=NOW)
    assert caught.value.faults
    assert Feed.objects.count() == 0


def test_a_feed_that_is_switched_off_rests_and_stays_off_when_it_is_changed(site: Frappe) -> None:
    feed = erp(site)
    pulls.switch_feed("erp", on=False, actor=OWNER, at=NOW)
    assert pull(feed).outcome == "busy"
    assert erp(site).active is False
    with pytest.raises(Refused):
        pulls.pull_soon("erp", actor=OWNER, at=NOW)
    assert pulls.switch_feed("erp", on=True, actor=OWNER, at=NOW).next_pull_at == NOW


def test_the_api_takes_secrets_and_never_gives_them(site: Frappe) -> None:
    client = caller(May.READ, May.RULES, May.FEED)
    body = {
        "code": "erp", "name": "ERPNext", "system": "erpnext", "everySeconds": 900,
        "settings": {"address": site.url, "key": frappe.KEY}, "secrets": {"secret": frappe.SECRET},
    }  # fmt: skip
    made = client.post("/api/v1/feeds", body, format="json")
    assert (made.status_code, made.json()["secrets"]) == (201, ["secret"])
    assert client.post("/api/v1/feeds/erp/check").json()["version"].startswith("erpnext 15")
    assert client.post("/api/v1/feeds/erp/pull").status_code == 202
    off = {"active": False, "name": "Old"}
    assert client.patch("/api/v1/feeds/erp", off, format="json").status_code == 428
    assert client.patch("/api/v1/feeds/erp", off, format="json", HTTP_IF_MATCH='"other"').status_code == 412
    tag = client.get("/api/v1/feeds/erp")["ETag"]
    changed = client.patch("/api/v1/feeds/erp", off, format="json", HTTP_IF_MATCH=tag)
    assert changed["ETag"] == client.get("/api/v1/feeds/erp")["ETag"] != tag
    assert (changed.json()["active"], changed.json()["name"]) == (False, "Old")
    told = [made, changed, client.get("/api/v1/feeds"), client.get("/api/v1/feeds/erp")]
    assert all(frappe.SECRET not in one.content.decode() for one in told)
    assert Feed.objects.get().secrets == {"secret": frappe.SECRET}
    assert client.post("/api/v1/feeds", {**body, "code": "X Y"}, format="json").status_code == 422
    assert client.get("/api/v1/feeds/nobody").status_code == 404
    assert caller(May.READ).post("/api/v1/feeds", body, format="json").status_code == 403


def test_a_person_sets_up_a_feed_on_a_page_and_no_page_shows_its_secret(site: Frappe) -> None:
    client = browser()
    form = {
        "name": "Head office", "code": "head", "every": "900", "fresh_hours": "24",
        "setting_address": site.url, "setting_key": frappe.KEY, "secret_secret": frappe.SECRET,
        "more": '{"take": ["Item"]}',
    }  # fmt: skip
    answer = client.post("/data/feeds/new/erpnext", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/data/feeds/head")
    feed = Feed.objects.get()
    assert (feed.settings["take"], feed.secrets) == (["Item"], {"secret": frappe.SECRET})
    again = client.post("/data/feeds/head/edit", {**form, "secret_secret": "", "name": "Head"})
    assert again.status_code == 302
    assert Feed.objects.get().secrets == {"secret": frappe.SECRET}
    checked = client.post("/data/feeds/head/check", follow=True)
    assert "erpnext 15.38.0" in checked.content.decode()
    pages = [
        client.get(f"/data/feeds{rest}") for rest in ("", "/head", "/head/edit", "/new/rest", "/new/drop")
    ]
    assert [page.status_code for page in pages] == [200] * 5
    assert all(frappe.SECRET not in page.content.decode() for page in [checked, *pages])
    client.post("/data/feeds/head/off")
    assert Feed.objects.get().active is False
    twice = client.post("/data/feeds/new/erpnext", form)
    assert twice.status_code == 422
    assert client.post("/data/feeds/new/erpnext", {**form, "code": "x", "more": "["}).status_code == 422
    assert client.get("/data/feeds/nobody").status_code == 404
    assert client.get("/data/feeds/new/nobody").status_code == 404


def test_who_may_not_change_rules_sees_feeds_and_sets_up_none() -> None:
    client = browser(Role.ANALYST)
    assert client.get("/data/feeds").status_code == 200
    assert client.get("/data/feeds/new/rest").status_code == 403
    assert client.post("/data/feeds/x/pull").status_code == 403


def test_the_clockwork_sends_what_is_due_to_workers(site: Frappe, monkeypatch) -> None:
    sent: list[tuple] = []
    monkeypatch.setattr("inventory.tasks.pull_feed.apply_async", lambda args, **_: sent.append(args))
    feed = erp(site)
    handlers.tend_pulls(NOW)
    pulls.switch_feed("erp", on=False, actor=OWNER, at=NOW)
    handlers.tend_pulls(NOW)
    assert sent == [(feed.pk,)]
