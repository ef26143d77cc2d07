"""Faces of printed papers: static cuts of Noto Sans for Latin, Devanagari and Tamil."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files


@dataclass(frozen=True, slots=True)
class Face:
    """One cut: the CSS family it belongs to, its weight, its file, and where that lies."""

    family: str
    weight: int
    name: str
    url: str


_CUTS = (
    ("Paper Sans", 400, "NotoSans-Regular.ttf"),
    ("Paper Sans", 600, "NotoSans-SemiBold.ttf"),
    ("Paper Tamil", 400, "NotoSansTamil-Regular.ttf"),
    ("Paper Tamil", 600, "NotoSansTamil-SemiBold.ttf"),
)


def faces() -> tuple[Face, ...]:
    """The faces with `file:` addresses, for `@font-face` rules."""
    found = []
    for family, weight, name in _CUTS:
        with as_file(files(__name__) / name) as path:
            found.append(Face(family, weight, name, path.as_uri()))
    return tuple(found)
