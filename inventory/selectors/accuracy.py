"""How forecasts did: each method beside what it has to beat, over time, and the models that were made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, ExpressionWrapper, F, FloatField, Max, Q, Sum
from django.db.models.functions import Abs

from inventory.models import ForecastModel, ForecastOverride, ForecastScore

#: What is scored beside every forecast, in the order in which it is told.
REFEREES = ("naive", "seasonal_naive", "mean_52_weeks", "silence")
#: Levels from the nearest to the widest, and patterns of demand in the order of tables.
LEVELS = ("item", "sku", "category", "all")
PATTERNS = ("all", "smooth", "erratic", "intermittent", "lumpy", "new", "silent")
FIGURES = ("wape", "rmsse", "bias", "pinball", "coverage80")
CHOSEN, EVERY, NAIVE = "chosen", "all", "naive"


@dataclass(frozen=True, slots=True)
class Score:
    """One method on one back-test. `figures`: by name of `FIGURES`; None where it was not kept.

    `loses`: its RMSSE or its pinball loss is worse than naive's on the same series.
    """

    method: str
    stands: bool
    loses: bool
    figures: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for a level or a class, beside its referees and everything else that was tried."""

    level: str
    pattern: str
    series: int
    chosen: Score
    referees: tuple[Score | None, ...]
    scores: tuple[Score, ...]

    @property
    def losers(self) -> tuple[Score, ...]:
        """Methods that lose to naive here and so may not stand, the referees apart."""
        return tuple(one for one in self.scores if one.loses and one.method not in REFEREES)

    @property
    def gain(self) -> float | None:
        """Share of naive's WAPE that what stands saves; negative when it is worse."""
        naive = self.referees[0]
        mine, theirs = self.chosen.figures["wape"], naive.figures["wape"] if naive else None
        return 1.0 - mine / theirs if mine is not None and theirs else None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The newest back-test: `levels` over all classes, `classes` of single items; empty before it."""

    as_of: date | None
    levels: tuple[Standing, ...]
    classes: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class PastScore:
    """One back-test over all items: figures of what stood and of naive."""

    as_of: date
    chosen: dict[str, float | None]
    naive: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class OverridesSum:
    """Overrides by what became of them.

    `saved_pieces`: error of the baseline less error with the override, over those that were measured;
    `sold_pieces`: what was sold then; `better`: of the measured ones, those that helped.
    """

    made: int
    in_force: int
    measured: int
    better: int
    saved_pieces: float
    sold_pieces: int


def get_accuracy() -> Accuracy:
    """The newest back-test, cut by level and by class. Two queries."""
    newest = ForecastScore.objects.aggregate(cycle=Max("cycle_id"))["cycle"]
    rows = list(ForecastScore.objects.filter(cycle_id=newest).order_by("pk")) if newest else []
    if not rows:
        return Accuracy(None, (), ())
    groups: dict[tuple[str, str], list[ForecastScore]] = {}
    for row in rows:
        groups.setdefault((row.level, row.pattern), []).append(row)
    found = {key: _standing(key, group) for key, group in groups.items()}
    levels = (found.get((level, EVERY)) for level in LEVELS)
    classes = (found.get(("item", pattern)) for pattern in PATTERNS if pattern != EVERY)
    return Accuracy(
        rows[0].as_of,
        tuple(one for one in levels if one is not None),
        tuple(one for one in classes if one is not None),
    )


def list_past_scores(limit: int = 60) -> list[PastScore]:
    """Back-tests over all items, oldest first, the last `limit` of them. One query."""
    rows = ForecastScore.objects.filter(level="item", pattern=EVERY, method__in=(CHOSEN, NAIVE))
    found: dict[int, dict[str, Any]] = {}
    for row in rows.order_by("-cycle_id")[: 2 * limit]:
        kept = found.setdefault(row.cycle_id, {"as_of": row.as_of})
        kept[row.method] = _figures(row)
    nothing: dict[str, float | None] = dict.fromkeys(FIGURES)
    return [
        PastScore(kept["as_of"], kept.get(CHOSEN, nothing), kept.get(NAIVE, nothing))
        for _cycle, kept in sorted(found.items())
    ]


def list_models(limit: int = 20) -> list[ForecastModel]:
    """Models as they were made, the newest first."""
    return list(ForecastModel.objects.order_by("-as_of", "-pk")[:limit])


def sum_overrides(today: date) -> OverridesSum:
    """All overrides in one line. One query."""
    measured = Q(actual_pieces__isnull=False)
    error = Abs(F("baseline_pieces") - F("actual_pieces"))
    saved = ExpressionWrapper(error - Abs(F("adjusted_pieces") - F("actual_pieces")), FloatField())
    told: dict[str, Any] = ForecastOverride.objects.annotate(saved=saved).aggregate(
        made=Count("pk"),
        in_force=Count("pk", filter=Q(dropped_at__isnull=True, to_date__gte=today)),
        measured=Count("pk", filter=measured),
        better=Count("pk", filter=measured & Q(saved__gt=0)),
        pieces=Sum("saved", filter=measured),
        sold=Sum("actual_pieces"),
    )
    return OverridesSum(
        told["made"], told["in_force"], told["measured"], told["better"],
        float(told["pieces"] or 0.0), int(told["sold"] or 0),
    )  # fmt: skip


def _standing(key: tuple[str, str], rows: Sequence[ForecastScore]) -> Standing:
    level, pattern = key
    naive = next((row for row in rows if row.method == NAIVE), None)
    scores = tuple(_score(row, naive) for row in rows)
    chosen = next((one for one in scores if one.method == CHOSEN), None)
    chosen = chosen or next((one for one in scores if one.stands), scores[0])
    return Standing(
        level,
        pattern,
        max(row.series for row in rows),
        chosen,
        tuple(_named(scores, name) for name in REFEREES),
        tuple(sorted(scores, key=lambda one: (one is not chosen, one.figures["wape"] or 0.0))),
    )


def _named(scores: Iterable[Score], name: str) -> Score | None:
    return next((one for one in scores if one.method == name), None)


def _score(row: ForecastScore, naive: ForecastScore | None) -> Score:
    mine, theirs = _figures(row), _figures(naive) if naive else {}
    pairs = [(mine[name], theirs.get(name)) for name in ("rmsse", "pinball")]
    loses = any(a is not None and b is not None and a > b for a, b in pairs)
    return Score(row.method, row.chosen, loses, mine)


def _figures(row: ForecastScore) -> dict[str, float | None]:
    return {name: row.metrics.get(name) for name in FIGURES}
