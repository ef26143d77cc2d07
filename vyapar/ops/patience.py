"""How often what we keep running may die before we give up, and how long we wait between."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass

from vyapar.kernel.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a child may die: `tries` restarts, each after twice the last pause.

    A child that ran for `calm_seconds` is forgiven its past.
    """

    tries: int = 5
    first_pause: float = 1.0
    calm_seconds: float = 60.0


@dataclass(slots=True)
class Tally:
    """What became of one child so far: `deaths` that are held against it, and `total` of them."""

    deaths: int = 0
    total: int = 0

    def count(self, patience: Patience, *, ran_seconds: float) -> float | None:
        """Count a death; the seconds to wait before the next start, None when it was one too many."""
        self.total += 1
        self.deaths = 1 if ran_seconds > patience.calm_seconds else self.deaths + 1
        if self.deaths > patience.tries:
            return None
        return float(patience.first_pause * 2 ** (self.deaths - 1))

    def mourn(
        self, name: str, code: int, patience: Patience, *, ran_seconds: float, last_lines: Callable[[], str]
    ) -> tuple[float, str]:
        """Count a death; the seconds to wait before the next start, and what is told of it. `Unavailable`,
        with its `last_lines`, when it was one too many.
        """
        pause = self.count(patience, ran_seconds=ran_seconds)
        if pause is None:
            raise Unavailable(
                f"{name} ended {self.deaths} times ({ending(code)}). Its last lines:\n{last_lines()}"
            )
        return pause, (
            f"{name:<8}| ended ({ending(code)}); starting it again in {pause:g} s "
            f"({self.deaths} of {patience.tries})"
        )


def ending(code: int) -> str:
    """An exit code in words: `signal SIGKILL`, `exit 3`."""
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit {code}"
