"""What the API says in the language that a call asks for: titles and reasons of actions, refusals."""

from __future__ import annotations

import pytest

from tests.builders import build_world, propose_transfer, transfer_payload
from tests.gateway.calling import Caller
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")

LINE = "Nothing in this period."


@pytest.fixture
def action(in_alpha):
    made = propose_transfer(transfer_payload(build_world()))
    made.title, made.words = LINE, {"title": [{"say": LINE, "with": {}}]}
    made.findings = [
        {"code": "T1", "severity": "warn", "message": LINE, "words": [{"say": LINE, "with": {}}], "fix": ""}
    ]
    made.save()
    return made


def test_titles_and_findings_of_actions_are_said_in_the_language_that_is_asked_for(action):
    caller = Caller(May.READ)
    path = f"/api/v1/actions/{action.pk}"
    english = caller.client.get(path).json()
    hindi = caller.client.get(path, HTTP_ACCEPT_LANGUAGE="hi").json()
    assert english["title"] == english["findings"][0]["message"] == LINE
    assert hindi["title"] == hindi["findings"][0]["message"] != LINE
    assert "words" not in hindi["findings"][0]
    assert caller.client.get(path, HTTP_ACCEPT_LANGUAGE="ta").json()["title"] == LINE


def test_an_answer_says_that_it_depends_on_the_language(action):
    answer = Caller(May.READ).client.get(f"/api/v1/actions/{action.pk}")
    assert "Accept-Language" in answer["Vary"]
