"""The best way to split one lot over several ways out: some to sell, some to move, some to give up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext

#: More ways than this would be tried in too many combinations.
MOST_WAYS = 10


@dataclass(frozen=True, slots=True)
class Branch:
    """One way that part of a lot may take.

    `fixed_paise` is paid once when any piece takes it. `slopes`: (pieces, paise per piece) of the
    first pieces, of the next, and so on, falling paise; no more pieces than these may take it. What
    takes it goes in whole packs of `pack` pieces.
    """

    name: str
    slopes: tuple[tuple[int, int], ...]
    fixed_paise: int = 0
    pack: int = 1

    def __post_init__(self) -> None:
        worth = [paise for _, paise in self.slopes]
        if worth != sorted(worth, reverse=True) or any(pieces < 0 for pieces, _ in self.slopes):
            fault = Fault(
                "not_concave", gettext("the next piece may not be worth more than the one before"), "slopes"
            )
            raise Invalid(
                gettext("%(name)s: slopes must fall", name=self.name), code="not_concave", faults=[fault]
            )

    @property
    def room(self) -> int:
        """The most pieces it takes."""
        return sum(pieces for pieces, _ in self.slopes)

    def value(self, pieces: int) -> int:
        """Net paise of `pieces` that take it."""
        left, total = pieces, -self.fixed_paise if pieces else 0
        for step, paise in self.slopes:
            taken = min(step, left)
            total, left = total + taken * paise, left - taken
        return total


@dataclass(frozen=True, slots=True)
class Split:
    """Pieces by way, only those that are taken, in the order of the branches; their net together."""

    pieces: tuple[tuple[str, int], ...]
    net_paise: int


def best_split(quantity: int, branches: Sequence[Branch]) -> Split:
    """The split of `quantity` pieces with the highest net; fewer ways, then earlier ones, on ties.

    Exact: for every set of ways whose fixed costs are paid, pieces go where the next one is worth
    most, which cannot be bettered where every further piece is worth no more than the last; how many
    whole packs leave the others fewest rupees behind is found by halving, for the same reason. Ways
    with packs must have packs of one size. Raises `Invalid` when the ways together have no room.
    """
    _check(branches)
    best: Split | None = None
    for some in _sets(branches):
        pieces = _fill(quantity, some)
        if pieces is None:
            continue
        net = sum(branch.value(n) for branch, n in zip(some, pieces, strict=True))
        if best is None or net > best.net_paise:
            taken = tuple((b.name, n) for b, n in zip(some, pieces, strict=True) if n)
            best = Split(taken, net)
    if best is None:
        fault = Fault(
            "no_room",
            gettext("no set of ways takes %(quantity)s pieces", quantity=quantity),
            "branches",
            value=str(quantity),
        )
        raise Invalid(gettext("the ways out have no room for the lot"), code="no_room", faults=[fault])
    return best


def _check(branches: Sequence[Branch]) -> None:
    packs = {branch.pack for branch in branches} - {1}
    if len(branches) > MOST_WAYS or len(packs) > 1 or min(packs, default=2) < 1:
        fault = Fault(
            "branches",
            gettext("at most %(most)s ways, packs of one size", most=MOST_WAYS),
            "branches",
        )
        raise Invalid(
            gettext("these ways cannot be weighed against each other"), code="branches", faults=[fault]
        )


def _sets(branches: Sequence[Branch]) -> Iterator[tuple[Branch, ...]]:
    for size in range(1, len(branches) + 1):
        yield from combinations(branches, size)


@dataclass(frozen=True, slots=True)
class _Queue:
    """Runs of units of equal worth, dearest first: (paise a unit, number of the way, units)."""

    runs: tuple[tuple[int, int, int], ...]

    @property
    def room(self) -> int:
        return sum(units for _, _, units in self.runs)

    def worth(self, units: int) -> int:
        """Paise of the first `units`."""
        total = 0
        for paise, _, there in self.runs:
            taken = min(there, units)
            total, units = total + taken * paise, units - taken
        return total

    def share(self, units: int, ways: int) -> list[int]:
        """The first `units`, by way."""
        taken = [0] * ways
        for _, number, there in self.runs:
            now = min(there, units)
            taken[number] += now
            units -= now
        return taken


def _fill(quantity: int, some: Sequence[Branch]) -> list[int] | None:
    """Pieces by way of this set with the highest worth; None when they have no room for the lot."""
    pack = max(branch.pack for branch in some)
    packed = _queue((n, _packs(b)) for n, b in enumerate(some) if b.pack > 1)
    loose = _queue((n, list(b.slopes)) for n, b in enumerate(some) if b.pack == 1)
    low = max(-(-(quantity - loose.room) // pack), 0)
    high = min(packed.room, quantity // pack)
    if low > high:
        return None
    while low < high:
        middle = (low + high) // 2
        gain = packed.worth(middle + 1) - packed.worth(middle)
        rest = quantity - middle * pack
        if gain > loose.worth(rest) - loose.worth(rest - pack):
            low = middle + 1
        else:
            high = middle
    whole = packed.share(low, len(some))
    single = loose.share(quantity - low * pack, len(some))
    return [packs * pack + pieces for packs, pieces in zip(whole, single, strict=True)]


def _queue(ways: Iterable[tuple[int, list[tuple[int, int]]]]) -> _Queue:
    runs = [(paise, number, units) for number, slopes in ways for units, paise in slopes if units]
    return _Queue(tuple(sorted(runs, key=lambda run: (-run[0], run[1]))))


def _packs(branch: Branch) -> list[tuple[int, int]]:
    """(packs, paise a pack) of a way's pieces, packs over the end of a slope one by one."""
    found: list[tuple[int, int]] = []
    waiting, worth = 0, 0
    for step, paise in branch.slopes:
        left = step
        if waiting:
            now = min(branch.pack - waiting, left)
            waiting, worth, left = waiting + now, worth + now * paise, left - now
            if waiting < branch.pack:
                continue
            found.append((1, worth))
        found.append((left // branch.pack, branch.pack * paise))
        waiting = left % branch.pack
        worth = waiting * paise
    return found
