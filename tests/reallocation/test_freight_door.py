"""What a carrier billed, told at the API: once, refused with the field, shown with the transfer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reallocation import services
from reallocation.models import Transfer
from tests.builders import AT, OWNER, build_world, propose_transfer, transfer_payload
from tests.gateway.calling import Caller, problem
from vyapar.engine.models import Event
from vyapar.kernel.money import rupees
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")

BILL = {"billed": "2650.00", "reference": "LR-40817"}


@pytest.fixture
def transfer(in_alpha: None) -> Transfer:
    action = propose_transfer(transfer_payload(build_world(), target="NAGPUR"))
    return services.send_off(action.view(), actor=OWNER, at=AT + timedelta(hours=1))


def billed() -> int:
    return Event.objects.filter(name="FreightBilled").count()


def test_a_bill_is_recorded_once_however_often_it_is_sent_and_the_last_one_holds(transfer: Transfer) -> None:
    caller, door = Caller(May.READ, May.RECEIVE), f"/api/v1/transfers/{transfer.pk}/freight"
    answers = [caller.post(door, BILL, key="bill-1") for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert caller.post(door, BILL | {"reference": " LR-40817 "}).status_code == 200
    assert billed() == 1, "the same bill without a key tells nothing either"
    told = answers[0].json()["freight"]
    assert (told["billed"], told["reference"]) == ("2650.00", "LR-40817")
    caller.post(door, BILL | {"billed": "2700.50"})
    caller.post(door, BILL)
    assert billed() == 3, "back to the first is a change"
    shown = caller.get("/api/v1/transfers").json()["results"][0]
    assert shown["freight"]["billed"] == "2650.00"
    assert shown["transportationCost"] == rupees(transfer.cost_paise)


def test_a_transfer_without_a_bill_says_so(transfer: Transfer) -> None:
    assert Caller(May.READ).get("/api/v1/transfers").json()["results"][0]["freight"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"billed": "-1.00"}, "billed"),
        ({"billed": "12.345"}, "billed"),
        ({"billed": "99999999.00"}, "billed"),
        ({"reference": " "}, "reference"),
    ],
)
def test_a_bill_that_cannot_be_is_refused_with_its_field(transfer: Transfer, change, field) -> None:
    caller = Caller(May.RECEIVE)
    answer = caller.post(f"/api/v1/transfers/{transfer.pk}/freight", BILL | change)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert billed() == 0


def test_a_load_called_back_or_never_sent_takes_no_bill(transfer: Transfer) -> None:
    caller = Caller(May.RECEIVE)
    problem(caller.post("/api/v1/transfers/999999/freight", BILL), 404, "no_such_transfer")
    services.call_back(
        transfer.action_id, key="k", actor=OWNER, at=AT + timedelta(hours=2), reason="road closed"
    )
    problem(caller.post(f"/api/v1/transfers/{transfer.pk}/freight", BILL), 409, "recalled")
    assert billed() == 0
