"""The roll-up of sales: pieces, paise, lines and outlets per SKU, territory and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from django.db import transaction

from inventory.services.binary import Column, Packed, Strung, pack
from inventory.services.groups import Numbers, distinct, numbers
from inventory.services.sold import Sold
from inventory.services.staging import Rows, copy_rows, rows, rows_of, run, staged

_KEY = ["sku_id", "territory_id", "day"]
_TYPES = {
    "sku_id": "bigint", "territory_id": "bigint", "day": "date", "quantity": "bigint",
    "revenue_paise": "bigint", "lines": "integer", "outlets": "integer", "buyers": "bytea",
}  # fmt: skip
# Outlets cannot be added up: one that bought twice that day is one. So each row keeps its buyers, four
# bytes for each in order of their ids.
_ADDED = ("quantity", "revenue_paise", "lines", "outlets")
_STANDING = """
SELECT string_agg(int8send(u.n), ''::bytea), string_agg(int8send(d.id), ''::bytea),
       string_agg(int8send(length(d.buyers)), ''::bytea), string_agg(d.buyers, ''::bytea)
FROM unnest(%s::bigint[], %s::bigint[], %s::date[]) WITH ORDINALITY u(sku_id, territory_id, day, n)
JOIN inventory_dailydemand d
  ON d.sku_id = u.sku_id AND d.territory_id = u.territory_id AND d.day = u.day
"""
_ADD = """
UPDATE inventory_dailydemand d SET
    quantity = d.quantity + n.quantity, revenue_paise = d.revenue_paise + n.revenue_paise,
    lines = d.lines + n.lines, outlets = n.outlets, buyers = n.buyers
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::bytea[])
     n(id, quantity, revenue_paise, lines, outlets, buyers)
WHERE d.id = n.id
"""
_SUMS = """
sum(s.quantity), sum(s.quantity * s.unit_price_paise), count(*),
count(DISTINCT s.retailer_id) FILTER (WHERE s.quantity > 0),
coalesce(string_agg(DISTINCT int4send(s.retailer_id::int), ''::bytea) FILTER (WHERE s.quantity > 0), '')
"""
_REBUILD = """
INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets, buyers)
SELECT s.sku_id, s.territory_id, s.sold_on, {sums}
FROM inventory_sale s WHERE s.sold_on BETWEEN %s AND %s GROUP BY 1, 2, 3
"""
_TRIPLE_TYPES = {"sku_id": "bigint", "territory_id": "bigint", "day": "date"}
_FORGET = """
DELETE FROM inventory_dailydemand d USING {triples} t
WHERE d.sku_id = t.sku_id AND d.territory_id = t.territory_id AND d.day = t.day
"""
_REWORK = """
INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets, buyers)
SELECT s.sku_id, s.territory_id, s.sold_on, {sums}
FROM inventory_sale s
JOIN {triples} t ON t.sku_id = s.sku_id AND t.territory_id = s.territory_id AND t.day = s.sold_on
WHERE s.sold_on = ANY(%s) GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Rows of the roll-up that sales add to, as they stand: an entry for each day of `sold`.

    `ids`: 0 where there is no row yet; `buyers`: each day and a retailer that bought on it, as one number
    (see `_BUYER`).
    """

    sold: Sold
    ids: Numbers
    buyers: Numbers


@dataclass(frozen=True, slots=True)
class Rolled:
    """The roll-up with some sales in it, ready to be written.

    `added`: of rows that stand there their ids and what `_ADD` asks for, packed; `fresh`: the others.
    `count`: how many there are of both.
    """

    added: Sequence[Packed]
    fresh: Rows
    count: int


#: The bits of that number in which the retailer stands.
_BUYER, _RETAILER = 32, 2**32 - 1


def find_standing(sold: Sold) -> Standing:
    """What of the roll-up some sales touch. In the turn of those who record sales."""
    asked = [pack(sold.sku_id), pack(sold.territory_id), pack(sold.day, "date")]
    places, ids, lengths, packed = rows(_STANDING, asked)[0]
    place = _numbers(places) - 1
    known = np.zeros(len(sold.days), np.int64)
    known[place] = _numbers(ids)
    retailers = np.frombuffer(packed or b"", ">u4").astype(np.int64)
    return Standing(sold, known, np.repeat(place, _numbers(lengths) // 4) << _BUYER | retailers)


def add_up(standing: Standing) -> Rolled:
    """The roll-up with the sales in it. Pure, so that it can be worked out while the database works.

    Lines of the sales: retailer_id, quantity, unit_price_paise.
    """
    sold = standing.sold
    quantity, paise, retailer = (
        numbers(sold.lines[name]) for name in ("quantity", "unit_price_paise", "retailer_id")
    )
    bought = quantity > 0
    mine = sold.days.of[bought] << _BUYER | retailer[bought]
    buyers = distinct(np.concatenate([mine, standing.buyers]))
    outlets = np.bincount(buyers >> _BUYER, minlength=len(sold.days))
    columns = {
        "sku_id": sold.sku_id, "territory_id": sold.territory_id, "day": sold.day,
        "quantity": sold.days.sums(quantity), "revenue_paise": sold.days.sums(quantity * paise),
        "lines": sold.days.sizes, "outlets": outlets,
    }  # fmt: skip
    strung = Strung((buyers & _RETAILER).astype(">u4").tobytes(), (4 * outlets).astype(np.int32))
    known = standing.ids > 0
    added = [pack(columns[name][known], _TYPES[name]) for name in _ADDED]
    fresh: dict[str, Column] = {name: column[~known] for name, column in columns.items()}
    fresh["buyers"] = strung.where(~known)
    return Rolled(
        [pack(standing.ids[known]), *added, pack(strung.where(known))] if known.any() else (),
        rows_of("inventory_dailydemand", fresh, _TYPES, int((~known).sum())),
        len(known),
    )


def write_demand(rolled: Rolled) -> int:
    """Write rows of `add_up`; returns how many. In the transaction that records the sales."""
    if rolled.added:
        run(_ADD, rolled.added)
    copy_rows(rolled.fresh)
    return rolled.count


def _numbers(packed: bytes | None) -> Numbers:
    return np.frombuffer(packed or b"", ">i8").astype(np.int64)


@transaction.atomic
def rebuild_demand(first_day: date, last_day: date) -> int:
    """Work the roll-up of some days out anew from the sales; returns how many rows it has."""
    run("DELETE FROM inventory_dailydemand WHERE day BETWEEN %s AND %s", [first_day, last_day])
    return run(_REBUILD.format(sums=_SUMS), [first_day, last_day])


def rework_demand(triples: pl.DataFrame) -> int:
    """Work some rows of the roll-up out anew from the sales; returns how many are left.

    `triples`: sku_id, territory_id, day. What has no sale left is gone. Must run in the transaction
    that changed the sales.
    """
    triples = triples.unique()
    if triples.is_empty():
        return 0
    with staged(triples, _TRIPLE_TYPES) as table:
        run(_FORGET.format(triples=table))
        return run(_REWORK.format(sums=_SUMS, triples=table), [triples["day"].unique().to_list()])
