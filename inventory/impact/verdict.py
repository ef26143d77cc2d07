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


def bars(values: list[tuple[str, int]], *, width: int, height: int) -> tuple[Bar, ...]:
    """Upright bars side by side on a ground of `width` x `height`, the highest value all of it."""
    top = max((value for _, value in values), default=0)
    step = width // max(len(values), 1)
    found = []
    for number, (label, value) in enumerate(values):
        tall = height * max(value, 0) // top if top > 0 else 0
        found.append(Bar(label, number * step + step // 8, height - tall, step - step // 4, tall, value))
    return tuple(found)
