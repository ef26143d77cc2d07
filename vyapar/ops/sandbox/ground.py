"""What every desk of the sandbox stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vyapar.ops.sandbox.journal import Journal
from vyapar.ops.sandbox.outbox import Outbox
from vyapar.ops.sandbox.registry import Registry
from vyapar.ops.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """Settings, what is on file, what happened, what goes out later, and the time."""

    settings: Settings
    registry: Registry
    journal: Journal
    outbox: Outbox
    clock: Callable[[], datetime]
