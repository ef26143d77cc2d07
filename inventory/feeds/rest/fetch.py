"""A pull: rows as the far side has them, a JSON line each; a profile makes them canonical later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from inventory.feeds.rest.client import client_of
from inventory.feeds.rest.paging import pages
from inventory.feeds.rest.recipe import Recipe, find, read_instant, read_recipe, write_instant
from inventory.feeds.system import Access, Fetched
from vyapar.kernel.errors import Unavailable

#: Rows remembered by their digest; what is forgotten comes twice, which changes nothing.
_MOST_RECENT = 2_000


def fetch(access: Access, cursor: Mapping[str, Any], folder: Path) -> Fetched:
    """Pull what is new into one file.

    The cursor has `since` (an instant up to which everything is taken), `high` (the newest seen by a
    pull under way), `resume` (where its next page begins) and `recent` (digests of rows seen last).
    `since` moves only when a pull has come to its end: the far side's order is not ours to trust.
    """
    recipe = read_recipe(access.settings)
    state = _State(recipe, cursor)
    error: Unavailable | None = None
    path, rows, simulated, full = folder / f"rest-{access.code}.ndjson", 0, False, False
    with client_of(access) as client, path.open("wb") as file:
        try:
            for page, after in pages(client, recipe, state.parameters(), state.resume):
                simulated = simulated or page.simulated
                rows += sum(file.write(line) > 0 for line in state.take(page.rows))
                state.move(after)
                full = rows >= recipe.most and after is not None
                if full:
                    break
        except Unavailable as failure:
            if not rows and state.resume == dict(cursor.get("resume") or {}):
                raise
            error = failure
    complete = error is None and not full
    if recipe.row_key and rows:
        keep_last(path, recipe.row_key)
    kept = state.keep()
    if not recipe.since_param and complete and rows:  # everything each time: only changes are news
        kept["digest"] = _digest_of(path)
        rows = 0 if kept["digest"] == cursor.get("digest") else rows
    return Fetched(
        (path,) if rows else (),
        kept,
        complete=complete,
        simulated=simulated,
        error=error,
    )


def keep_last(path: Path, row_key: str) -> None:
    """Leave of rows with the same key the last one, at its place."""
    last: dict[str, int] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file):
            last[_key_of(line, row_key, number)] = number
    fresh, kept = path.with_suffix(".kept"), set(last.values())
    with path.open("rb") as file, fresh.open("wb") as target:
        target.writelines(line for number, line in enumerate(file) if number in kept)
    fresh.replace(path)


def _key_of(line: bytes, row_key: str, number: int) -> str:
    found = find(row_key, orjson.loads(line))
    return f"row {number}" if found is None else orjson.dumps(found).decode()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _State:
    """What a cursor says, and becomes, while pages come in."""

    def __init__(self, recipe: Recipe, cursor: Mapping[str, Any]) -> None:
        self._recipe = recipe
        self.resume: dict[str, Any] = dict(cursor.get("resume") or {})
        self._since = str(cursor.get("since") or "")
        self._high = str(cursor.get("high") or self._since)
        self._known: dict[str, str] = dict(cursor.get("recent") or {})  # digest -> instant
        self._recent = dict(self._known)

    def parameters(self) -> dict[str, str]:
        """What asks for newer rows only."""
        recipe = self._recipe
        if not recipe.since_param:
            return {}
        if not self._since:
            return {recipe.since_param: recipe.since_start} if recipe.since_start else {}
        since = datetime.fromisoformat(self._since) - timedelta(seconds=recipe.overlap_seconds)
        return {recipe.since_param: write_instant(since, recipe.since_format)}

    def take(self, rows: list[dict[str, Any]]) -> list[bytes]:
        """Lines for the rows that the pulls before did not bring."""
        lines = []
        for row in rows:
            line = orjson.dumps(row, option=orjson.OPT_SORT_KEYS) + b"\n"
            digest = hashlib.sha256(line).hexdigest()[:20]
            if digest in self._known:
                continue
            at = read_instant(find(self._recipe.since_path, row)) if self._recipe.since_path else None
            if at is not None:
                told = at.astimezone(UTC).isoformat()
                self._high = max(self._high, told)
                self._recent[digest] = told
            lines.append(line)
        return lines

    def move(self, after: Mapping[str, Any] | None) -> None:
        """A page is taken; without another one the pull has come to its end."""
        self.resume = dict(after or {})
        if after is None:
            self._since = self._high

    def keep(self) -> dict[str, Any]:
        """The cursor for the next pull."""
        floor = ""
        if self._high:
            early = datetime.fromisoformat(self._high) - timedelta(seconds=self._recipe.overlap_seconds)
            floor = early.isoformat()
        fresh = {digest: told for digest, told in self._recent.items() if told >= floor}
        newest = sorted(fresh, key=lambda digest: fresh[digest])[-_MOST_RECENT:]
        return {
            "since": self._since,
            "high": self._high,
            "resume": self.resume,
            "recent": {digest: fresh[digest] for digest in newest},
        }
