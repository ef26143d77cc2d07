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

from inventory.contracts import NEVER, NO_DAY, MonitoringPolicy, StockSnapshot
from inventory.contracts.arrays import Ints, empty
from inventory.contracts.outcomes import Learnt
from inventory.models import Sku
from inventory.rules import RECENT_DAYS
from inventory.selectors.book.buyers import buyers_mark, read_buyers
from inventory.selectors.book.items import (
    EARLIER_DAYS,
    OUTLETS_RECENT_DAYS,
    OUTLETS_USUAL_DAYS,
    WRITES,
    are_outlets_counted,
    list_item_codes,
    read_items,
    read_weekly,
)
from inventory.selectors.book.places import lanes_between, list_places, read_territories
from inventory.selectors.book.positions import read_positions
from inventory.selectors.book.skus import rate_on, sku_facts, without_gst
from inventory.selectors.claims import claim_rooms
from inventory.selectors.columns import codes_of, positions_of
from inventory.selectors.demand import find_common
from inventory.selectors.outcomes import current_learnt
from inventory.selectors.overrides import overridden_items, overrides_mark
from inventory.selectors.weekdays import weekday_shares
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import sha256_of

__all__ = [
    "EARLIER_DAYS",
    "OUTLETS_RECENT_DAYS",
    "OUTLETS_USUAL_DAYS",
    "PART_POSITIONS",
    "RECENT_DAYS",
    "StockBook",
    "lanes_between",
    "list_item_codes",
    "list_places",
    "rate_on",
    "read_book",
    "sku_ranges",
    "split_stock",
    "take_stock_part",
    "take_stock_snapshot",
    "without_gst",
]

#: Above this share of all SKUs the whole book is read; an index would only get in the way.
_MOST = 0.5
#: Positions that are looked at together: what a worker holds in memory, and a part of a large cycle.
PART_POSITIONS = 250_000


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
    """What a snapshot would hold, as scopes of which each is looked at by itself (see `sku_ranges`).

    `whole`: whether they are the whole book, each with the `first` and the `last` of its SKUs' ids; if not,
    `skus` are those that changed, and a single scope may take them all, none as well. `outlets`: whether
    outlets are to be counted in the sales. Empty where the whole book is small enough for one look.
    """
    today = ist_day(as_of)
    skus, held = _changed_skus(today, _mark(today, policy)[0])
    is_small = sum(held.get(sku, 0) for sku in skus) <= PART_POSITIONS
    everything = list(Sku.objects.order_by("pk").values_list("pk", flat=True))
    if len(skus) <= _MOST * len(everything):
        some = {"whole": False, "outlets": False}
        if is_small:
            return [{**some, "skus": skus}]
        runs = sku_ranges(skus, held)
        return [{**some, "skus": [sku for sku in skus if first <= sku <= last]} for first, last in runs]
    if is_small:
        return []
    common = {"whole": True, "outlets": not are_outlets_counted(today)}
    return [{**common, "first": first, "last": last} for first, last in sku_ranges(everything, held)]


def take_stock_part(as_of: datetime, policy: MonitoringPolicy, scope: Mapping[str, Any]) -> StockBook | None:
    """The book of one scope of `split_stock`; None where nothing of it is there."""
    today = ist_day(as_of)
    within = (
        Sku.objects.filter(pk__gte=scope["first"], pk__lte=scope["last"])
        if scope["whole"]
        else Sku.objects.filter(pk__in=scope["skus"])
    )
    skus = list(within.order_by("pk").values_list("pk", flat=True))
    if not skus:
        return None
    mark, learnt = _mark(today, policy)
    return read_book(today, mark, skus, learnt, part=True, outlets=bool(scope["outlets"]))


def _mark(today: date, policy: MonitoringPolicy) -> tuple[str, Learnt]:
    """What every score of a day rests on, and what was learnt."""
    learnt = current_learnt() if policy.learning else {}
    return f"{sha256_of((policy, learnt))[:12]}:{today.isoformat()}{overrides_mark()}{buyers_mark()}", learnt


def sku_ranges(skus: Sequence[int], held: Mapping[int, int]) -> list[tuple[int, int]]:
    """Sorted SKUs in an even number of runs that hold about as much each, `PART_POSITIONS` at most and a SKU
    more: two workers, or four, end at the same time. Fewer runs where single SKUs hold more than a share.
    """
    sizes = np.array([held.get(sku, 0) for sku in skus], dtype=np.int64)
    whole = max(int(sizes.sum()), 1)
    runs = 2 * -(-whole // (2 * PART_POSITIONS))
    middle = np.cumsum(sizes) - (sizes + 1) // 2
    run = np.minimum(middle * runs // whole, runs - 1)
    starts = np.flatnonzero(np.append(True, np.diff(run) != 0))
    ends = np.append(starts[1:], len(skus)) - 1
    return [(skus[first], skus[last]) for first, last in zip(starts.tolist(), ends.tolist(), strict=True)]


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
    known = sku_facts(today)
    whole = not part and len(skus) > _MOST * len(known.ids)
    counts = (not are_outlets_counted(today) and whole) if outlets is None else outlets
    scope = None if whole else sorted(skus)
    codes = known.codes if scope is None else tuple(known.code_of[pk] for pk in scope)
    ids = known.ids if scope is None else np.array(scope, dtype=np.int64)
    territory_ids, territories, gstin = read_territories()
    held, written = read_positions(scope)
    items = read_items(today, scope, counts, written)
    item_code = codes_of(items["sku"], items["territory"])
    weekly = overridden_items(read_weekly(scope, item_code), items["sku"], items["territory"])
    location_codes, location_ids = list_places(held["location"])
    sku_place = positions_of(known.ids, held["sku"])
    kilogram, days = lanes_between(territory_ids)
    buyers = read_buyers(today, item_code, items["recent"] + items["earlier"])
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
        channels=buyers.channels,
        channel_life=buyers.channel_life,
        mix_item=buyers.mix_item,
        mix_channel=buyers.mix_channel,
        mix_share=buyers.mix_share,
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


_CHANGED = """
SELECT n.sku_id, bool_or(i.basis IS DISTINCT FROM n.writes || ':' || n.forecast || ':' || %s),
       sum(n.held)::bigint
FROM ({writes}) n
LEFT JOIN inventory_stockitem i ON i.sku_id = n.sku_id AND i.territory_id = n.territory_id
GROUP BY 1 ORDER BY 1
"""
# The same where every item has changed. What parts are cut by need not be exact: of a large table every
# fifth page is counted, and no SKU is left out.
_EVERY = """
SELECT sku_id, true, sum(held)::bigint
FROM (SELECT sku_id, count(*) FILTER (WHERE on_hand > 0) * {times} AS held
      FROM inventory_position {sample} GROUP BY 1
      UNION ALL SELECT {more}) n
GROUP BY 1 ORDER BY 1
"""
_LARGE = 1_000_000  # positions
_SAMPLED = {
    "times": 5,
    "sample": "TABLESAMPLE SYSTEM (20) REPEATABLE (1)",
    "more": "id, 0 FROM inventory_sku",
}
_COUNTED = {"times": 1, "sample": "", "more": "sku_id, 0 FROM inventory_demandforecast"}


def _changed_skus(today: date, mark: str) -> tuple[list[int], dict[int, int]]:
    """SKUs of which an item changed, by id, and how many positions with stock each SKU has."""
    everything = WRITES.format(scope="true")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM inventory_demandforecast), "
            "EXISTS (SELECT 1 FROM inventory_stockitem WHERE as_of > %s), "
            "(SELECT reltuples > %s FROM pg_class WHERE oid = 'inventory_position'::regclass)",
            [today, _LARGE],
        )
        forecast, later, large = cursor.fetchone()
        if later or not forecast:
            return [], {}
        # the first look of a day, or after another policy: nothing need be compared, nor writes be added up
        cursor.execute("SELECT EXISTS (SELECT 1 FROM inventory_stockitem WHERE basis LIKE %s)", [f"%:{mark}"])
        known = cursor.fetchone()[0]
        every = _EVERY.format(**(_SAMPLED if large else _COUNTED))
        cursor.execute(*((_CHANGED.format(writes=everything), [mark]) if known else (every, None)))
        found = cursor.fetchall()
    return [sku for sku, changed, _held in found if changed], {sku: held for sku, _changed, held in found}


def _codes(values: NDArray[Any]) -> NDArray[np.int32]:
    return values.astype(np.int32)
