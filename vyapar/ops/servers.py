"""Keeps the embedded servers running: one that dies is started again on its data and its port."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vyapar.ops.embedded.server import Server
from vyapar.ops.patience import Patience, Tally

__all__ = ["Servers"]


@dataclass(slots=True)
class _Kept:
    """A server, since when it runs, when it is due again, and whether it answers."""

    server: Server
    since: float
    due: float = 0.0
    is_up: bool = True
    tally: Tally = field(default_factory=Tally)


class Servers:
    """Servers that were started elsewhere and are to run from now on; nothing here ever waits.

    `tell` hears of every end and every return.
    """

    def __init__(self, tell: Callable[[str], None], patience: Patience) -> None:
        self._tell, self._patience = tell, patience
        self._kept: list[_Kept] = []

    def keep(self, server: Server) -> None:
        """Look after a server that runs."""
        self._kept.append(_Kept(server, time.monotonic()))

    @property
    def are_up(self) -> bool:
        """Whether every server answers: who needs one that does not may die without blame."""
        return all(one.is_up for one in self._kept)

    @property
    def deaths(self) -> dict[str, int]:
        """How often each server died by itself, for those that did."""
        return {one.server.name: one.tally.total for one in self._kept if one.tally.total}

    def tend(self) -> None:
        """Notice ends and returns, start who is due; `Unavailable` when one died too often."""
        for one in self._kept:
            now = time.monotonic()
            if (code := one.server.end) is not None:
                self._mourn(one, code, now)
            elif not one.server.is_running and now >= one.due:
                one.server.revive()
                one.since = now
            elif not one.is_up and one.server.is_running and one.server.is_ready():
                one.is_up = True
                self._tell(
                    f"{one.server.name:<8}| answers again, {now - one.since:.1f} s after its new start"
                )

    def _mourn(self, one: _Kept, code: int, now: float) -> None:
        one.is_up = False
        one.server.stop()
        pause, told = one.tally.mourn(
            one.server.name, code, self._patience, ran_seconds=now - one.since,
            last_lines=one.server.last_lines,
        )  # fmt: skip
        one.due = now + pause
        self._tell(told)
