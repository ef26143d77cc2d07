"""Rupees at risk by any cut and at any day, and what expiry will cost, from the sums of each day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Sum

from inventory.models import BatchRisk, Category, ImpactDaily, StockItem
from inventory.selectors.cells import AGE_BANDS, DAY_SUMS, day_params
from vyapar.engine.selectors import latest_cycle
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as _

#: What sums can be cut by, in the order in which cuts are told.
CUTS = ("territory", "category", "brand", "age", "cause", "status")
MEASURES = (
    "items", "pieces", "value_paise", "at_risk_pieces", "at_risk_paise", "loss_paise", "expired_paise",
    "written_off_paise",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImpactCell:
    """Sums of one combination of the cuts, by name; ages are first days of their bands."""

    keys: dict[str, str | int]
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class Impact:
    """Sums of a day. `day`: the day that was scored, the last on or before the one asked for;
    `cells` sorted by their keys; `total`: their sum, which every cut of the day has.
    """

    day: date
    by: tuple[str, ...]
    cells: tuple[ImpactCell, ...]
    total: dict[str, int]


def sum_impact(by: Sequence[str], on: date | None = None) -> Impact:
    """Sums by some of `CUTS` on a day, the newest by default. A fixed number of queries.

    Of the day that was scored last they are what the stock pages say at the moment; of an earlier one, as
    they were kept. `Invalid` names a cut that does not exist or stands twice; `NotFound` when nothing was
    kept by then.
    """
    wrong = [name for name in by if name not in CUTS]
    if wrong or len(set(by)) != len(by):
        fault = Fault(
            "cut", _("each once, of %(known)s", known=", ".join(CUTS)), "by", value=",".join(by)[:80]
        )
        raise Invalid(_("there is no such cut"), code="cut", faults=[fault])
    day, cells = scored_last(), tuple[ImpactCell, ...]()
    if day is not None and (on is None or on >= day):
        cells = _standing(by, day)
    if day is None or not cells:
        day, cells = _kept(by, on)
    total = {name: sum(cell.sums[name] for cell in cells) for name in MEASURES}
    return Impact(day, tuple(by), cells, total)


def scored_last() -> date | None:
    """The day of the scores in force; None before the first."""
    cycle = latest_cycle("monitoring")
    if cycle is not None:
        return ist_day(cycle.as_of)
    return StockItem.objects.order_by("-as_of").values_list("as_of", flat=True).first()


def _standing(by: Sequence[str], day: date) -> tuple[ImpactCell, ...]:
    """Cells of the scores in force."""
    places, sums = ", ".join(by), ", ".join(f"sum({name})::bigint" for name in MEASURES)
    grouped = f"GROUP BY {places} ORDER BY {places}" if by else "HAVING count(*) > 0"
    sql = f"SELECT {', '.join([*by, sums])} FROM ({DAY_SUMS}) n {grouped}"  # noqa: S608  # names of ours
    with connection.cursor() as cursor:
        cursor.execute(sql, day_params(day))
        rows = cursor.fetchall()
    return tuple(_cell(dict(zip((*by, *MEASURES), row, strict=True)), by) for row in rows)


def _kept(by: Sequence[str], on: date | None) -> tuple[date, tuple[ImpactCell, ...]]:
    """The last day that was kept on or before one, and its cells."""
    kept = ImpactDaily.objects.all() if on is None else ImpactDaily.objects.filter(day__lte=on)
    day = kept.aggregate(last=Max("day"))["last"]
    if day is None:
        raise NotFound(_("no day was kept by then"), code="no_such_day")
    sums = {f"sum_{name}": Sum(name) for name in MEASURES}
    rows: Iterable[Any] = ImpactDaily.objects.filter(day=day).values(*by).annotate(**sums).order_by(*by)
    named = ({name.removeprefix("sum_"): value for name, value in row.items()} for row in rows)
    return day, tuple(_cell(row, by) for row in named)


def _cell(row: Mapping[str, Any], by: Sequence[str]) -> ImpactCell:
    return ImpactCell(
        {name: AGE_BANDS[row[name]] if name == "age" else row[name] for name in by},
        {name: int(row[name]) for name in MEASURES},
    )


def list_category_names() -> dict[str, str]:
    """What categories are called, by code."""
    return dict(Category.objects.values_list("code", "name"))


@dataclass(frozen=True, slots=True)
class ImpactDay:
    """The sums of one day by name of measure."""

    day: date
    sums: dict[str, int]


def list_impact_trend(since: date) -> list[ImpactDay]:
    """The sums of every day that was kept since one, oldest first: at risk, expired, written off."""
    sums = {f"sum_{name}": Sum(name) for name in MEASURES}
    kept = ImpactDaily.objects.filter(day__gte=since).values("day").annotate(**sums).order_by("day")
    rows: Iterable[Any] = kept.iterator()
    return [ImpactDay(row["day"], {name: int(row[f"sum_{name}"]) for name in MEASURES}) for row in rows]


@dataclass(frozen=True, slots=True)
class ExpiringWeek:
    """What is expected to expire unsold in the week that starts on a day, if nothing is done.

    `pieces`: expected, not whole; `loss_paise`: at cost; `avoidable_paise`: what the best way out of
    each batch would bring over holding it.
    """

    starts: date
    batches: int
    pieces: float
    loss_paise: int
    avoidable_paise: int

    @property
    def whole_pieces(self) -> int:
        """To the nearest piece."""
        return round(self.pieces)


def list_expiring_loss(today: date, weeks: int = 26) -> list[ExpiringWeek]:
    """Loss by date of expiry, week by week from a day on; weeks without a batch are left out."""
    risks = BatchRisk.objects.filter(
        position__batch__expiry_date__gte=today,
        position__batch__expiry_date__lt=today + timedelta(days=7 * weeks),
        expected_unsold__gt=0,
    ).values_list(
        "position__batch__expiry_date", "expected_unsold", "best_net_paise", "ways_out",
        "position__batch__cost_paise",
    )  # fmt: skip
    found: dict[date, list[float]] = {}
    rows: Iterable[Any] = risks.iterator(chunk_size=5_000)
    for expiry, unsold, best, ways, cost in rows:
        start = today + timedelta(days=(expiry - today).days // 7 * 7)
        held = next((int(way["net_paise"]) for way in ways if way["name"] == "hold"), int(best))
        week = found.setdefault(start, [0, 0.0, 0, 0])
        week[0] += 1
        week[1] += unsold
        week[2] += round(unsold * cost)
        week[3] += max(int(best) - held, 0)
    return [
        ExpiringWeek(start, int(week[0]), round(week[1], 1), int(week[2]), int(week[3]))
        for start, week in sorted(found.items())
    ]
