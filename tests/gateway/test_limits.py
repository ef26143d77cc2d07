"""Limits: taken at one stroke, for the key and the distributor, by calls and by rows."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django_tenants.utils import schema_context
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from tests.gateway.calling import Caller, problem
from vyapar.gateway import limits
from vyapar.gateway.limits import Bucket, Rate, read_rate, take
from vyapar.gateway.throttles import charge
from vyapar.kernel.errors import Misconfigured
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")


def bucket(size: int, window: int = 60, ident: str = "") -> Bucket:
    return Bucket("key", ident or f"tests:{uuid4().hex}", Rate(size, window))


@pytest.fixture
def apart(settings, monkeypatch) -> None:
    """The test's own buckets of the distributor: others call in the same schema."""
    mark = uuid4().hex
    monkeypatch.setattr(limits, "current_schema", lambda: f"t_{mark}")


@pytest.mark.parametrize(
    ("text", "rate"),
    [("600/min", Rate(600, 60)), ("5/s", Rate(5, 1)), ("9/hour", Rate(9, 3600)), ("1/day", Rate(1, 86400))],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["", "600", "0/min", "many/min", "5/fortnight", "-1/s", "1.5/s"])
def test_a_rate_that_is_none_is_ours_to_mend(text: str) -> None:
    with pytest.raises(Misconfigured):
        read_rate(text)


def test_many_at_once_get_exactly_what_there_is() -> None:
    one = bucket(50, 86_400)
    with ThreadPoolExecutor(16) as pool:

        def ask(_: int) -> bool:
            with schema_context("t_alpha"):
                return take([one]).allowed

        answers = list(pool.map(ask, range(120)))
    assert sum(answers) == 50


def test_from_several_buckets_all_is_taken_or_nothing() -> None:
    wide, narrow = bucket(10, 86_400), bucket(2, 86_400)
    answers = [take([wide, narrow]) for _ in range(5)]
    assert [taken.allowed for taken in answers] == [True, True, False, False, False]
    assert answers[-1].wait == 43_200, "half the window until one of two is back"
    assert [level.left for level in take([wide]).levels] == [7]


def test_what_was_taken_comes_back_evenly() -> None:
    one = bucket(20, 8)
    assert all(take([one]).allowed for _ in range(20))
    refused = take([one])
    assert (refused.allowed, refused.wait) == (False, 1)
    time.sleep(1.2)
    assert sum(take([one]).allowed for _ in range(20)) in range(3, 8), "one in 0.4 s, and a slow machine"


def test_more_than_a_bucket_holds_asks_for_all_of_it() -> None:
    one = bucket(100, 86_400)
    assert take([one], 5_000).allowed
    assert not take([one], 1).allowed


def test_buckets_of_one_name_are_apart_in_two_distributors() -> None:
    one = bucket(1, 86_400)
    assert take([one]).allowed
    assert not take([one]).allowed
    with schema_context("t_beta"):
        assert take([one]).allowed


def test_when_valkey_is_away_the_call_is_allowed_and_the_log_says_so(settings, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(limits.log, "warning", lambda event, **_: said.append(event))
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    answer = Caller(May.READ).get("/api/v1/events")
    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer
    assert said == ["limits_unavailable"]


def test_the_distributors_share_holds_for_all_its_keys_together(settings, apart) -> None:
    settings.API_TENANT_RATE = "3/day"
    one, other = Caller(May.READ), Caller(May.READ)
    answers = [caller.get("/api/v1/events") for caller in (one, other, one, other)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0]["RateLimit-Limit"] == "3"
    assert answers[0]["RateLimit-Policy"] == '"key";q=600;w=60, "distributor";q=3;w=86400'
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert 0 < int(answers[3]["Retry-After"]) <= 28_800


def test_rows_are_limited_besides_calls(settings, apart) -> None:
    settings.API_ROWS_RATE, settings.API_TENANT_ROWS_RATE = "100/day", "150/day"

    def push(rows: int, caller: Caller) -> None:
        request = Request(APIRequestFactory().post("/"))
        request.user = caller.key
        charge(request, rows)
        assert request._request.rows_in == rows

    one, other = Caller(May.FEED), Caller(May.FEED)
    push(60, one)
    with pytest.raises(Throttled) as refused:
        push(60, one)
    assert refused.value.wait > 0
    push(40, one)
    with pytest.raises(Throttled):
        push(60, other)
    push(50, other)


def test_a_refused_push_is_a_problem_that_says_when_to_come_back(settings, apart) -> None:
    caller = Caller(May.READ, rate="1/day")
    caller.get("/api/v1/events")
    refused = caller.get("/api/v1/events")
    body = problem(refused, 429, "throttled")
    assert str(refused["Retry-After"]) in body["detail"]
