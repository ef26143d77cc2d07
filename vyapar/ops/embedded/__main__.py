"""Runs a command with services: `python -m vyapar.ops.embedded [--volatile] -- COMMAND…`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from vyapar.kernel.errors import VyaparError
from vyapar.ops.embedded import services
from vyapar.ops.embedded.server import die_with_parent


def main(words: list[str]) -> int:
    """Run a command with `DATABASE_URL` and `REDIS_URL` set; its exit code is ours."""
    parser = argparse.ArgumentParser(prog="python -m vyapar.ops.embedded", description=__doc__)
    parser.add_argument("--state", type=Path, help="keep data here; without it they are deleted")
    parser.add_argument("--volatile", action="store_true", help="faster, unsafe on power loss")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    options = parser.parse_args(words)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    try:
        with services(options.state, durable=not options.volatile) as urls:
            return _run(options.command, {**os.environ, **urls})
    except VyaparError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1


def _run(command: list[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(
        command,
        env=environment,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    # Ctrl-C reaches the command too, and it decides when it has finished
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
