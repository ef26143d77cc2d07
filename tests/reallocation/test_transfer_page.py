"""A transfer's page: a form that is refused keeps what was typed, with the why at its field."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from reallocation import services
from reallocation.models import Transfer
from tests.builders import AT, OWNER, build_world, propose_transfer, transfer_payload
from vyapar.engine.models import Event
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture
def transfer(in_alpha: None) -> Transfer:
    wanted = transfer_payload(build_world(), ("BIS-100", "B1", 100), ("DET-1KG", "B1", 10), target="NAGPUR")
    return services.send_off(propose_transfer(wanted).view(), actor=OWNER, at=AT + timedelta(hours=1))


@pytest.fixture
def browser(in_alpha: None) -> Client:
    who = add_person(
        username="manager",
        password="lorries-are-1-late",
        role=Role.MANAGER,
        name="M",
        email="m@alpha.example",
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(who)
    return client


def value(html: str, name: str) -> str:
    """What stands in a field of the page."""
    tag = re.search(f'<input[^>]*name="{re.escape(name)}"[^>]*>', html)
    assert tag, name
    found = re.search(r'value="([^"]*)"', tag[0])
    return found[1] if found else ""


def cell(html: str, name: str) -> str:
    """What follows a field up to the end of its cell."""
    return html[html.index(f'name="{name}"') :].split("</td>")[0]


def test_a_receipt_that_does_not_add_up_keeps_every_count_and_names_the_line(transfer, browser):
    first, second = transfer.lines.order_by("sku", "batch")
    typed = {
        f"received:{first.pk}": "90", f"damaged:{first.pk}": "11",
        f"received:{second.pk}": "7", f"damaged:{second.pk}": "2",
    }  # fmt: skip
    answer = browser.post(f"/transfers/{transfer.pk}/receive", typed)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert {name: value(html, name) for name in typed} == typed
    assert "100 were sent" in cell(html, f"received:{first.pk}")
    assert "were sent" not in cell(html, f"received:{second.pk}")
    transfer.refresh_from_db()
    assert transfer.state == Transfer.State.DISPATCHED
    done = browser.post(f"/transfers/{transfer.pk}/receive", typed | {f"damaged:{first.pk}": "10"})
    assert done.status_code == 302
    assert [(n.received, n.damaged, n.short) for n in transfer.lines.order_by("sku", "batch")] == [
        (90, 10, 0), (7, 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["ten", "-1", "1.5"])
def test_a_count_that_is_no_number_of_pieces_stands_where_it_was_typed(transfer, browser, wrong):
    line = transfer.lines.order_by("sku", "batch")[0]
    typed = {f"received:{line.pk}": wrong, f"damaged:{line.pk}": "3"}
    html = browser.post(f"/transfers/{transfer.pk}/receive", typed).content.decode()
    assert {name: value(html, name) for name in typed} == typed
    assert "field__errors" in cell(html, f"received:{line.pk}")


def test_what_is_left_empty_came_as_it_was_sent(transfer, browser):
    assert browser.post(f"/transfers/{transfer.pk}/receive", {}).status_code == 302
    assert all((n.received, n.damaged, n.short) == (n.sent, 0, 0) for n in transfer.lines.all())


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"billed": "12.345", "reference": "LR-40817"}, "billed"),
        ({"billed": "99999999.00", "reference": "LR-40817"}, "billed"),
        ({"billed": "2650.00", "reference": " "}, "reference"),
    ],
)
def test_a_bill_that_cannot_be_keeps_what_was_typed_with_the_why_at_its_field(
    transfer, browser, typed, wrong
):
    answer = browser.post(f"/transfers/{transfer.pk}/bill", typed)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert {name: value(html, name).strip() for name in typed} == {n: t.strip() for n, t in typed.items()}
    assert f'id="id_{wrong}-errors"' in html
    assert html.count("field__errors") == 1
    assert not Event.objects.filter(name="FreightBilled").exists()
    assert (
        browser.post(f"/transfers/{transfer.pk}/bill", {"billed": "2650", "reference": "L"}).status_code
        == 302
    )
    assert Event.objects.filter(name="FreightBilled").count() == 1
