"""Overrides of forecasts: those that hold, how they turned out, and forecasts with them laid over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Max, QuerySet
from django.utils.translation import gettext

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.forecasts import Override
from inventory.forecasting.overrides import Places, baseline_over, factor_of, overridden, value_added
from inventory.models import DemandForecast, ForecastOverride, Sku, Territory
from vyapar.kernel.errors import NotFound

_FORECAST = ("sku__code", "sku__category__code", "territory__code", "as_of", "weekly_mean")


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """An override as it is shown; `value_added` is None until its days are over and were measured."""

    row: ForecastOverride
    value_added: float | None


def list_overrides(*, sku: str = "", territory: str = "", limit: int = 100) -> list[OverrideRow]:
    """The newest first, dropped ones too. One query."""
    rows = ForecastOverride.objects.select_related("sku", "category", "territory").order_by("-pk")
    if sku:
        rows = rows.filter(sku__code=sku)
    if territory:
        rows = rows.filter(territory__code=territory)
    return [OverrideRow(row, _added(row)) for row in rows[:limit]]


def get_override(override_id: int) -> ForecastOverride:
    """One override with what it covers; `NotFound`. One query."""
    rows = ForecastOverride.objects.select_related("sku", "category", "territory")
    row = rows.filter(pk=override_id).first()
    if row is None:
        raise NotFound(gettext("there is no such override"), code="no_such_override")
    return row


def list_in_force(since: date) -> list[Override]:
    """Overrides that hold on a day from `since` on, every one as a factor. Two queries; none is one."""
    rows = ForecastOverride.objects.filter(dropped_at__isnull=True, to_date__gte=since)
    found = [override_of(row) for row in rows.select_related("sku", "category", "territory").order_by("pk")]
    if not any(one.factor is None for one in found):
        return found
    weekly, starts, places = read_baseline(DemandForecast.objects.all())
    return [
        one
        if one.factor is not None
        else replace(one, factor=factor_of(one, baseline_over(weekly, starts, places, one)))
        for one in found
    ]


def overridden_weeks(
    weekly: Floats,
    starts: Sequence[date],
    sku: Sequence[str],
    category: Sequence[str],
    territory: Sequence[str],
) -> Floats:
    """(rows, weeks), baselines with everything that holds laid over; what selectors show and score by."""
    if not len(starts):
        return weekly
    found = list_in_force(min(starts))
    places = Places(np.array(sku, dtype=str), np.array(category, dtype=str), np.array(territory, dtype=str))
    return overridden(weekly, starts, places, found)


def weeks_of(rows: Sequence[DemandForecast]) -> tuple[Floats, Floats]:
    """(rows, weeks) twice: the baseline of each row, and the same with everything that holds laid over.

    `rows` with their SKU, its category and their territory at hand.
    """
    baseline = padded([row.weekly_mean for row in rows])
    return baseline, overridden_weeks(
        baseline,
        [row.as_of for row in rows],
        [row.sku.code for row in rows],
        [row.sku.category.code for row in rows],
        [row.territory.code for row in rows],
    )


def overrides_mark() -> str:
    """Changes whenever an override is set or dropped; empty before the first. One query."""
    newest = ForecastOverride.objects.aggregate(made=Max("pk"), dropped=Max("dropped_at"))
    if newest["made"] is None:
        return ""
    dropped = newest["dropped"]
    return f":o{newest['made']}" + (f".{int(dropped.timestamp()) % 10**6}" if dropped else "")


def overridden_items(weekly: Floats, sku_ids: Ints, territory_ids: Ints) -> Floats:
    """(items, weeks), the same for items known by ids of SKU and territory. One query where none holds."""
    if not weekly.size or not ForecastOverride.objects.filter(dropped_at__isnull=True).exists():
        return weekly
    start = DemandForecast.objects.order_by("as_of").values_list("as_of", flat=True).first()
    if start is None:
        return weekly
    goods = {pk: (code, kind) for pk, code, kind in Sku.objects.values_list("pk", "code", "category__code")}
    areas = dict(Territory.objects.values_list("pk", "code"))
    told = [goods[pk] for pk in sku_ids.tolist()]
    return overridden_weeks(
        weekly,
        [start] * len(told),
        [code for code, _kind in told],
        [kind for _code, kind in told],
        [areas[pk] for pk in territory_ids.tolist()],
    )


def read_baseline(rows: QuerySet[DemandForecast]) -> tuple[Floats, list[date], Places]:
    """Baselines in order of SKU and territory, padded with the last week, and whose they are."""
    found: list[Any] = list(rows.order_by("sku__code", "territory__code").values_list(*_FORECAST))
    weekly = padded([row[4] for row in found])
    texts = [np.array([row[column] for row in found], dtype=str) for column in range(3)]
    return weekly, [row[3] for row in found], Places(*texts)


def padded(means: Sequence[list[float]]) -> Floats:
    """(rows, weeks), pieces a week of each row; the last week goes on where another row knows more."""
    weeks = max(map(len, means), default=1)
    table = np.zeros((len(means), weeks))
    for number, row in enumerate(means):
        table[number] = (row + [row[-1] if row else 0.0] * weeks)[:weeks]
    return table


def override_of(row: ForecastOverride) -> Override:
    """A stored override as the pure room knows it."""
    return Override(
        number=row.pk or 0,
        level=row.level,
        first=row.from_date,
        last=row.to_date,
        sku=row.sku.code if row.sku else "",
        category=row.category.code if row.category else "",
        territory=row.territory.code if row.territory else "",
        factor=row.factor,
        pieces=row.pieces,
    )


def _added(row: ForecastOverride) -> float | None:
    if row.actual_pieces is None:
        return None
    return value_added(row.baseline_pieces, row.adjusted_pieces, row.actual_pieces)
