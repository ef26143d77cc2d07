"""Every operation of the API, called by one distributor's people and machines with another's ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from drf_spectacular.generators import SchemaGenerator

from tests.builders import OWNER
from tests.tenancy.theirs import MARK, everything_of
from vyapar.gateway.services import issue_key
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

DESCRIBED = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
VERBS = ("get", "post", "put", "patch", "delete")
#: What asking for a stranger's thing may come to; 422 where the body is judged before it is looked for.
NOTHING = {400, 401, 403, 404, 422}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Verb, path and description of each operation."""
    for path, described in DESCRIBED["paths"].items():
        yield from ((verb, path, described[verb]) for verb in VERBS if verb in described)


@pytest.fixture
def strangers(alpha, beta, settings) -> dict[str, Client]:
    """Beta's owner and key, at beta's host and at alpha's.

    What a person of another role may do is a matter of roles; whose things are seen is the host's.
    """
    with tenant_context(beta):
        row, token = issue_key(name="ERP", scopes=tuple(May), actor=OWNER, at=timezone.now())
        row.rate = settings.API_TENANT_RATE = settings.API_ROWS_RATE = settings.API_TENANT_ROWS_RATE = (
            "9999/s"
        )
        row.save()
        owner = Client(HTTP_HOST="beta.localhost", raise_request_exception=False)
        owner.force_login(add_person(username="owner", password="b pass phrase", role=Role.OWNER))
    away = Client(HTTP_HOST="alpha.localhost", raise_request_exception=False)
    away.cookies["sessionid"] = owner.cookies["sessionid"].value
    machines = {
        f"key at {host}": Client(HTTP_HOST=f"{host}.localhost", HTTP_AUTHORIZATION=f"Bearer {token}",
                                 raise_request_exception=False)
        for host in ("alpha", "beta")
    }  # fmt: skip
    return {"owner at beta": owner, "owner at alpha": away, **machines}


#: Who asks: people read, machines write, and each is tried at the other's host too.
WHO = {True: ("owner at beta", "owner at alpha", "key at alpha"), False: ("key at beta", "key at alpha")}


def test_nobody_of_another_distributor_gets_or_changes_anything(theirs, strangers, alpha) -> None:
    before, asked = everything_of("t_alpha"), 0
    secrets = {value for value in theirs.values() if _UUID.fullmatch(value)} | {MARK, theirs["prefix"]}
    wrong, cookie = [], strangers["owner at alpha"].cookies["sessionid"].value
    for verb, path, described in operations():
        url, headers = _url(path, described, theirs), {"If-Match": "*", "Idempotency-Key": str(uuid4())}
        body = _body(described, theirs)
        for who in WHO[verb == "get"]:
            client = strangers[who]
            headers["Idempotency-Key"] = str(uuid4())
            if who == "owner at alpha":  # an unknown session is taken away at once
                client.cookies["sessionid"] = cookie
            answer = getattr(client, verb)(
                url, **({} if verb == "get" else {"data": body, "content_type": "application/json"}),
                headers=headers,
            )  # fmt: skip
            asked += 1
            said = (b"".join(answer) if answer.streaming else answer.content) + str(answer.headers).encode()
            sent = url + body
            told = [one for one in secrets if one.encode() in said and one not in sent]
            strange = who.endswith("alpha") and answer.status_code not in (401, 403, 405)
            found = _is_one_things(path) and answer.status_code not in NOTHING
            if told or strange or found or answer.status_code >= 500:
                wrong.append((who, verb, url, answer.status_code, told, said[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked > 250
    assert everything_of("t_alpha") == before


# --- what is asked -------------------------------------------------------------------------------


def _is_one_things(path: str) -> bool:
    """Whether the path names one thing by an id, rather than by a code that anybody may choose."""
    return bool(re.search(r"\{(\w+_id|key|token|prefix|code)\}", path)) and "retailer_id" not in path


def _url(path: str, described: Mapping[str, Any], theirs: Mapping[str, str]) -> str:
    url = re.sub(r"\{(\w+)\}", lambda found: theirs[found.group(1)], path)
    asked = [one["name"] for one in described.get("parameters", ()) if one["in"] == "query"]
    query = [f"{name}={theirs[name]}" for name in asked if name in theirs and name not in ("name", "key")]
    return url + ("?" + "&".join(query) if query else "")


def _body(described: Mapping[str, Any], theirs: Mapping[str, str]) -> str:
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return "{}"
    shown = [one["value"] for one in content.get("examples", {}).values()]
    made = shown[0] if shown else _value("", content["schema"], theirs)
    named = {name: value for name, value in theirs.items() if name not in ("code", "key", "name")}
    return json.dumps(_filled(made, named))  # what beta makes gets names of its own


def _filled(value: Any, theirs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: [theirs[name]] if isinstance(one, list) and name in theirs
                else theirs[name] if isinstance(one, str) and name in theirs
                else _filled(one, theirs) for name, one in value.items()}  # fmt: skip
    return [_filled(one, theirs) for one in value] if isinstance(value, list) else value


def _value(name: str, form: Mapping[str, Any], theirs: Mapping[str, str]) -> Any:
    """Something that the form takes."""
    if "$ref" in form:
        return _value(name, DESCRIBED["components"]["schemas"][form["$ref"].rpartition("/")[2]], theirs)
    for choice in ("allOf", "oneOf", "anyOf"):
        if choice in form:
            return _value(name, form[choice][0], theirs)
    if form.get("enum"):
        return form["enum"][0]
    if "example" in form:
        return form["example"]
    kind = form.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {one: _value(one, how, theirs) for one, how in form.get("properties", {}).items()}
    if kind == "array":
        return [_value(name, form["items"], theirs)]
    plain = {"integer": form.get("minimum", 1), "number": 1, "boolean": False}
    return plain.get(
        kind, theirs.get(name) or {"date": "2026-11-20"}.get(form.get("format", ""), "something")
    )
