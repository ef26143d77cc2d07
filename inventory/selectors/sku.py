"""One SKU in full: where it lies, how it sold, what is expected, and the ways out of each batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from inventory.contracts import DemandDistribution
from inventory.models import Batch, BatchRisk, DailyDemand, DemandForecast, Position, Sku
from inventory.selectors.demand import take_sku_history
from inventory.selectors.items import MAX_PAGE, ItemFilter, ItemRow, list_stock_items
from inventory.selectors.overrides import weeks_of
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as gettext

HISTORY_WEEKS = 52


@dataclass(frozen=True, slots=True)
class WeekSold:
    """Pieces and paise sold in the week that starts on a day, and its days without stock."""

    starts: date
    pieces: int
    paise: int
    days_out: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """Demand to come in one territory: pieces a week, and how far they may stray.

    `weeks`: (mean, pieces stayed under in one case of ten, in nine of ten) for each week; `rests_on`:
    what it rests on beside its own past, as the forecast tells it.
    """

    territory: str
    as_of: date
    pattern: str
    method: str
    weeks: tuple[tuple[float, int, int], ...]
    rests_on: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch at one location, in the order in which it is sold; `ways_out` best first, plain."""

    position_id: int
    batch: str
    location: str
    territory: str
    on_hand: int
    reserved: int
    in_transit: int
    expiry_date: date | None
    manufacture_date: date | None
    first_receipt_date: date | None
    cost_paise: int
    mrp_paise: int
    days_to_expiry: int | None
    expected_unsold: float
    probability_unsold: float
    p90_unsold: int
    at_risk_quantity: int
    at_risk_paise: int
    best_way: str
    best_net_paise: int
    ways_out: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class SkuDetail:
    """Everything a page about a SKU shows. Money in paise."""

    sku: str
    name: str
    brand: str
    category: str
    hsn: str
    mrp_paise: int
    trade_price_paise: int
    cost_paise: int
    case_pack: int
    shelf_life_days: int | None
    delisted_date: date | None
    replaced_by: str
    items: tuple[ItemRow, ...]
    history: dict[str, tuple[WeekSold, ...]]
    stock_outs: dict[str, tuple[date, ...]]
    expected: tuple[Expected, ...]
    batches: tuple[BatchRow, ...]


def get_sku(code: str, today: date) -> SkuDetail:
    """A SKU by code, as of a day; `NotFound` when there is none. A fixed number of queries.

    `history` holds the last `HISTORY_WEEKS` whole weeks up to the day, by territory; `stock_outs` their
    days on which there was nothing to sell, oldest first. After it was delisted nothing is missed.
    """
    sku = Sku.objects.select_related("brand", "category", "replaced_by").filter(code=code).first()
    if sku is None:
        raise NotFound(gettext("there is no SKU %(code)s", code=f"{code!r}"), code="no_such_sku")
    stock_outs = find_stock_outs(sku, today)
    return SkuDetail(
        sku=sku.code, name=sku.name, brand=sku.brand.name, category=sku.category.name, hsn=sku.hsn,
        mrp_paise=sku.mrp_paise, trade_price_paise=sku.trade_price_paise, cost_paise=sku.cost_paise,
        case_pack=sku.case_pack, shelf_life_days=sku.shelf_life_days, delisted_date=sku.delisted_date,
        replaced_by=sku.replaced_by.code if sku.replaced_by else "",
        items=list_stock_items(ItemFilter(skus=(code,)), order="sku", limit=MAX_PAGE).items,
        history=_history(sku, today, stock_outs),
        stock_outs=stock_outs,
        expected=_expected(sku),
        batches=list_batch_rows(sku),
    )  # fmt: skip


def list_batch_rows(sku: Sku, batch: Batch | None = None) -> tuple[BatchRow, ...]:
    """Batches of a SKU, or one of them, at the places where pieces stand or are on their way to."""
    rows = Position.objects.filter(sku=sku) if batch is None else Position.objects.filter(batch=batch)
    rows = (
        rows.exclude(on_hand=0, in_transit=0)
        .select_related("batch", "location__territory", "risk")
        .order_by("location__territory__code", F("batch__expiry_date").asc(nulls_last=True), "batch__number")
    )
    return tuple(_batch(row, getattr(row, "risk", None)) for row in rows)


def find_stock_outs(sku: Sku, today: date) -> dict[str, tuple[date, ...]]:
    """Days of the history on which a SKU could not be sold for want of stock, by territory."""
    taken = take_sku_history(sku.pk, today, 7 * HISTORY_WEEKS)
    first = today - timedelta(days=taken.days)
    found = {}
    for (_code, territory), out in zip(taken.series_keys, taken.stock_outs(), strict=True):
        days = (first + timedelta(days=int(n)) for n in np.flatnonzero(out))
        found[territory] = tuple(day for day in days if sku.delisted_date is None or day < sku.delisted_date)
    return found


def _history(
    sku: Sku, today: date, stock_outs: dict[str, tuple[date, ...]]
) -> dict[str, tuple[WeekSold, ...]]:
    first = today - timedelta(days=7 * HISTORY_WEEKS)
    rows = DailyDemand.objects.filter(sku=sku, day__gte=first, day__lt=today)
    sums: dict[str, list[list[int]]] = {}
    found = rows.order_by("territory__code").values_list(
        "territory__code", "day", "quantity", "revenue_paise"
    )
    for territory, day, pieces, paise in found:
        weeks = sums.setdefault(territory, [[0, 0, 0] for _ in range(HISTORY_WEEKS)])
        week = weeks[(day - first).days // 7]
        week[0] += pieces
        week[1] += paise
    for territory, weeks in sums.items():
        for day in stock_outs.get(territory, ()):
            weeks[(day - first).days // 7][2] += 1
    return {
        territory: tuple(WeekSold(first + timedelta(days=7 * n), *week) for n, week in enumerate(weeks))
        for territory, weeks in sums.items()
    }


def _expected(sku: Sku) -> tuple[Expected, ...]:
    forecasts = DemandForecast.objects.filter(sku=sku).select_related("sku__category", "territory")
    rows = list(forecasts.order_by("territory__code"))
    _baseline, weekly = weeks_of(rows)
    return tuple(
        Expected(
            row.territory.code,
            row.as_of,
            row.pattern,
            row.method,
            _weeks(row, weekly[number]),
            row.rests_on or {},
        )
        for number, row in enumerate(rows)
    )


def _weeks(row: DemandForecast, means: NDArray[np.float64]) -> tuple[tuple[float, int, int], ...]:
    """Each week on its own, as a distribution of one week."""
    one = DemandDistribution(means[:, None], np.full(means.size, row.dispersion))
    weeks = np.arange(means.size)
    low, high = (one.cumulative_quantile(weeks, 7, chance) for chance in (0.1, 0.9))
    return tuple(zip(means.tolist(), low.tolist(), high.tolist(), strict=True))


def _batch(row: Position, risk: BatchRisk | None) -> BatchRow:
    return BatchRow(
        position_id=row.pk, batch=row.batch.number, location=row.location.code,
        territory=row.location.territory.code, on_hand=row.on_hand, reserved=row.reserved,
        in_transit=row.in_transit, expiry_date=row.batch.expiry_date,
        manufacture_date=row.batch.manufacture_date, first_receipt_date=row.first_receipt_date,
        cost_paise=row.batch.cost_paise, mrp_paise=row.batch.mrp_paise,
        days_to_expiry=risk.days_to_expiry if risk else None,
        expected_unsold=risk.expected_unsold if risk else 0.0,
        probability_unsold=risk.probability_unsold if risk else 0.0,
        p90_unsold=risk.p90_unsold if risk else 0,
        at_risk_quantity=risk.at_risk_quantity if risk else 0,
        at_risk_paise=risk.at_risk_paise if risk else 0,
        best_way=risk.best_way if risk else "", best_net_paise=risk.best_net_paise if risk else 0,
        ways_out=tuple(risk.ways_out) if risk else (),
    )  # fmt: skip
