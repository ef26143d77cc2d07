"""Postgres and Valkey from wheels: data outlive a restart, owners are alone, nothing is left."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from tests.ops.conftest import descendants, is_alive, within
from vyapar.kernel.errors import Refused, Unavailable
from vyapar.ops.embedded import Postgres, Valkey, free_port, remembered_port, services
from vyapar.ops.embedded.servant import Servant, find_servant
from vyapar.ops.stack import CHECKOUT


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def test_data_and_addresses_outlive_a_restart_and_a_second_owner_is_refused(state: Path) -> None:
    with services(state) as before:
        ask(before["DATABASE_URL"], "CREATE TABLE kept AS SELECT 'मृत स्टॉक' AS words")
        redis.from_url(before["REDIS_URL"]).set("kept", "yes")
        with pytest.raises(Refused, match="already owns"), services(state):
            pass
    with services(state) as after:
        assert after == before
        assert ask(after["DATABASE_URL"], "SELECT words FROM kept") == "मृत स्टॉक"
        assert redis.from_url(after["REDIS_URL"]).get("kept") == b"yes"
        assert ask(after["DATABASE_URL"], "SHOW fsync") == "on"
        assert ask(after["DATABASE_URL"], "SHOW shared_buffers") == "512MB"
    with pytest.raises(psycopg.OperationalError):
        ask(after["DATABASE_URL"], "SELECT 1")


def test_both_servers_want_their_password(state: Path) -> None:
    with services(state, durable=False) as urls:
        stranger = psycopg.conninfo.conninfo_to_dict(urls["DATABASE_URL"]) | {"password": "wrong"}
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(**stranger)
        port = redis.from_url(urls["REDIS_URL"]).connection_pool.connection_kwargs["port"]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        assert ask(urls["DATABASE_URL"], "SHOW fsync") == "off"


def test_without_a_state_directory_everything_is_deleted(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(state))
    with services(durable=False) as urls:
        (made,) = state.iterdir()
        data = Postgres.place(made)
        assert (data / "data" / "PG_VERSION").exists()
        assert ask(urls["DATABASE_URL"], "SELECT 1") == 1
    assert not made.exists()
    assert not data.exists()


def test_addresses_in_the_environment_win_and_nothing_is_started(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://far.example/db")
    monkeypatch.setenv("REDIS_URL", "redis://far.example/0")
    before = descendants(os.getpid())
    with services(state) as urls:
        assert urls == {
            "DATABASE_URL": "postgresql://far.example/db",
            "REDIS_URL": "redis://far.example/0",
        }
        assert descendants(os.getpid()) == before


def test_a_killed_launcher_leaves_no_server_and_its_state_can_be_taken_over(state: Path) -> None:
    launcher = subprocess.Popen(
        [
            *(sys.executable, "-m", "vyapar.ops.embedded", "--state", str(state), "--"),
            *("sh", "-c", "echo up; exec sleep 1000"),
        ],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == "up\n"
    family = descendants(launcher.pid)
    assert len(family) > 3  # Postgres with its own children, Valkey, sleep
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    with services(state) as urls:  # waits for the orphans' end by itself
        assert ask(urls["DATABASE_URL"], "SELECT 1") == 1
        assert not [pid for pid in family if is_alive(pid)]


def test_the_launcher_passes_on_the_exit_code_and_ends_the_command_with_itself(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://far.example/db")
    monkeypatch.setenv("REDIS_URL", "redis://far.example/0")
    wrapper = (sys.executable, "-m", "vyapar.ops.embedded", "--state", str(state), "--")
    assert subprocess.run([*wrapper, "sh", "-c", "exit 7"], cwd=CHECKOUT).returncode == 7
    launcher = subprocess.Popen(
        [*wrapper, "sh", "-c", "echo up; exec sleep 1000"], cwd=CHECKOUT, stdout=subprocess.PIPE
    )
    assert launcher.stdout is not None
    launcher.stdout.readline()
    (sleeper,) = descendants(launcher.pid)
    launcher.terminate()
    assert launcher.wait(10) == 128 + signal.SIGTERM
    assert within(5, lambda: not is_alive(sleeper))


def test_a_start_that_was_interrupted_while_making_the_cluster_is_made_good(state: Path) -> None:
    server = Postgres(state, durable=False)
    half_made = server.home / "draft"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    try:
        assert ask(server.start(), "SELECT current_database()") == "vyapar"
    finally:
        server.stop()
    assert not half_made.exists()


def test_a_server_that_cannot_start_says_why(state: Path) -> None:
    state.mkdir()
    server = Valkey(state)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", server.port))
        squatter.listen()
        with pytest.raises(Unavailable, match=r"(?s)Valkey did not start.*in use"):
            server.start()
    server.stop()


def test_a_port_is_kept_while_it_is_free_and_replaced_when_taken(tmp_path: Path) -> None:
    first = remembered_port(tmp_path, "postgres")
    assert remembered_port(tmp_path, "postgres") == first
    assert remembered_port(tmp_path, "valkey") != first
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first))
        squatter.listen()
        second = remembered_port(tmp_path, "postgres")
    assert second != first
    assert remembered_port(tmp_path, "postgres") == second


def test_a_broken_book_of_ports_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"postgres": 54')
    assert remembered_port(tmp_path, "postgres") == remembered_port(tmp_path, "postgres")


def test_free_ports_can_be_listened_on() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", free_port()))


def test_a_servant_reaches_only_what_every_folder_above_lets_others_enter(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    servant = Servant(uid=65534, gid=65534)
    assert not servant.reaches(private / "data")
    assert servant.reaches(Path("/usr/bin/env"))
    assert servant.runs(Path("/usr/bin/env"))
    assert Servant().reaches(private / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps a cluster elsewhere")
def test_who_deletes_the_state_begins_anew_although_the_cluster_lives_elsewhere(
    state: Path,
) -> None:
    server = Postgres(state)
    assert server.home != state / "postgres"
    (server.home / "mark").touch()
    assert (Postgres(state).home / "mark").exists()
    shutil.rmtree(state)
    assert not (Postgres(state).home / "mark").exists()
    old = server.home.with_name(f"{server.home.name}-old")
    assert (old / "mark").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a servant")
def test_root_lends_postgres_a_user_that_may_reach_its_place(tmp_path: Path) -> None:
    place = Postgres.place(tmp_path / "state")
    assert find_servant().reaches(place)
    assert find_servant().uid != 0
