"""Stock as the Monitoring agent reads it: what changed since it was last scored, or everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from inventory.selectors.claims import claim_rooms
from inventory.selectors.columns import codes_of, of_skus, positions_of, read_columns, read_packed
from inventory.selectors.demand import find_common
from inventory.selectors.distances import lane_days, lane_paise_per_kg, road_kilometres
from inventory.selectors.outcomes import current_learnt
from inventory.selectors.overrides import overridden_items, overrides_mark
from inventory.selectors.weekdays import weekday_shares
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import sha256_of
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.money import BASIS_POINTS
from vyapar.law.rates import rate_for

RECENT_DAYS, EARLIER_DAYS = 28, 84
OUTLETS_RECENT_DAYS, OUTLETS_USUAL_DAYS = 90, 365
#: Above this share of all SKUs the whole book is read; an index would only get in the way.
_MOST = 0.5
#: Positions that are looked at together: what a worker holds in memory, and a part of a large cycle.
PART_POSITIONS = 150_000


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
    mark, learnt = _mark(today, policy)
    skus, _held = _changed_skus(today, mark)
    if not skus:
        return None
    return read_book(today, mark, skus, learnt)


def split_stock(as_of: datetime, policy: MonitoringPolicy) -> list[dict[str, Any]]:
    """What a snapshot would hold as ranges of SKUs with about `PART_POSITIONS` positions each.

    `first`, `last`: SKU ids; `whole`: whether the ranges are the whole book; `outlets`: whether outlets
    are to be counted in the sales. Empty where one snapshot is small enough.
    """
    today = ist_day(as_of)
    skus, held = _changed_skus(today, _mark(today, policy)[0])
    if sum(held.get(sku, 0) for sku in skus) <= PART_POSITIONS:
        return []
    everything = list(Sku.objects.order_by("pk").values_list("pk", flat=True))
    whole = len(skus) > _MOST * len(everything)
    common = {"whole": whole, "outlets": whole and not _are_outlets_counted(today)}
    ranges = sku_ranges(everything if whole else skus, held)
    return [{**common, "first": first, "last": last} for first, last in ranges]


def take_stock_part(as_of: datetime, policy: MonitoringPolicy, scope: Mapping[str, Any]) -> StockBook | None:
    """The book of one range of `split_stock`: of the SKUs that changed, or of all when it is whole."""
    today = ist_day(as_of)
    mark, learnt = _mark(today, policy)
    within = Sku.objects.filter(pk__gte=scope["first"], pk__lte=scope["last"])
    skus = list(within.order_by("pk").values_list("pk", flat=True))
    if not scope["whole"]:
        skus = sorted(set(skus) & set(_changed_skus(today, mark)[0]))
    if not skus:
        return None
    return read_book(today, mark, skus, learnt, part=True, outlets=bool(scope["outlets"]))


def _mark(today: date, policy: MonitoringPolicy) -> tuple[str, Learnt]:
    """What every score of a day rests on, and what was learnt."""
    learnt = current_learnt() if policy.learning else {}
    return f"{sha256_of((policy, learnt))[:12]}:{today.isoformat()}{overrides_mark()}", learnt


def sku_ranges(skus: Sequence[int], held: Mapping[int, int]) -> list[tuple[int, int]]:
    """Sorted SKUs in runs that hold `PART_POSITIONS` at most, or a single SKU that holds more."""
    found: list[tuple[int, int]] = []
    run, size = [skus[0]], held.get(skus[0], 0)
    for sku in skus[1:]:
        more = held.get(sku, 0)
        if size + more > PART_POSITIONS:
            found.append((run[0], run[-1]))
            run, size = [], 0
        run.append(sku)
        size += more
    return [*found, (run[0], run[-1])]


def list_item_codes(skus: Sequence[int] | None) -> Ints:
    """Codes of the items that a book of some SKUs (by id), or of all, would have; sorted."""
    scope = of_skus(skus)
    found = read_columns(_KNOWN.format(writes=_WRITES.format(scope=scope), scope=scope), _KNOWN_COLUMNS)
    return np.sort(codes_of(found["sku"], found["territory"]))


def read_book(
    today: date,
    mark: str,
    skus: Sequence[int],
    learnt: Learnt = MappingProxyType({}),
    *,
    part: bool = False,
    outlets: bool | None = None,
) -> StockBook:
    """The book of some SKUs (by id) on a day; of all when they are most, unless it is a `part` of one.

    `outlets`: whether outlets are counted in the sales; by default where the whole book is the day's first.
    """
    known = _sku_facts(today)
    whole = not part and len(skus) > _MOST * len(known.ids)
    counts = (not _are_outlets_counted(today) and whole) if outlets is None else outlets
    scope = None if whole else sorted(skus)
    codes = known.codes if scope is None else tuple(known.code_of[pk] for pk in scope)
    ids = known.ids if scope is None else np.array(scope, dtype=np.int64)
    territory_ids, territories, gstin = _territories()
    items = _items(today, scope, counts)
    item_code = codes_of(items["sku"], items["territory"])
    weekly = overridden_items(_weekly(scope, item_code), items["sku"], items["territory"])
    held = _positions(scope)
    location_codes, location_ids = list_places(held["location"])
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
        common=find_common(),
        position_item=_codes(positions_of(item_code, codes_of(held["sku"], held["territory"]))),
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
        claim_room_paise=claim_rooms(today, held["id"]),
        claim_success_bp=held["claim_success"],
        claim_days=held["claim_days"],
        territory_gstin=gstin,
        lane_paise_per_kg=kilogram,
        lane_days=days,
        weekday_share=weekday_shares(territories),
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


# What each item's score rests on, as `basis` has it.
_WRITES = """
SELECT sku_id, territory_id, coalesce(w.writes, 0) AS writes, coalesce(f.cycle_id, 0) AS forecast,
       coalesce(w.held, 0) AS held
FROM (SELECT p.sku_id, l.territory_id, sum(p.changes)::bigint AS writes,
             count(*) FILTER (WHERE p.on_hand > 0) AS held
      FROM inventory_position p JOIN inventory_location l ON l.id = p.location_id
      WHERE {scope} GROUP BY 1, 2) w
FULL JOIN (SELECT sku_id, territory_id, cycle_id FROM inventory_demandforecast p WHERE {scope}) f
  USING (sku_id, territory_id)
"""
_CHANGED = """
SELECT n.sku_id, bool_or(i.basis IS DISTINCT FROM n.writes || ':' || n.forecast || ':' || %s),
       sum(n.held)::bigint
FROM ({writes}) n
LEFT JOIN inventory_stockitem i ON i.sku_id = n.sku_id AND i.territory_id = n.territory_id
GROUP BY 1 ORDER BY 1
"""


def _changed_skus(today: date, mark: str) -> tuple[list[int], dict[int, int]]:
    """SKUs of which an item changed, by id, and how many positions with stock each SKU has."""
    everything = _WRITES.format(scope="true")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM inventory_demandforecast), "
            "EXISTS (SELECT 1 FROM inventory_stockitem WHERE as_of > %s)",
            [today],
        )
        forecast, later = cursor.fetchone()
        if later or not forecast:
            return [], {}
        cursor.execute(_CHANGED.format(writes=everything), [mark])
        found = cursor.fetchall()
    return [sku for sku, changed, _held in found if changed], {sku: held for sku, _changed, held in found}


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


# All that is read of history is as long as the window: only for what did not sell in it is its last sale
# before looked for, one look into the index for each.
_ORDINAL = "({} - DATE '0001-01-01' + 1)"
_KNOWN = """
SELECT sku_id, territory_id, coalesce(w.writes, 0) AS writes, coalesce(w.forecast, 0) AS forecast
FROM ({writes}) w
FULL JOIN (SELECT sku_id, territory_id FROM inventory_stockitem p WHERE {scope}) s
  USING (sku_id, territory_id)
"""
_KNOWN_COLUMNS = {"sku": "int", "territory": "int", "writes": "int", "forecast": "int"}
_ITEMS = """
SELECT n.sku_id, n.territory_id, n.writes, n.forecast,
       coalesce({last_sale}, 0), coalesce(d.recent, 0), coalesce(d.earlier, 0),
       CASE i.status {statuses} ELSE 0 END, coalesce(o.pieces, 0),
       coalesce({outlets_recent}, 0), coalesce({outlets_usual}, 0), coalesce(f.dispersion, 1)
FROM ({known}) n
LEFT JOIN inventory_stockitem i ON i.sku_id = n.sku_id AND i.territory_id = n.territory_id
LEFT JOIN inventory_demandforecast f ON f.sku_id = n.sku_id AND f.territory_id = n.territory_id
LEFT JOIN (SELECT sku_id, territory_id, max(day) FILTER (WHERE quantity > 0) AS last_sale,
                  sum(quantity) FILTER (WHERE day > %s::date - {recent}) AS recent,
                  sum(quantity) FILTER (WHERE day <= %s::date - {recent}) AS earlier
           FROM inventory_dailydemand p
           WHERE day > %s::date - {span} AND day <= %s AND {scope} GROUP BY 1, 2) d
  ON d.sku_id = n.sku_id AND d.territory_id = n.territory_id
LEFT JOIN LATERAL (SELECT day FROM inventory_dailydemand p
                   WHERE d.last_sale IS NULL AND p.sku_id = n.sku_id AND p.territory_id = n.territory_id
                     AND day <= %s::date - {span} AND quantity > 0
                   ORDER BY day DESC LIMIT 1) e ON true
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
           FROM (SELECT sku_id, territory_id, retailer_id, max(sold_on) AS last_day FROM inventory_sale p
                 WHERE sold_on > %s::date - {usual} AND sold_on <= %s AND quantity > 0 AND {scope}
                 GROUP BY 1, 2, 3) b
           GROUP BY 1, 2) c
  ON c.sku_id = n.sku_id AND c.territory_id = n.territory_id
"""
_ITEM_COLUMNS = {
    "sku": "int", "territory": "int", "writes": "int", "forecast": "int", "last_sale": "int",
    "recent": "int", "earlier": "int", "prior": "int", "offered": "int", "outlets_recent": "int",
    "outlets_usual": "int", "dispersion": "float",
}  # fmt: skip


def _items(today: date, scope: Sequence[int] | None, counts: bool) -> dict[str, NDArray[Any]]:
    """Items and their sales. Outlets are counted in a year's sales by the day's first whole book, and
    remembered: a day more or less of them decides nothing."""
    statuses = " ".join(f"WHEN '{status.value}' THEN {n}" for n, status in enumerate(STATUSES))
    days = {"recent": OUTLETS_RECENT_DAYS, "usual": OUTLETS_USUAL_DAYS}
    outlets = _OUTLETS.format(**days, scope=of_skus(scope)) if counts else ""
    sql = _ITEMS.format(
        known=_KNOWN.format(writes=_WRITES.format(scope=of_skus(scope)), scope=of_skus(scope)),
        scope=of_skus(scope),
        last_sale=_ORDINAL.format("coalesce(d.last_sale, e.day)"),
        statuses=statuses,
        outlets=outlets,
        outlets_recent="c.recent" if counts else "i.outlets_recent",
        outlets_usual="c.usual" if counts else "i.outlets_usual",
        recent=RECENT_DAYS,
        span=RECENT_DAYS + EARLIER_DAYS,
    )
    return read_columns(sql, _ITEM_COLUMNS, [today] * (8 if counts else 5))


def _are_outlets_counted(today: date) -> bool:
    """Whether every item was scored today: the first to do so had the whole book, since all days differ."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) > 0 AND min(as_of) >= %s FROM inventory_stockitem", [today])
        return bool(cursor.fetchone()[0])


def _weekly(scope: Sequence[int] | None, item_code: Ints) -> NDArray[np.float64]:
    """(items, weeks), 0 for items without a forecast."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(array_length(weekly_mean, 1)), 1) FROM inventory_demandforecast")
        weeks = int(cursor.fetchone()[0])
    columns = {"sku": "int", "territory": "int"} | {f"w{n}": "float" for n in range(weeks)}
    means = ", ".join(
        f"coalesce(weekly_mean[{n + 1}], weekly_mean[array_length(weekly_mean, 1)], 0)" for n in range(weeks)
    )
    found = read_columns(_FORECASTS.format(means=means, scope=of_skus(scope)), columns)
    table = np.zeros((item_code.size, weeks))
    rows = positions_of(item_code, codes_of(found["sku"], found["territory"]))
    for n in range(weeks):
        table[rows, n] = found[f"w{n}"]
    return table


_FORECASTS = "SELECT sku_id, territory_id, {means} FROM inventory_demandforecast p WHERE {scope}"
_HELD = """
SELECT p.id, p.sku_id, p.location_id, p.batch_id, p.on_hand, p.reserved, coalesce({received}, 0)
FROM inventory_position p WHERE p.on_hand > 0 AND {scope}
"""
_HELD_COLUMNS = ("id", "sku", "location", "batch", "on_hand", "reserved", "received")
_BATCHES = """
SELECT p.id, p.cost_paise, p.mrp_paise, p.itc_paise, coalesce({expiry}, {no_day}), coalesce({made}, 0),
       br.return_bp,
       CASE WHEN br.return_bp = 0 THEN 0
            WHEN br.return_days IS NULL OR p.expiry_date IS NULL THEN {no_day}
            ELSE {expiry} + br.return_days END,
       coalesce(br.claim_success_bp, -1), coalesce(br.claim_days, -1)
FROM inventory_batch p
JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_brand br ON br.id = s.brand_id
WHERE {scope}
"""
_BATCH_COLUMNS = (
    "id",
    "cost",
    "mrp",
    "itc",
    "expiry",
    "made",
    "return_bp",
    "return_until",
    "claim_success",
    "claim_days",
)


def _positions(scope: Sequence[int] | None) -> dict[str, NDArray[Any]]:
    """Positions with stock by id; what their batch and their place say is read once for each of these."""
    received = _ORDINAL.format("p.first_receipt_date")
    held = read_packed(_HELD.format(received=received, scope=of_skus(scope)), _HELD_COLUMNS)
    order = np.argsort(held["id"])
    held = {name: column[order] for name, column in held.items()}
    days = {name: _ORDINAL.format(f"p.{column}_date") for name, column in _DAYS.items()}
    lots = read_packed(_BATCHES.format(**days, no_day=NO_DAY, scope=of_skus(scope)), _BATCH_COLUMNS)
    lot = positions_of(lots["id"], held["batch"])
    places = read_packed("SELECT id, territory_id FROM inventory_location", ("id", "territory"))
    held["territory"] = places["territory"][positions_of(places["id"], held["location"])]
    return held | {name: lots[name][lot] for name in _BATCH_COLUMNS[1:]}


_DAYS = {"expiry": "expiry", "made": "manufacture"}


def _territories() -> tuple[Ints, tuple[str, ...], NDArray[np.int32]]:
    rows = list(Territory.objects.order_by("pk").values_list("pk", "code", "registration_id"))
    numbers = {pk: n for n, pk in enumerate(sorted({row[2] for row in rows}))}
    return (
        _ints(row[0] for row in rows),
        tuple(row[1] for row in rows),
        np.array([numbers[row[2]] for row in rows], dtype=np.int32),
    )


def list_places(held: Ints) -> tuple[tuple[str, ...], Ints]:
    """Codes and ids of the places among `held`, by id."""
    ids = np.unique(held)
    with connection.cursor() as cursor:
        # the driver would write a long list number by number
        held_ids = "{" + ",".join(map(str, ids.tolist())) + "}"
        cursor.execute(
            "SELECT code FROM inventory_location WHERE id = ANY(%s::bigint[]) ORDER BY id", [held_ids]
        )
        return tuple(row[0] for row in cursor.fetchall()), ids


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
