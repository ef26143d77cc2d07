"""What every embedded server has in common: it starts, says that it is ready, and surely stops."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from vyapar.kernel.errors import Misconfigured, Unavailable

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
#: A log is moved aside once it is longer; one older part is kept.
LOG_BYTES = 10_000_000


def die_with_parent(sign: int) -> Callable[[], None]:
    """What a child calls before it executes its program: get `sign` when we die, however we die.

    Linux only; elsewhere it does nothing. Made by the parent, so that a parent that died in between
    is noticed too.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, sign)
            if os.getppid() != parent:
                os.kill(os.getpid(), sign)

    return arrange


def open_log(path: Path) -> IO[bytes]:
    """Append to `path`, after moving it aside once it is past 10 MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(path.suffix + ".1"))
    return path.open("ab", buffering=0)


def package_directory(name: str) -> Path:
    """Where a wheel's files lie. Nothing is imported: these wrappers change users and modes."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise Misconfigured(
            f"the package {name} is not installed: run bin/setup, or set DATABASE_URL and REDIS_URL"
        )
    return Path(spec.origin).parent


class Server:
    """One child process with a log; `stop_signals` are tried in order, each for some seconds."""

    name = "server"
    stop_signals: Sequence[tuple[int, float]] = ((signal.SIGTERM, 20.0),)

    def __init__(self, log: Path, lock: int | None = None) -> None:
        self.log = log
        self._inherited = () if lock is None else (lock,)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process number while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether a process of ours was started and has not been seen to end."""
        return self._process is not None

    @property
    def end(self) -> int | None:
        """The exit code of a process that ended although nobody stopped it, negative for a signal."""
        return None if self._process is None else self._process.poll()

    def launch(self) -> None:
        """Start the program on the data that are there, without waiting for it."""
        raise NotImplementedError

    def revive(self) -> None:
        """Start it again after it died; `is_ready` tells when it is back."""
        self.launch()

    def is_ready(self) -> bool:
        """Whether the present process answers."""
        raise NotImplementedError

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Start the program in a session of its own, so that Ctrl-C in a terminal passes it by."""
        with open_log(self.log) as sink:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                env=environment,
                cwd="/",
                pass_fds=self._inherited,
                start_new_session=True,
                preexec_fn=die_with_parent(self.stop_signals[0][0]),
                **(options or {}),
            )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died already; wait_until says why
            self._process.stdin.write(stdin)
            self._process.stdin.close()

    def wait_until(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Return once `is_ready`; `Unavailable` with the log's end when it exits or is too slow."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._process.poll() is not None:
                raise Unavailable(f"{self.name} did not start:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name} was not ready after {seconds:.0f} s:\n{self.last_lines()}")
            time.sleep(0.02)

    def last_lines(self, count: int = 15) -> str:
        """The end of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def stop(self) -> None:
        """End the process: politely, then less so. Returns when it is gone; harmless when it is."""
        process, self._process = self._process, None
        if process is None:
            return
        for sign, seconds in (*self.stop_signals, (signal.SIGKILL, 10.0)):
            if process.poll() is not None:
                return
            process.send_signal(sign)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
