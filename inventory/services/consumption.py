"""Who gives the pieces that were sold: batches of the territory's godowns, first expiry first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from inventory.models import MovementKind
from inventory.services.holding import shrink_reservations
from inventory.services.ledger import record_movements
from inventory.services.staging import frame_of, run, staged
from vyapar.kernel.actor import Actor

#: A batch for pieces that were sold although no batch of the SKU was ever received.
UNKNOWN_BATCH = "UNKNOWN"

_PAIR = ["sku_id", "territory_id"]
_SUPPLY_SCHEMA: dict[str, Any] = {
    "position_id": pl.Int64,
    "sku_id": pl.Int64,
    "territory_id": pl.Int64,
    "batch_id": pl.Int64,
    "location_id": pl.Int64,
    "on_hand": pl.Int64,
    "reserved": pl.Int64,
    "offered": pl.Int64,
    "expiry_date": pl.Date,
}
_SUPPLY = """
SELECT p.id, p.sku_id, l.territory_id, p.batch_id, p.location_id, p.on_hand, p.reserved,
       (SELECT coalesce(sum(r.quantity), 0)::bigint FROM inventory_reservation r
        WHERE r.position_id = p.id AND r.released_at IS NULL AND r.purpose = 'offer'), b.expiry_date
FROM {pairs} w
JOIN inventory_position p ON p.sku_id = w.sku_id
JOIN inventory_location l ON l.id = p.location_id AND l.territory_id = w.territory_id
JOIN inventory_batch b ON b.id = p.batch_id
WHERE l.kind = 'godown'
ORDER BY p.batch_id, p.location_id FOR UPDATE OF p
"""
_FALLBACK = """
SELECT w.sku_id, w.territory_id, b.id,
       (SELECT l.id FROM inventory_location l
        WHERE l.territory_id = w.territory_id AND l.kind = 'godown' ORDER BY l.code LIMIT 1)
FROM {pairs} w
LEFT JOIN LATERAL (SELECT id FROM inventory_batch b WHERE b.sku_id = w.sku_id
                   ORDER BY b.expiry_date DESC NULLS LAST, b.id DESC LIMIT 1) b ON true
"""
_UNKNOWN = """
INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, purchase_invoice, itc_paise)
SELECT s.id, %s, s.mrp_paise, s.cost_paise, '', 0 FROM inventory_sku s
WHERE s.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM inventory_batch b WHERE b.sku_id = s.id)
ORDER BY s.id ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a batch of sales did to stock, in pieces.

    `changes`: sku_id, territory_id, change. `found` were sold although the book had none, `expired`
    came from batches past their last day, `unheld` had been held for another plan than an offer,
    `unbooked` were sold in territories without a godown and are in no book.
    """

    changes: pl.DataFrame
    found: int = 0
    expired: int = 0
    unheld: int = 0
    unbooked: int = 0


def consume(sales: pl.DataFrame, *, reference: str, actor: Actor, at: datetime) -> Consumption:
    """Take sold pieces out of stock and put returned ones back, through the ledger.

    `sales`: sku_id, territory_id, sold_on, sold_at, quantity; negative quantities are returns.
    Pieces are taken first-expiry-first from what is free or on offer, then from what actions hold for
    other plans (their reservations shrink: the guard of the action will see it), and from expired
    batches last. What the book does not have is booked as found and sold. Returns go to the newest
    batch. Must run in a transaction.
    """
    needs = _needs(sales)
    pairs = needs.select(_PAIR).unique()
    with staged(pairs, dict.fromkeys(_PAIR, "bigint")) as table:
        supply = frame_of(_SUPPLY.format(pairs=table), _SUPPLY_SCHEMA)
    home = _newest(pairs, supply)
    booked = needs.join(home, on=_PAIR, how="inner")
    taken = _walk(booked, supply)
    short = _beyond(booked, supply)
    moves = pl.concat([_sold(taken), _found(short), _returned(booked)])
    moves = moves.with_columns(pl.lit(reference).alias("reference"))
    record_movements(moves, actor=actor, at=at)
    _shrink(taken, at)
    return Consumption(
        changes=_changes(booked, short),
        found=int(short["short"].sum()),
        expired=int(taken.filter(pl.col("expired"))["take"].sum()),
        unheld=int(taken.filter(pl.col("held"))["take"].sum()),
        unbooked=int(needs.join(home, on=_PAIR, how="anti")["sold"].sum()),
    )


def _shrink(taken: pl.DataFrame, at: datetime) -> None:
    """Reservations of what was sold, of offers and of other plans each from its own."""
    for column, offers in (("on_offer", True), ("held", False)):
        gone = taken.filter(pl.col(column)).group_by("position_id").agg(pl.col("take").sum())
        if not gone.is_empty():
            shrink_reservations(dict(gone.iter_rows()), at=at, offers=offers)


def _needs(sales: pl.DataFrame) -> pl.DataFrame:
    """Per SKU, territory and day: pieces sold, pieces returned, the last instant."""
    quantity = pl.col("quantity").cast(pl.Int64)
    return sales.group_by(*_PAIR, "sold_on").agg(
        quantity.filter(quantity > 0).sum().alias("sold"),
        (-quantity).filter(quantity < 0).sum().alias("returned"),
        pl.col("sold_at").max().alias("at"),
    )


def _newest(pairs: pl.DataFrame, supply: pl.DataFrame) -> pl.DataFrame:
    """Where returns and found pieces go: the newest batch there, else the SKU's newest of all.

    `sku_id, territory_id, home_batch, home_location`; territories without a godown are left out.
    """
    here = (
        supply.sort("expiry_date", "batch_id", "location_id", descending=[True, True, False], nulls_last=True)
        .group_by(_PAIR, maintain_order=True)
        .first()
        .select(*_PAIR, pl.col("batch_id").alias("home_batch"), pl.col("location_id").alias("home_location"))
    )
    rest = pairs.join(here, on=_PAIR, how="anti")
    return here if rest.is_empty() else pl.concat([here, _fallback(rest)])


def _fallback(pairs: pl.DataFrame) -> pl.DataFrame:
    run(_UNKNOWN, [UNKNOWN_BATCH, pairs["sku_id"].unique().to_list()])
    schema = dict.fromkeys([*_PAIR, "home_batch", "home_location"], pl.Int64)
    with staged(pairs, dict.fromkeys(_PAIR, "bigint")) as table:
        return frame_of(_FALLBACK.format(pairs=table), schema).drop_nulls()


def _segments(needs: pl.DataFrame) -> pl.DataFrame:
    """Sold pieces of each day laid end to end: from `start` to `end` within SKU and territory."""
    ordered = needs.filter(pl.col("sold") > 0).sort(*_PAIR, "sold_on")
    end = pl.col("sold").cum_sum().over(_PAIR)
    return ordered.with_columns(end.alias("end"), (end - pl.col("sold")).alias("start"))


def _walk(needs: pl.DataFrame, supply: pl.DataFrame) -> pl.DataFrame:
    """Overlay of what was sold on what stands there, in the order in which it is given."""
    last_day = needs.group_by(_PAIR).agg(pl.col("sold_on").max().alias("last_day"))
    parts = supply.join(last_day, on=_PAIR, how="inner").with_columns(
        (pl.col("expiry_date") < pl.col("last_day")).fill_null(False).alias("expired")
    )
    free = parts.with_columns((pl.col("on_hand") - pl.col("reserved")).alias("pieces"))
    offer = parts.with_columns(pl.col("offered").alias("pieces"))
    kept = parts.with_columns((pl.col("reserved") - pl.col("offered")).alias("pieces"))
    lots = pl.concat(
        part.with_columns(pl.lit(held).alias("held"), pl.lit(on_offer).alias("on_offer"))
        for part, held, on_offer in ((free, False, False), (offer, False, True), (kept, True, False))
    ).filter(pl.col("pieces") > 0)
    order = ("expired", "held", "expiry_date", "batch_id", "location_id", "on_offer")
    lots = lots.sort(*_PAIR, *order, nulls_last=True)
    upto = pl.col("pieces").cum_sum().over(_PAIR)
    lots = lots.with_columns(upto.alias("upto"), (upto - pl.col("pieces")).alias("since"))
    overlap = pl.min_horizontal("end", "upto") - pl.max_horizontal("start", "since")
    met = _segments(needs).join(lots, on=_PAIR, how="inner")
    return met.with_columns(overlap.alias("take")).filter(pl.col("take") > 0)


def _beyond(needs: pl.DataFrame, supply: pl.DataFrame) -> pl.DataFrame:
    """Pieces sold beyond what the book has: `short` by SKU, territory and day."""
    total = supply.group_by(_PAIR).agg(pl.col("on_hand").sum().alias("total"))
    met = _segments(needs).join(total, on=_PAIR, how="left").with_columns(pl.col("total").fill_null(0))
    short = pl.col("end") - pl.max_horizontal("start", "total")
    return met.with_columns(short.alias("short")).filter(pl.col("short") > 0)


def _sold(taken: pl.DataFrame) -> pl.DataFrame:
    """Ledger lines of pieces that were there; free and held pieces of one batch make one line."""
    lines = taken.group_by("batch_id", "location_id", "sold_on").agg(
        -pl.col("take").sum().alias("quantity"),
        -pl.col("take").filter(pl.col("held") | pl.col("on_offer")).sum().alias("reserved"),
        pl.col("at").max(),
    )
    return _lines(lines, MovementKind.SALE)


def _found(short: pl.DataFrame) -> pl.DataFrame:
    lines = short.select(
        pl.col("home_batch").alias("batch_id"), pl.col("home_location").alias("location_id"),
        pl.col("short").alias("quantity"), pl.lit(0, dtype=pl.Int64).alias("reserved"), "at",
    )  # fmt: skip
    gone = lines.with_columns(-pl.col("quantity"))
    return pl.concat([_lines(lines, MovementKind.FOUND), _lines(gone, MovementKind.SALE)])


def _returned(needs: pl.DataFrame) -> pl.DataFrame:
    lines = needs.filter(pl.col("returned") > 0).select(
        pl.col("home_batch").alias("batch_id"), pl.col("home_location").alias("location_id"),
        pl.col("returned").alias("quantity"), pl.lit(0, dtype=pl.Int64).alias("reserved"), "at",
    )  # fmt: skip
    return _lines(lines, MovementKind.SALE_RETURN)


def _lines(frame: pl.DataFrame, kind: MovementKind) -> pl.DataFrame:
    return frame.select(
        "batch_id", "location_id", pl.lit(kind.value).alias("kind"), "quantity", "reserved", "at"
    )


def _changes(needs: pl.DataFrame, short: pl.DataFrame) -> pl.DataFrame:
    """Net change of stock by SKU and territory; found pieces came and went."""
    moved = needs.group_by(_PAIR).agg((pl.col("returned").sum() - pl.col("sold").sum()).alias("change"))
    found = short.group_by(_PAIR).agg(pl.col("short").sum())
    joined = moved.join(found, on=_PAIR, how="left")
    return joined.select(*_PAIR, pl.col("change") + pl.col("short").fill_null(0))
