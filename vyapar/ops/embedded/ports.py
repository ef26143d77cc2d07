"""Which TCP ports of this machine are free, and which one a server had last time."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

HOST = "127.0.0.1"


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as door:
        door.bind((HOST, 0))
        port: int = door.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on `port`; connections that are still closing don't count."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError:
            return False
        return True


def remembered_port(state: Path, name: str) -> int:
    """The port that `name` had last time when it is still free, otherwise a new one, kept."""
    book = state / "ports.json"
    try:
        known: dict[str, int] = json.loads(book.read_text())
    except (OSError, ValueError):
        known = {}
    if (port := known.get(name)) and is_free(port):
        return port
    known[name] = free_port()
    state.mkdir(parents=True, exist_ok=True)
    draft = book.with_suffix(".new")
    draft.write_text(json.dumps(known))
    os.replace(draft, book)
    return known[name]
