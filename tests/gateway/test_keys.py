"""Keys: what they may, how long, from where; rotated, revoked, warned about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import given
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind
from tests.builders import AT, OWNER
from tests.gateway.calling import Caller, machine, problem
from vyapar.engine.models import AuditEntry, Event
from vyapar.gateway.models import ApiKey, KeySecret
from vyapar.gateway.scopes import PARTS, SCOPES, covers, read_scopes
from vyapar.gateway.services import (
    change_key,
    issue_key,
    keep_house,
    revoke_key,
    rotate_key,
    warn_expiring_keys,
)
from vyapar.gateway.services.keys import LIFE, LONGEST_LIFE, WARNING
from vyapar.kernel.errors import Forbidden, Invalid, NotFound, Refused, Stale
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")
CALL = "/api/v1/actions"


# --- scopes --------------------------------------------------------------------------------


@given(st.sets(st.sampled_from(SCOPES), min_size=1), st.sampled_from(SCOPES))
def test_reading_scopes_neither_adds_nor_takes_a_right(given_scopes: set[str], wanted: str) -> None:
    kept = read_scopes(given_scopes)
    assert covers(kept, wanted) == covers(given_scopes, wanted)
    assert list(kept) == sorted(kept, key=SCOPES.index)
    assert read_scopes(kept) == kept


def test_the_parts_of_feed_are_the_kinds_of_records_that_can_be_pushed() -> None:
    assert PARTS[May.FEED] == tuple(kind.value for kind in RecordKind)


@pytest.mark.parametrize("names", [[], ["fly"], ["feed:"], ["feed:money"], ["read:sales"], ["FEED"]])
def test_scopes_that_do_not_exist_are_refused(names: list[str]) -> None:
    with pytest.raises(Invalid) as error:
        issue_key(name="ERP", scopes=names, actor=OWNER, at=AT)
    assert error.value.faults[0].field == "scopes"
    assert not ApiKey.objects.exists()


def test_a_key_for_one_kind_of_record_opens_that_door_only() -> None:
    sales = Caller("feed:sales")
    body = {"transactions": []}
    assert sales.post("/api/v1/sales/batch", body).status_code not in (401, 403)
    problem(sales.post("/audit/v1/trail/create", body), 403, "permission_denied")
    problem(Caller("feed:stock").post("/api/v1/sales/batch", body), 403, "permission_denied")
    assert Caller(May.FEED).post("/api/v1/sales/batch", body).status_code not in (401, 403)


# --- life ----------------------------------------------------------------------------------


def test_a_key_ends_in_a_year_unless_said_and_never_without_an_end() -> None:
    key, _secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT)
    assert key.expires_at == AT + LIFE
    for wrong in (AT, AT - timedelta(days=1), AT + LONGEST_LIFE + timedelta(seconds=1)):
        with pytest.raises(Invalid):
            issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT, expires_at=wrong)


def test_the_secret_is_kept_nowhere() -> None:
    key, secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT)
    tail = secret.partition(f"{key.prefix}_")[2]
    kept = [str(row) for row in ApiKey.objects.values()] + [str(row) for row in KeySecret.objects.values()]
    kept += [str(row) for row in Event.objects.values()] + [str(row) for row in AuditEntry.objects.values()]
    assert any(key.prefix in row for row in kept)
    assert not any(tail in row for row in kept)


def test_issuing_changing_rotating_and_revoking_stand_in_the_trail() -> None:
    key, _secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT)
    change_key(key.prefix, scopes=["read", "audit"], actor=OWNER, at=AT)
    rotate_key(key.prefix, actor=OWNER, at=AT)
    revoke_key(key.prefix, actor=OWNER, at=AT)
    names = ["KeyIssued", "KeyChanged", "KeyRotated", "KeyRevoked"]
    about = {"subject": f"key:{key.prefix}", "actor_ref": OWNER.ref}
    assert list(Event.objects.filter(**about).order_by("id").values_list("name", flat=True)) == names
    assert list(AuditEntry.objects.filter(**about).order_by("seq").values_list("verb", flat=True)) == names


def test_after_a_rotation_both_secrets_open_until_the_overlap_ends() -> None:
    caller = Caller(May.READ)
    now = timezone.now()
    _key, new = rotate_key(caller.key.prefix, actor=OWNER, at=now, overlap=timedelta(hours=2))
    assert caller.get(CALL).status_code == machine(new).get(CALL).status_code == 200
    secrets = caller.key.secrets.order_by("created_at")
    assert [secret.last_used_at is not None for secret in secrets] == [True, True], (
        "each has its own last use"
    )
    rotate_key(caller.key.prefix, actor=OWNER, at=now, overlap=timedelta(0))
    problem(caller.get(CALL), 401, "authentication_failed")
    problem(machine(new).get(CALL), 401, "authentication_failed")


def test_a_rotation_never_prolongs_an_older_secret() -> None:
    caller, now = Caller(May.READ), timezone.now()
    rotate_key(caller.key.prefix, actor=OWNER, at=now, overlap=timedelta(hours=1))
    rotate_key(caller.key.prefix, actor=OWNER, at=now, overlap=timedelta(days=30))
    oldest = caller.key.secrets.order_by("created_at").first()
    assert oldest.ends_at == now + timedelta(hours=1)
    with pytest.raises(Invalid):
        rotate_key(caller.key.prefix, actor=OWNER, at=now, overlap=timedelta(days=31))


def test_an_ended_and_a_revoked_key_are_not_brought_back() -> None:
    ended, revoked = Caller(May.READ, made_ago=timedelta(days=366)), Caller(May.READ)
    now = timezone.now()
    revoke_key(revoked.key.prefix, actor=OWNER, at=now)
    with pytest.raises(Refused):
        rotate_key(ended.key.prefix, actor=OWNER, at=now)
    with pytest.raises(NotFound):
        rotate_key(revoked.key.prefix, actor=OWNER, at=now)
    with pytest.raises(NotFound):
        revoke_key(revoked.key.prefix, actor=OWNER, at=now)


def test_two_who_change_one_key_the_second_is_told() -> None:
    key, _secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT)
    change_key(key.prefix, name="ERP 2", actor=OWNER, at=AT, seen_version=1)
    with pytest.raises(Stale):
        change_key(key.prefix, name="ERP 3", actor=OWNER, at=AT, seen_version=1)
    assert ApiKey.objects.get().name == "ERP 2"


def test_the_end_of_a_key_is_announced_once_and_again_when_it_was_moved() -> None:
    key, _secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=AT)
    assert warn_expiring_keys(key.expires_at - WARNING - timedelta(seconds=1)) == 0
    late = key.expires_at - timedelta(days=13, hours=1)
    keep_house(late)
    keep_house(late)
    event = Event.objects.get(name="KeyExpiring")
    assert (event.subject, event.payload["daysLeft"]) == (f"key:{key.prefix}", 13)
    moved = late + timedelta(days=20)
    change_key(key.prefix, expires_at=moved, actor=OWNER, at=late)
    assert warn_expiring_keys(moved - timedelta(days=1)) == 1
    revoke_key(key.prefix, actor=OWNER, at=late)
    assert warn_expiring_keys(moved - timedelta(hours=1)) == 0


# --- networks ------------------------------------------------------------------------------


def test_a_key_with_networks_opens_from_there_only() -> None:
    caller = Caller(May.READ, networks=["203.0.113.7/24", "2001:db8::/32"])
    assert caller.key.networks == ["2001:db8::/32", "203.0.113.0/24"]
    problem(caller.get(CALL), 403, "wrong_network")
    for inside in ("203.0.113.200", "2001:db8::1"):
        assert caller.client.get(CALL, REMOTE_ADDR=inside).status_code == 200
    problem(caller.client.get(CALL, REMOTE_ADDR="203.0.114.1"), 403, "wrong_network")
    told = {"HTTP_X_FORWARDED_FOR": "203.0.113.200"}
    problem(caller.client.get(CALL, **told), 403, "wrong_network")
    with pytest.raises(Invalid):
        change_key(caller.key.prefix, networks=["everywhere"], actor=OWNER, at=timezone.now())


def test_behind_a_proxy_of_ours_its_word_counts_and_nobody_elses(settings) -> None:
    settings.PROXIES = 1
    caller = Caller(May.READ, networks=["203.0.113.0/24"])
    assert caller.client.get(CALL, HTTP_X_FORWARDED_FOR="203.0.113.9").status_code == 200
    told = {"HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.1"}
    problem(caller.client.get(CALL, **told), 403, "wrong_network")


# --- doors ---------------------------------------------------------------------------------


def test_keys_are_made_changed_rotated_and_revoked_over_http() -> None:
    boss = Caller(*May)
    made = boss.post("/api/v1/keys", {"name": "Tally", "scopes": ["feed:stock", "read"]})
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    body = made.json()
    assert (body["scopes"], body["createdBy"]) == (["read", "feed:stock"], boss.key.actor.ref)
    tally = machine(body["key"])
    assert tally.get(CALL).status_code == 200
    path = f"/api/v1/keys/{body['prefix']}"
    problem(boss.post(path, {"name": "x"}, method="patch"), 428, "version_required")
    shown = boss.get(path)
    assert "key" not in shown.json()
    changed = boss.post(path, {"scopes": ["feed:stock"]}, method="patch", if_match=shown["ETag"])
    assert changed.json()["scopes"] == ["feed:stock"]
    problem(tally.get(CALL), 403, "permission_denied")
    stale = boss.post(path, {"scopes": ["read"]}, method="patch", if_match=shown["ETag"])
    problem(stale, 412, "version_moved")
    turned = boss.post(f"{path}/rotate", {"overlapHours": 0}).json()
    problem(tally.get(CALL), 401, "authentication_failed")
    assert machine(turned["key"]).get(CALL).status_code == 403
    assert boss.post(path, method="delete").json()["revokedBy"] == boss.key.actor.ref
    problem(machine(turned["key"]).get(CALL), 401, "authentication_failed")
    problem(boss.post(path, method="delete"), 404, "no_such_key")
    assert boss.get("/api/v1/keys").json()["results"][0]["prefix"] == body["prefix"]


def test_nobody_hands_on_or_takes_over_more_than_they_have() -> None:
    narrow, wide = Caller(May.RULES, May.READ), Caller(*May)
    made = narrow.post("/api/v1/keys", {"name": "x", "scopes": ["decide"]})
    body = problem(made, 403, "beyond_yours")
    assert body["errors"][0]["value"] == "decide"
    path = f"/api/v1/keys/{wide.key.prefix}"
    problem(narrow.post(f"{path}/rotate", {}), 403, "beyond_yours")
    problem(narrow.post(path, {"version": 1, "name": "mine"}, method="patch"), 403, "beyond_yours")
    own = f"/api/v1/keys/{narrow.key.prefix}"
    problem(narrow.post(own, {"version": 1, "scopes": ["stop"]}, method="patch"), 403, "beyond_yours")
    assert wide.get(CALL).status_code == 200
    with pytest.raises(Forbidden):
        issue_key(name="x", scopes=["feed"], actor=OWNER, at=AT, within=["feed:sales"])


def test_without_the_scope_for_rules_keys_are_neither_seen_nor_made() -> None:
    caller = Caller(*(set(May) - {May.RULES}))
    problem(caller.get("/api/v1/keys"), 403, "permission_denied")
    problem(caller.post("/api/v1/keys", {"name": "x", "scopes": ["read"]}), 403, "permission_denied")


def test_a_key_of_one_distributor_is_unknown_to_the_other(beta) -> None:
    ours = Caller(*May)
    with tenant_context(beta):
        theirs, secret = issue_key(name="ERP", scopes=May, actor=OWNER, at=timezone.now())
    problem(machine(secret).get(CALL), 401, "authentication_failed")
    problem(machine(ours.secret, "beta").get(CALL), 401, "authentication_failed")
    problem(ours.get(f"/api/v1/keys/{theirs.prefix}"), 404, "no_such_key")
    assert [row["prefix"] for row in ours.get("/api/v1/keys").json()["results"]] == [ours.key.prefix]


# --- the page ------------------------------------------------------------------------------


@pytest.fixture
def boss_page(in_alpha) -> Client:
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(add_person(username="boss", password="a long pass phrase", role=Role.OWNER))
    return client


def test_the_owner_issues_rotates_and_revokes_on_the_page(boss_page) -> None:
    form = {"name": "Marg", "scope": ["feed:sales"], "networks": "203.0.113.0/24, 127.0.0.0/8"}
    boss_page.post("/settings/keys", {**form, "expires_on": (timezone.now() + timedelta(days=30)).date()})
    page = boss_page.get("/settings").content.decode()
    key = ApiKey.objects.get(name="Marg")
    assert f"vs_{key.prefix}_" in page, "the secret is shown"
    assert key.networks == ["127.0.0.0/8", "203.0.113.0/24"]
    assert f"vs_{key.prefix}_" not in boss_page.get("/settings").content.decode(), "once"
    boss_page.post(f"/settings/keys/{key.prefix}/rotate", {"overlap": "168"})
    assert key.secrets.count() == 2
    assert "old secret, until" in boss_page.get("/settings").content.decode()
    boss_page.post(f"/settings/keys/{key.prefix}/revoke")
    key.refresh_from_db()
    assert key.revoked_by.startswith("user:")


def test_a_key_without_scopes_or_with_an_odd_day_is_refused_on_the_page(boss_page) -> None:
    for wrong in ({"name": "x"}, {"name": "x", "scope": "read", "expires_on": "soon"}, {"scope": "read"}):
        boss_page.post("/settings/keys", wrong)
    assert not ApiKey.objects.exists()
