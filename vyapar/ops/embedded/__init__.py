"""Postgres and Valkey from wheels, for a machine where no service runs: two children of ours."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vyapar.ops.embedded.ownership import owned
from vyapar.ops.embedded.ports import free_port, is_free, remembered_port
from vyapar.ops.embedded.postgres import Postgres
from vyapar.ops.embedded.server import Server
from vyapar.ops.embedded.valkey import Valkey

__all__ = [
    "Postgres",
    "Running",
    "Valkey",
    "discard",
    "free_port",
    "is_free",
    "remembered_port",
    "running",
    "services",
]


@dataclass(frozen=True, slots=True)
class Running:
    """`DATABASE_URL` and `REDIS_URL`, and the servers that were started for them."""

    urls: dict[str, str]
    servers: tuple[Server, ...]


@contextmanager
def services(state: Path | None = None, *, durable: bool = True) -> Iterator[dict[str, str]]:
    """`DATABASE_URL` and `REDIS_URL` of running servers; see `running`."""
    with running(state, durable=durable) as both:
        yield both.urls


@contextmanager
def running(state: Path | None = None, *, durable: bool = True) -> Iterator[Running]:
    """Servers for this machine, which run; all have stopped when the block ends.

    A URL that the environment already names wins, and nothing is started for it. `state` keeps
    data, ports and passwords from one start to the next and has one owner at a time; without it
    everything lives in a temporary directory and is deleted. `durable` False trades safety on
    power loss for speed. Raises `Refused` when another run owns `state`, `Unavailable` when a
    server does not come up, `Misconfigured` when its wheel is not installed.
    """
    with ExitStack() as undo:
        if state is None:
            state = undo.enter_context(_throw_away())
        lock = undo.enter_context(owned(state))
        urls = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
        servers: list[Server] = []
        if not urls["DATABASE_URL"]:
            postgres = Postgres(state, durable=durable, lock=lock)
            undo.callback(postgres.stop)
            urls["DATABASE_URL"] = postgres.start()
            servers.append(postgres)
        if not urls["REDIS_URL"]:
            valkey = Valkey(state, durable=durable, lock=lock)
            undo.callback(valkey.stop)
            urls["REDIS_URL"] = valkey.start()
            servers.append(valkey)
        yield Running(urls, tuple(servers))


@contextmanager
def _throw_away() -> Iterator[Path]:
    state = Path(tempfile.mkdtemp(prefix="vyapar-services-"))
    state.chmod(0o711)  # root's servant passes through it to its own directory
    try:
        yield state
    finally:
        discard(state)


def discard(state: Path) -> None:
    """Delete a stopped state directory, and the data that had to live outside it."""
    cluster = Postgres.place(state)
    for folder in (cluster, cluster.with_name(f"{cluster.name}-old"), state):
        shutil.rmtree(folder, ignore_errors=True)
