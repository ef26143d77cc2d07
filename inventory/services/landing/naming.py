"""Sales that say from which batch or place their pieces came: taken there as far as they are free."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import compress
from typing import Any

import polars as pl

from inventory.models import MovementKind
from inventory.services.landing.errand import Errand
from inventory.services.landing.outdated import LAPSED
from inventory.services.ledger import record_movements
from inventory.services.staging import rows, take_trail
from inventory.services.telling import tell_stock_changed

_PAIR = ["sku_id", "territory_id"]
#: What `consume` needs to know of sales.
_PLAIN = [*_PAIR, "sold_on", "sold_at", "quantity"]
_LOTS = """
SELECT p.sku_id, l.territory_id, p.batch_id, p.location_id, p.on_hand - p.reserved, b.expiry_date
FROM inventory_position p JOIN inventory_location l ON l.id = p.location_id
JOIN inventory_batch b ON b.id = p.batch_id
WHERE p.sku_id = ANY(%s) AND l.territory_id = ANY(%s) AND p.on_hand > p.reserved
  AND l.kind IN ('godown', 'van')
ORDER BY b.expiry_date NULLS LAST, p.batch_id, p.location_id
"""
_GODOWNS = """
SELECT DISTINCT ON (territory_id) territory_id, id FROM inventory_location
WHERE kind = 'godown' AND territory_id = ANY(%s) ORDER BY territory_id, code
"""


@dataclass(frozen=True, slots=True)
class Named:
    """`rest`: sales whose pieces must be found elsewhere. `updated`, `expired`: see `Consumption`.

    `lapsed`: what expired batches gave to lines that name a place only; see `outdated.LAPSED`.
    """

    rest: pl.DataFrame
    updated: int = 0
    expired: int = 0
    lapsed: pl.DataFrame | None = None


def is_named(sales: pl.DataFrame) -> bool:
    """Whether some line names a batch or a place."""
    return sales["batch_id"].null_count() + sales["location_id"].null_count() < 2 * sales.height


def consume_named(sales: pl.DataFrame, errand: Errand) -> Named:
    """Take pieces where lines say they came from; what is not free there is left to be found.

    Held pieces stay held here. Returns go back into the batch they name, at the place they name or
    the territory's first godown.
    """
    take_trail()
    named = pl.col("batch_id").is_not_null() | pl.col("location_id").is_not_null()
    back = pl.col("batch_id").is_not_null() & (pl.col("quantity") < 0)
    asked = sales.filter(named & (pl.col("quantity") > 0))
    taken, left, expired, lapsed = _take(asked)
    returned = _returns(sales.filter(back))
    rest = sales.filter(~(named & (pl.col("quantity") > 0)) & ~back).select(_PLAIN)
    homeless = sales.filter(back).join(returned, on=_PAIR, how="anti").select(_PLAIN)
    rest = pl.concat([rest, homeless, left])
    lines = pl.concat([taken, returned])
    if lines.is_empty():
        return Named(rest)
    booked = lines.group_by("batch_id", "location_id", "kind", "sold_on").agg(
        pl.col("quantity").sum(), pl.col("sold_at").max().alias("at")
    )
    reference = pl.lit(errand.reference(f"sales:{errand.source}")).alias("reference")
    wanted = ("batch_id", "location_id", "kind", "quantity", "at")
    record_movements(booked.select(*wanted, reference), actor=errand.actor, at=errand.at)
    sums = lines.group_by(_PAIR).agg(pl.col("quantity").sum().alias("change"))
    told = tell_stock_changed(sums, reason="sales", actor=errand.actor, at=errand.at)
    return Named(rest, told, expired, lapsed)


_LINE: dict[str, Any] = {
    "sku_id": pl.Int64, "territory_id": pl.Int64, "batch_id": pl.Int64, "location_id": pl.Int64,
    "kind": pl.String, "quantity": pl.Int64, "sold_on": pl.Date, "sold_at": pl.Datetime("us", "UTC"),
}  # fmt: skip


def _take(asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int, pl.DataFrame]:
    """Lines of what free lots give, what is left of the sales, and how much came from expired batches.

    Last, which of them gave to sales that do not name them.
    """
    key = [*_PAIR, "sold_on", "batch_id", "location_id"]
    asks = asked.group_by(key).agg(pl.col("quantity").cast(pl.Int64).sum(), pl.col("sold_at").max())
    lots = defaultdict(list)
    for sku, territory, batch, place, free, expiry in rows(
        _LOTS, [asked["sku_id"].unique().to_list(), asked["territory_id"].unique().to_list()]
    ):
        lots[sku, territory].append([batch, place, free, expiry])
    lines, left, lapsed, expired = [], [], [], 0
    # a batch is asked before a place: a place alone may be met from any of its batches
    for ask in asks.sort("sold_on", *_PAIR, "batch_id", "location_id", nulls_last=True).iter_rows(named=True):
        need = ask["quantity"]
        # expired batches last, as everywhere
        there = lots[ask["sku_id"], ask["territory_id"]]
        late = [_is_late(lot[3], ask["sold_on"]) for lot in there]
        for lot in (*compress(there, (not one for one in late)), *compress(there, late)):
            batch, place, free, expiry = lot
            if ask["batch_id"] not in (None, batch) or ask["location_id"] not in (None, place):
                continue
            if (pieces := min(need, free)) > 0:
                lot[2] -= pieces
                need -= pieces
                if _is_late(expiry, ask["sold_on"]):
                    expired += pieces
                    if ask["batch_id"] is None:
                        lapsed.append((batch, ask["sku_id"], ask["territory_id"], ask["sold_on"], pieces))
                lines.append(
                    (ask["sku_id"], ask["territory_id"], batch, place, MovementKind.SALE.value, -pieces,
                     ask["sold_on"], ask["sold_at"])
                )  # fmt: skip
        if need:
            left.append((ask["sku_id"], ask["territory_id"], ask["sold_on"], ask["sold_at"], need))
    rest = pl.DataFrame(left, schema={name: _LINE[name] for name in _PLAIN}, orient="row")
    return (
        pl.DataFrame(lines, schema=_LINE, orient="row"), rest, expired,
        pl.DataFrame(lapsed, schema=LAPSED, orient="row"),
    )  # fmt: skip


def _is_late(expiry: date | None, day: date) -> bool:
    """Whether a day is past a batch's last one."""
    return expiry is not None and expiry < day


def _returns(back: pl.DataFrame) -> pl.DataFrame:
    """Lines of what came back into named batches; nothing where the territory has no godown."""
    homes = dict(rows(_GODOWNS, [back["territory_id"].unique().to_list()]))
    home = pl.col("territory_id").replace_strict(homes, default=None, return_dtype=pl.Int64)
    placed = back.with_columns(pl.coalesce("location_id", home).alias("location_id"))
    kind = pl.lit(MovementKind.SALE_RETURN.value).alias("kind")
    lines = placed.drop_nulls("location_id").with_columns(kind, -pl.col("quantity").cast(pl.Int64))
    return lines.select(pl.col(name).cast(dtype) for name, dtype in _LINE.items())
