"""The supervisor: restarts with patience, tells errors, and leaves nobody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.conftest import descendants, is_alive, within
from vyapar.kernel.errors import Unavailable
from vyapar.ops.child import Child, Role
from vyapar.ops.embedded import free_port
from vyapar.ops.stack import CHECKOUT
from vyapar.ops.supervisor import Patience, Stopped, Supervisor


class Told(list[str]):
    """What the terminal would show."""

    @property
    def text(self) -> str:
        return "\n".join(self)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def supervisor(tmp_path: Path, told: Told) -> Iterator[Supervisor]:
    supervisor = Supervisor(
        logs=tmp_path / "logs",
        cwd=tmp_path,
        environment=os.environ,
        tell=told.append,
        patience=Patience(tries=2, first_pause=0.1, calm_seconds=0.5),
    )
    yield supervisor
    supervisor.stop()


def shell(name: str, script: str, **how: object) -> Role:
    return Role(name, ("sh", "-c", script), **how)  # type: ignore[arg-type]


def tick_until(supervisor: Supervisor, is_so: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        supervisor.tick(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_child_and_grandchild_within_seconds(
    supervisor: Supervisor, number: int
) -> None:
    stubborn = ((signal.SIGTERM, 0.3),)
    supervisor.start(shell("parent", "sleep 1000 & sleep 1000 & echo up; wait", says="up"))
    supervisor.start(
        shell("stubborn", "trap '' TERM; echo up; sleep 1000 & wait; wait", says="up",
              stop_signals=stubborn)
    )  # fmt: skip
    with supervisor.stops_on_signals():
        supervisor.wait_ready(10)
        family = descendants(os.getpid())
        assert len([pid for pid in family if "sleep" in command(pid)]) >= 3
        os.kill(os.getpid(), number)
        with pytest.raises(Stopped):
            supervisor.tick()
        started = time.monotonic()
        supervisor.stop()
        assert time.monotonic() - started < 3
    assert within(2, lambda: not [pid for pid in family if "sleep" in command(pid)])


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def test_a_child_that_dies_too_often_ends_the_run_with_its_last_lines(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    supervisor.start(shell("faulty", "echo the cupboard is bare; exit 3"))
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"(?s)faulty ended 3 times \(exit 3\).*cupboard is bare"):
        tick_until(supervisor, lambda: False)
    assert time.monotonic() - began >= 0.1 + 0.2  # it waited, and longer the second time
    assert "starting it again in 0.1 s (1 of 2)" in told.text
    assert "starting it again in 0.2 s (2 of 2)" in told.text
    assert supervisor.deaths == {"faulty": 3}
    log = (tmp_path / "logs" / "faulty.log").read_text()
    assert log.count("faulty  | the cupboard is bare") == 3


def test_a_child_that_had_run_calmly_is_forgiven(supervisor: Supervisor) -> None:
    supervisor.start(shell("tired", "sleep 0.7; exit 1"))
    tick_until(supervisor, lambda: supervisor.deaths.get("tired", 0) >= 4, seconds=20)


def test_what_a_dead_child_left_in_its_group_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "left"
    supervisor.start(shell("careless", f"sleep 1000 & echo $! > '{note}'; exit 1"))
    tick_until(supervisor, lambda: supervisor.deaths)
    assert within(5, lambda: not is_alive(int(note.read_text())))


def test_everything_is_logged_and_only_errors_reach_the_terminal(
    supervisor: Supervisor, told: Told, tmp_path: Path
) -> None:
    script = (
        "echo all is well; echo 2026-11-23 ERROR no paper; "
        """echo '{"level": "error", "event": "no ink"}'; echo '{"level": "info", "n": "ERROR"}'; """
        "printf done; sleep 1000"
    )
    supervisor.start(shell("writer", script))
    log = tmp_path / "logs" / "writer.log"
    tick_until(supervisor, lambda: "level" in log.read_text())
    supervisor.stop()
    assert "all is well" in log.read_text()
    assert "no paper" in told.text
    assert "no ink" in told.text
    assert "all is well" not in told.text
    assert '"info"' not in told.text


def test_a_log_does_not_grow_without_bound(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vyapar.ops.child.LOG_BYTES", 1000)
    monkeypatch.setattr("vyapar.ops.embedded.server.LOG_BYTES", 1000)
    supervisor.run(shell("chatter", "for n in $(seq 100); do echo line $n; done"))
    log, older = tmp_path / "logs" / "chatter.log", tmp_path / "logs" / "chatter.log.1"
    assert "line 100" in log.read_text()
    assert log.stat().st_size < 1200
    assert older.stat().st_size < 1200


def test_the_last_words_of_a_child_are_kept_even_without_a_line_end(supervisor: Supervisor) -> None:
    assert supervisor.run(shell("step", "printf unfinished")) == (0, ["unfinished"])


@pytest.mark.parametrize(
    ("lines", "loud"),
    [
        (["it went well"], [False]),
        (["[2026] CRITICAL: out of memory"], [True]),
        (["no ERRORS here"], [False]),
        (["{broken ERROR"], [False]),
        (
            ["Traceback (most recent call last):", '  File "x"', "ValueError: no", "next"],
            [True, True, True, False],
        ),
    ],
)
def test_an_error_is_told_from_chatter(tmp_path: Path, lines: list[str], loud: list[bool]) -> None:
    child = Child(shell("x", "true"), log=tmp_path / "x.log", cwd=tmp_path, environment={})
    assert [child.is_loud(line) for line in lines] == loud
    within(5, child.has_ended)
    child.bury()


def test_a_step_runs_to_its_end_while_the_others_are_tended(supervisor: Supervisor, told: Told) -> None:
    supervisor.start(shell("faulty", "sleep 0.1; exit 1"))
    code, lines = supervisor.run(shell("step", "echo one; sleep 0.5; echo two; exit 4"), show=True)
    assert (code, lines) == (4, ["one", "two"])
    assert "    one" in told
    assert "    two" in told
    assert supervisor.deaths["faulty"] >= 1


def test_a_role_is_ready_when_its_page_answers(supervisor: Supervisor) -> None:
    port = free_port()
    words = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    supervisor.start(Role("pages", words, answers=f"http://localhost:{port}/"))
    supervisor.wait_ready(20)


def test_a_role_that_is_not_ready_in_time_is_named_with_its_last_lines(
    supervisor: Supervisor,
) -> None:
    supervisor.start(shell("slow", "echo still warming; sleep 1000", says="ready"))
    supervisor.start(shell("quick", "echo ready; sleep 1000", says="ready"))
    with pytest.raises(Unavailable, match=r"(?s)^slow not ready after 1 s.*still warming"):
        supervisor.wait_ready(1)


def test_a_child_that_closes_its_output_does_not_keep_us_busy(supervisor: Supervisor) -> None:
    supervisor.start(shell("silent", "exec >&- 2>&-; exec sleep 1000"))
    spent = time.process_time()
    started = time.monotonic()
    while time.monotonic() - started < 0.6:
        supervisor.tick(0.2)
    assert time.process_time() - spent < 0.3


def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    driver = f"""
import os, pathlib
from vyapar.ops.supervisor import Role, Supervisor
here = pathlib.Path({str(tmp_path)!r})
s = Supervisor(logs=here, cwd=here, environment=os.environ, tell=print)
s.start(Role("sleeper", ("sleep", "1000")))
print("up", flush=True)
while True:
    s.tick()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", driver], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    family = descendants(process.pid)
    assert family
    process.kill()
    process.wait()
    assert within(5, lambda: not [pid for pid in family if is_alive(pid)])
