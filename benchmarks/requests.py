"""What a page and an API call cost: the running house on the full demonstration, over HTTP.

    bin/bench requests

Brings the house up as `bin/run` does, in a throw-away home, waits for the agents' first full cycle, signs
in, and asks for each address again and again: one caller for the median, sixteen for requests a second.
`/healthz` goes through the same server and none of our pages: what it answers a second is the limit.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks._children import ROOT, started

RUNS, CALLERS, SECONDS = 40, 16, 6.0
GOAL_MS = 100.0
START_SECONDS, CYCLE_SECONDS = 600, 600
PAGES = {
    "home": "/",
    "inbox": "/inbox",
    "dead stock": "/stock",
    "current inventory, 100 items": "/api/v1/inventory/current?limit=100",
    "actions": "/api/v1/actions?limit=100",
}
LIMIT = "/healthz"


def run() -> dict[str, Any]:
    """The slower of first screen and inbox at the median, against the goal; every address beside it."""
    with house() as (home, port):
        wait_for_cycle(home)
        client = signed_in(home, port)
        medians = {name: round(median_ms(client, path), 1) for name, path in PAGES.items()}
        rates = {name: round(per_second(client, path), 1) for name, path in PAGES.items()}
        limit = per_second(client, LIMIT)
    worst = max(medians["home"], medians["inbox"])
    return {
        "name": "requests",
        "value": worst,
        "unit": "ms, median of the slower of first screen and inbox",
        "ratio": round(GOAL_MS / worst, 2),
        "against": "100 ms",
        "goal": 1.0,
        "median_ms": medians,
        "requests_per_second": {**rates, LIMIT: round(limit, 1)},
        "callers": CALLERS,
        "load": os.getloadavg()[0],
    }


@contextmanager
def house() -> Iterator[tuple[Path, int]]:
    """The house of two full demonstrations, up; its home and port."""
    from vyapar.ops.embedded import discard, free_port

    with tempfile.TemporaryDirectory(prefix="vyapar-bench-house-") as folder:
        home, port = Path(folder), free_port()
        home.chmod(0o711)
        mine = {"DATABASE_URL", "REDIS_URL", "VYAPAR_HOME", "SECRET_KEY", "VYAPAR_TEST"}
        told = {name: value for name, value in os.environ.items() if name not in mine}
        told |= {"PYTHONPATH": str(ROOT), "API_RATE": "1000000/min"}
        command = [sys.executable, "-m", "vyapar.ops.up", "--home", str(home), "--port", str(port)]
        with (home / "up.log").open("w") as log:
            child = started(command, told, log)
            try:
                _until(lambda: "Ctrl-C" in (home / "up.log").read_text(), child, START_SECONDS)
                yield home, port
            finally:
                child.send_signal(signal.SIGINT)
                child.wait(60)
                discard(home / "services")


def wait_for_cycle(home: Path) -> None:
    """Until every agent of every distributor has completed a cycle and carried something out."""
    words = '. ./environment && exec "$PYTHON" "$ROOT/manage.py" check_report'
    told = {**os.environ, "PYTHON": sys.executable, "ROOT": str(ROOT), "PYTHONPATH": str(ROOT)}
    for name in ("DATABASE_URL", "REDIS_URL", "VYAPAR_HOME", "SECRET_KEY", "VYAPAR_TEST"):
        told.pop(name, None)

    def done() -> bool:
        said = subprocess.run(["sh", "-c", words], cwd=home, env=told, capture_output=True, text=True)
        time.sleep(3)
        return '"complete": true' in said.stdout

    _until(done, None, CYCLE_SECONDS)


def signed_in(home: Path, port: int) -> httpx.Client:
    """The owner of the larger distributor, with a session."""
    import json

    accounts = json.loads((home / "demonstration" / "t_demo.accounts.json").read_text())
    owner = next(one for one in accounts if one["role"] == "owner")
    base = f"http://demo.localhost:{port}"
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Host": f"demo.localhost:{port}", "Referer": f"{base}/"},
        timeout=60,
        limits=httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS),
    )
    client.get("/sign-in").raise_for_status()
    fields = {"username": owner["username"], "password": owner["password"]}
    answer = client.post("/sign-in", data={**fields, "csrfmiddlewaretoken": client.cookies["csrftoken"]})
    if answer.status_code != 302:
        raise ValueError(f"the owner could not sign in: {answer.status_code}")
    return client


def median_ms(client: httpx.Client, path: str) -> float:
    """Milliseconds of one call at the median, after three that warm up."""
    took = []
    for turn in range(RUNS + 3):
        start = time.perf_counter()
        client.get(path).raise_for_status()
        if turn >= 3:
            took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def per_second(client: httpx.Client, path: str) -> float:
    """Calls a second of all callers together, for some seconds."""
    until, counts = time.perf_counter() + SECONDS, [0] * CALLERS

    def call(number: int) -> None:
        while time.perf_counter() < until:
            client.get(path).raise_for_status()
            counts[number] += 1

    callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    return sum(counts) / SECONDS


def _until(look: Any, child: subprocess.Popen[bytes] | None, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not look():
        if child is not None and child.poll() is not None:
            raise ValueError("the house died while it came up")
        if time.monotonic() > end:
            raise ValueError(f"waited {seconds} s for the house")
        time.sleep(1)
