"""Feeds connect to the address that was judged, whatever a name server says a moment later."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from inventory.feeds.addresses import check_address
from inventory.feeds.rest import client as rest
from inventory.feeds.system import Access
from inventory.feeds.tally import pull as tally
from vyapar.farside import addresses
from vyapar.farside.addresses import ForbiddenAddress, UnknownHost
from vyapar.farside.answers import Answer
from vyapar.farside.http import HttpFarSide
from vyapar.kernel.errors import Misconfigured, Unavailable


class Ear(BaseHTTPRequestHandler):
    """Answers every request, and keeps the Host it was asked for."""

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ear() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.hosts = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def says(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """A name server that gives one answer after another, the last one for ever; returns who was asked for."""
    asked: list[str] = []

    def lookup(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        address = found[min(len(asked), len(found)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(addresses, "getaddrinfo", lookup)
    return asked


def far(port: int, *, private: bool | None) -> HttpFarSide:
    return HttpFarSide("far", f"http://erp.example.in:{port}", headers={}, private_allowed=private)


def status(answer: Answer) -> int:
    return answer.status


def test_the_connection_goes_where_it_was_judged_and_names_the_host(ear, monkeypatch) -> None:
    port = ear.server_address[1]
    asked = says(monkeypatch, "127.0.0.1", "169.254.169.254")
    with far(port, private=True) as side:
        assert side.call("GET", "/", status) == 200
        with pytest.raises(ForbiddenAddress):
            side.call("GET", "/", status)
    assert asked == ["erp.example.in"] * 2, "asked once for each request, and no second time in between"
    assert ear.hosts == [f"erp.example.in:{port}"]


def test_without_leave_nothing_inside_is_called(ear, monkeypatch) -> None:
    says(monkeypatch, "127.0.0.1")
    with far(ear.server_address[1], private=False) as side, pytest.raises(ForbiddenAddress):
        side.call("GET", "/", status)
    assert ear.hosts == []


def test_a_name_unknown_now_may_be_known_later(monkeypatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(addresses, "getaddrinfo", nobody)
    with pytest.raises(UnknownHost) as caught:
        addresses.resolve("erp.example.in", 443, private=False)
    assert isinstance(caught.value, Unavailable)


@pytest.mark.parametrize("url", ["http://192.168.1.5:9000", "http://localhost:9000"])
def test_tally_in_the_office_is_reached_when_the_installation_says_so(settings, url) -> None:
    feed = Access("tally", "t_alpha", {"url": url}, sandbox=False)
    with pytest.raises(Misconfigured, match="FEEDS_IN_PRIVATE_NETWORKS"):
        tally.client_of(feed)
    settings.FEEDS_IN_PRIVATE_NETWORKS = True
    tally.client_of(feed).close()


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fe80::1]/", "http://[fd00:ec2::254]/"])
def test_no_setting_leads_a_feed_to_a_clouds_metadata(settings, url) -> None:
    settings.FEEDS_IN_PRIVATE_NETWORKS = True
    with pytest.raises(Misconfigured):
        tally.client_of(Access("tally", "t_alpha", {"url": url}))
    with pytest.raises(Misconfigured):
        check_address(Access("x", "t_alpha", {}), url)


def test_clients_of_feeds_judge_each_of_their_calls(ear, monkeypatch) -> None:
    """The address is good when the client is made and bad when it calls."""
    says(monkeypatch, "127.0.0.1", "169.254.169.254")
    port = ear.server_address[1]
    feed = Access("x", "t_alpha", {"address": f"http://erp.example.in:{port}/", "auth": "none"})
    with rest.client_of(feed) as side, pytest.raises(ForbiddenAddress):
        side.call("GET", "/", status)
    assert ear.hosts == []
