"""One owner per state directory, held until the last server of that owner is gone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vyapar.kernel.errors import Refused

#: How long servers of an owner that was killed may take to stop.
_LINGER_SECONDS = 30.0


@contextmanager
def owned(state: Path) -> Iterator[int]:
    """Hold `state` alone; yields the lock's descriptor, which servers inherit.

    As the lock lives as long as any holder of the descriptor, a killed launcher's servers keep it
    until they have stopped: they are waited for. A living owner raises `Refused` at once.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = os.open(state / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(lock, state)
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, state: Path) -> None:
    deadline = time.monotonic() + _LINGER_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 32, 0).decode()
            if _is_alive(owner) or time.monotonic() > deadline:
                raise Refused(
                    f"another run (process {owner}) already owns {state}: "
                    "stop it, or choose another directory with --home or VYAPAR_HOME",
                    code="already_running",
                ) from None
            time.sleep(0.05)
        else:
            return


def _is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return True  # it has the lock and is about to write its number
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
