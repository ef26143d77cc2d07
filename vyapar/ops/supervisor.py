"""Keeps children running: starts, watches, restarts with patience, and stops them all."""

from __future__ import annotations

import http.client
import selectors
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from vyapar.kernel.errors import Unavailable
from vyapar.ops.child import Child, Role
from vyapar.ops.embedded.server import Server
from vyapar.ops.patience import Patience, Tally, ending
from vyapar.ops.servers import Servers

__all__ = ["Patience", "Role", "Stopped", "Supervisor"]

Tell = Callable[[str], None]
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK_SECONDS = 0.2


class Stopped(Exception):
    """Somebody asked us to stop: Ctrl-C, or a signal."""


@dataclass(slots=True)
class _Post:
    """A role's place: its present child, and what became of those before."""

    role: Role
    child: Child | None = None
    since: float = 0.0
    due: float = 0.0
    tally: Tally = field(default_factory=Tally)


class Supervisor:
    """Single-threaded: everything happens inside `tick`, which the other methods call.

    Children run in `cwd` with `environment`; each writes `logs`/<role>.log. `tell` gets progress
    and the children's errors.
    """

    def __init__(
        self,
        *,
        logs: Path,
        cwd: Path,
        environment: Mapping[str, str],
        tell: Tell,
        patience: Patience | None = None,
    ) -> None:
        self.environment = dict(environment)
        self.tell = tell
        self._logs, self._cwd = logs, cwd
        self._patience = patience or Patience()
        self._servers = Servers(tell, self._patience)
        self._posts: dict[str, _Post] = {}
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0

    # --- what others call ------------------------------------------------------------------------
    @contextmanager
    def stops_on_signals(self) -> Iterator[None]:
        """In this block SIGINT, SIGTERM and SIGHUP make the next tick raise `Stopped`."""
        before = {number: signal.signal(number, self._hear) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, role: Role, *, show: bool = False) -> tuple[int, list[str]]:
        """Run a role to its end while tending the others; its exit code and last 200 lines."""
        child = self._spawn(role)
        watched = child if show else None
        try:
            while not child.has_ended():
                self._tick(watched=watched)
            return self._bury(child, watched), list(child.lines)
        finally:
            self._end([child])

    def start(self, role: Role) -> None:
        """Start a role and keep it running from now on."""
        self._posts[role.name] = post = _Post(role)
        self._fill(post)

    def keep(self, server: Server) -> None:
        """Keep a server running from now on that somebody else started and will stop.

        While one is away nobody is started, and whoever dies of it is not blamed.
        """
        self._servers.keep(server)

    def wait_ready(self, seconds: float) -> None:
        """Return when every role is ready; `Unavailable` names those that are not in time."""
        deadline = time.monotonic() + seconds
        while late := [post for post in self._posts.values() if not self._is_ready(post)]:
            if time.monotonic() > deadline:
                names = ", ".join(post.role.name for post in late)
                raise Unavailable(f"{names} not ready after {seconds:.0f} s:\n{_tail(late[0].child)}")
            self.tick()

    def tick(self, seconds: float = _TICK_SECONDS) -> None:
        """Read output, notice deaths, restart who is due.

        Raises `Stopped` when asked to stop, `Unavailable` when a role died too often.
        """
        self._tick(seconds=seconds)

    def stop(self) -> None:
        """End every child; a further signal while waiting kills them at once. Safe to call twice."""
        children = [post.child for post in self._posts.values() if post.child]
        self._posts.clear()
        self._end(children)

    @property
    def deaths(self) -> dict[str, int]:
        """How often each role or server died by itself, for those that did."""
        posts = {post.role.name: post.tally.total for post in self._posts.values() if post.tally.total}
        return {**posts, **self._servers.deaths}

    # --- how it works ----------------------------------------------------------------------------
    def _hear(self, *_: object) -> None:
        self._asked_to_stop += 1

    def _spawn(self, role: Role) -> Child:
        log = self._logs / f"{role.name}.log"
        child = Child(role, log=log, cwd=self._cwd, environment=self.environment)
        self._selector.register(child.output, selectors.EVENT_READ, child)
        return child

    def _fill(self, post: _Post) -> None:
        post.child, post.since = self._spawn(post.role), time.monotonic()

    def _tick(self, *, seconds: float = _TICK_SECONDS, watched: Child | None = None) -> None:
        if self._asked_to_stop:
            raise Stopped
        self._read(seconds, watched)
        self._servers.tend()
        now = time.monotonic()
        for post in list(self._posts.values()):
            if post.child is None and now >= post.due and self._servers.are_up:
                self._fill(post)
            elif post.child and post.child.has_ended():
                self._mourn(post, now)

    def _read(self, seconds: float, watched: Child | None = None) -> None:
        for key, _ in self._selector.select(seconds):
            self._listen(key.data, watched)

    def _listen(self, child: Child, watched: Child | None = None) -> None:
        for line in child.read():
            if child is watched:
                self.tell(f"    {line}")
            elif child.is_loud(line) and child.role.name in self._posts:
                self.tell(f"{child.role.name:<8}| {line}")
        if child.is_silent:
            self._selector.unregister(child.output)

    def _bury(self, child: Child, watched: Child | None = None) -> int:
        """Hear its last words, then let it go; its exit code."""
        if self._hears(child):
            self._listen(child, watched)
        if self._hears(child):
            self._selector.unregister(child.output)
        return child.bury()

    def _hears(self, child: Child) -> bool:
        key = self._selector.get_map().get(child.output)
        return key is not None and key.data is child

    def _mourn(self, post: _Post, now: float) -> None:
        """A child died by itself: bury it, and start another after a pause or give up."""
        assert post.child is not None
        dead, post.child = post.child, None
        code = self._bury(dead)
        if not self._servers.are_up:
            post.tally.total += 1
            post.due = now + self._patience.first_pause
            self.tell(f"{post.role.name:<8}| ended ({ending(code)}) while a server is away; it waits for it")
            return
        pause, told = post.tally.mourn(
            post.role.name, code, self._patience, ran_seconds=now - post.since,
            last_lines=lambda: _tail(dead),
        )  # fmt: skip
        post.due = now + pause
        self.tell(told)

    def _is_ready(self, post: _Post) -> bool:
        child = post.child
        if child is None:
            return False
        if not child.is_ready and post.role.answers:
            child.is_ready = _answers(post.role.answers)
        return child.is_ready

    def _end(self, children: Sequence[Child]) -> None:
        """All at once: each gets its signals in turn, and what outlives them is killed."""
        alive = [child for child in children if not child.has_ended()]
        heard = self._asked_to_stop
        steps = {id(child): _steps(child.role) for child in alive}
        due = {id(child): 0.0 for child in alive}
        while alive := [child for child in alive if not child.has_ended()]:
            for child in alive:
                hurry = self._asked_to_stop > heard
                if hurry or time.monotonic() >= due[id(child)]:
                    number, seconds = (signal.SIGKILL, 60.0) if hurry else next(steps[id(child)])
                    child.signal(number)
                    due[id(child)] = time.monotonic() + seconds
            self._read(0.05)
        for child in children:
            self._bury(child)


def _steps(role: Role) -> Iterator[tuple[int, float]]:
    yield from role.stop_signals
    while True:
        yield signal.SIGKILL, 5.0


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    door = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        door.request("GET", parts.path or "/")
        return door.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        door.close()


def _tail(child: Child | None) -> str:
    return "\n".join(f"    {line}" for line in list(child.lines)[-20:]) if child else ""
