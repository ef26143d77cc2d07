"""Who buys an item: what trade channels other than general trade take of its demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from django.core.cache import cache
from django.db import connection
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Floats, Ints, empty
from inventory.rules import RECENT_DAYS
from inventory.selectors.book.items import EARLIER_DAYS
from inventory.selectors.columns import codes_of, positions_of
from vyapar.kernel.digest import sha256_of

# Few outlets are not of general trade: their own index finds them, and without any nothing else is read.
_OTHERS = """
SELECT r.id, r.trade_channel, coalesce(r.minimum_life_days, -1) FROM inventory_retailer r
WHERE NOT r.trade_channel = 'general_trade' OR r.minimum_life_days IS NOT NULL ORDER BY r.id
"""
_TAKEN = """
SELECT p.sku_id, p.territory_id, o.kind, sum(p.quantity)::bigint
FROM inventory_sale p
JOIN unnest(%s::bigint[], %s::int[]) AS o (retailer_id, kind) ON o.retailer_id = p.retailer_id
WHERE p.sold_on > %s::date - %s::int AND p.sold_on <= %s
GROUP BY 1, 2, 3 HAVING sum(p.quantity) > 0 ORDER BY 1, 2, 3
"""
_BROUGHT = """
SELECT (SELECT max(finished_at) FROM inventory_importrun), (SELECT max(decided_at) FROM inventory_twins)
"""
#: Days whose sales say who buys: those that say what an item sells of late.
SPAN_DAYS = RECENT_DAYS + EARLIER_DAYS
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Buyers:
    """Kinds of buyers, and the share of an item's demand that each takes; see `StockSnapshot`."""

    channels: tuple[str, ...] = ()
    channel_life: Ints = field(default_factory=empty)
    mix_item: Codes = field(default_factory=empty)
    mix_channel: Codes = field(default_factory=empty)
    mix_share: Floats = field(default_factory=empty)


def read_buyers(today: date, item_code: Ints, sold: NDArray[np.int64]) -> Buyers:
    """Shares of channels in what items sold in the last `SPAN_DAYS` days.

    `item_code`: (items,) sorted; `sold`: (items,) pieces sold in those days, to anybody. One query.
    """
    kinds, code, kind, taken = read_taken(today)
    if not code.size:
        return Buyers()
    known = np.isin(code, item_code)
    item, taken = positions_of(item_code, code[known]), taken[known]
    whole = np.zeros(item_code.size, dtype=np.int64)
    np.add.at(whole, item, taken)
    whole = np.maximum(whole, sold)
    return Buyers(
        channels=tuple(channel for channel, _life in kinds),
        channel_life=np.array([life for _channel, life in kinds], dtype=np.int64),
        mix_item=item.astype(np.int32),
        mix_channel=kind[known].astype(np.int32),
        mix_share=taken / whole[item],
    )


def read_taken(today: date) -> tuple[list[tuple[str, int]], Ints, Ints, Ints]:
    """Kinds of buyers (trade channel, least life of their own or -1), and what they took in `SPAN_DAYS`.

    (rows,) each: code of an item, number of a kind, pieces. One query where all outlets are of general trade,
    else two. The first of a day, and after terms have changed, an import has ended or twins have met or
    parted, reads the sales too, for all passes and parts: a day's sales more or less decide nothing.
    """
    others = _others()
    kinds = sorted({(channel, life) for _pk, channel, life in others})
    key = f"buyers:{today.isoformat()}:{sha256_of((others, _brought()))[:32]}" if others else ""
    found = cache.get(key) if others else np.zeros((0, 4), dtype=np.int64)
    if found is None:
        found = _sum_taken(today, [pk for pk, *_ in others], [kinds.index(one[1:]) for one in others])
        cache.set(key, found, _DAY_SECONDS)
    return kinds, codes_of(found[:, 0], found[:, 1]), found[:, 2], found[:, 3]


def _sum_taken(today: date, outlets: list[int], numbers: list[int]) -> NDArray[np.int64]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [outlets, numbers, today, SPAN_DAYS, today])
        return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 4)


def buyers_mark() -> str:
    """Changes whenever an outlet's trade channel or its own least life does; empty where all are of general
    trade. One query.
    """
    others = _others()
    return f":c{sha256_of(others)[:8]}" if others else ""


def _brought() -> tuple[datetime | None, datetime | None]:
    """When sales last came in bulk or went to other items: an import may bring, or take back, months."""
    with connection.cursor() as cursor:
        cursor.execute(_BROUGHT)
        ended, decided = cursor.fetchone()
    return ended, decided


def _others() -> list[tuple[int, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        return list(cursor.fetchall())
