"""Who buys an item: what trade channels other than general trade take of its demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Floats, Ints, empty
from inventory.rules import RECENT_DAYS
from inventory.selectors.book.items import EARLIER_DAYS
from inventory.selectors.columns import codes_of, of_skus, positions_of
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
WHERE p.sold_on > %s::date - {span} AND p.sold_on <= %s AND {scope}
GROUP BY 1, 2, 3 HAVING sum(p.quantity) > 0 ORDER BY 1, 2, 3
"""


#: Days whose sales say who buys: those that say what an item sells of late.
SPAN_DAYS = RECENT_DAYS + EARLIER_DAYS


@dataclass(frozen=True, slots=True, eq=False)
class Buyers:
    """Kinds of buyers, and the share of an item's demand that each takes; see `StockSnapshot`."""

    channels: tuple[str, ...] = ()
    channel_life: Ints = field(default_factory=empty)
    mix_item: Codes = field(default_factory=empty)
    mix_channel: Codes = field(default_factory=empty)
    mix_share: Floats = field(default_factory=empty)


def read_buyers(today: date, scope: Sequence[int] | None, item_code: Ints, sold: NDArray[np.int64]) -> Buyers:
    """Shares of channels in what items sold in the last `SPAN_DAYS` days.

    `item_code`: (items,) sorted; `sold`: (items,) pieces sold in those days, to anybody. One query where
    every outlet is of general trade, two where not.
    """
    kinds, code, kind, taken = read_taken(today, scope)
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


def read_taken(today: date, scope: Sequence[int] | None) -> tuple[list[tuple[str, int]], Ints, Ints, Ints]:
    """Kinds of buyers (trade channel, least life of their own or -1), and what they took in `SPAN_DAYS`.

    (rows,) each: code of an item, number of a kind, pieces.
    """
    others = _others()
    if not others:
        none = np.zeros(0, dtype=np.int64)
        return [], none, none, none
    kinds = sorted({(channel, life) for _pk, channel, life in others})
    numbers = [kinds.index((channel, life)) for _pk, channel, life in others]
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKEN.format(span=SPAN_DAYS, scope=of_skus(scope)),
            [[pk for pk, *_ in others], numbers, today, today],
        )
        found = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 4)
    return kinds, codes_of(found[:, 0], found[:, 1]), found[:, 2], found[:, 3]


def buyers_mark() -> str:
    """Changes whenever an outlet's trade channel or its own least life does; empty where all are of general
    trade. One query.
    """
    others = _others()
    return f":c{sha256_of(others)[:8]}" if others else ""


def _others() -> list[tuple[int, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        return list(cursor.fetchall())
