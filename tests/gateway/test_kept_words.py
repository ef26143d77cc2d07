"""What is kept of faults, failed cycles and webhooks keeps its words, and is said by who reads."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from inventory.serializers.imports import fault_out
from inventory.services.imports.rows import fault_in
from tests.builders import AT, OWNER
from tests.gateway.calling import Caller
from vyapar.engine.models import Cycle
from vyapar.engine.selectors import error_of_cycle
from vyapar.engine.services.cycles import _fail
from vyapar.gateway.problems import fault_row, problem
from vyapar.gateway.speech import say
from vyapar.kernel.errors import Fault, Misconfigured
from vyapar.kernel.lifecycle import Status, check_transition
from vyapar.kernel.phrases import coded, phrase
from vyapar.ops.takeout.jobs import _why
from vyapar.people.contracts import May
from vyapar.webhooks.client import Came
from vyapar.webhooks.models import WebhookDelivery
from vyapar.webhooks.serializers import delivery_out
from vyapar.webhooks.services import add_endpoint
from vyapar.webhooks.services.telling import _log

#: A sentence whose Hindi is known.
LINE = phrase("Nothing in this period.")


def in_hindi(text: object) -> str:
    with translation.override("hi"):
        return say(text)


def test_a_fault_of_a_row_is_kept_with_its_words_and_said_by_who_reads() -> None:
    kept = json.loads(json.dumps(fault_in(Fault("odd", LINE, "quantity", 3, "0"))))
    assert fault_out(kept) == {
        "row": 3, "field": "quantity", "code": "odd", "value": "0", "message": str(LINE)
    }  # fmt: skip
    with translation.override("hi"):
        assert fault_out(kept)["message"] == in_hindi(LINE) != str(LINE)
    old = {"row": 3, "field": "", "code": "odd", "message": "as it stood", "value": ""}
    assert fault_out(old)["message"] == "as it stood"


def test_a_problem_is_said_by_who_reads() -> None:
    with translation.override("hi"):
        assert problem("odd", LINE, 422)["detail"] == fault_row(Fault("odd", LINE))["message"] != str(LINE)
    assert problem("odd", LINE, 422)["detail"] == str(LINE)


@pytest.mark.usefixtures("in_alpha")
def test_why_a_cycle_failed_is_kept_with_its_words() -> None:
    cycle = Cycle.objects.create(agent="monitoring", as_of=AT, claimed_at=AT)
    _fail(cycle, Misconfigured(LINE), AT, None)
    told = error_of_cycle(cycle.pk)
    assert told == f"Misconfigured: {LINE}"
    assert in_hindi(told) == f"Misconfigured: {in_hindi(LINE)}"
    assert error_of_cycle(0) == ""


def test_why_a_takeout_failed_is_said_by_who_reads() -> None:
    assert in_hindi(_why(Misconfigured(LINE))) == f"Misconfigured: {in_hindi(LINE)}"
    assert _why(ValueError("x" * 900)) == f"ValueError: {'x' * 300}"


@pytest.mark.usefixtures("in_alpha")
def test_why_a_webhook_was_not_taken_is_kept_with_its_words() -> None:
    endpoint, _secret = add_endpoint(url="http://127.0.0.1:9/hooks", events=["*"], actor=OWNER, at=AT)
    delivery = WebhookDelivery.objects.create(endpoint=endpoint, name="Ping", created_at=AT)
    _log(delivery, Came(error=LINE), AT, None)
    delivery.refresh_from_db()
    assert delivery_out(delivery)["error"] == delivery.log.get().error == str(LINE)
    with translation.override("hi"):
        assert delivery_out(delivery)["error"] == in_hindi(LINE)


def test_a_state_inside_a_sentence_is_named_as_screens_name_it() -> None:
    with pytest.raises(Exception, match="that is Rolled back cannot become Approved"):
        check_transition(Status.ROLLED_BACK, Status.APPROVED)
    assert in_hindi(coded("approved")) != "Approved"


@pytest.mark.usefixtures("in_alpha")
def test_a_refusal_at_the_api_stays_english_for_who_asks_for_nothing() -> None:
    answer = Caller(May.READ).client.get("/api/v1/claims/4711")
    assert answer.json()["detail"] == "there is no such claim"
