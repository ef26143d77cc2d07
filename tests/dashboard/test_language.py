"""Whose language a page speaks on a device that several people use."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from vyapar.people.contracts import Role
from vyapar.people.models import User
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")
WORDS = "a phrase that is long"


def join(name: str, language: str = "en", *, known: bool = True) -> User:
    who = add_person(username=name, password=WORDS, role=Role.OWNER, language=language)
    if known:
        Client(HTTP_HOST="alpha.localhost").post("/sign-in", {"username": name, "password": WORDS})
    return who


@pytest.fixture
def device() -> Client:
    return Client(HTTP_HOST="alpha.localhost")


def choose(device: Client, language: str) -> None:
    device.post("/i18n/setlang/", {"language": language, "next": "/sign-in"})


def enter(device: Client, name: str) -> str:
    assert device.post("/sign-in", {"username": name, "password": WORDS}).status_code == 302
    return spoken(device)


def spoken(device: Client, path: str = "/settings") -> str:
    page = device.get(path).content.decode()
    return page.split('<html lang="', 1)[1].split('"', 1)[0]


def test_who_signs_in_is_spoken_to_in_their_own_language_whatever_the_device_spoke(device: Client) -> None:
    join("meena", "en"), join("ravi", "hi")
    choose(device, "hi")
    assert spoken(device, "/sign-in") == "hi"
    assert enter(device, "meena") == "en"
    device.post("/sign-out")
    choose(device, "en")
    assert enter(device, "ravi") == "hi"


def test_what_one_chose_leaves_with_them(device: Client) -> None:
    join("meena"), join("ravi")
    enter(device, "meena")
    choose(device, "hi")
    assert spoken(device) == "hi"
    device.post("/sign-out")
    assert spoken(device, "/sign-in") == "en"
    assert enter(device, "ravi") == "en"
    device.post("/sign-out")
    assert enter(device, "meena") == "hi"


def test_what_somebody_chose_at_the_door_before_their_first_visit_is_kept_as_theirs(device: Client) -> None:
    new = join("asha", known=False)
    choose(device, "hi")
    assert enter(device, "asha") == "hi"
    new.refresh_from_db()
    assert new.language == "hi"
    assert not device.cookies[settings.LANGUAGE_COOKIE_NAME].value
    device.post("/sign-out")
    assert spoken(device, "/sign-in") == "en"
