"""Faults that a test or a demonstration orders: which requests fail, how, and how often."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

KINDS = frozenset({"timeout", "drop", "drop_before", "slow", "garbage", "status", "duplicate", "reorder"})
CHANNELS = frozenset({"whatsapp", "sms", "smtp", "webhook"})


@dataclass(slots=True)
class Fault:
    """One order. `times` counts down; -1 lasts until it is cleared.

    `timeout`: act, then stay silent for `seconds`; `drop`: act, then hang up; `drop_before`: hang up
    without acting; `slow`: wait `seconds`, then go on; `garbage`: act, then answer no JSON;
    `status`: do not act, answer HTTP `status` with the channel's error `code` (none: an empty
    body), or SMTP reply `status`; `duplicate` and `reorder` (webhook only): post twice, or
    newest first. `match` must occur in the path, the body or the recipient.
    """

    channel: str
    kind: str
    times: int = 1
    seconds: float = 5.0
    status: int = 500
    code: str = ""
    retry_after: int = 0
    match: str = ""


class Faults:
    """The orders not yet used up, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Fault] = []

    def add(self, order: Mapping[str, Any]) -> None:
        """Take an order; `ValueError` says what is wrong with it."""
        unknown = set(order) - {field.name for field in fields(Fault)}
        if unknown or order.get("channel") not in CHANNELS or order.get("kind") not in KINDS:
            raise ValueError(f"a fault needs a channel of {sorted(CHANNELS)}, a kind of {sorted(KINDS)}")
        fault = Fault(**{**order, "code": str(order.get("code", ""))})
        with self._lock:
            self._orders.append(fault)

    def take(self, channel: str, *facts: str) -> Fault | None:
        """The oldest order that fits, used up once."""
        with self._lock:
            for fault in self._orders:
                if fault.channel == channel and any(fault.match in fact for fact in facts):
                    fault.times -= 1
                    if fault.times == 0:
                        self._orders.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """Forget every order."""
        with self._lock:
            self._orders.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The orders still standing."""
        with self._lock:
            return [{"channel": f.channel, "kind": f.kind, "times": f.times} for f in self._orders]
