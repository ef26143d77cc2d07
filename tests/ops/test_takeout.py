"""A takeout is whole, is of one instant, is nobody else's, opens no door, and stays small in memory."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import threading
import tracemalloc
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory.models import Feed, Sale
from tests.builders import AT, OWNER, TODAY, build_world, sell_each
from tests.gateway.test_gateway import Caller
from tests.living import a_worker_at
from vyapar.engine import services as engine
from vyapar.engine.asked import list_takeable
from vyapar.engine.contracts import TrailNoted
from vyapar.engine.models import AuditEntry, Event
from vyapar.gateway.services import issue_key
from vyapar.kernel.errors import NotFound, Refused
from vyapar.messaging.contracts import Channel
from vyapar.messaging.services import save_account
from vyapar.ops import tasks
from vyapar.ops.takeout import jobs
from vyapar.ops.takeout.models import Takeout
from vyapar.ops.takeout.pack import take_out
from vyapar.ops.takeout.secrecy import HARMLESS, TABLES, is_left_out
from vyapar.people.contracts import May, Role
from vyapar.people.models import User
from vyapar.people.services import add_person
from vyapar.tenancy.holding import number_of
from vyapar.tenancy.services import close_distributor, open_distributor
from vyapar.webhooks.services import add_endpoint

CHANNEL_TOKEN, FEED_PASSWORD, PASSWORD = "wa-token-71aa93", "feed-password-5b1c", "long-enough-word-9"
MARK = "ANOTHERS-SKU-77"


@pytest.fixture(scope="module")
def manor(django_db_setup, django_db_blocker):
    """A distributor with goods, people, secrets and papers; what it has is committed."""
    with django_db_blocker.unblock():
        made = open_distributor(slug="manor", name="Manor", domain="manor.localhost")
        try:
            with tenant_context(made):
                furnish()
            yield made
        finally:
            close_distributor(made)
            connections.close_all()


def furnish() -> None:
    build_world()
    sell_each([("R001", "BIS-100", 3, TODAY - timedelta(days=2), 8_500)])
    add_person(username="owner@manor", password=PASSWORD, role=Role.OWNER)
    save_account(Channel.WHATSAPP, known={}, secrets={"token": CHANNEL_TOKEN}, sandbox=True)
    Feed.objects.create(
        code="books", name="Books", system="tally", secrets={"password": FEED_PASSWORD}, created_at=AT,
        updated_at=AT,
    )  # fmt: skip
    engine.emit(TrailNoted("=cmd", {"said": 'a "quoted", line\nand नमस्ते'}), subject="x", actor=OWNER, at=AT)
    default_storage.save("papers/TI-1.pdf", ContentFile(b"%PDF-1.7 paper"))


@pytest.fixture
def inside(manor, django_db_blocker):
    with django_db_blocker.unblock(), tenant_context(manor):
        Takeout.objects.all().delete()
        for kept in jobs.list_kept():
            default_storage.delete(f"takeouts/{kept.name}")
        yield manor
        connections.close_all()


@pytest.fixture
def other(manor, django_db_blocker):
    """Another distributor, with a mark in its rows and its storage."""
    from vyapar.tenancy.selectors import get_distributor_by_schema

    with django_db_blocker.unblock():
        beta = get_distributor_by_schema("t_beta")
        with tenant_context(beta):
            event = engine.emit(TrailNoted(MARK, {}), subject=MARK, actor=OWNER, at=AT)
            kept = default_storage.save(f"papers/{MARK}.pdf", ContentFile(MARK.encode()))
        yield beta
        with tenant_context(beta):
            default_storage.delete(kept)
            assert Event.objects.filter(pk=event.pk).exists()


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def table(found: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found[f"tables/{name}.csv"].decode(), newline="")))


def test_a_takeout_holds_every_row_and_file_and_proves_it(inside, tmp_path):
    taken = take_out(tmp_path / "all.zip", at=AT)
    found = entries(tmp_path / "all.zip")
    manifest = json.loads(found["manifest.json"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables t JOIN pg_class c ON c.relname = table_name "
            "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = t.table_schema "
            "WHERE table_schema = %s AND NOT c.relispartition AND c.relkind IN ('r', 'p')",
            [inside.schema_name],
        )
        tables = {row[0] for row in cursor.fetchall()}
        assert {p["table"] for p in manifest["parts"] if p["table"]} == tables - TABLES
        for part in manifest["parts"]:
            body = found[part["name"]]
            assert (hashlib.sha256(body).hexdigest(), len(body)) == (part["sha256"], part["bytes"])
            if part["table"]:
                cursor.execute(f'SELECT count(*) FROM "{part["table"]}"')
                rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
                assert part["rows"] == len(rows) - 1 == cursor.fetchone()[0], part["table"]
                assert rows[0] == part["columns"]
    assert found["files/papers/TI-1.pdf"] == b"%PDF-1.7 paper"
    assert json.loads(found["distributor.json"])["slug"] == "manor"
    assert manifest["chain_entries"] == AuditEntry.objects.count() > 0
    assert manifest["chain_breaks"] == []
    assert taken.simulated
    assert "SIMULATED" in found["README.txt"].decode()
    assert "unbroken" in found["README.txt"].decode()


def test_cells_come_back_as_they_were(inside, tmp_path):
    take_out(tmp_path / "all.zip", at=AT)
    found = entries(tmp_path / "all.zip")
    event = Event.objects.get(name="TrailNoted", subject="x")
    (row,) = [r for r in table(found, "engine_event") if r["subject"] == "x"]
    assert json.loads(row["payload"]) == event.payload
    assert (int(row["id"]), row["event_id"]) == (event.pk, str(event.event_id))
    sales = [row["transaction_id"] for row in table(found, "inventory_sale")]
    assert sales == [Sale.objects.get().transaction_id]


def test_its_digests_are_checked_by_the_usual_tool(inside, tmp_path):
    take_out(tmp_path / "all.zip", at=AT)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "out")
    words = ["sha256sum", "-c", "--quiet", "SHA256SUMS"]
    assert subprocess.run(words, cwd=tmp_path / "out", capture_output=True, check=False).returncode == 0
    (tmp_path / "out" / "distributor.json").write_text("{}")
    assert subprocess.run(words, cwd=tmp_path / "out", capture_output=True, check=False).returncode == 1


def test_nothing_that_opens_a_door_goes_along_and_it_is_said(inside, tmp_path):
    _key, secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT)
    _endpoint, hook = add_endpoint(url="http://127.0.0.1:9/x", events=["*"], actor=OWNER, at=AT)
    client = Client(HTTP_HOST="manor.localhost")
    assert client.login(username="owner@manor", password=PASSWORD)
    session = client.cookies["sessionid"].value
    take_out(tmp_path / "all.zip", at=AT)
    found = entries(tmp_path / "all.zip")
    whole = b"\n".join(found.values())
    user = User.objects.get(username="owner@manor")
    for hidden in (CHANNEL_TOKEN, FEED_PASSWORD, user.password, hook, session, secret.split("_", 2)[2],
                   hashlib.sha256(secret.encode()).hexdigest()):  # fmt: skip
        assert hidden.encode() not in whole
    said = found["README.txt"].decode()
    for words in ("people_user: password", "inventory_feed: secrets", "table django_session",
                  "webhooks_endpoint: secret, previous_secret"):  # fmt: skip
        assert words in said


def test_every_column_that_sounds_like_a_way_in_is_left_out_or_was_looked_at(alpha):
    """A new column named like a secret is kept back by itself; a harmless one must be listed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s "
            "AND column_name ~* '(secret|passw|token|credential|hash|cookie|api_?key)'",
            [alpha.schema_name],
        )
        suspects = set(cursor.fetchall())
    assert {one for one in suspects if one[0] not in TABLES and not is_left_out(*one)} <= HARMLESS
    assert ("people_user", "password") in suspects


def test_no_row_and_no_file_of_another_distributor_goes_along(inside, other, tmp_path):
    with tenant_context(inside):
        take_out(tmp_path / "all.zip", at=AT)
    whole = b"\n".join(
        [*entries(tmp_path / "all.zip").values(), *map(str.encode, entries(tmp_path / "all.zip"))]
    )
    assert MARK.encode() not in whole
    assert b"t_beta" not in whole


def test_what_is_written_meanwhile_is_in_none_of_its_tables(inside, tmp_path):
    before, wrote = Event.objects.count(), []

    def tell(done, total, what):
        if what.startswith("tables/alerts") and not wrote:
            wrote.append(1)
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(20)

    def write():
        with tenant_context(inside):
            engine.emit(TrailNoted("late", {}), subject="late", actor=OWNER, at=AT)
            connections.close_all()

    take_out(tmp_path / "all.zip", at=AT, tell=tell)
    assert wrote
    assert Event.objects.count() == before + 1
    found = entries(tmp_path / "all.zip")
    assert len(table(found, "engine_event")) == before
    assert "late" not in {r["subject"] for r in table(found, "engine_event")}


def test_a_takeout_that_is_cut_off_leaves_no_file(inside, tmp_path):
    def tell(done, total, what):
        if what.startswith("tables/inventory_sku"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_out(tmp_path / "all.zip", at=AT, tell=tell)
    assert list(tmp_path.iterdir()) == []


def test_memory_stays_small_however_large_a_table_is(inside, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO engine_event (event_id, name, version, subject, payload, actor_ref, at) "
            "SELECT gen_random_uuid(), 'Bulk', 1, 'bulk', "
            "jsonb_build_object('n', repeat(md5(g::text), 10)), 'system:tests', now() "
            "FROM generate_series(1, 30000) g"
        )
    tracemalloc.start()
    try:
        taken = take_out(tmp_path / "all.zip", at=AT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE engine_event DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM engine_event WHERE subject = 'bulk'")
            cursor.execute("ALTER TABLE engine_event ENABLE TRIGGER USER")
    events = next(part for part in taken.parts if part.table == "engine_event")
    assert events.bytes > 10_000_000
    assert peak < 5_000_000, f"{peak / 1e6:.1f} MB"


def test_a_broken_trail_is_said_aloud(inside, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE engine_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE engine_auditentry SET verb = verb || 'x' WHERE seq = 1")
    try:
        taken = take_out(tmp_path / "all.zip", at=AT)
        assert taken.chain_breaks
        assert "BROKEN" in entries(tmp_path / "all.zip")["README.txt"].decode()
        with pytest.raises(CommandError, match="broken"):
            call_command("take_out", distributor="manor", to=tmp_path / "more.zip")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE engine_auditentry SET verb = left(verb, -1) WHERE seq = 1")
            cursor.execute("ALTER TABLE engine_auditentry ENABLE TRIGGER USER")


def test_the_command_packs_one_distributor_and_names_what_is_wrong(inside, tmp_path, capsys):
    call_command("take_out", distributor="manor", to=tmp_path / "all.zip")
    assert "unbroken" in capsys.readouterr().out
    assert AuditEntry.objects.filter(verb="TakeoutMade").exists()
    for wrong in ({"distributor": "nobody", "to": tmp_path / "x.zip"},
                  {"distributor": "manor", "to": tmp_path / "no" / "x.zip"}):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("take_out", **wrong)


# --- as a job ----------------------------------------------------------------------------------


@pytest.fixture
def at_once(monkeypatch):
    """Tasks run where they are sent; the broker is not asked."""
    sent = []
    monkeypatch.setattr(tasks.make_takeout, "delay", sent.append)
    return sent


def test_the_owner_has_it_packed_sees_how_far_it_is_and_fetches_it(inside, at_once, tmp_path):
    client = Client(HTTP_HOST="manor.localhost")
    assert client.login(username="owner@manor", password=PASSWORD)
    home = reverse("takeout:takeout")
    assert home.encode() in client.get(reverse("dashboard:settings")).content
    client.post(reverse("takeout:begin"))
    assert b"waits for a worker" in client.get(home).content
    client.post(reverse("takeout:begin"))
    assert len(at_once) == 1, "one at a time"
    tasks.make_takeout(at_once[0])
    page = client.get(home).content.decode()
    (kept,) = jobs.list_kept()
    assert kept.name in page
    answer = client.get(reverse("takeout:fetch", args=[kept.name]))
    body = b"".join(answer.streaming_content)
    assert len(body) == kept.bytes
    assert "tables/inventory_sku.csv" in zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert AuditEntry.objects.filter(verb="TakeoutFetched").exists()
    assert client.get(reverse("takeout:fetch", args=["other.zip"])).status_code == 404
    add_person(username="clerk@manor", password=PASSWORD, role=Role.MANAGER)
    clerk = Client(HTTP_HOST="manor.localhost")
    assert clerk.login(username="clerk@manor", password=PASSWORD)
    assert (
        clerk.get(home).status_code
        == clerk.get(reverse("takeout:fetch", args=[kept.name])).status_code
        == 403
    )


def test_a_takeout_is_not_packed_into_the_next_and_only_the_last_ones_are_kept(inside, at_once, tmp_path):
    for days in range(jobs.KEPT + 2):
        job = jobs.start(actor=OWNER, at=AT + timedelta(days=days))
        jobs.make(UUID(job.id), clock=lambda days=days: AT + timedelta(days=days))
    assert len(jobs.list_kept()) == jobs.KEPT
    with default_storage.open(f"takeouts/{jobs.list_kept()[0].name}") as content:
        names = zipfile.ZipFile(content).namelist()
    assert not [name for name in names if name.startswith("files/takeouts")]


def test_one_at_a_time_and_what_a_living_worker_is_at_is_left_to_it(inside, at_once):
    job = jobs.start(actor=OWNER, at=AT)
    with pytest.raises(Refused, match="being made"):
        jobs.start(actor=OWNER, at=AT)
    assert state_of(job) == "queued"
    Takeout.objects.update(begun_at=AT, attempts=1)
    with a_worker_at("asked", number_of(job.id) % 2**31):
        assert state_of(job) == "running"
        jobs.make(UUID(job.id), clock=lambda: AT + timedelta(hours=3))
        assert list_takeable(jobs.waiting(), AT + timedelta(hours=3)) == []
        assert state_of(job) == "running"
    assert state_of(job) == "cut_off"
    assert list_takeable(jobs.waiting(), AT) == [job.id]
    jobs.make(UUID(job.id), clock=lambda: AT)
    assert state_of(job) == "done"
    jobs.start(actor=OWNER, at=AT + timedelta(days=1))


def test_what_killed_two_workers_waits_and_is_given_up_after_the_third(inside, at_once):
    job = jobs.start(actor=OWNER, at=AT)
    Takeout.objects.update(begun_at=AT, attempts=2)
    assert list_takeable(jobs.waiting(), AT + timedelta(seconds=119)) == []
    assert list_takeable(jobs.waiting(), AT + timedelta(minutes=2)) == [job.id]
    Takeout.objects.update(attempts=3)
    jobs.make(UUID(job.id), clock=lambda: AT)
    found = jobs.get(UUID(job.id))
    assert (found.state, "lost each time" in found.error) == ("failed", True)
    assert jobs.list_kept() == []


def test_a_store_that_forgets_everything_takes_no_takeout_with_it(inside, at_once):
    client = Client(HTTP_HOST="manor.localhost")
    assert client.login(username="owner@manor", password=PASSWORD)
    client.post(reverse("takeout:begin"))
    cache.clear()
    assert "waits for a worker" in client.get(reverse("takeout:takeout")).content.decode()
    client.post(reverse("takeout:begin"))
    assert len(at_once) == 1
    tasks.make_takeout(at_once[0])
    cache.clear()
    assert jobs.current().state == "done"
    assert jobs.current().rows > 0


def test_half_made_folders_that_nobody_is_at_are_swept(inside, at_once, settings, tmp_path):
    settings.HOME = tmp_path
    old, young = tmp_path / "takeout-old", tmp_path / "takeout-young"
    for folder in (old, young):
        folder.mkdir()
    now = timezone.now()
    os.utime(old, times=(0, (now - jobs.ABANDONED).timestamp() - 1))
    jobs.clear(now)
    assert (old.exists(), young.exists()) == (False, True)


def state_of(job: jobs.Job) -> str:
    return jobs.get(UUID(job.id)).state


def test_a_job_that_fails_says_why_and_frees_the_place(inside, at_once, monkeypatch):
    monkeypatch.setattr(jobs, "take_out", lambda *a, **k: 1 / 0)
    job = jobs.start(actor=OWNER, at=AT)
    with pytest.raises(ZeroDivisionError):
        jobs.make(UUID(job.id), clock=lambda: AT)
    found = jobs.get(UUID(job.id))
    assert (found.state, "ZeroDivisionError" in found.error) == ("failed", True)
    jobs.start(actor=OWNER, at=AT)


def test_over_the_api_too_for_the_owner_only(inside, at_once, monkeypatch):
    owner = Caller(May.RULES)
    owner.client.defaults["HTTP_HOST"] = "manor.localhost"
    started = owner.post("/api/v1/takeouts")
    assert started.status_code == 202, started.content
    one = started["Location"]
    assert owner.get(one).json()["state"] == "queued"
    assert owner.get(f"{one}/file").status_code == 409
    tasks.make_takeout(at_once[0])
    done = owner.get(one).json()
    assert (done["state"], done["partsDone"] == done["parts"], done["trailBreaks"]) == ("done", True, 0)
    body = b"".join(owner.get(done["file"]).streaming_content)
    assert len(body) == done["bytes"]
    others = Caller(*(set(May) - {May.RULES}))
    others.client.defaults["HTTP_HOST"] = "manor.localhost"
    assert others.post("/api/v1/takeouts").status_code == 403
    with pytest.raises(NotFound):
        jobs.get(UUID(int=0))
