"""What a benchmark starts ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vyapar.ops.stack import CHECKOUT

_BENCHMARK = """
import sys, time
from benchmarks._children import leave_tidily, started
leave_tidily()
log = open(sys.argv[1], "w")
child = started([sys.executable, "-c", "import time; time.sleep(60)"], {}, log)
try:
    print(child.pid, flush=True)
    time.sleep(60)
finally:
    child.terminate()
    child.wait(10)
    print("tidied", flush=True)
"""


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
@pytest.mark.parametrize(("sign", "said"), [(signal.SIGTERM, "tidied\n"), (signal.SIGKILL, "")])
def test_a_killed_benchmark_leaves_nothing_running(sign: signal.Signals, said: str, tmp_path: Path) -> None:
    benchmark = subprocess.Popen(
        [sys.executable, "-c", _BENCHMARK, str(tmp_path / "log")],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert benchmark.stdout is not None
    child = int(benchmark.stdout.readline())
    assert is_running(child)
    benchmark.send_signal(sign)
    benchmark.wait(20)
    assert benchmark.stdout.read() == said
    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)
