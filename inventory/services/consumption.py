"""What sales do to stock: pieces taken and put back through the ledger, holds that shrink, the telling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from inventory.services.binary import pack
from inventory.services.giving import Given, Lots, give
from inventory.services.holding import shrink_reservations
from inventory.services.ledger import LINE_TYPES, book, book_at, open_positions
from inventory.services.staging import numbers_of, run, staged, take_trail
from inventory.services.telling import tell_of
from vyapar.kernel.actor import Actor

#: A batch for pieces that were sold although no batch of the SKU was ever received.
UNKNOWN_BATCH = "UNKNOWN"
_PAIR = ["sku_id", "territory_id"]


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a batch of sales did to stock, in pieces.

    `updated`: SKUs and territories that were told as changed. `found` were sold although the book
    had none, `expired` came from batches past their last day, `unheld` had been held for another
    plan than an offer, `unbooked` were sold in territories without a godown and are in no book.
    """

    updated: int = 0
    found: int = 0
    expired: int = 0
    unheld: int = 0
    unbooked: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What sales ask for and what stands there for it; all that `meet` needs to know."""

    needs: pl.DataFrame
    lots: Lots
    homes: pl.DataFrame
    homeless: bool


@dataclass(frozen=True, slots=True)
class Met:
    """What sales do to stock, worked out and not yet booked."""

    seen: Seen
    given: Given
    lines: pl.DataFrame
    changes: pl.DataFrame


def consume(sales: pl.DataFrame, *, reference: str, actor: Actor, at: datetime) -> Consumption:
    """Take sold pieces out of stock and put returned ones back, through the ledger, and tell of it.

    `sales`: sku_id, territory_id, sold_on, sold_at, quantity; negative quantities are returns.
    Pieces are taken first-expiry-first from what is free or on offer, then from what actions hold for
    other plans (their reservations shrink: the guard of the action will see it), and from expired
    batches last. What the book does not have is booked as found and sold. Returns go to the newest
    batch. Must run in a transaction.
    """
    return book_met(meet(look(sales), reference), actor=actor, at=at)


def look(sales: pl.DataFrame) -> Seen:
    """What stands there for some sales. Holds the trail's turn from here on: nothing of it moves."""
    take_trail()
    needs = _needs(sales)
    lots = _lots(needs)
    homes = lots.homes()
    homeless = needs.select(_PAIR).unique().join(homes, on=_PAIR, how="anti")
    if homeless.height:
        homes = pl.concat([homes, _other_homes(homeless)])
    return Seen(needs, lots, homes, bool(homeless.height))


def meet(seen: Seen, reference: str) -> Met:
    """Who gives what. Pure, so that it can be worked out while the database does something else."""
    given = give(seen.needs, seen.lots, seen.homes)
    return Met(seen, given, given.lines(reference), given.changes())


def book_met(met: Met, *, actor: Actor, at: datetime) -> Consumption:
    """Book what was worked out, in the same transaction and turn, and tell of it."""
    given = met.given
    if met.seen.homeless:  # their positions may not exist yet
        with staged(met.lines, LINE_TYPES) as table:
            open_positions(table, at=at)
            book(table, actor=actor, at=at)
    else:
        book_at(met.lines, met.seen.lots.positions, actor=actor, at=at)
    for on_offer, pieces in _unheld(given):
        shrink_reservations(pieces, at=at, offers=on_offer)
    updated = tell_of(met.changes, reason="sales", actor=actor, at=at)
    return Consumption(updated, given.found, given.expired, given.unheld, given.unbooked)


def _needs(sales: pl.DataFrame) -> pl.DataFrame:
    """Per SKU, territory and day: pieces sold, pieces returned, the last instant."""
    quantity = pl.col("quantity").cast(pl.Int64)
    return sales.group_by(*_PAIR, "sold_on").agg(
        quantity.filter(quantity > 0).sum().alias("sold"),
        (-quantity).filter(quantity < 0).sum().alias("returned"),
        pl.col("sold_at").max().alias("at"),
    )


def _unheld(given: Given) -> Iterator[tuple[bool, dict[int, int]]]:
    """Pieces by position that come off the reservations of offers, and off those of other plans."""
    held = given.taken.filter(pl.col("held") | pl.col("on_offer"))
    for on_offer in (True, False):
        mine = held.filter(pl.col("on_offer") == on_offer).group_by("position_id").agg(pl.col("pieces").sum())
        if mine.height:
            yield on_offer, dict(mine.select("position_id", "pieces").iter_rows())


# --- what stands there ---------------------------------------------------------------------

_PLACES = """
SELECT id AS location_id, territory_id, (kind = 'godown')::int AS gives FROM inventory_location
WHERE kind IN ('godown', 'van') AND territory_id = ANY(%s::bigint[])
"""
_POSITIONS = """
SELECT p.id AS position_id, p.sku_id, p.batch_id, p.location_id, p.on_hand, p.reserved, p.changes,
       b.expiry_date - DATE '1970-01-01' AS expiry
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
WHERE p.sku_id = ANY(%s::bigint[]) AND p.location_id = ANY(%s::bigint[])
"""
_POSITION_COLUMNS = (
    "position_id", "sku_id", "batch_id", "location_id", "on_hand", "reserved", "changes", "expiry",
)  # fmt: skip
_OFFERED = """
SELECT position_id, sum(quantity) AS offered FROM inventory_reservation
WHERE position_id = ANY(%s::bigint[]) AND released_at IS NULL AND purpose = 'offer' GROUP BY 1
"""


def _lots(needs: pl.DataFrame) -> Lots:
    """What stands in the godowns and vans of the territories; only godowns give.

    Whoever changes stock holds the trail's turn, and so do we: nothing of this moves until we end.
    """
    places = numbers_of(
        _PLACES, ["location_id", "territory_id", "gives"], [pack(needs["territory_id"].unique())]
    )
    asked = [pack(needs["sku_id"].unique()), pack(places["location_id"])]
    found = numbers_of(_POSITIONS, _POSITION_COLUMNS, asked).join(places, on="location_id")
    lots = found.join(needs.select(_PAIR).unique(), on=_PAIR, how="semi")
    held = lots.filter(pl.col("reserved") > 0)["position_id"]
    offered = numbers_of(_OFFERED, ["position_id", "offered"], [pack(held)])
    return Lots(
        lots.join(offered, on="position_id", how="left").with_columns(
            pl.col("offered").fill_null(0), pl.col("expiry").cast(pl.Date).alias("expiry_date"),
            pl.col("gives") == 1,
        )
    )  # fmt: skip


_UNKNOWN = """
INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, purchase_invoice, itc_paise)
SELECT s.id, %s, s.mrp_paise, s.cost_paise, '', 0 FROM inventory_sku s
WHERE s.id = ANY(%s::bigint[]) AND NOT EXISTS (SELECT 1 FROM inventory_batch b WHERE b.sku_id = s.id)
ORDER BY s.id ON CONFLICT DO NOTHING
"""
_OTHER_HOMES = """
SELECT n.sku_id, n.territory_id, b.id AS batch_id, g.id AS location_id
FROM unnest(%s::bigint[], %s::bigint[]) n(sku_id, territory_id)
JOIN LATERAL (SELECT id FROM inventory_batch b WHERE b.sku_id = n.sku_id
              ORDER BY b.expiry_date DESC NULLS LAST, b.id DESC LIMIT 1) b ON true
JOIN LATERAL (SELECT id FROM inventory_location l WHERE l.territory_id = n.territory_id
              AND l.kind = 'godown' ORDER BY l.code LIMIT 1) g ON true
"""


def _other_homes(homeless: pl.DataFrame) -> pl.DataFrame:
    """Where SKUs belong that a territory's godowns never had: the SKU's newest batch, the first godown."""
    asked = [pack(homeless[name]) for name in _PAIR]
    run(_UNKNOWN, [UNKNOWN_BATCH, asked[0]])
    return numbers_of(_OTHER_HOMES, [*_PAIR, "batch_id", "location_id"], asked)
