"""The roll-up of sales: pieces, paise, lines and outlets per SKU, territory and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from django.db import transaction

from inventory.services.binary import pack
from inventory.services.staging import copy_frame, rows, run, staged

_KEY = ["sku_id", "territory_id", "day"]
_TYPES = {
    "sku_id": "bigint", "territory_id": "bigint", "day": "date", "quantity": "bigint",
    "revenue_paise": "bigint", "lines": "integer", "outlets": "integer", "buyers": "bytea",
}  # fmt: skip
# Outlets cannot be added up: one that bought twice that day is one. So each row keeps its buyers, four
# bytes for each in order of their ids.
_ADDED = ("quantity", "revenue_paise", "lines", "outlets", "buyers")
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
    """Rows of the roll-up that sales add to, as they stand, and what the sales come to.

    `added`: sku_id, territory_id, day, quantity, revenue_paise, lines and `n`, which counts them from 1 in
    that order; `known`: n, id; `buyers`: n, retailer_id.
    """

    added: pl.DataFrame
    known: pl.DataFrame
    buyers: pl.DataFrame


def find_standing(sales: pl.DataFrame) -> Standing:
    """What of the roll-up some sales touch. `sales`: see `add_up`. In the turn of those who record sales."""
    quantity = pl.col("quantity").cast(pl.Int64)
    added = sales.group_by("sku_id", "territory_id", pl.col("sold_on").alias("day")).agg(
        quantity.sum().alias("quantity"),
        (quantity * pl.col("unit_price_paise")).sum().alias("revenue_paise"),
        pl.len().cast(pl.Int64).alias("lines"),
    )
    added = added.sort(_KEY).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("n"))
    places, ids, lengths, packed = rows(_STANDING, [pack(added[name]) for name in _KEY])[0]
    known = pl.DataFrame({"n": _numbers(places), "id": _numbers(ids)})
    counts = _numbers(lengths) // 4
    buyers = pl.DataFrame({
        "n": np.repeat(_numbers(places), counts),
        "retailer_id": np.frombuffer(packed or b"", ">i4").astype(np.int64),
    })  # fmt: skip
    return Standing(added, known, buyers)


def add_up(sales: pl.DataFrame, standing: Standing) -> pl.DataFrame:
    """Rows of the roll-up with some sales in them: `id` is null for those that are new. Pure.

    `sales`: sku_id, territory_id, retailer_id, sold_on, quantity, unit_price_paise. `outlets` and `buyers`
    are those of the whole day, the rest is what the sales add.
    """
    bought = sales.filter(pl.col("quantity") > 0).select(
        "sku_id", "territory_id", pl.col("sold_on").alias("day"), "retailer_id"
    )
    mine = bought.join(standing.added.select(*_KEY, "n"), on=_KEY).select("n", "retailer_id")
    buyers = pl.concat([mine, standing.buyers]).unique().sort("n", "retailer_id")
    counts = np.bincount(buyers["n"].to_numpy(), minlength=standing.added.height + 1)[1:]
    rolled = standing.added.with_columns(
        pl.Series("outlets", counts, dtype=pl.Int64), _packed(buyers["retailer_id"], counts)
    )
    return rolled.join(standing.known, on="n", how="left", maintain_order="left")


def write_demand(rolled: pl.DataFrame) -> int:
    """Write rows of `add_up`; returns how many. In the transaction that records the sales."""
    new, known = rolled.filter(pl.col("id").is_null()), rolled.filter(pl.col("id").is_not_null())
    copy_frame("inventory_dailydemand", new.select(list(_TYPES)), _TYPES)
    if known.height:
        run(_ADD, [pack(known["id"]), *(pack(known[name], _TYPES[name]) for name in _ADDED)])
    return rolled.height


def _numbers(packed: bytes | None) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.frombuffer(packed or b"", ">i8").astype(np.int64)


def _packed(retailers: pl.Series, counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> pl.Series:
    """Buyers of each row in hexadecimal digits, eight for each; `counts` says how many a row has."""
    digits = retailers.to_numpy().astype(">i4").tobytes().hex()
    ends = 8 * np.cumsum(counts)
    parts = [digits[start:end] for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]
    return pl.Series("buyers", parts, dtype=pl.String)


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
