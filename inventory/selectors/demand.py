"""Sales history as the Analysis agent reads it: what was sold, and on which days it could be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.contracts.demand import NOT_DELISTED
from inventory.contracts.forecasts import COMMON_SHARE, ForecastPlan
from inventory.forecasting.corrected import correct
from inventory.forecasting.effects import paid_by_week
from inventory.models import DemandAdjustment, ForecastModel, Sku, Territory
from inventory.selectors.adjustments import corrections_of, list_adjustments_known
from inventory.selectors.charged import off_ahead, series_offers
from inventory.selectors.columns import codes_of, ids_of, positions_of, read_columns
from vyapar.kernel.calendar import ist_day

#: Two years: last year's season, and the year that it is compared with.
HISTORY_DAYS = 728
#: Less history than this is no history.
LEAST_DAYS = 14
#: Rows whose days are laid out at a time, so that a large distributor fits into memory.
_CHUNK = 4_096

_SOLD = """
SELECT sku_id, territory_id, day - %s::date, quantity, revenue_paise
FROM inventory_dailydemand WHERE day >= %s AND day < %s{of_sku}
"""
# What came on a day is what came of each kind: a receipt, or pieces found, that was booked and taken
# back again at the same instant never came, and what a sale that never was gave back did not either.
# A day is told of by the books when something else than a sale was booked on it.
_MOVED = """
SELECT b.sku_id, l.territory_id, m.day - %s::date, sum(m.quantity), sum(m.came), max(m.told)
FROM (SELECT batch_id, location_id, day, sum(quantity) AS quantity, sum(greatest(quantity, 0)) AS came,
             max((kind NOT IN ('sale', 'return', 'found'))::int) AS told
      FROM (SELECT batch_id, location_id, kind,
                   greatest((at AT TIME ZONE 'Asia/Kolkata')::date, %s::date - 1) AS day,
                   sum(quantity) AS quantity
            FROM inventory_movement WHERE (at AT TIME ZONE 'Asia/Kolkata')::date < %s{of_sku}
            GROUP BY 1, 2, 3, 4) k
      GROUP BY 1, 2, 3) m
JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id GROUP BY 1, 2, 3
"""


def take_demand_snapshot(as_of: datetime, policy: AnalysisPolicy) -> DemandSnapshot | None:
    """Every SKU and territory that sold in the last two years or has stock; None without history.

    Days that people say count as something else do so: see `DemandAdjustment`. Of a past instant, those
    that stood then. Seven queries whatever the size.

    Stock-out days are read off the ledger: a day counts as in stock when there was something in the morning
    or something came, and which of the two is told. From the first sale to the first day of which the ledger
    tells, nobody knows what stood there, and it counts as in stock.
    """
    today = ist_day(as_of)
    first = max(_first_day() or today, today - timedelta(days=HISTORY_DAYS))
    if (today - first).days < LEAST_DAYS:
        return None
    return _snapshot(first, today, None, list_adjustments_known(as_of, first))


def take_sku_history(sku_id: int, today: date, days: int) -> DemandSnapshot:
    """The same of one SKU over some days up to yesterday, however few of them had a sale; all as sold."""
    return _snapshot(today - timedelta(days=days), today, sku_id, ())


def _snapshot(
    first: date, today: date, sku_id: int | None, adjustments: Sequence[DemandAdjustment]
) -> DemandSnapshot:
    sold, moved = _sold(first, today, sku_id), _moved(first, today, sku_id)
    days = (today - first).days
    pairs = _pairs(sold, moved)
    demand = np.zeros((pairs.size, days), dtype=np.int32)
    rows = positions_of(pairs, codes_of(sold["sku"], sold["territory"]))
    demand[rows, sold["day"]] = np.clip(sold["quantity"], 0, 2**31 - 1)
    in_stock, arrived = _in_stock(pairs, moved, days)
    _trust_the_untold(in_stock, arrived, demand, _first_told(pairs, moved, days))
    demand, spoken = correct(demand, corrections_of(pairs, adjustments, first))
    in_stock |= spoken  # what somebody tells of a day was seen
    arrived &= ~spoken
    could = in_stock | (demand > 0)
    first_seen = np.where(could.any(axis=1), could.argmax(axis=1), days)
    asked = Sku.objects.all() if sku_id is None else Sku.objects.filter(pk=sku_id)
    columns = ("pk", "code", "category_id", "brand_id", "mrp_paise", "weight_grams", "case_pack")
    skus = {row[0]: row[1:] for row in asked.values_list(*columns)}
    areas = Territory.objects.values_list("pk", "code", "registration__state_code")
    territories = {pk: (code, int(state) if state.isdigit() else 0) for pk, code, state in areas}
    whose = zip(*(ids.tolist() for ids in ids_of(pairs)), strict=True)
    found = [(skus[sku], territories[territory]) for sku, territory in whose]
    leaves = _leaving(pairs, today, asked)
    groups = {number: place for place, number in enumerate(sorted({sku[1] for sku, _ in found}))}
    return DemandSnapshot(
        as_of=today,
        series_keys=tuple((sku[0], territory[0]) for sku, territory in found),
        demand=demand,
        in_stock=in_stock,
        arrived=arrived,
        first_seen=first_seen.astype(np.int32),
        group=np.array([groups[sku[1]] for sku, _ in found], dtype=np.int32),
        state=np.array([territory[1] for _, territory in found], dtype=np.int32),
        delisted_day=leaves[0],
        heir=leaves[1],
        brand=np.array([sku[2] for sku, _ in found], dtype=np.int32),
        price_paise=np.array([sku[3] for sku, _ in found], dtype=np.int64),
        pack=_packs([(sku[4], sku[5]) for sku, _ in found]),
        paid_paise=paid_by_week(ids_of(pairs)[0], sold, days),
        off_ahead=off_ahead(ids_of(pairs)[0], today),
        corrected=spoken.sum(axis=1, dtype=np.int32),
        offers=series_offers(pairs, first, today),
        in_force=find_plan(),
    )


def _packs(packs: list[tuple[int, int]]) -> NDArray[np.int32]:
    """(pairs,), number of each weight and pieces in a case."""
    numbers = {pack: number for number, pack in enumerate(sorted(set(packs)))}
    return np.array([numbers[pack] for pack in packs], dtype=np.int32)


def _leaving(
    pairs: NDArray[np.int64], today: date, asked: QuerySet[Sku]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(pairs,) each: days until the SKU is delisted, and the number of the pair that takes over.

    Asked of a past day, what was to be delisted later was not known yet.
    """
    off = asked.exclude(delisted_date=None)
    if today < ist_day(timezone.now()):
        off = off.filter(delisted_date__lte=today)
    leaves = {
        sku: ((day - today).days, heir)
        for sku, day, heir in off.values_list("pk", "delisted_date", "replaced_by_id")
        if day is not None
    }
    sku, territory = ids_of(pairs)
    days = np.full(pairs.size, NOT_DELISTED, dtype=np.int32)
    heirs = np.full(pairs.size, -1, dtype=np.int32)
    for row in np.flatnonzero(np.isin(sku, list(leaves))).tolist():
        days[row], heir = leaves[int(sku[row])]
        if heir is not None:
            code = codes_of(np.array([heir]), territory[[row]])
            heirs[row] = positions_of(pairs, code)[0]
    return days, heirs


def find_plan() -> ForecastPlan | None:
    """The model in force, None before the first: whoever stood last made the forecasts."""
    stored = ForecastModel.objects.order_by("-as_of", "-pk").values_list("plan", flat=True).first()
    return None if stored is None else ForecastPlan.from_json(stored)


def find_common() -> float:
    """`common` of the distributions that the forecasts in force are."""
    plan = find_plan()
    return COMMON_SHARE if plan is None else plan.common


def _sold(first: date, today: date, sku_id: int | None) -> dict[str, NDArray[Any]]:
    only = "" if sku_id is None else " AND sku_id = %s"
    return read_columns(
        _SOLD.format(of_sku=only),
        dict.fromkeys(("sku", "territory", "day", "quantity", "revenue"), "int"),
        [first, first, today, *([] if sku_id is None else [sku_id])],
    )


def _moved(first: date, today: date, sku_id: int | None) -> dict[str, NDArray[Any]]:
    only = "" if sku_id is None else " AND batch_id IN (SELECT id FROM inventory_batch WHERE sku_id = %s)"
    columns = ("sku", "territory", "day", "quantity", "came", "told")
    return read_columns(
        _MOVED.format(of_sku=only),
        dict.fromkeys(columns, "int"),
        [first, first, today, *([] if sku_id is None else [sku_id])],
    )


def _pairs(sold: dict[str, NDArray[Any]], moved: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Pairs with a sale in the window or with stock at its end, in order."""
    code = codes_of(moved["sku"], moved["territory"])
    stocked, where = np.unique(code, return_inverse=True)
    left = np.bincount(where, weights=moved["quantity"], minlength=stocked.size)
    return np.union1d(codes_of(sold["sku"], sold["territory"]), stocked[left > 0])


def _in_stock(
    pairs: NDArray[np.int64], moved: dict[str, NDArray[Any]], days: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(pairs, days) each: something stood there in the morning, or came that day; and it only came."""
    row = positions_of(pairs, codes_of(moved["sku"], moved["territory"]))
    there, only_came = np.zeros((2, pairs.size, days), dtype=np.bool_)
    order = np.argsort(row, kind="stable")
    bounds = np.searchsorted(row[order], np.arange(0, pairs.size + _CHUNK, _CHUNK))
    for number, (start, stop) in enumerate(pairwise(bounds.tolist())):
        top = number * _CHUNK
        size = min(_CHUNK, pairs.size - top)
        mine = order[start:stop]
        change = np.zeros((size, days + 1), dtype=np.int64)  # column 0: before the window
        came = np.zeros((size, days + 1), dtype=np.int64)
        change[row[mine] - top, moved["day"][mine] + 1] = moved["quantity"][mine]
        came[row[mine] - top, moved["day"][mine] + 1] = moved["came"][mine]
        morning = np.cumsum(change, axis=1)[:, :-1]
        there[top : top + size] = (morning + came[:, 1:]) > 0
        only_came[top : top + size] = there[top : top + size] & (morning <= 0)
    return there, only_came


def _first_told(pairs: NDArray[np.int64], moved: dict[str, NDArray[Any]], days: int) -> NDArray[np.int64]:
    """(pairs,): first column of which the ledger tells, 0 for what stood there before; `days` for none."""
    first = np.full(pairs.size, days, dtype=np.int64)
    row = positions_of(pairs, codes_of(moved["sku"], moved["territory"]))
    told = (moved["told"] > 0) & (row >= 0)
    np.minimum.at(first, row[told], np.maximum(moved["day"][told], 0))
    return first


def _trust_the_untold(
    in_stock: NDArray[np.bool_],
    arrived: NDArray[np.bool_],
    demand: NDArray[np.int32],
    first_told: NDArray[np.int64],
) -> None:
    """Count days with sales before the ledger begins, and those between them, as in stock since before the
    morning. In place.
    """
    days = demand.shape[1]
    sells = demand > 0
    first_sale = np.where(sells.any(axis=1), sells.argmax(axis=1), days)
    column = np.arange(days)
    for row in np.flatnonzero(first_sale < first_told).tolist():
        untold = (column >= first_sale[row]) & (column < first_told[row])
        in_stock[row] |= untold
        arrived[row] &= ~untold


def _first_day() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(day) FROM inventory_dailydemand")
        row = cursor.fetchone()
    return row[0] if row else None
