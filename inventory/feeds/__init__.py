"""Systems data come from and go back to: one closed package each, one line of `SYSTEMS` each."""

from __future__ import annotations

from inventory.feeds import drop, erpnext, files, push, rest, tally
from inventory.feeds.system import Access, Fetched, System

#: By code. A package that is left out here is not there.
_LISTED: tuple[System, ...] = (
    drop.SYSTEM,
    erpnext.SYSTEM,
    files.SYSTEM,
    push.SYSTEM,
    rest.SYSTEM,
    tally.SYSTEM,
)
SYSTEMS: dict[str, System] = {system.code: system for system in _LISTED}

__all__ = ["SYSTEMS", "Access", "Fetched", "System"]
