"""Any REST interface by its settings: paging, keys, increments, broken pulls, and documents posted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine, RecordKind
from inventory.feeds.addresses import check_address
from inventory.feeds.rest import SYSTEM
from inventory.feeds.rest.client import RestClient
from inventory.feeds.rest.recipe import read_instant, read_recipe, write_instant
from inventory.feeds.system import Access, Fetched
from tests.inventory.farsides import rest as far_rest
from tests.inventory.farsides.http import Reply
from tests.inventory.farsides.rest import RestSide
from vyapar.kernel.errors import Invalid, Misconfigured, NotNow, Rejected, Unavailable

SECRETS = {
    "key": far_rest.KEY, "token": far_rest.TOKEN, "password": far_rest.PASSWORD,
    "client_secret": far_rest.CLIENT_SECRET,
}  # fmt: skip
INCREMENT = {"since_param": "since", "since_path": "updated_at", "overlap_seconds": 60}


@pytest.fixture
def side() -> Iterator[RestSide]:
    with RestSide().serving() as far:
        yield far


def access(side: RestSide, secrets: dict | None = None, **more: object) -> Access:
    told = {
        "address": side.url, "path": "/api/rows", "rows": "data", "auth": side.auth, "user": far_rest.USER,
        "token_url": f"{side.url}/token", "client_id": far_rest.CLIENT, "timeout_seconds": 0.8,
        "paging": side.paging, "next_path": "next_cursor" if side.paging == "cursor" else "next", **more,
    }  # fmt: skip
    return Access("dms", "t_alpha", told, SECRETS if secrets is None else secrets)


def fetch(side: RestSide, folder: Path, cursor: dict | None = None, **more: object) -> Fetched:
    return SYSTEM.fetch(access(side, **more), cursor or {}, folder)


def codes(fetched: Fetched) -> list[str]:
    return [orjson.loads(line)["sku"] for path in fetched.files for line in path.read_bytes().splitlines()]


def rows(*numbers: int) -> list[dict]:
    return [{"sku": f"S{n}", "stock": {"qty": n}, "updated_at": f"2026-11-20T10:{n:02}:00Z"} for n in numbers]


# --- what comes in -------------------------------------------------------------------------


@pytest.mark.parametrize("paging", ["none", "page", "offset", "cursor", "next", "link"])
@pytest.mark.parametrize("count", [0, 3, 8])
def test_every_way_of_paging_brings_every_row_once(tmp_path: Path, paging: str, count: int) -> None:
    with RestSide(paging).serving() as side:
        side.rows = rows(*range(count))
        fetched = fetch(side, tmp_path, params={"fields": "all"})
        assert codes(fetched) == [f"S{n}" for n in range(count)]
        assert fetched.complete
        assert all(one.params.get("fields") == "all" for one in side.seen)


@pytest.mark.parametrize("auth", ["none", "key_header", "key_query", "bearer", "basic", "oauth2"])
def test_every_kind_of_key_opens_the_door_and_a_wrong_one_is_ours_to_mend(
    tmp_path: Path, auth: str, caplog: pytest.LogCaptureFixture
) -> None:
    with RestSide("page", auth).serving() as side, caplog.at_level(logging.DEBUG, logger="vyapar"):
        side.rows = rows(*range(8))
        assert len(codes(fetch(side, tmp_path))) == 8
        if auth == "none":
            return
        wrong = dict.fromkeys(SECRETS, "wrong-secret-99")
        with pytest.raises(Misconfigured) as caught:
            SYSTEM.fetch(access(side, wrong), {}, tmp_path)
        told = caught.value.message + caplog.text + repr(access(side))
        assert not [secret for secret in (*SECRETS.values(), "wrong-secret-99") if secret in told]


def test_a_token_that_died_is_fetched_anew_and_no_other_is(tmp_path: Path) -> None:
    with RestSide("page", "oauth2").serving() as side:
        side.rows = rows(*range(9))
        assert len(codes(fetch(side, tmp_path))) == 9  # four pages, two of them to a token
        assert side.paths().count("/token") == 2


def test_a_missing_secret_is_named_before_anybody_is_called(side: RestSide, tmp_path: Path) -> None:
    side.auth = "bearer"
    with pytest.raises(Misconfigured, match="token"):
        SYSTEM.fetch(access(side, {}), {}, tmp_path)
    assert side.seen == []


def test_an_increment_asks_a_little_before_and_brings_what_is_new(tmp_path: Path) -> None:
    with RestSide("page").serving() as side:
        side.rows = rows(1, 2, 3, 4)
        first = fetch(side, tmp_path, **INCREMENT)
        assert fetch(side, tmp_path, dict(first.cursor), **INCREMENT).files == ()
        side.rows += [*rows(5), {"sku": "LATE", "updated_at": "2026-11-20T10:03:30Z"}]
        second = fetch(side, tmp_path, dict(first.cursor), **INCREMENT)
        assert side.seen[-1].params["since"] == "2026-11-20T10:03:00Z"
        assert sorted(codes(second)) == ["LATE", "S5"]


def test_a_change_of_a_row_is_new_although_its_instant_is_not(tmp_path: Path) -> None:
    with RestSide().serving() as side:
        side.rows = rows(1, 2)
        first = fetch(side, tmp_path, **INCREMENT)
        side.rows[1]["stock"] = {"qty": 99}
        assert codes(fetch(side, tmp_path, dict(first.cursor), **INCREMENT)) == ["S2"]


def test_of_rows_with_the_same_key_the_last_one_counts(side: RestSide, tmp_path: Path) -> None:
    side.rows = [{"sku": "S1", "n": 1}, {"sku": "S2"}, {"n": 5}, {"sku": "S1", "n": 2}, {"n": 6}]
    (path,) = fetch(side, tmp_path, row_key="sku").files
    assert [orjson.loads(line) for line in path.read_bytes().splitlines()] == [
        {"sku": "S2"}, {"n": 5}, {"sku": "S1", "n": 2}, {"n": 6},
    ]  # fmt: skip


def test_without_since_everything_comes_again_only_when_something_changed(
    side: RestSide, tmp_path: Path
) -> None:
    side.rows = rows(1, 2)
    first = fetch(side, tmp_path)
    assert fetch(side, tmp_path, dict(first.cursor)).files == ()
    side.rows[0]["stock"] = {"qty": 7}
    assert codes(fetch(side, tmp_path, dict(first.cursor))) == ["S1", "S2"]


@pytest.mark.parametrize("paging", ["page", "offset", "cursor", "next", "link"])
@pytest.mark.parametrize("kind", ["drop", "half"])
def test_a_broken_pull_goes_on_at_its_page_and_since_waits_for_its_end(
    tmp_path: Path, paging: str, kind: str
) -> None:
    with RestSide(paging).serving() as side:
        side.rows = rows(9, 1, 8, 2, 7, 3, 6, 4)  # in no order of change
        side.order(kind, after=1, times=3)
        first = fetch(side, tmp_path, **INCREMENT)
        assert isinstance(first.error, Unavailable)
        assert (first.complete, first.cursor["since"]) == (False, "")
        second = fetch(side, tmp_path, dict(first.cursor), **INCREMENT)
        assert second.complete
        assert second.cursor["since"].startswith("2026-11-20T10:09:00")
    assert codes(second) == ["S2", "S7", "S3", "S6", "S4"]


def test_a_pull_stops_at_its_bound_and_the_next_goes_on(tmp_path: Path) -> None:
    with RestSide("cursor").serving() as side:
        side.rows = rows(*range(8))
        first = fetch(side, tmp_path, most=4)
        assert codes(first) == [f"S{n}" for n in range(6)]
        assert (first.complete, first.error) == (False, None)
        second = fetch(side, tmp_path, dict(first.cursor), most=4)
        assert (codes(second), second.complete) == (["S6", "S7"], True)


def test_rows_are_read_through_a_profile(side: RestSide, tmp_path: Path) -> None:
    side.rows = [{"sku": "S1", "place": {"code": "G1"}, "stock": {"qty": 12.0}}]
    spec = {
        "version": 1, "name": "dms", "label": "DMS",
        "tables": [{"name": "stock", "needs": ["sku"], "gives": [{"kind": "stock", "columns": {
            "sku": "sku", "location": "place.code", "quantity": "stock.qty",
        }}]}],
    }  # fmt: skip
    (parcel,) = SYSTEM.open(fetch(side, tmp_path).files[0], {"profile": spec}).parcels()
    assert parcel.kind is RecordKind.STOCK
    assert parcel.rows.select("row", "sku", "location").row(0) == (1, "S1", "G1")
    assert float(parcel.rows["quantity"][0]) == 12


# --- when it goes wrong --------------------------------------------------------------------


def test_a_throttle_is_waited_for_and_a_long_one_is_told(side: RestSide, tmp_path: Path) -> None:
    side.rows = rows(1)
    side.order(reply=Reply(429, {}, {"Retry-After": "1"}))
    assert codes(fetch(side, tmp_path)) == ["S1"]
    side.order(reply=Reply(429, {}, {"Retry-After": "120"}))
    with pytest.raises(NotNow) as caught:
        fetch(side, tmp_path)
    assert caught.value.retry_after == 120


@pytest.mark.parametrize("kind", ["hang", "drop", "half"])
def test_a_far_side_that_is_down_is_unavailable(side: RestSide, tmp_path: Path, kind: str) -> None:
    side.rows = rows(*range(50))
    side.order(kind, times=9, seconds=1.2)
    with pytest.raises(Unavailable):
        fetch(side, tmp_path)


def test_a_page_of_html_is_unreadable(side: RestSide, tmp_path: Path) -> None:
    side.order(times=9, reply=Reply(200, b"<html>maintenance</html>"))
    with pytest.raises(Unavailable, match="unreadable"):
        fetch(side, tmp_path)


def test_a_next_page_on_another_host_is_refused_before_our_key_goes_there(tmp_path: Path) -> None:
    with RestSide("next", "key_header").serving() as side, RestSide().serving() as thief:
        side.order(match="rows", reply=Reply(200, {"data": rows(1), "next": f"{thief.url}/api/rows"}))
        with pytest.raises(Rejected, match="another host"):
            fetch(side, tmp_path)
        assert thief.seen == []


def test_pages_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    with RestSide("cursor").serving() as side:
        side.order(times=9, reply=Reply(200, {"data": rows(1), "next_cursor": "same"}))
        with pytest.raises(Rejected, match="circle"):
            fetch(side, tmp_path)
        assert len(side.seen) < 5


def test_a_redirect_is_not_followed(side: RestSide, tmp_path: Path) -> None:
    side.order(reply=Reply(302, {}, {"Location": f"{side.url}/api/rows"}))
    with pytest.raises(Misconfigured):
        fetch(side, tmp_path)


def test_an_answer_without_end_does_not_fill_the_memory() -> None:
    with RestSide().serving() as side:
        side.rows = rows(*range(50))
        client = RestClient("rest", side.url, headers={}, largest=1000)
        with client, pytest.raises(Rejected, match="ask for less"):
            client.get_page(read_recipe({"rows": "data"}), "api/rows", {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"paging": "sideways"}, {"paging": "cursor", "next_path": ""}, {"rows": "data["}, {"size": "many"},
        {"since_param": "since", "since_path": ""}, {"params": ["a"]}, {"method": "DELETE"}, {"most": -1},
    ],
)  # fmt: skip
def test_a_setting_that_is_not_right_is_named(side: RestSide, tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(Invalid) as caught:
        fetch(side, tmp_path, **wrong)
    assert {fault.field for fault in caught.value.faults} & {*wrong, "next_path", "since_path"}


@pytest.mark.parametrize(
    ("address", "sandbox", "reason"),
    [
        ("http://169.254.169.254/latest", True, "not the address"),
        ("http://127.0.0.1:6379", False, "https"),
        ("https://127.0.0.1:6379", False, "private network"),
        ("https://[::ffff:10.0.0.1]/", False, "private network"),
        ("file:///etc/passwd", True, "https://host"),
        ("https://user:pass@erp.example/", True, "without user"),
        ("https://[bad", True, "https://host"),
    ],
)
def test_a_feed_does_not_reach_into_our_own_network(address: str, sandbox: bool, reason: str) -> None:
    with pytest.raises(Misconfigured, match=reason):
        check_address(Access("x", "t_alpha", {}, sandbox=sandbox), address)


@settings(max_examples=150)
@given(at=st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_instants_read_back_as_they_were_written_to_the_second(at: datetime) -> None:
    whole = at.replace(microsecond=0)
    assert read_instant(write_instant(at, "iso")) == at
    assert read_instant(write_instant(at, "epoch")) == whole
    assert read_instant(write_instant(at, "day")) == whole.replace(hour=0, minute=0, second=0)


@given(value=st.none() | st.booleans() | st.text("0-: TZ", max_size=12) | st.floats() | st.integers())
def test_what_is_no_instant_is_none_and_never_an_error(value: object) -> None:
    found = read_instant(value)
    assert found is None or found.tzinfo is not None


# --- what goes back ------------------------------------------------------------------------

DOCUMENT = ExportDocument(
    ExportKind.TRANSFER, "transfer:17", "DC/17", datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
    (ExportLine("S1", "Biscuit", "B1", 48, 833, 39_984),), source="G1", target="G2",
)  # fmt: skip
PUSH = {"push_path": "/api/documents", "push_accepted": "status"}


def test_a_document_is_booked_once_under_its_key(side: RestSide) -> None:
    said = [SYSTEM.push(access(side, **PUSH), DOCUMENT) for _ in range(2)]
    assert [(one.accepted, one.number) for one in said] == [(True, "DOC-1")] * 2
    kept = side.booked["transfer:17"]["document"]
    assert kept["lines"][0]["amount"] == "399.84"
    assert kept["at"].startswith("2026-11-23T06:30:00")


def test_a_lost_answer_is_repeated_by_the_next_call_without_a_second_booking(side: RestSide) -> None:
    side.order("lose", match="documents")
    with pytest.raises(Unavailable) as caught:
        SYSTEM.push(access(side, **PUSH), DOCUMENT)
    assert caught.value.outcome_unknown
    assert SYSTEM.push(access(side, **PUSH), DOCUMENT).number == "DOC-1"
    assert len(side.booked) == 1


def test_a_refusal_is_told_with_its_reason(side: RestSide) -> None:
    line = replace(DOCUMENT.lines[0], sku="UNKNOWN")
    said = SYSTEM.push(access(side, **PUSH), replace(DOCUMENT, lines=(line,)))
    assert (said.accepted, said.reason) == (False, "no such SKU")
    closed = SYSTEM.push(access(side, **PUSH), replace(DOCUMENT, number="LATER"))
    assert (closed.accepted, closed.reason) == (False, "the period is closed")


def test_a_check_shows_what_stands_there(side: RestSide) -> None:
    side.rows = rows(1, 2)
    assert SYSTEM.check(access(side)) == "2 rows: sku, stock, updated_at"


def test_bodies_that_were_sent_become_rows(side: RestSide, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    body = orjson.dumps({"order": {"lines": rows(1, 2)}})
    SYSTEM.gather(access(side, event_rows="order.lines"), [body, body], path)
    assert [orjson.loads(line)["sku"] for line in path.read_bytes().splitlines()] == ["S1", "S2"] * 2
    with pytest.raises(Invalid):
        SYSTEM.gather(access(side, event_rows="nothing"), [body], path)
