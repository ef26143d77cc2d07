"""The integrator's guide is true: its blocks run, in their order, against a real server and worker."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from tests.gateway.collected import PAGE, collect
from vyapar.ops.embedded import free_port
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.services import close_distributor

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/integrators.md"
SLUG = "guide-reader"
HOST = f"{SLUG}.localhost"

_BLOCK = re.compile(r"```(bash|python)(?: file=(\S+))?\n(.*?)```\n((?:<!-- shows: .*? -->\n)*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the guide: run it, or keep it as `file`; its output shows each of `shows`."""

    line: int
    language: str
    file: str
    text: str
    shows: tuple[str, ...]


def blocks() -> list[Block]:
    """All blocks that can be run, in their order."""
    text = GUIDE.read_text()
    return [
        Block(
            line=text[: found.start()].count("\n") + 1,
            language=found[1],
            file=found[2] or "",
            text=found[3],
            shows=tuple(re.findall(r"<!-- shows: (.*?) -->", found[4])),
        )
        for found in _BLOCK.finditer(text)
    ]


# --- a house for one reader ----------------------------------------------------------------

#: Systems resolve `*.localhost` to themselves (RFC 6761); where this one's C library does not, Python is
#: told to.
_RESOLVER = """
import socket
_ask = socket.getaddrinfo
def getaddrinfo(host, *more, **how):
    return _ask("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **how)
socket.getaddrinfo = getaddrinfo
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone who reads the guide, with a folder, an address and a key."""

    folder: Path
    environment: dict[str, str]

    def run(self, block: Block) -> str:
        """The block's output; fails with it when the block does."""
        command = ["bash", "-euo", "pipefail", "-c", block.text]
        if block.language == "python":
            command = [sys.executable, "-c", block.text]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"line {block.line}: exit {done.returncode}\n{said}"
        return said


@pytest.fixture(scope="module")
def reader(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Reader]:
    """A sandbox as the command opens it, a web server and a worker on the tests' own services."""
    folder, port = tmp_path_factory.mktemp("reader"), free_port()
    with django_db_blocker.unblock(), ExitStack() as undo:
        said = StringIO()
        undo.callback(connections.close_all)
        undo.callback(_close)
        call_command("open_sandbox", name=SLUG, stdout=said)
        told = dict(line.split("=", 1) for line in said.getvalue().splitlines() if not line.startswith("#"))
        environment = _house_environment(port)
        log = undo.enter_context((folder / "house.log").open("w+"))
        web = ("granian", "--interface", "wsgi", "--port", str(port), "--no-ws", "vyapar.wsgi:application")
        worker = ("celery", "-A", "vyapar.celery", "worker", "-l", "warning", "--pool", "solo")
        for command in (web, worker):
            undo.enter_context(_child([sys.executable, "-m", *command], environment, log))
        _wait_until_up(port, folder / "house.log")
        (folder / "sitecustomize.py").write_text(_RESOLVER)
        mine = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder), "KEY": told["KEY"],
            "BASE": f"http://{HOST}:{port}", "no_proxy": "*",
        }  # fmt: skip
        yield Reader(folder, mine)


def _close() -> None:
    found = Distributor.objects.filter(slug=SLUG).first()
    if found is not None:
        close_distributor(found)


def _house_environment(port: int) -> dict[str, str]:
    """This run's own database; queues and limits of their own, so that nothing else is worked on."""
    database, redis = urlsplit(os.environ["DATABASE_URL"]), urlsplit(settings.REDIS_URL)
    name = str(settings.DATABASES["default"]["NAME"])
    return {
        **os.environ,
        "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
        "REDIS_URL": urlunsplit(redis._replace(path="/15")),
        "PORT": str(port),
        "VYAPAR_TEST": "1",
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def _child(command: list[str], environment: dict[str, str], log) -> Iterator[None]:
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_until_up(port: int, log: Path) -> None:
    for _ in range(240):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.25)
    raise AssertionError(f"the server does not answer:\n{log.read_text()[-2000:]}")


# --- tests ---------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.skipif(not shutil.which("curl"), reason="the guide's commands need curl")
def test_every_block_of_the_guide_runs_and_shows_what_it_promises(reader: Reader) -> None:
    wrong = []
    for block in blocks():
        if block.file:
            (reader.folder / block.file).write_text(block.text)
            continue
        try:
            said = reader.run(block)
        except AssertionError as error:
            wrong.append(str(error))
            continue
        wrong += [
            f"line {block.line} does not show {text!r}:\n{said}" for text in block.shows if text not in said
        ]
    assert not wrong, "\n\n".join(wrong)


def test_every_block_says_what_it_shows() -> None:
    assert len(blocks()) > 15
    assert not [block.line for block in blocks() if not block.file and not block.shows]


def test_the_guide_is_of_this_house_and_of_no_other_place() -> None:
    for found in re.findall(r"https?://([^/\s`\")]+)", GUIDE.read_text()):
        assert found.endswith((".localhost:8000", "127.0.0.1:{server.server_port}")), found


def test_the_catalogue_names_every_code_that_the_source_can_raise() -> None:
    named = set(re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE))
    raised = {said.code for said in collect()}
    assert raised - named == set(), "run: python -m tests.gateway.collected"
    assert named - raised == set(), "run: python -m tests.gateway.collected"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("stale", 409), ("in_progress", 409), ("version_moved", 412), ("too_large", 413), ("key_reused", 422),
        ("unknown_sku", 0), ("no_such_key", 404), ("beyond_yours", 403), ("throttled", 429),
        ("repeated_in_batch", 0), ("version_required", 428),
    ],
)  # fmt: skip
def test_the_collector_sees_codes_of_every_kind(code: str, status: int) -> None:
    assert (code, status) in {(said.code, said.status) for said in collect()}


def test_the_collector_reads_what_a_new_code_would_look_like(tmp_path) -> None:
    import ast

    from tests.gateway import collected

    source = textwrap.dedent("""
        class Odd(Refused):
            status = 418
        def verb():
            message = f"no {thing} here"
            raise Odd(message, code="teapot", faults=[Fault("lid", "close it", "lid")])
    """)
    tree = ast.parse(source)
    known = ast.parse("class VyaparError(Exception): ...\nclass Refused(VyaparError): status = 409")
    found = list(collected._codes(tree, collected._statuses([known, tree]), collected._makers([tree])))
    assert {(said.code, said.status, said.message) for said in found} == {
        ("teapot", 418, "no … here"), ("lid", 0, "close it"),
    }  # fmt: skip
