"""The relay outlives its database and its broker, and what was due then is handed over afterwards."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueAway

from tests.ops.conftest import within
from tests.probe import OWNER
from vyapar.engine import registry, relay, services
from vyapar.engine.contracts import Subscriber, TrailNoted
from vyapar.engine.models import Delivery


@pytest.fixture
def listener():
    registry.hang(Subscriber("tests.listener", "TrailNoted", lambda event: None))
    yield
    registry._subscribers.pop("tests.listener")


def note() -> None:
    services.emit(TrailNoted("opened", {}), subject="door:1", actor=OWNER, at=timezone.now())


def test_what_the_broker_does_not_take_is_due_again_at_once(alpha, listener, monkeypatch) -> None:
    def away(_ids):
        raise QueueAway("nobody answers")

    monkeypatch.setattr(relay.deliver, "delay", away)
    note()
    with pytest.raises(QueueAway):
        relay.relay_once(alpha)
    relay._relay_safely(alpha.schema_name)
    assert Delivery.objects.get().next_try_at <= timezone.now()


def test_a_relay_whose_database_goes_away_goes_on_when_it_is_back(
    fresh_distributor, listener, monkeypatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr(relay.deliver, "delay", handed.extend)
    monkeypatch.setattr(relay, "list_distributors", lambda: [fresh_distributor])
    over = threading.Event()
    pids: list[int] = []

    def work() -> None:
        woken = relay._woken

        def noted(timeout: float) -> set[str]:
            pids.append(connection.connection.info.backend_pid)
            return woken(0.05)

        monkeypatch.setattr(relay, "_woken", noted)
        relay.run(stopped=over.is_set, pause=0.05)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert within(10, lambda: pids)
        first = pids[-1]
        cut(first)
        assert within(10, lambda: pids[-1] != first), "it has a new connection"
        note()
        assert within(10, lambda: handed)
    finally:
        over.set()
        worker.join(10)
    assert not worker.is_alive()


def cut(pid: int) -> None:
    own = connection.get_connection_params()
    address = {name: own[name] for name in ("dbname", "user", "password", "host", "port") if own.get(name)}
    with psycopg.connect(**address, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
