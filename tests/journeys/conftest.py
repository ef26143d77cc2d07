"""One house for all journeys, brought up by the command that a newcomer types."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vyapar.ops.embedded import discard, free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 420
PATIENCE_SECONDS = 240
CHROME = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def outside() -> dict[str, str]:
    """The environment without what a test run says of itself: the house knows nothing of tests."""
    mine = {"DATABASE_URL", "REDIS_URL", "VYAPAR_TEST", "VYAPAR_HOME", "SECRET_KEY"}
    return {name: value for name, value in os.environ.items() if name not in mine}


class House:
    """A running house, talked to over HTTP as its people and machines do."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.base = f"http://demo.localhost:{port}"

    def manage(self, *words: str) -> str:
        """What a command of the house says, run as whoever runs the installation would."""
        line = f". '{self.home / 'environment'}' && exec '{sys.executable}' manage.py \"$@\""
        done = subprocess.run(
            ["sh", "-c", line, "manage", *words], cwd=ROOT, env=outside(), capture_output=True, text=True,
            timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def accounts(self) -> dict[str, dict[str, str]]:
        """Sign-ins by role."""
        found = json.loads((self.home / "demonstration" / "t_demo.accounts.json").read_text())
        return {one["role"]: one for one in found}

    def client(self, role: str) -> httpx.Client:
        """A signed-in person."""
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Host": f"demo.localhost:{self.port}", "Referer": f"{self.base}/"},
            timeout=60,
        )
        client.get("/sign-in").raise_for_status()
        account = self.accounts()[role]
        answer = client.post(
            "/sign-in",
            data={
                "username": account["username"],
                "password": account["password"],
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            },
        )
        assert answer.status_code == 302, answer.text[:500]
        client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
        return client


def wait_for(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What `look` finds, asked again and again until it is something; fails with `what` is missing."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(1)
    raise AssertionError(f"waited {seconds} s for {what}")


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """The house: small demonstration, throw-away home, everything else as it is for anybody."""
    home = Path(tempfile.mkdtemp(prefix="vyapar-journey-"))
    home.chmod(0o711)
    port = free_port()
    told = outside()
    command = [sys.executable, "-m", "vyapar.ops.up", "--home", str(home), "--port", str(port)]
    told |= {"VYAPAR_DEMONSTRATION": "small", "PYTHONPATH": str(ROOT)}
    with (home / "up.log").open("w+") as log:
        child = subprocess.Popen(command, cwd=ROOT, env=told, stdout=log, stderr=log)
        try:
            wait_for(lambda: is_up(child, home, log.name), "the house to be up", START_SECONDS)
            yield House(home, port)
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(60)
            discard(home / "services")


def is_up(child: subprocess.Popen[bytes], home: Path, log: str) -> bool:
    """Whether the house has printed its addresses; fails at once when it died."""
    said = Path(log).read_text()
    assert child.poll() is None, f"the house died:\n{said[-3000:]}"
    return "Ctrl-C" in said


@pytest.fixture(scope="session")
def owner(house) -> Iterator[httpx.Client]:
    """The owner, signed in."""
    client = house.client("owner")
    yield client
    client.close()


@pytest.fixture(scope="module")  # its event loop must not outlive the journeys: tests of the database follow
def chromium() -> Iterator[Any]:
    """A real Chromium that knows the house's host names."""
    if not CHROME:
        pytest.skip("no Chromium on this machine; as root, apt-get install chromium")
    from playwright.sync_api import sync_playwright

    words = ["--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
    words += ["--disable-component-update", "--disable-dev-shm-usage"]
    words += ["--host-resolver-rules=MAP *.localhost 127.0.0.1"]
    if os.geteuid() == 0:
        words.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROME, args=words)
        yield browser
        browser.close()
