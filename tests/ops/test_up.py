"""The whole house from start to stop, with small stand-ins for its steps and roles."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.ops.conftest import descendants, is_alive, within
from vyapar.kernel.errors import Refused
from vyapar.ops import stack, up
from vyapar.ops.embedded import discard
from vyapar.ops.stack import CHECKOUT, House

_STAND_INS = """
import sys
from vyapar.ops import up
from vyapar.ops.child import Role

def shell(name, script, **how):
    return Role(name, ("sh", "-c", script), **how)

ANSWERS = {
    "demonstration_accounts": 'echo \\'[{"distributor": "demo", "role": "owner", '
    '"username": "owner@demo.example", "password": "sample-pass"}]\\'',
    "check_report": 'echo a warning; '
    'echo x >> "$VYAPAR_HOME/polls"; if [ $(wc -l < "$VYAPAR_HOME/polls") -ge 3 ]; '
    'then echo \\'{"complete": true, "documents": 7}\\'; else echo \\'{"complete": false}\\'; fi',
}
up._POLL_SECONDS = 0.2
up.manage = lambda name, command, *words: shell(name, ANSWERS[command])
up.steps = lambda: (
    ("Static files", shell("static", "echo collected; %(step)s"), False),
    ("Demonstration", shell("demonstration", "echo 100 of 200 lines"), True),
)
up.roles = lambda told: (
    shell("web", "echo on $PORT; echo up; exec sleep 1000", says="up"),
    shell("worker", "%(worker)s"),
)
sys.exit(up.main(sys.argv[1:]))
"""


def launch(
    *words: str, step: str = "true", worker: str = "exec sleep 1000", own_services: bool = False
) -> subprocess.Popen[str]:
    given = dict(os.environ)
    if own_services:
        del given["DATABASE_URL"], given["REDIS_URL"]
    return subprocess.Popen(
        [sys.executable, "-c", _STAND_INS % {"step": step, "worker": worker}, *words],
        cwd=CHECKOUT,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    read = ""
    while words not in read:
        line = process.stdout.readline()
        assert line, f"it ended before saying {words!r}:\n{read}"
        read += line
    return read


@pytest.fixture
def home(tmp_path: Path):
    yield tmp_path / "a home"
    discard(tmp_path / "a home" / "services")


def test_it_comes_up_tells_where_to_go_and_ctrl_c_ends_every_child(home: Path) -> None:
    process = launch("--home", str(home), own_services=True)
    told = read_until(process, "Ctrl-C")
    assert "    100 of 200 lines" in told
    assert "collected" not in told  # only steps worth watching show their lines
    assert "http://demo.localhost:" in told
    assert "owner@demo.example" in told
    assert "sample-pass" in told
    family = descendants(process.pid)
    assert len(family) > 5  # Postgres and its own, Valkey, web, worker
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert "Stopped; data are kept." in rest
    assert process.returncode == 0
    assert within(2, lambda: not [pid for pid in family if is_alive(pid)])
    assert (home / "secret_key").stat().st_mode & 0o077 == 0


def test_the_environment_file_lets_a_terminal_reach_the_running_house(home: Path) -> None:
    process = launch("--home", str(home), own_services=True)
    read_until(process, "Ctrl-C")
    script = '. "$1"; exec "$2" -c "import os, psycopg; psycopg.connect(os.environ[\'DATABASE_URL\'])"'
    stranger = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["sh", "-c", script, "sh", str(home / "environment"), sys.executable], env=stranger)
    assert done.returncode == 0
    assert (home / "environment").stat().st_mode & 0o077 == 0
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_step_that_fails_ends_the_start_with_its_last_lines(home: Path) -> None:
    process = launch("--home", str(home), step="echo no ink; exit 3")
    told, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "'Static files' failed (exit 3)" in told
    assert "no ink" in told


def test_a_taken_port_is_refused_in_one_sentence(home: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = str(squatter.getsockname()[1])
        told, _ = launch("--home", str(home), "--port", port).communicate(timeout=30)
    assert f"port {port} is taken" in told


def checked(**how: str) -> tuple[int, dict[str, object], str]:
    process = launch("--check", **how)  # type: ignore[arg-type]
    out, err = process.communicate(timeout=60)
    return process.returncode, json.loads(out.splitlines()[-1]), err


def test_a_check_waits_for_the_agents_and_prints_one_json_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code, report, progress = checked()
    assert code == 0
    assert report["complete"] is True
    assert report["documents"] == 7
    assert report["house"]["deaths"] == {}  # type: ignore[index]
    assert "Static files" in report["house"]["seconds"]  # type: ignore[index]
    assert "100 of 200 lines" in progress
    assert list(tmp_path.glob("vyapar-check-*")) == []


def test_a_check_in_which_a_child_died_fails_and_says_which() -> None:
    code, report, _ = checked(worker="exit 5")
    assert code == 1
    assert report["complete"] is False
    assert "worker" in str(report["reason"])


def test_a_check_that_is_stopped_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = launch("--check", step="echo waiting; exec sleep 1000")
    assert within(20, lambda: list(tmp_path.glob("vyapar-check-*/logs/static.log")))
    process.terminate()
    out, _ = process.communicate(timeout=20)
    assert json.loads(out)["reason"] == "stopped by a signal"
    assert process.returncode == 1
    assert list(tmp_path.glob("vyapar-check-*")) == []


def test_the_first_free_port_from_8000_is_taken_unless_one_is_asked_for() -> None:
    chosen = stack.choose_port(None)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", chosen))
        squatter.listen()
        assert stack.choose_port(None) != chosen
        with pytest.raises(Refused, match="is taken"):
            stack.choose_port(str(chosen))
    assert stack.choose_port(str(chosen)) == chosen


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(Refused, match="between 1 and 65535"):
        stack.choose_port(port)


def test_children_are_told_where_everything_is_and_our_own_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    house = House(tmp_path / "home", 8123)
    house.prepare()
    told = stack.environment(house, {"DATABASE_URL": "a", "REDIS_URL": "b"})
    assert told["SMTP_HOST"] == "mail.example"
    assert (told["PORT"], told["DATABASE_URL"]) == ("8123", "a")
    assert told["WHATSAPP_BASE_URL"] == f"http://127.0.0.1:{told['SANDBOX_HTTP_PORT']}"
    assert len(told["SECRET_KEY"]) >= 50
    again = stack.environment(house, {"DATABASE_URL": "a", "REDIS_URL": "b"})
    assert again == told  # addresses and the key outlive a restart


def test_roles_are_web_worker_beat_relay_and_the_local_far_sides_when_asked_for() -> None:
    told = {
        "PORT": "8123",
        "VYAPAR_HOME": tempfile.gettempdir(),
        "VYAPAR_SANDBOX": "1",
        "SANDBOX_HTTP_PORT": "1",
        "SANDBOX_SMTP_PORT": "2",
    }
    names = [role.name for role in stack.roles(told)]
    assert names == ["sandbox", "relay", "worker", "beat", "web"]
    assert "sandbox" not in [role.name for role in stack.roles({**told, "VYAPAR_SANDBOX": "0"})]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["noise", '{"complete": true}', "a warning"], {"complete": True}),
        (['{"a": 1}', '{"b": 2}'], {"b": 2}),
        (['[{"role": "owner"}]'], [{"role": "owner"}]),
        (["{not json"], None),
        ([], None),
    ],
)
def test_the_last_json_line_is_found_among_noise(lines: list[str], value: object) -> None:
    assert up.last_json(lines) == value


def test_a_role_replaces_its_process_so_that_signals_reach_it(home: Path) -> None:
    """`manage sandbox` as a container runs it: one process, ended by one signal."""
    words = ("manage", "sandbox", "--http-port", "0", "--smtp-port", "0", "--home", str(home))
    process = subprocess.Popen(
        [sys.executable, "-m", "vyapar.ops.role", *words], cwd=CHECKOUT, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert '"ready"' in read_until(process, '"ready"')
    assert descendants(process.pid) == []
    process.terminate()
    assert process.wait(30) == 0


def test_a_role_that_does_not_exist_is_refused_with_the_list() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vyapar.ops.role", "cook"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "sandbox, relay, worker, beat, web, manage" in done.stderr
