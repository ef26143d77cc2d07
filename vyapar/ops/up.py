"""Brings the whole house up on one machine and keeps it up: `python -m vyapar.ops.up`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vyapar.kernel.errors import Unavailable, VyaparError
from vyapar.ops.embedded import discard, running
from vyapar.ops.stack import (
    CHECKOUT,
    House,
    choose_port,
    environment,
    keep_environment,
    manage,
    roles,
    steps,
)
from vyapar.ops.supervisor import Stopped, Supervisor

_READY_SECONDS = 300.0
_CHECK_SECONDS = 600.0
_POLL_SECONDS = 8.0


class Clock:
    """Tells what goes on, with the seconds since the start, and keeps how long each part took."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.seconds: dict[str, float] = {}
        self._start = time.monotonic()

    @contextmanager
    def part(self, title: str) -> Iterator[None]:
        """Announce a part; when it ends well, tell its duration."""
        self.tell(f"[{time.monotonic() - self._start:5.1f} s] {title} …")
        start = time.monotonic()
        yield
        self.seconds[title] = round(time.monotonic() - start, 1)
        self.tell(f"    done in {self.seconds[title]} s")


def main(words: Sequence[str]) -> int:
    """Run until Ctrl-C (exit 0), a failure (1), or with `--check` one full cycle of the agents."""
    options = arguments().parse_args(words)
    return check(options.port) if options.check else stay(options.home, options.port)


def arguments(
    parser: argparse.ArgumentParser | None = None,
) -> argparse.ArgumentParser:
    """The options, added to `parser` when one is given."""
    parser = parser or argparse.ArgumentParser(prog="bin/run", description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="throw-away home and free ports; ends with one JSON object after a full cycle",
    )
    parser.add_argument("--home", type=Path, help="where data are kept (VYAPAR_HOME; .vyapar)")
    parser.add_argument("--port", help="where the pages are (PORT; 8000 or the next free one)")
    return parser


def stay(home: Path | None, port: str | None) -> int:
    """Bring the house up in its own home and keep it up until asked to stop."""
    tell = _teller(sys.stdout)
    home = home or Path(os.environ.get("VYAPAR_HOME") or CHECKOUT / ".vyapar")
    try:
        house = House(home.resolve(), choose_port(port or os.environ.get("PORT")))
        with raised(house, Clock(tell)) as supervisor:
            tell(_welcome(house, _accounts(supervisor)))
            while True:
                supervisor.tick()
    except Stopped:
        tell("Stopped; data are kept.")
        return 0
    except VyaparError as error:
        tell(f"Stopped: {error.message}")
        return 1


def check(port: str | None) -> int:
    """Bring up a throw-away house and wait for the agents; prints one JSON object as last line."""
    clock = Clock(_teller(sys.stderr))
    home = Path(tempfile.mkdtemp(prefix="vyapar-check-"))
    report: dict[str, Any] = {"complete": False}
    deaths: dict[str, int] = {}
    try:
        house = House(home, choose_port(port or os.environ.get("PORT"), throw_away=True))
        with raised(house, clock, durable=False) as supervisor:
            try:
                with clock.part("Agents' first full cycle, by themselves"):
                    for report in _reports(supervisor):
                        clock.tell(f"    {_gist(report)}")
            finally:
                deaths = supervisor.deaths
            if deaths or report.get("errors"):
                raise Unavailable(f"children that died: {deaths}; errors: {report.get('errors')}")
    except Stopped:
        report = {**report, "complete": False, "reason": "stopped by a signal"}
    except VyaparError as error:
        report = {**report, "complete": False, "reason": error.message}
    finally:
        discard(home / "services")
        shutil.rmtree(home, ignore_errors=True)
    report["house"] = {"seconds": clock.seconds, "deaths": deaths}
    sys.stdout.write(json.dumps(report, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
    return 0 if report["complete"] else 1


@contextmanager
def raised(house: House, clock: Clock, *, durable: bool = True) -> Iterator[Supervisor]:
    """A house in which every role is ready; when the block ends every child has ended, data last.

    Raises `Stopped` when a signal asks for it, `VyaparError` when something does not come up.
    """
    house.prepare()
    with ExitStack() as undo:
        supervisor = Supervisor(logs=house.logs, cwd=CHECKOUT, environment={}, tell=clock.tell)
        undo.enter_context(supervisor.stops_on_signals())
        with clock.part("Postgres and Valkey"):
            both = undo.enter_context(running(house.services, durable=durable))
        supervisor.environment.update(environment(house, both.urls))
        keep_environment(house, supervisor.environment)
        undo.callback(supervisor.stop)
        undo.callback(clock.tell, "Stopping …")
        for server in both.servers:
            supervisor.keep(server)
        for title, role, show in steps():
            with clock.part(title):
                _must(*supervisor.run(role, show=show), title)
        with clock.part("Web, worker, beat, relay"):
            for role in roles(supervisor.environment):
                supervisor.start(role)
            supervisor.wait_ready(_READY_SECONDS)
        yield supervisor


def _must(code: int, lines: list[str], title: str) -> None:
    if code:
        tail = "\n".join(f"    {line}" for line in lines[-25:])
        raise Unavailable(f"'{title}' failed (exit {code}):\n{tail}")


def _reports(supervisor: Supervisor) -> Iterator[dict[str, Any]]:
    """What the agents have done so far, again and again until complete; at most ten minutes."""
    deadline = time.monotonic() + _CHECK_SECONDS
    report: dict[str, Any] = {}
    while not report.get("complete"):
        if time.monotonic() > deadline:
            raise Unavailable(f"no full cycle within {_CHECK_SECONDS:.0f} s")
        pause = time.monotonic() + _POLL_SECONDS
        while time.monotonic() < pause:
            supervisor.tick()
        code, lines = supervisor.run(manage("report", "check_report", "--json"))
        _must(code, lines, "check_report")
        report = last_json(lines) or {}
        yield report


def last_json(lines: Sequence[str]) -> Any:
    """The value of the last line that is a JSON object or list; None when there is none."""
    for line in reversed(lines):
        if line.startswith(("{", "[")):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None


def _gist(report: dict[str, Any]) -> str:
    return "complete" if report.get("complete") else f"waiting for {report.get('waiting_for')}"


def _accounts(supervisor: Supervisor) -> list[dict[str, Any]]:
    """Who may sign in, as the demonstration tells; empty when it tells nothing."""
    code, lines = supervisor.run(manage("accounts", "demonstration_accounts"))
    told = None if code else last_json(lines)
    if isinstance(told, dict):
        told = told.get("accounts")
    return [row for row in told or [] if isinstance(row, dict)]


def _welcome(house: House, accounts: list[dict[str, Any]]) -> str:
    """The last thing that is printed: where to go, who to be, where to look, how to stop."""
    names = list(dict.fromkeys(str(row.get("distributor", "demo")) for row in accounts))
    rule = "─" * 78
    lines = ["", rule, "  VyaparSahayak is up.", ""]
    for name in names or ["demo", "second"]:
        lines.append(f"  http://{name}.localhost:{house.port}/")
        for row in accounts:
            if str(row.get("distributor", "demo")) == name:
                who = row.get("username") or row.get("email") or row.get("user") or ""
                lines.append(f"      {row.get('role', ''):<12} {who:<28} {row.get('password', '')}")
    lines += [
        "",
        f"  Logs      {house.logs}",
        f"  Commands  . '{house.home / 'environment'}' && .venv/bin/python manage.py …",
        "  Stop      Ctrl-C",
        rule,
    ]
    return "\n".join(lines)


def _teller(stream: Any) -> Callable[[str], None]:
    def tell(line: str) -> None:
        stream.write(line + "\n")
        stream.flush()

    return tell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
