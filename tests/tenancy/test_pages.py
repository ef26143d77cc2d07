"""Every page and file outside the API, asked for by another distributor's owner with this one's ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django_tenants.utils import tenant_context

from inventory.models import ForecastOverride
from reallocation.models import Transfer
from tests.tenancy.theirs import MARK, everything_of
from vyapar.engine.models import Cycle
from vyapar.ops.takeout.pack import FOLDER
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

#: Machines' doors, which `test_operations` tries, and the admin, which `test_doors` does.
ELSEWHERE = ("api/", "audit/v1", "sms/", "email/", "whatsapp/", "admin/", "i18n/")
#: What ends the session that asks; and a month's report, whose packed PDF of one's own tells nothing here.
LEFT_OUT = {"sign_out", "period_report"}
#: What an argument of a pattern may be where alpha has nothing of that name.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "form": ("csv", "file", "report"),
    "verb": ("approve", "write", "check", "apart", "acknowledge", "stop"),
    "channel": ("email",),
    "agent": ("monitoring",),
    "kind": ("transfer",),
    "system": ("files",),
}


def addresses(
    resolver: URLResolver | None = None, at: str = "", space: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    """Name, pattern and arguments of each page."""
    for one in (resolver or get_resolver()).url_patterns:
        where = at + str(one.pattern).lstrip("^")
        if where.startswith(ELSEWHERE):
            continue
        if isinstance(one, URLResolver):
            yield from addresses(one, where, f"{space}{one.namespace}:" if one.namespace else space)
        elif isinstance(one, URLPattern) and one.name and one.name not in LEFT_OUT:
            regex = getattr(one.pattern, "regex", None)
            yield f"{space}{one.name}", where, sorted(regex.groupindex if regex else ())


def concrete(name: str, wanted: list[str], theirs: Mapping[str, str]) -> str:
    """The address with alpha's ids."""
    own = {one: (theirs[one],) if one in theirs else () for one in wanted}
    values = [own[one] + CHOICES.get(one, ("1", str(uuid4()))) for one in wanted]
    for chosen in product(*values):
        try:
            return reverse(name, kwargs=dict(zip(wanted, chosen, strict=True)))
        except NoReverseMatch:
            continue
    raise AssertionError(f"{name} takes {wanted}, and none of {values}")


@pytest.fixture
def pages(theirs, alpha, settings, tmp_path) -> dict[str, str]:
    """Alpha's things once more, with those that only pages ask for."""
    settings.MEDIA_ROOT = tmp_path
    path = default_storage.save(f"{FOLDER}/{MARK}.zip", ContentFile(f"{MARK} all of it".encode()))
    cycle = Cycle.objects.create(
        agent=MARK.lower(), as_of="2026-11-20T00:00Z", claimed_at="2026-11-20T00:00Z"
    )
    load = Transfer.objects.order_by("pk").first()
    known = {name: value for name, value in theirs.items() if name not in ("name", "agent", "kind")}
    return {
        **known,
        "name": path.rpartition("/")[2],
        "cycle_id": str(cycle.pk),
        "transfer_id": str(load.pk if load else 1),
        "override_id": str(ForecastOverride.objects.get().pk),
        "gstin": "27AAPFU0939F1ZV",
    }


@pytest.fixture
def owner(beta) -> Client:
    client = Client(HTTP_HOST="beta.localhost", raise_request_exception=False)
    with tenant_context(beta):
        client.force_login(add_person(username="owner", password="b pass phrase", role=Role.OWNER))
    return client


def test_no_page_or_file_shows_or_changes_anything_of_another(pages, owner, alpha, beta) -> None:
    before, wrong, asked = everything_of("t_alpha"), [], 0
    uuids = {value for value in pages.values() if re.fullmatch(r"[0-9a-f-]{36}", value)}
    for name, pattern, wanted in addresses():
        url = concrete(name, wanted, pages)
        seen = owner.get(url)
        answers = [("get", seen)]
        if _may_act(seen, wanted):  # what only shows is not posted to
            answers.append(("post", owner.post(url)))
        for verb, answer in answers:
            asked += 1
            said = b"".join(answer) if answer.streaming else answer.content
            told = [one for one in (MARK, *uuids) if one.encode() in said and one not in url]
            if told or answer.status_code >= 500:
                wrong.append((verb, url, pattern, answer.status_code, told, said[:300]))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked > 200
    assert everything_of("t_alpha") == before


def _may_act(seen: HttpResponseBase, wanted: list[str]) -> bool:
    return seen.status_code == 405 or ("form" not in wanted and bool(wanted))


@pytest.mark.parametrize(
    "path", ["/media/t_alpha/{file}", "/media/{file}", "/static/t_alpha/{file}", "/{file}"]
)
def test_a_file_has_no_address_but_its_page(pages, owner, path: str) -> None:
    answer = owner.get(path.format(file=f"{FOLDER}/{pages['name']}"))
    assert answer.status_code == 404
    assert MARK.encode() not in (b"".join(answer) if answer.streaming else answer.content)


@pytest.mark.parametrize(
    "up", ["../{file}", "..%2F..%2Ft_alpha%2F{folder}%2F{file}", "%2e%2e/t_alpha/{file}"]
)
def test_a_name_with_dots_leads_into_nobody_elses_folder(pages, owner, up: str) -> None:
    url = "/settings/takeout/" + up.format(file=pages["name"], folder=FOLDER)
    answer = owner.get(url)
    assert answer.status_code == 404
    assert b"all of it" not in (b"".join(answer) if answer.streaming else answer.content)
