"""One long-running child process: its output goes to a log, its end is certain."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vyapar.ops.embedded.server import LOG_BYTES, die_with_parent, open_log

_KEPT_LINES = 200
_LOUD = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b")
_TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Role:
    """What a child does and how to treat it.

    It is ready when its output says `says`, or when `answers` (a URL) gives any answer below 500;
    with neither, as soon as it runs. `stop_signals`: each with the seconds it is given before the
    next one; then the whole process group is killed. `death_signal` is sent when we are killed.
    """

    name: str
    command: Sequence[str]
    says: str = ""
    answers: str = ""
    stop_signals: Sequence[tuple[int, float]] = ((signal.SIGTERM, 8.0),)
    death_signal: int = signal.SIGTERM


class Child:
    """One run of a role, in a process group of its own."""

    def __init__(self, role: Role, *, log: Path, cwd: Path, environment: Mapping[str, str]) -> None:
        self.role = role
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.is_ready = not (role.says or role.answers)
        self._log_path = log
        self._log = open_log(log)
        #: True when nobody holds the writing end any more.
        self.is_silent = False
        self._rest = b""
        self._in_traceback = False
        self._process = subprocess.Popen(
            role.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=die_with_parent(role.death_signal),
        )
        assert self._process.stdout is not None
        self.output = self._process.stdout.fileno()
        os.set_blocking(self.output, False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self) -> Iterator[str]:
        """The whole lines that have come since the last call, also written to the log."""
        try:
            while chunk := os.read(self.output, 65536):
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                yield from map(self._keep, lines)
        except BlockingIOError:
            return
        self.is_silent = True
        if self._rest:
            yield self._keep(self._rest)
            self._rest = b""

    def _keep(self, raw: bytes) -> str:
        line = raw.decode(errors="replace").rstrip()
        self.lines.append(line)
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if self._log.tell() > LOG_BYTES:
            self._log.close()
            self._log = open_log(self._log_path)
        self._log.write(f"{stamp} {self.role.name:<8}| {line}\n".encode())
        if self.role.says and self.role.says in line:
            self.is_ready = True
        return line

    def is_loud(self, line: str) -> bool:
        """Whether a line is an error that belongs on the terminal; call it for every line in turn.

        JSON lines speak by their `level`; others by a word like ERROR or by being in a traceback.
        """
        if line.startswith("{"):
            return _level(line) in {"error", "critical"}
        if line.startswith(_TRACEBACK):
            self._in_traceback = True
        elif self._in_traceback and line and not line.startswith(" "):
            self._in_traceback = False  # the exception's own line closes it
            return True
        return self._in_traceback or bool(_LOUD.search(line))

    def has_ended(self) -> bool:
        """Whether the process is over; it keeps its number until `bury`."""
        if self._process.returncode is not None:
            return True
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, flags) is not None

    def bury(self) -> int:
        """Kill what the ended process left in its group; its exit code, negative for a signal."""
        if self._process.returncode is None:
            self.signal(signal.SIGKILL)  # first: once reaped, the number may be someone else's
            self._process.wait()
            self._log.close()
            assert self._process.stdout is not None
            self._process.stdout.close()
        return self._process.returncode

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def _level(line: str) -> str:
    try:
        record = json.loads(line)
    except ValueError:
        return ""
    return str(record.get("level", "")).lower() if isinstance(record, dict) else ""
