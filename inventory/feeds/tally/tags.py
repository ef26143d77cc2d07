"""Which tags are read, and which hold nothing but Tally's own state. Pure."""

from __future__ import annotations

from pathlib import Path

_TABLE = [line.split() for line in Path(__file__).with_name("tags.txt").read_text("ascii").splitlines()]
#: Tags that are read, whatever record they stand in.
READ = frozenset(words[1] for words in _TABLE if words[:1] == ["read"])
_OWN = tuple(words[1] for words in _TABLE if words[:1] == ["own"])


def is_own(tag: str) -> bool:
    """True for tags in which Tally keeps its own state: audit, statutory flags, defaults of a screen."""
    return tag not in READ and tag.startswith(_OWN)
