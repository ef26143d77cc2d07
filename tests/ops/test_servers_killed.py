"""A server that dies is started again on its data; who needs it waits without blame."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.ops.conftest import is_alive, within
from vyapar.kernel.errors import Unavailable
from vyapar.ops.child import Role
from vyapar.ops.embedded import Postgres, Running, Valkey, discard, running
from vyapar.ops.supervisor import Patience, Supervisor

PATIENCE = Patience(tries=2, first_pause=0.1, calm_seconds=60)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(
        logs=tmp_path / "logs",
        cwd=tmp_path,
        environment=os.environ,
        tell=told.append,
        patience=PATIENCE,
    )
    yield supervisor
    supervisor.stop()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("killed") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("REDIS_URL", raising=False)
        with running(home) as both:
            yield both
        discard(home)


@pytest.fixture
def house(servers: Running, supervisor: Supervisor) -> Running:
    for server in servers.servers:
        supervisor.keep(server)
    return servers


def tick_until(supervisor: Supervisor, is_so: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        supervisor.tick(0.02)


def kill(server: Postgres | Valkey) -> int:
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def back(supervisor: Supervisor, told: list[str], name: str, count: int = 1) -> None:
    tick_until(
        supervisor, lambda: len([t for t in told if t.startswith(name) and "answers again" in t]) == count
    )


def test_a_killed_valkey_and_a_killed_postgres_come_back_with_what_they_were_told(
    house: Running, supervisor: Supervisor, told: list[str]
) -> None:
    postgres, valkey = house.servers
    store = redis.from_url(house.urls["REDIS_URL"])
    store.rpush("celery", "a task")
    with psycopg.connect(house.urls["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    before = [kill(valkey), kill(postgres)]
    back(supervisor, told, "Valkey")
    back(supervisor, told, "Postgres")
    assert store.lrange("celery", 0, -1) == [b"a task"]
    with psycopg.connect(house.urls["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    assert not {postgres.pid, valkey.pid} & {*before, None}
    assert supervisor.deaths == {"Postgres": 1, "Valkey": 1}


def test_a_postgres_that_somebody_shut_down_in_good_order_comes_back_too(
    house: Running, supervisor: Supervisor, told: list[str]
) -> None:
    pid = house.servers[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    back(supervisor, told, "Postgres")
    assert "Postgres| ended (exit 0)" in "\n".join(told)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for backends in /proc")
def test_a_backend_too_busy_to_notice_does_not_keep_postgres_from_coming_back(
    house: Running, supervisor: Supervisor, told: list[str]
) -> None:
    connection = psycopg.connect(house.urls["DATABASE_URL"], autocommit=True)
    pid = connection.info.backend_pid
    # it has no reader to tell it anything, and no moment at which it looks up
    busy = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"

    def work() -> None:
        with pytest.raises(psycopg.OperationalError):
            connection.execute(busy)

    worker = threading.Thread(target=work)
    worker.start()
    with psycopg.connect(house.urls["DATABASE_URL"]) as other:
        active = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
        assert within(10, lambda: other.execute(active, [pid]).fetchone() == (1,))
        other.commit()
    kill(house.servers[0])
    time.sleep(0.2)
    assert is_alive(pid)
    back(supervisor, told, "Postgres")
    assert not is_alive(pid)
    worker.join(5)
    assert supervisor.deaths == {"Postgres": 1}


def test_who_dies_while_a_server_is_away_waits_for_it_and_is_not_blamed(
    house: Running, supervisor: Supervisor, told: list[str]
) -> None:
    port = house.servers[1].port
    script = (
        "import socket, time\n"
        f"door = socket.create_connection(('127.0.0.1', {port}))\n"
        "print('up', flush=True)\n"
        "door.recv(1)\n"
        "raise SystemExit(3)\n"
    )
    supervisor.start(Role("needy", (sys.executable, "-c", script), says="up"))
    supervisor.wait_ready(10)
    for count in range(1, PATIENCE.tries + 1):
        kill(house.servers[1])
        tick_until(supervisor, lambda: supervisor.deaths.get("needy", 0) == count)  # noqa: B023
        back(supervisor, told, "Valkey", count)
        supervisor.wait_ready(10)
    assert not [line for line in told if line.startswith("needy") and "1 of 2" in line]


def test_a_server_that_dies_again_and_again_ends_the_run_with_its_last_lines(
    state: Path, supervisor: Supervisor
) -> None:
    state.mkdir()
    valkey = Valkey(state)
    valkey.start()
    supervisor.keep(valkey)
    try:
        with pytest.raises(
            Unavailable, match=r"(?s)Valkey ended 3 times \(signal SIGKILL\).*Ready to accept"
        ):
            kill_again_and_again(valkey, supervisor)
    finally:
        valkey.stop()


def kill_again_and_again(valkey: Valkey, supervisor: Supervisor) -> None:
    while True:
        if valkey.pid is not None and valkey.is_ready():
            kill(valkey)
        supervisor.tick(0.02)
