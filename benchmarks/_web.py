"""The web server as the house runs it, for benchmarks that go through HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks._children import ROOT, started

_START_SECONDS = 180  # on a busy machine
#: A benchmark is one impatient caller.
_WITHOUT_LIMITS = {
    "API_RATE": "1000000/min", "API_TENANT_RATE": "1000000/min",
    "API_ROWS_RATE": "1000000000/min", "API_TENANT_ROWS_RATE": "1000000000/min",
}  # fmt: skip


@contextmanager
def web(headers: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A client of a web server of our own on the database of this benchmark; `headers` go with each call."""
    from vyapar.ops.embedded import free_port
    from vyapar.ops.stack import House, roles

    port = free_port()
    home = Path(os.environ["VYAPAR_HOME"])
    told = {
        **os.environ, **_WITHOUT_LIMITS, "PORT": str(port), "VYAPAR_SANDBOX": "0", "VYAPAR_HOME": str(home),
        "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": str(max(1, (os.cpu_count() or 2) // 2)),
    }  # fmt: skip
    House(home, port).prepare()
    subprocess.run([sys.executable, "-m", "vyapar.ops.statics"], cwd=ROOT, env=told, check=True)
    command = next(role for role in roles(told) if role.name == "web").command
    with (home / "web.log").open("w") as log:
        child = started(command, told, log)
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=dict(headers), timeout=120
            ) as client:
                _wait(client, child)
                yield client
        finally:
            child.terminate()
            child.wait(30)


def _wait(client: httpx.Client, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            if client.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"the web server did not come up; see {os.environ['VYAPAR_HOME']}/web.log")


def key_for(name: str) -> str:
    """A key that may feed, in the current distributor."""
    from django.utils import timezone

    from vyapar.gateway.services import issue_key
    from vyapar.kernel.actor import system
    from vyapar.people.contracts import May

    return issue_key(name=name, scopes=[May.FEED], actor=system("bench"), at=timezone.now())[1]


def loads() -> list[float]:
    """How busy the machine was: the last one, five and fifteen minutes."""
    return [round(one, 1) for one in os.getloadavg()]
