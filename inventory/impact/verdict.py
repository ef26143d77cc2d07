"""How right a past day's flags were: precision, recall, and the rupees flagged against those lost."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.contracts.arrays import Flags, Ints


@dataclass(frozen=True, slots=True)
class Verdict:
    """Flags against what happened. `hits` were flagged and happened, `alarms` were flagged and did not,
    `missed` happened unflagged, `rest` neither. Rupees in paise: `flagged_paise` of what was flagged,
    `lost_paise` of what happened, `caught_paise` of what happened and was flagged.
    """

    hits: int
    alarms: int
    missed: int
    rest: int
    flagged_paise: int
    lost_paise: int
    caught_paise: int

    @property
    def precision(self) -> float | None:
        """Share of flags that came true; None without a flag."""
        flags = self.hits + self.alarms
        return self.hits / flags if flags else None

    @property
    def recall(self) -> float | None:
        """Share of what happened that had been flagged; None when nothing did."""
        happened = self.hits + self.missed
        return self.hits / happened if happened else None

    @property
    def rupee_recall(self) -> float | None:
        """Share of the rupees lost that had been flagged; None when none were."""
        return self.caught_paise / self.lost_paise if self.lost_paise else None


def judge(flagged: Flags, happened: Flags, predicted_paise: Ints, lost_paise: Ints) -> Verdict:
    """A verdict over (rows,): `predicted_paise` counts where flagged, `lost_paise` where it happened."""
    return Verdict(
        hits=int((flagged & happened).sum()),
        alarms=int((flagged & ~happened).sum()),
        missed=int((~flagged & happened).sum()),
        rest=int((~flagged & ~happened).sum()),
        flagged_paise=int(predicted_paise[flagged].sum()),
        lost_paise=int(lost_paise[happened].sum()),
        caught_paise=int(lost_paise[flagged & happened].sum()),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: where it stands and how long it is, in the chart's own units."""

    label: str
    x: int
    y: int
    width: int
    height: int
    value: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two series of bars side by side on one scale: `ticks`, where each stands and what it says."""

    ticks: tuple[tuple[int, int], ...]
    first: tuple[Bar, ...]
    second: tuple[Bar, ...]


#: Lines that a scale has at most above its ground.
_LINES = 5


def ticks(most: int) -> tuple[int, ...]:
    """Round values from 0 to the first that is not below `most`: steps of 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * _LINES >= most:
                return tuple(range(0, max(most + step - 1, step) // step * step + 1, step))
        power *= 10


def pairs(first: list[tuple[str, int]], second: list[tuple[str, int]], *, width: int, height: int) -> Pairs:
    """Two values for each label on a ground of `width` x `height`, both by the same scale."""
    scale = ticks(max((max(value, 0) for _, value in [*first, *second]), default=0))
    top, step = scale[-1], width // max(len(first), 1)
    thick = step * 2 // 5

    def stand(values: list[tuple[str, int]], shift: int) -> tuple[Bar, ...]:
        tall = [height * max(value, 0) // top for _, value in values]
        return tuple(
            Bar(label, number * step + step // 10 + shift, height - tall[number], thick, tall[number], value)
            for number, (label, value) in enumerate(values)
        )

    lines = tuple((height - height * value // top, value) for value in scale)
    return Pairs(lines, stand(first, 0), stand(second, thick))
