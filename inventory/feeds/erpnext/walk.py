"""From a cursor to what changed since, page by page, without losing documents of one instant.

A site's documents are read in the order of `modified`. Documents of the same instant come in any
number, and one whose transaction began before and ended after our last look carries an instant that
we have passed already. So a pull begins a little before its cursor and passes over what it has seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inventory.feeds.erpnext.client import Document, ErpnextClient
from inventory.feeds.erpnext.doctypes import Plan

#: How far a pull goes back before its cursor: longer than a transaction of the far side takes.
OVERLAP = timedelta(minutes=5)
#: Documents remembered by name in a cursor. What is forgotten comes twice, which changes nothing.
_MOST_RECENT = 2_000


@dataclass
class Position:
    """How far one DocType is read: its last instant, and what was seen shortly before it."""

    modified: str = ""
    recent: dict[str, str] = field(default_factory=dict)  # name -> modified

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Position:
        """As a cursor has it; empty for a DocType that was never read."""
        kept = kept or {}
        return cls(str(kept.get("modified") or ""), dict(kept.get("recent") or {}))

    def keep(self) -> dict[str, Any]:
        """As a cursor has it."""
        return {"modified": self.modified, "recent": self.recent}

    def move(self, documents: Sequence[Document]) -> None:
        """Everything up to the last of `documents`, in order, is taken."""
        for one in documents:
            self.modified = max(self.modified, str(one["modified"]))
            self.recent[str(one["name"])] = str(one["modified"])
        floor = _before(self.modified)
        kept = {name: instant for name, instant in self.recent.items() if instant >= floor}
        newest = sorted(kept, key=lambda name: kept[name])[-_MOST_RECENT:]
        self.recent = {name: kept[name] for name in newest}


def pages(client: ErpnextClient, plan: Plan, start: Position, size: int) -> Iterator[list[Document]]:
    """New and changed documents in the order of their change, at most `size` at a time."""
    at, names, last = _before(start.modified), set[str](), ""
    known = dict(start.recent)
    fields, filters = plan.fields, list(plan.filters)
    while True:
        since = [["modified", ">=", at]] if at else []
        rows = client.list_page(plan.doctype, fields, [*filters, *since], length=size)
        full = len(rows) == size
        fresh = [row for row in rows if str(row["modified"]) != at or str(row["name"]) not in names]
        if full and not fresh:  # more documents of one instant than a page holds: go on by name
            same = [["modified", "=", at], ["name", ">", last]]
            fresh = client.list_page(plan.doctype, fields, [*filters, *same], length=size, order="name asc")
            if not fresh:
                later = [["modified", ">", at]]
                fresh = client.list_page(plan.doctype, fields, [*filters, *later], length=size)
                full = len(fresh) == size
        for row in fresh:
            if str(row["modified"]) != at:
                at, names = str(row["modified"]), set()
            last = str(row["name"])
            names.add(last)
        new = [row for row in fresh if known.get(str(row["name"])) != str(row["modified"])]
        if new:
            yield new
        if not full or not fresh:
            return


def _before(modified: str) -> str:
    if not modified:
        return ""
    try:
        return str(datetime.fromisoformat(modified) - OVERLAP)
    except ValueError:
        return modified
