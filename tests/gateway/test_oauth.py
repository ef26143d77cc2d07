"""OAuth 2.0 client credentials: tokens for keys, by the RFC."""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from tests.builders import OWNER
from tests.gateway.calling import Caller, machine, problem
from vyapar.gateway.models import AccessToken, ApiCall
from vyapar.gateway.services import keep_house, revoke_key, rotate_key
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")
GRANT = {"grant_type": "client_credentials"}


def basic(caller: Caller, secret: str = "") -> dict[str, str]:
    pair = f"{caller.key.prefix}:{secret or caller.secret.rpartition(f'{caller.key.prefix}_')[2]}"
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(pair.encode()).decode()}


def ask(form: dict[str, str] | None = None, host: str = "alpha", **headers: str):
    return Client(HTTP_HOST=f"{host}.localhost").post(
        "/oauth/token", urlencode(GRANT if form is None else form),
        content_type="application/x-www-form-urlencoded", **headers,
    )  # fmt: skip


def refused(answer, status: int, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.content
    assert answer["Cache-Control"] == "no-store"
    assert not AccessToken.objects.exists()


def test_a_key_gets_a_token_that_opens_the_same_doors_for_an_hour() -> None:
    caller = Caller(May.READ, May.FEED)
    answer = ask(**basic(caller))
    body = answer.json()
    assert (answer.status_code, body["token_type"], body["scope"]) == (200, "Bearer", "read feed")
    assert 3590 <= body["expires_in"] <= 3600
    assert answer["Cache-Control"] == "no-store"
    client = machine(body["access_token"])
    assert client.get("/api/v1/actions").status_code == 200
    problem(client.get("/audit/v1/trail"), 403, "permission_denied")
    assert ApiCall.objects.filter(caller=caller.key.actor.ref).count() == 2, "it acts as its key"
    kept = AccessToken.objects.get()
    assert body["access_token"] not in str(kept.__dict__)
    AccessToken.objects.update(expires_at=timezone.now())
    problem(client.get("/api/v1/actions"), 401, "authentication_failed")
    keep_house(timezone.now() + timedelta(seconds=1))
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("whole", [True, False])
def test_the_body_may_carry_the_credentials(whole: bool) -> None:
    caller = Caller(May.READ)
    secret = caller.secret if whole else caller.secret.rpartition(f"{caller.key.prefix}_")[2]
    answer = ask({**GRANT, "client_id": caller.key.prefix, "client_secret": secret})
    assert answer.status_code == 200


def test_a_token_may_be_narrower_than_its_key_and_never_wider() -> None:
    caller = Caller(May.READ, May.FEED)
    refused(ask({**GRANT, "scope": "read decide"}, **basic(caller)), 400, "invalid_scope")
    refused(ask({**GRANT, "scope": "everything"}, **basic(caller)), 400, "invalid_scope")
    body = ask({**GRANT, "scope": "feed:sales"}, **basic(caller)).json()
    assert body["scope"] == "feed:sales"
    client = machine(body["access_token"])
    problem(client.get("/api/v1/actions"), 403, "permission_denied")
    sale = {"transactions": []}
    assert client.post("/api/v1/sales/batch", sale, content_type="application/json").status_code != 403


def test_wrong_credentials_get_invalid_client_with_a_challenge() -> None:
    caller = Caller(May.READ)
    wrong = ask(**basic(caller, "wrong"))
    refused(wrong, 401, "invalid_client")
    assert wrong["WWW-Authenticate"].startswith("Basic")
    refused(ask(), 401, "invalid_client")
    refused(ask(HTTP_AUTHORIZATION="Basic %%%"), 401, "invalid_client")
    refused(ask({**GRANT, "client_id": "other", "client_secret": caller.secret}), 401, "invalid_client")
    revoke_key(caller.key.prefix, actor=OWNER, at=timezone.now())
    refused(ask(**basic(caller)), 401, "invalid_client")


def test_other_grants_and_broken_requests_get_the_rfcs_errors() -> None:
    headers = basic(Caller(May.READ))
    refused(ask({"grant_type": "password"}, **headers), 400, "unsupported_grant_type")
    refused(ask({"scope": "read"}, **headers), 400, "invalid_request")
    client = Client(HTTP_HOST="alpha.localhost")
    refused(client.post("/oauth/token", "{}", content_type="application/json"), 400, "invalid_request")
    assert client.get("/oauth/token").status_code == 405
    assert client.get("/oauth/token")["Allow"] == "POST"


def test_revoking_the_key_or_ending_its_secret_kills_the_token_at_once() -> None:
    caller, other = Caller(May.READ), Caller(May.READ)
    tokens = [ask(**basic(one)).json()["access_token"] for one in (caller, other)]
    rotate_key(caller.key.prefix, actor=OWNER, at=timezone.now(), overlap=timedelta(0))
    revoke_key(other.key.prefix, actor=OWNER, at=timezone.now())
    for token in tokens:
        problem(machine(token).get("/api/v1/actions"), 401, "authentication_failed")


def test_a_token_never_outlives_its_secret() -> None:
    caller = Caller(May.READ)
    rotate_key(caller.key.prefix, actor=OWNER, at=timezone.now(), overlap=timedelta(minutes=5))
    assert ask(**basic(caller)).json()["expires_in"] <= 300


def test_the_keys_networks_hold_for_tokens_too() -> None:
    caller = Caller(May.READ, networks=["203.0.113.0/24"])
    refused(ask(**basic(caller)), 401, "invalid_client")
    token = ask(REMOTE_ADDR="203.0.113.5", **basic(caller)).json()["access_token"]
    problem(machine(token).get("/api/v1/actions"), 403, "wrong_network")


def test_a_token_of_one_distributor_is_unknown_to_the_other(beta) -> None:
    caller = Caller(May.READ)
    refused(ask(host="beta", **basic(caller)), 401, "invalid_client")
    token = ask(**basic(caller)).json()["access_token"]
    problem(machine(token, "beta").get("/api/v1/actions"), 401, "authentication_failed")
    with tenant_context(beta):
        assert not AccessToken.objects.exists()


def test_the_server_describes_itself() -> None:
    body = Client(HTTP_HOST="alpha.localhost").get("/.well-known/oauth-authorization-server").json()
    assert body["issuer"] == "http://alpha.localhost"
    assert body["token_endpoint"] == "http://alpha.localhost/oauth/token"
    assert body["grant_types_supported"] == ["client_credentials"]
    assert "feed:sales" in body["scopes_supported"]
