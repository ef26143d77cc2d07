"""Who does a thing: a person, an agent, an API key, or the machine keeping house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "agent", "key", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """`ref` goes into records (`user:7`, `agent:monitoring`); `name` is what people read."""

    kind: ActorKind
    ident: str
    name: str = ""

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.ident}"

    @property
    def is_human(self) -> bool:
        return self.kind == "user"

    def __str__(self) -> str:
        return self.name or self.ref


def agent(name: str) -> Actor:
    """The actor under which an agent's cycle acts."""
    return Actor("agent", name, f"{name.capitalize()} agent")


def system(name: str = "engine") -> Actor:
    """The actor of sweeps, expiries and imports that nobody in particular asked for."""
    return Actor("system", name)
