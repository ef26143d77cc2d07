"""Which vouchers were in the books: millions of ids as the runs they form. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

#: Ids are counted from 1 in each company; nobody has more.
_LARGEST = 1 << 31


class Known:
    """A set of whole numbers that lie close together; written as `1-4,6,9-12`."""

    def __init__(self, runs: Iterable[tuple[int, int]] = ()) -> None:
        self._runs = sorted(runs)
        self._loose: set[int] = set()

    @classmethod
    def parse(cls, text: str) -> Known:
        """What `plain` wrote; parts that are none are left out."""
        runs = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            if first.isdigit() and (last or first).isdigit():
                runs.append((int(first), int(last or first)))
        return cls(runs)

    def add_all(self, ids: Iterable[int]) -> None:
        self._loose.update(one for one in ids if 0 < one < _LARGEST)

    def plain(self) -> str:
        """The runs as text."""
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self._merged())

    def without(self, other: Known) -> list[int]:
        """Ids that are here and not there, in order."""
        theirs = other._merged()
        starts = [first for first, _ in theirs]
        found: list[int] = []
        for first, last in self._merged():
            at = max(bisect_right(starts, first) - 1, 0)
            for begins, ends in theirs[at:]:
                if begins > last or first > last:
                    break
                found += range(first, min(begins, last + 1))
                first = max(first, ends + 1)
            found += range(first, last + 1)
        return found

    @property
    def last(self) -> int:
        """The highest id; 0 of none."""
        runs = self._merged()
        return runs[-1][1] if runs else 0

    def __bool__(self) -> bool:
        return bool(self._runs or self._loose)

    def _merged(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for first, last in sorted([*self._runs, *((one, one) for one in self._loose)]):
            if found and first <= found[-1][1] + 1:
                found[-1] = (found[-1][0], max(found[-1][1], last))
            else:
                found.append((first, last))
        return found
