"""Children of a benchmark: none outlives it, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


def started(command: Sequence[str], told: Mapping[str, str], log: IO[str]) -> subprocess.Popen[bytes]:
    """A child that is asked to stop when we die, even when we are killed and no `finally` runs."""
    from vyapar.ops.embedded.server import die_with_parent

    return subprocess.Popen(
        list(command),
        cwd=ROOT,
        env=dict(told),
        stdout=log,
        stderr=log,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


def leave_tidily() -> None:
    """Let a signal end us as an exception does, so that whatever was started is stopped and waited for."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
