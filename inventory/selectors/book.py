"""Stock as the Monitoring agent reads it: what changed since it was last scored, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.contracts import NEVER, NO_DAY, STATUSES, MonitoringPolicy, StockSnapshot
from inventory.contracts.arrays import Ints, empty
from inventory.contracts.outcomes import Learnt
from inventory.models import Location, LocationKind, Sku, Territory
from inventory.selectors.columns import positions_of, read_columns
from inventory.selectors.distances import lane_days, lane_paise_per_kg, road_kilometres
from inventory.selectors.outcomes import current_learnt
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import sha256_of
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.money import BASIS_POINTS
from vyapar.law.rates import rate_for

RECENT_DAYS, EARLIER_DAYS = 28, 84
OUTLETS_RECENT_DAYS, OUTLETS_USUAL_DAYS = 90, 365
#: Above this share of all SKUs the whole book is read; an index would only get in the way.
_MOST = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StockBook(StockSnapshot):
    """A snapshot that still knows which rows it was read from.

    - `sku_ids`, `territory_ids`: of `skus` and `territories`; `position_ids`: (positions,).
    - `basis`: per item, what its score will rest on: writes of its positions, forecast, policy, day.
    - `whole`: whether everything was read, not only what changed; `learnt`: corrections in force.
    """

    sku_ids: Ints = field(default_factory=empty)
    territory_ids: Ints = field(default_factory=empty)
    position_ids: Ints = field(default_factory=empty)
    basis: tuple[str, ...] = ()
    whole: bool = True
    learnt: Learnt = field(default_factory=dict)


def take_stock_snapshot(as_of: datetime, policy: MonitoringPolicy) -> StockBook | None:
    """Items that changed since they were scored, with everything else of their SKUs; None without any.

    An item changed when one of its positions was written, its forecast was renewed, the policy or
    what was learnt is another, or the day is. Nothing is read before the first forecast, nor for a
    day before the one that was scored last. A fixed number of queries whatever the size.
    """
    today = ist_day(as_of)
    learnt = current_learnt() if policy.learning else {}
    mark = f"{sha256_of((policy, learnt))[:12]}:{today.isoformat()}"
    skus = _changed_skus(today, mark)
    if not skus:
        return None
    return read_book(today, mark, skus, learnt)


def read_book(
    today: date, mark: str, skus: Sequence[int], learnt: Learnt = MappingProxyType({})
) -> StockBook:
    """The book of some SKUs (by id) on a day; of all when they are most."""
    known = _sku_facts(today)
    whole = len(skus) > _MOST * len(known.ids)
    scope = None if whole else sorted(skus)
    codes = known.codes if scope is None else tuple(known.code_of[pk] for pk in scope)
    ids = known.ids if scope is None else np.array(scope, dtype=np.int64)
    territory_ids, territories, gstin = _territories()
    items = _items(today, scope, whole)
    item_code = items["sku"] * _STRIDE + items["territory"]
    weekly = _weekly(scope, item_code)
    held = _positions(scope)
    location_codes, location_ids = list_places()
    sku_place = positions_of(known.ids, held["sku"])
    kilogram, days = lanes_between(territory_ids)
    price = np.minimum(known.trade[sku_place], held["mrp"])
    return StockBook(
        as_of=today,
        skus=codes,
        territories=territories,
        locations=location_codes,
        item_sku=_codes(positions_of(ids, items["sku"])),
        item_territory=_codes(positions_of(territory_ids, items["territory"])),
        last_sale_day=np.minimum(items["last_sale"], today.toordinal()),
        recent_daily=np.maximum(items["recent"], 0) / RECENT_DAYS,
        earlier_daily=np.maximum(items["earlier"], 0) / EARLIER_DAYS,
        outlets_recent=_codes(items["outlets_recent"]),
        outlets_usual=_codes(items["outlets_usual"]),
        prior_status=items["prior"].astype(np.int8),
        liquidating=items["offered"] > 0,
        weekly_mean=weekly,
        dispersion=items["dispersion"],
        position_item=_codes(positions_of(item_code, held["sku"] * _STRIDE + held["territory"])),
        location=_codes(positions_of(location_ids, held["location"])),
        batch_id=held["batch"],
        on_hand=held["on_hand"],
        reserved=held["reserved"],
        cost_paise=held["cost"],
        mrp_paise=held["mrp"],
        net_price_paise=without_gst(price, known.rate_bp[sku_place], held["cost"]),
        itc_paise=held["itc"],
        weight_grams=known.grams[sku_place],
        expiry_day=held["expiry"],
        manufacture_day=held["made"],
        first_receipt_day=held["received"],
        return_bp=held["return_bp"],
        return_until_day=np.clip(held["return_until"], NEVER, NO_DAY),
        territory_gstin=gstin,
        lane_paise_per_kg=kilogram,
        lane_days=days,
        sku_ids=ids,
        territory_ids=territory_ids,
        position_ids=held["id"],
        basis=tuple(
            f"{writes}:{cycle}:{mark}"
            for writes, cycle in zip(items["writes"].tolist(), items["forecast"].tolist(), strict=True)
        ),
        whole=whole,
        learnt=dict(learnt),
    )


# --- parts ---------------------------------------------------------------------------------

_STRIDE = 1_000_000

# What each item's score rests on, as `basis` has it.
_WRITES = """
SELECT sku_id, territory_id, coalesce(w.writes, 0) AS writes, coalesce(f.cycle_id, 0) AS forecast
FROM (SELECT p.sku_id, l.territory_id, sum(p.changes)::bigint AS writes
      FROM inventory_position p JOIN inventory_location l ON l.id = p.location_id
      WHERE {scope} GROUP BY 1, 2) w
FULL JOIN (SELECT sku_id, territory_id, cycle_id FROM inventory_demandforecast p WHERE {scope}) f
  USING (sku_id, territory_id)
"""
_CHANGED = """
SELECT DISTINCT n.sku_id FROM ({writes}) n
LEFT JOIN inventory_stockitem i ON i.sku_id = n.sku_id AND i.territory_id = n.territory_id
WHERE i.basis IS DISTINCT FROM n.writes || ':' || n.forecast || ':' || %s
ORDER BY 1
"""


def _changed_skus(today: date, mark: str) -> list[int]:
    everything = _WRITES.format(scope="true")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM inventory_demandforecast), "
            "EXISTS (SELECT 1 FROM inventory_stockitem WHERE as_of > %s)",
            [today],
        )
        forecast, later = cursor.fetchone()
        if later or not forecast:
            return []
        cursor.execute(_CHANGED.format(writes=everything), [mark])
        return [int(row[0]) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True, eq=False)
class _SkuFacts:
    """Facts of all SKUs, (skus,) each, by id. `rate_bp` is -1 where the law's table is unclear."""

    ids: Ints
    codes: tuple[str, ...]
    code_of: dict[int, str]
    trade: Ints
    grams: Ints
    rate_bp: Ints


def _sku_facts(today: date) -> _SkuFacts:
    rows = list(
        Sku.objects.order_by("pk").values_list(
            "pk", "code", "trade_price_paise", "weight_grams", "hsn", "rate_item", "packed"
        )
    )
    rates: dict[tuple[str, str, bool], int] = {}
    for *_, hsn, item, packed in rows:
        key = (hsn, item, packed)
        if key not in rates:
            rates[key] = rate_on(today, *key)
    return _SkuFacts(
        ids=_ints(row[0] for row in rows),
        codes=tuple(row[1] for row in rows),
        code_of={row[0]: row[1] for row in rows},
        trade=_ints(row[2] for row in rows),
        grams=_ints(row[3] for row in rows),
        rate_bp=_ints(rates[row[4:]] for row in rows),
    )


def rate_on(today: date, hsn: str, item: str, packed: bool) -> int:
    """Basis points of GST on a day; -1 where the law's table is unclear."""
    try:
        return rate_for(hsn, today, rate_item=item, packed=packed).basis_points
    except VyaparError:
        return -1


def without_gst(price: Ints, rate_bp: Ints, cost: Ints) -> Ints:
    """Net prices, half-up; what bears no clear rate is valued at cost, not on a guess."""
    whole = BASIS_POINTS + rate_bp
    return np.where(rate_bp < 0, cost, (2 * price * BASIS_POINTS + whole) // (2 * whole))


_ORDINAL = "({} - DATE '0001-01-01' + 1)"
_ITEMS = """
SELECT n.sku_id, n.territory_id, n.writes, n.forecast,
       coalesce({last_sale}, 0), coalesce(d.recent, 0), coalesce(d.earlier, 0),
       CASE i.status {statuses} ELSE 0 END, coalesce(o.pieces, 0),
       coalesce({outlets_recent}, 0), coalesce({outlets_usual}, 0), coalesce(f.dispersion, 1)
FROM (SELECT sku_id, territory_id, coalesce(w.writes, 0) AS writes, coalesce(w.forecast, 0) AS forecast
      FROM ({writes}) w
      FULL JOIN (SELECT sku_id, territory_id FROM inventory_stockitem p WHERE {scope}) s
        USING (sku_id, territory_id)) n
LEFT JOIN inventory_stockitem i ON i.sku_id = n.sku_id AND i.territory_id = n.territory_id
LEFT JOIN inventory_demandforecast f ON f.sku_id = n.sku_id AND f.territory_id = n.territory_id
LEFT JOIN (SELECT sku_id, territory_id, max(day) FILTER (WHERE quantity > 0) AS last_sale,
                  sum(quantity) FILTER (WHERE day > %s::date - {recent}) AS recent,
                  sum(quantity) FILTER (WHERE day > %s::date - {span} AND day <= %s::date - {recent})
                      AS earlier
           FROM inventory_dailydemand p WHERE day <= %s AND {scope} GROUP BY 1, 2) d
  ON d.sku_id = n.sku_id AND d.territory_id = n.territory_id
LEFT JOIN (SELECT p.sku_id, l.territory_id, sum(r.quantity) AS pieces
           FROM inventory_reservation r JOIN inventory_position p ON p.id = r.position_id
           JOIN inventory_location l ON l.id = p.location_id
           WHERE r.released_at IS NULL AND r.purpose = 'offer' GROUP BY 1, 2) o
  ON o.sku_id = n.sku_id AND o.territory_id = n.territory_id
{outlets}
ORDER BY n.sku_id, n.territory_id
"""
_OUTLETS = """
LEFT JOIN (SELECT sku_id, territory_id, count(*) FILTER (WHERE last_day > %s::date - {recent}) AS recent,
                  count(*) AS usual
           FROM (SELECT sku_id, territory_id, retailer_id, max(sold_on) AS last_day FROM inventory_sale
                 WHERE sold_on > %s::date - {usual} AND sold_on <= %s AND quantity > 0 GROUP BY 1, 2, 3) b
           GROUP BY 1, 2) c
  ON c.sku_id = n.sku_id AND c.territory_id = n.territory_id
"""
_ITEM_COLUMNS = {
    "sku": "int", "territory": "int", "writes": "int", "forecast": "int", "last_sale": "int",
    "recent": "int", "earlier": "int", "prior": "int", "offered": "int", "outlets_recent": "int",
    "outlets_usual": "int", "dispersion": "float",
}  # fmt: skip


def _items(today: date, scope: Sequence[int] | None, whole: bool) -> dict[str, NDArray[Any]]:
    """Items and their sales. Outlets are counted in the sales with the whole book, and remembered."""
    statuses = " ".join(f"WHEN '{status.value}' THEN {n}" for n, status in enumerate(STATUSES))
    outlets = _OUTLETS.format(recent=OUTLETS_RECENT_DAYS, usual=OUTLETS_USUAL_DAYS) if whole else ""
    sql = _ITEMS.format(
        writes=_WRITES.format(scope=_scope(scope)),
        scope=_scope(scope),
        last_sale=_ORDINAL.format("d.last_sale"),
        statuses=statuses,
        outlets=outlets,
        outlets_recent="c.recent" if whole else "i.outlets_recent",
        outlets_usual="c.usual" if whole else "i.outlets_usual",
        recent=RECENT_DAYS,
        span=RECENT_DAYS + EARLIER_DAYS,
    )
    return read_columns(sql, _ITEM_COLUMNS, [today] * (7 if whole else 4))


def _scope(skus: Sequence[int] | None) -> str:
    """A condition on `p.sku_id`; ids are whole numbers of ours, so they may stand in the text."""
    return "true" if skus is None else f"p.sku_id IN ({', '.join(map(str, map(int, skus)))})"


def _weekly(scope: Sequence[int] | None, item_code: Ints) -> NDArray[np.float64]:
    """(items, weeks), 0 for items without a forecast."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(array_length(weekly_mean, 1)), 1) FROM inventory_demandforecast")
        weeks = int(cursor.fetchone()[0])
    columns = {"sku": "int", "territory": "int"} | {f"w{n}": "float" for n in range(weeks)}
    means = ", ".join(
        f"coalesce(weekly_mean[{n + 1}], weekly_mean[array_length(weekly_mean, 1)], 0)" for n in range(weeks)
    )
    found = read_columns(_FORECASTS.format(means=means, scope=_scope(scope)), columns)
    table = np.zeros((item_code.size, weeks))
    rows = positions_of(item_code, found["sku"] * _STRIDE + found["territory"])
    for n in range(weeks):
        table[rows, n] = found[f"w{n}"]
    return table


_FORECASTS = "SELECT sku_id, territory_id, {means} FROM inventory_demandforecast p WHERE {scope}"
_HELD = """
SELECT p.id, p.sku_id, l.territory_id, p.location_id, p.batch_id, p.on_hand, p.reserved,
       b.cost_paise, b.mrp_paise, b.itc_paise, coalesce({expiry}, {no_day}), coalesce({made}, 0),
       coalesce({received}, 0), br.return_bp,
       CASE WHEN br.return_bp = 0 THEN 0
            WHEN br.return_days IS NULL OR b.expiry_date IS NULL THEN {no_day}
            ELSE {expiry} + br.return_days END
FROM inventory_position p
JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_brand br ON br.id = s.brand_id
JOIN inventory_location l ON l.id = p.location_id
WHERE p.on_hand > 0 AND {scope} ORDER BY p.id
"""
_HELD_COLUMNS = dict.fromkeys(
    ("id", "sku", "territory", "location", "batch", "on_hand", "reserved", "cost", "mrp", "itc", "expiry",
     "made", "received", "return_bp", "return_until"),
    "int",
)  # fmt: skip


def _positions(scope: Sequence[int] | None) -> dict[str, NDArray[Any]]:
    sql = _HELD.format(
        expiry=_ORDINAL.format("b.expiry_date"),
        made=_ORDINAL.format("b.manufacture_date"),
        received=_ORDINAL.format("p.first_receipt_date"),
        no_day=NO_DAY,
        scope=_scope(scope),
    )
    return read_columns(sql, _HELD_COLUMNS)


def _territories() -> tuple[Ints, tuple[str, ...], NDArray[np.int32]]:
    rows = list(Territory.objects.order_by("pk").values_list("pk", "code", "registration_id"))
    numbers = {pk: n for n, pk in enumerate(sorted({row[2] for row in rows}))}
    return (
        _ints(row[0] for row in rows),
        tuple(row[1] for row in rows),
        np.array([numbers[row[2]] for row in rows], dtype=np.int32),
    )


def list_places() -> tuple[tuple[str, ...], Ints]:
    """Places that hold stock; outlets that buy it are not among them unless they have positions."""
    rows = list(
        Location.objects.exclude(kind=LocationKind.OUTLET, positions__isnull=True)
        .order_by("pk").distinct().values_list("code", "pk")
    )  # fmt: skip
    return tuple(row[0] for row in rows), _ints(row[1] for row in rows)


def lanes_between(territory_ids: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Freight and days between territories, godown to godown; closed where one has none."""
    spot: dict[int, tuple[float, float]] = {}
    rows = Location.objects.filter(kind=LocationKind.GODOWN).order_by("-code")
    for territory, latitude, longitude in rows.values_list("territory_id", "latitude", "longitude"):
        spot[territory] = (latitude, longitude)  # the first by code stays
    known = np.array([pk in spot for pk in territory_ids.tolist()], dtype=np.bool_)
    places = np.array([spot.get(pk, (0.0, 0.0)) for pk in territory_ids.tolist()]).reshape(-1, 2)
    kilometres = road_kilometres(places[:, 0], places[:, 1])
    is_open = known[:, None] & known
    days = np.where(is_open, lane_days(kilometres), 0)
    return np.where(is_open, lane_paise_per_kg(kilometres), -1), days


def _ints(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _codes(values: NDArray[Any]) -> NDArray[np.int32]:
    return values.astype(np.int32)
