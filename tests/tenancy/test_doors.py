"""Every door, tried from the wrong distributor: nothing of another is ever seen or changed."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django_tenants.utils import schema_context, tenant_context

from compliance.services import issue
from tests.builders import AT, OWNER
from tests.compliance.movements import movement
from tests.probe import Probe, hung, open_action
from vyapar.celery import app
from vyapar.engine.models import Action, AuditEntry, Event
from vyapar.gateway.services import issue_key
from vyapar.kernel.errors import Invalid, Misconfigured, NotFound, Refused
from vyapar.people.contracts import May, Role
from vyapar.people.models import User
from vyapar.people.services import add_person
from vyapar.tenancy import services as opening
from vyapar.tenancy.here import current_schema
from vyapar.tenancy.models import Distributor, Domain
from vyapar.tenancy.selectors import (
    current_distributor,
    find_distributor,
    get_distributor_by_schema,
    list_distributors,
)
from vyapar.tenancy.services import close_distributor, open_distributor
from vyapar.tenancy.tasks import TenantTask

ALPHA, BETA, PUBLIC = "alpha.localhost", "beta.localhost", "localhost"


@pytest.fixture
def probed():
    with hung(Probe()):
        yield


@pytest.fixture
def both(alpha, beta, probed) -> dict[str, dict]:
    """The same things at both distributors: an owner, a key with every scope, an action, a paper."""
    found = {}
    for name, distributor in (("alpha", alpha), ("beta", beta)):
        with tenant_context(distributor):
            person = add_person(username="owner", password=f"{name} pass phrase", role=Role.OWNER)
            _key, token = issue_key(name="ERP", scopes=tuple(May), actor=OWNER, at=timezone.now())
            action = open_action(f"thing:{name}", title=f"Secret of {name}")
            paper = issue(movement(), key=f"{name}:1", actor=OWNER, at=AT)
            found[name] = {"person": person, "token": token, "action": action, "paper": paper}
    return found


def machine(token: str, host: str) -> Client:
    return Client(HTTP_HOST=host, HTTP_AUTHORIZATION=f"Bearer {token}")


API = ("/api/v1/actions", "/api/v1/events", "/api/v1/documents", "/audit/v1/trail", "/api/v1/transfers")


# --- pages -----------------------------------------------------------------------------------------


def test_a_session_of_one_is_no_session_at_the_other(both) -> None:
    client = Client(HTTP_HOST=ALPHA)
    assert client.login(username="owner", password="alpha pass phrase")
    assert client.get("/alerts/nothing").status_code == 404
    assert client.get("/admin/", HTTP_HOST=ALPHA).status_code == 200
    cookie = client.cookies["sessionid"].value
    for path in ("/", "/inbox", "/trail", "/alerts", "/compliance"):
        client.cookies["sessionid"] = cookie  # beta takes an unknown one away at once
        answer = client.get(path, HTTP_HOST=BETA)
        assert answer.status_code == 302, path
        assert "/sign-in" in answer["Location"]


def test_a_password_of_one_opens_nothing_at_the_other(both, beta) -> None:
    client = Client(HTTP_HOST=BETA)
    client.post("/sign-in", {"username": "owner", "password": "alpha pass phrase"})
    assert "_auth_user_id" not in client.session
    client.post("/sign-in", {"username": "owner", "password": "beta pass phrase"})
    with tenant_context(beta):
        assert User.objects.get(username="owner").last_login is not None


def test_an_unknown_host_is_nobody(both) -> None:
    assert Client(HTTP_HOST="gamma.localhost").get("/sign-in").status_code == 404
    assert Client(HTTP_HOST="alpha.localhost.evil.example").get("/sign-in").status_code in (400, 404)


# --- the API -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", API)
def test_a_key_of_one_opens_no_door_of_the_other(both, path: str) -> None:
    assert machine(both["alpha"]["token"], ALPHA).get(path).status_code == 200
    assert machine(both["alpha"]["token"], BETA).get(path).status_code == 401


@pytest.mark.parametrize("path", API)
def test_no_list_names_anything_of_the_other(both, path: str) -> None:
    body = machine(both["alpha"]["token"], ALPHA).get(path).content.decode()
    other = both["beta"]
    for secret in ("thing:beta", "Secret of beta", str(other["action"].pk), str(other["paper"].pk)):
        assert secret not in body


def test_ids_of_the_other_lead_nowhere_and_change_nothing(both, beta) -> None:
    client = machine(both["alpha"]["token"], ALPHA)
    action, paper = both["beta"]["action"].pk, both["beta"]["paper"].pk
    for path in (
        f"/api/v1/actions/{action}",
        f"/api/v1/documents/{paper}",
        f"/api/v1/documents/{paper}/pdf",
        f"/gst/v1/compliance-check?actionId={action}",
    ):
        assert client.get(path).status_code == 404, path
    for verb in ("approve", "reject", "undo", "ask", "edit"):
        body = '{"reason": "x", "text": "x", "changes": {"quantity": 1}}'
        answer = client.post(f"/api/v1/actions/{action}/{verb}", body, content_type="application/json")
        assert answer.status_code == 404, verb
    with tenant_context(beta):
        assert Action.objects.get(pk=action).version == both["beta"]["action"].version


def test_the_idempotency_key_of_one_replays_nothing_to_the_other(both) -> None:
    for name, host in (("alpha", ALPHA), ("beta", BETA)):
        answer = machine(both[name]["token"], host).post(
            "/audit/v1/trail/create",
            f'{{"verb": "Noted", "subject": "{name}", "detail": {{}}}}',
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY="the-same",
        )
        assert (answer.status_code, answer.json()["subject"]) == (201, name)


def test_the_public_host_has_no_business_doors(both) -> None:
    for path in (*API, "/inbox", "/webhooks/whatsapp"):
        assert machine(both["alpha"]["token"], PUBLIC).get(path).status_code == 404


# --- rows, events, trail -------------------------------------------------------------------------------


def test_rows_events_and_chains_stand_apart(both, alpha, beta) -> None:
    seen = {}
    for name, distributor in (("alpha", alpha), ("beta", beta)):
        with tenant_context(distributor):
            assert set(Action.objects.values_list("subject", flat=True)) == {f"thing:{name}"}
            seen[name] = set(Event.objects.values_list("event_id", flat=True))
            assert AuditEntry.objects.order_by("seq").first().seq == 1
            assert current_distributor().slug == name
    assert seen["alpha"].isdisjoint(seen["beta"])
    numbers = [both[name]["paper"].number for name in ("alpha", "beta")]
    assert numbers[0] == numbers[1], "each counts its own series from one"


def test_the_public_schema_has_no_table_of_a_distributor(alpha) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        names = {name for (name,) in cursor}
    assert not {n for n in names if n.startswith(("engine_", "inventory_", "compliance_", "messaging_"))}


# --- tasks ---------------------------------------------------------------------------------------------


@pytest.fixture
def where():
    """A task that says in which schema it ran."""

    @app.task(base=TenantTask, name="tests.where")
    def where() -> str:
        return current_schema()

    yield where
    app.tasks.pop("tests.where", None)


def test_a_task_without_a_distributor_refuses(where, alpha) -> None:
    with schema_context("public"):
        with pytest.raises(Misconfigured):
            where.delay()
        with pytest.raises(Misconfigured):
            where()
    where.push_request(id="1", called_directly=False, headers={})
    try:
        with pytest.raises(Misconfigured):
            where.__call__()
    finally:
        where.pop_request()


@pytest.mark.parametrize("schema", ["t_alpha", "t_beta"])
def test_a_task_sees_the_distributor_of_its_header_whatever_the_worker_did_before(
    where, alpha, schema
) -> None:
    before = current_schema()
    where.push_request(id="1", called_directly=False, headers={"vyapar_schema": schema})
    try:
        assert where.__call__() == schema
    finally:
        where.pop_request()
    assert current_schema() == before


def test_a_task_for_a_distributor_that_is_gone_or_switched_off_refuses(where, alpha, beta) -> None:
    beta.active = False
    with schema_context("public"):
        beta.save()
    for schema in ("t_gamma", "t_beta"):
        where.push_request(id="1", called_directly=False, headers={"vyapar_schema": schema})
        try:
            with pytest.raises(NotFound):
                where.__call__()
        finally:
            where.pop_request()


# --- files, cache, admin ---------------------------------------------------------------------------------


def test_files_lie_in_folders_of_their_own(alpha, beta, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    paths = {}
    for name, distributor in (("alpha", alpha), ("beta", beta)):
        with tenant_context(distributor):
            assert default_storage.save("pack.pdf", ContentFile(name.encode())) == "pack.pdf"
            paths[name] = default_storage.path("pack.pdf")
    assert paths["alpha"] != paths["beta"]
    with tenant_context(alpha):
        assert default_storage.open("pack.pdf").read() == b"alpha"
        from django.core.exceptions import SuspiciousFileOperation

        with pytest.raises(SuspiciousFileOperation):
            default_storage.open("../t_beta/pack.pdf")


def test_the_same_cache_key_is_another_entry_at_each(alpha, beta) -> None:
    for distributor in (alpha, beta):
        with tenant_context(distributor):
            cache.set("figures", distributor.slug, 30)
    for distributor in (alpha, beta):
        with tenant_context(distributor):
            assert cache.get("figures") == distributor.slug
            cache.delete("figures")


def test_the_admin_of_one_shows_and_opens_nothing_of_the_other(both) -> None:
    client = Client(HTTP_HOST=ALPHA)
    assert client.login(username="owner", password="alpha pass phrase")
    assert client.get("/admin/tenancy/distributor/").status_code in (403, 404)
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "beta" not in page.content.decode().lower()
    assert client.get("/admin/", HTTP_HOST=BETA).status_code == 302


# --- opening ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "slug", ["public", "a", "1st", "Up", "x" * 40, "a b", "t_alpha", "admin", "a;drop", "line\n"]
)
def test_a_slug_that_cannot_name_a_schema_is_refused(alpha, slug: str) -> None:
    with pytest.raises(Invalid):
        open_distributor(slug=slug, name="x", domain="x.localhost")


def test_a_closing_that_breaks_off_closes_nothing(alpha, monkeypatch) -> None:
    def broken(**_: object) -> None:
        raise OSError("killed")

    monkeypatch.setattr(Domain.objects, "filter", broken)
    with transaction.atomic(), pytest.raises(OSError, match="killed"):
        close_distributor(alpha)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [alpha.schema_name])
        assert cursor.fetchone()[0] == 1


def test_a_slug_that_is_taken_is_refused(alpha) -> None:
    with pytest.raises(Refused):
        open_distributor(slug="alpha", name="x", domain="x.localhost")
    with pytest.raises(NotFound):
        get_distributor_by_schema("t_nobody")


def test_while_a_schema_is_built_nobody_comes_near(alpha, monkeypatch) -> None:
    def look(schema: str) -> None:
        assert Distributor.objects.filter(schema_name=schema).exists()
        assert schema not in [one.schema_name for one in list_distributors()]
        assert find_distributor("halfway") is None
        assert Client(HTTP_HOST="halfway.localhost").get("/").status_code == 404
        with pytest.raises(NotFound):
            get_distributor_by_schema(schema)
        with pytest.raises(Refused, match="just now"):
            open_distributor(slug="halfway", name="x", domain="halfway.localhost")
        raise InterruptedError

    monkeypatch.setattr(opening, "_build_schema", look)
    with pytest.raises(InterruptedError):
        open_distributor(slug="halfway", name="x", domain="halfway.localhost")
    assert not Distributor.objects.filter(slug="halfway").exists()


def test_of_two_openings_at_once_the_later_is_refused_and_takes_nothing_of_the_first(alpha, monkeypatch):
    monkeypatch.setattr(opening, "_check_free", lambda *_asked: None)  # both looked before either claimed
    monkeypatch.setattr(opening, "_build_schema", lambda schema: None)
    for slug, domain, code in (("alpha", "new.localhost", "being_opened"), ("gamma", ALPHA, "domain_taken")):
        with pytest.raises(Refused) as refusal:
            open_distributor(slug=slug, name="Second", domain=domain)
        assert refusal.value.code == code
    assert Distributor.objects.get(slug="alpha").name == alpha.name
    assert list(Domain.objects.filter(tenant=alpha).values_list("domain", flat=True)) == [ALPHA]
    assert not Distributor.objects.filter(slug="gamma").exists()
    assert Action.objects.count() == 0  # the schema stands


def test_what_a_killed_opening_left_is_cleared_away_by_the_next(alpha, monkeypatch) -> None:
    with schema_context("public"):
        left = Distributor.objects.create(schema_name="t_halfway", slug="halfway", name="x")
    Distributor.objects.filter(pk=left.pk).update(created_at=timezone.now() - opening.GIVEN_UP)
    monkeypatch.setattr(opening, "_build_schema", lambda schema: None)
    made = open_distributor(slug="halfway", name="y", domain="halfway.localhost")
    assert made.pk != left.pk
    assert find_distributor("halfway") == made
    assert get_distributor_by_schema("t_halfway").name == "y"


def test_a_host_name_that_is_taken_is_refused_before_anything_is_built(alpha, monkeypatch) -> None:
    monkeypatch.setattr(opening, "_build_schema", lambda schema: pytest.fail("a schema was built"))
    with pytest.raises(Refused, match="host name"):
        open_distributor(slug="halfway", name="x", domain=ALPHA)
    assert not Distributor.objects.filter(slug="halfway").exists()
