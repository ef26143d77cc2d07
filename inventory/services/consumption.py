"""What sales do to stock: pieces taken and put back through the ledger, holds that shrink, the telling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from inventory.services.binary import pack
from inventory.services.giving import NONE, Given, Homes, Lots, Needs, give, lots_of, needs_of
from inventory.services.groups import Numbers, distinct, sums_at
from inventory.services.holding import shrink_reservations
from inventory.services.ledger import LINE_TYPES, Entry, book, book_at, draw_up, open_positions
from inventory.services.lines import Moves
from inventory.services.sold import Sold, sold_of
from inventory.services.staging import arrays_of, run, staged, take_trail
from inventory.services.telling import Names, Told, find_names, put_in_words, tell
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
    `lapsed`: which batch gave pieces after its last day, for which day's sales; see `Given.lapsed`.
    """

    updated: int = 0
    found: int = 0
    expired: int = 0
    unheld: int = 0
    unbooked: int = 0
    lapsed: Mapping[str, Numbers] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What sales ask for and what stands there for it; all that `meet` needs to know.

    `others`: homes of what the territory's godowns never had; `homeless`: whether there is some;
    `names`: what the SKUs and territories are called.
    """

    needs: Needs
    lots: Lots
    others: Homes
    homeless: bool
    names: Names


@dataclass(frozen=True, slots=True)
class Met:
    """What sales do to stock, worked out and not yet booked.

    `entry`: None where positions may have to be opened first; `told`: None where nothing changes.
    """

    given: Given
    moves: Moves
    entry: Entry | None
    told: Told | None


def consume(sales: pl.DataFrame, *, reference: str, actor: Actor, at: datetime) -> Consumption:
    """Take sold pieces out of stock and put returned ones back, through the ledger, and tell of it.

    `sales`, one at least: sku_id, territory_id, sold_on, sold_at, quantity; negative quantities are returns.
    Pieces are taken first-expiry-first from what is free or on offer, then from what actions hold for
    other plans (their reservations shrink: the guard of the action will see it), and from expired
    batches last. What the book does not have is booked as found and sold. Returns go to the newest
    batch. Must run in a transaction.
    """
    return book_met(meet(look(sold_of(sales)), reference, actor=actor), actor=actor, at=at)


def look(sold: Sold) -> Seen:
    """What stands there for some sales. Holds the trail's turn from here on: nothing of it moves."""
    take_trail()
    needs, lots = needs_of(sold), _lots(sold)
    there = np.zeros(len(sold.starts), np.bool_)
    there[lots.pair[lots.gives]] = True
    homeless = np.flatnonzero(~there)
    names = find_names(distinct(sold.sku_id), distinct(sold.territory_id))
    return Seen(needs, lots, _other_homes(sold, homeless), bool(len(homeless)), names)


def meet(seen: Seen, reference: str, *, actor: Actor) -> Met:
    """Who gives what. Pure, so that it can be worked out while the database does something else."""
    given = give(seen.needs, seen.lots, seen.others)
    moves = given.moves(reference)
    entry = None if seen.homeless else draw_up(moves, actor=actor)
    changes = pl.DataFrame(given.changes())
    told = None if changes.is_empty() else put_in_words(changes, seen.names, reason="sales")
    return Met(given, moves, entry, told)


def book_met(met: Met, *, actor: Actor, at: datetime) -> Consumption:
    """Book what was worked out, in the same transaction and turn, and tell of it."""
    given = met.given
    if met.entry is None:
        with staged(_as_lines(met.moves), LINE_TYPES) as table:
            open_positions(table, at=at)
            book(table, actor=actor, at=at)
    else:
        book_at(met.entry, at=at)
    for on_offer, pieces in _unheld(given):
        shrink_reservations(pieces, at=at, offers=on_offer)
    updated = tell(met.told, actor=actor, at=at) if met.told else 0
    lapsed = given.lapsed() if given.expired.any() else {}
    return Consumption(updated, given.found, given.expired_pieces, given.unheld, given.unbooked, lapsed)


def _as_lines(moves: Moves) -> pl.DataFrame:
    """Lines in the columns of the ledger's `LINE_SCHEMA`."""
    kinds = pl.Series(moves.kind.texts).gather(moves.kind.which)
    found = pl.DataFrame({
        "batch_id": moves.batch_id, "location_id": moves.location_id, "kind": kinds,
        "quantity": moves.quantity, "reserved": moves.reserved, "at": moves.at,
    })  # fmt: skip
    return found.with_columns(
        pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.lit(0, dtype=pl.Int64).alias("in_transit"),
        pl.lit(moves.reference).alias("reference"),
        pl.lit(None, dtype=pl.String).alias("action_id"),
        pl.lit(None, dtype=pl.Date).alias("receipt_date"),
    )


def _unheld(given: Given) -> Iterator[tuple[bool, dict[int, int]]]:
    """Pieces by position that come off the reservations of offers, and off those of other plans."""
    for on_offer, marks in ((True, given.on_offer), (False, given.held)):
        if marks.any():
            lots, at = np.unique(given.lot[marks], return_inverse=True)
            pieces = sums_at(at, given.pieces[marks], len(lots))
            yield on_offer, dict(zip(given.lots.position_id[lots].tolist(), pieces.tolist(), strict=True))


# --- what stands there ---------------------------------------------------------------------

_PLACES = """
SELECT id AS location_id, territory_id, (kind = 'godown')::int AS gives FROM inventory_location
WHERE kind IN ('godown', 'van') AND territory_id = ANY(%s::bigint[]) ORDER BY id
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


def _lots(sold: Sold) -> Lots:
    """What stands in the godowns and vans of the territories; only godowns give.

    Whoever changes stock holds the trail's turn, and so do we: nothing of this moves until we end.
    """
    territories, skus = distinct(sold.territory_id), distinct(sold.sku_id)
    places = arrays_of(_PLACES, ["location_id", "territory_id", "gives"], [pack(territories)])
    asked = [pack(skus), pack(places["location_id"])]
    found = arrays_of(_POSITIONS, _POSITION_COLUMNS, asked)
    if not len(places["location_id"]):
        places = {name: np.full(1, NONE, np.int64) for name in places}
    place = np.searchsorted(places["location_id"], found["location_id"])
    pair = sold.pair_of(found["sku_id"], places["territory_id"][place])
    mine = pair >= 0
    lots = {name: column[mine] for name, column in found.items() if name != "sku_id"}
    offered = _offered(lots["position_id"], lots["reserved"])
    return lots_of(Lots(pair=pair[mine], offered=offered, gives=places["gives"][place][mine] == 1, **lots))


def _offered(position_id: Numbers, reserved: Numbers) -> Numbers:
    """What of positions is on offer."""
    offered = np.zeros(len(position_id), np.int64)
    held = np.flatnonzero(reserved > 0)
    if len(held):
        held = held[np.argsort(position_id[held])]
        found = arrays_of(_OFFERED, ["position_id", "offered"], [pack(position_id[held])])
        offered[held[np.searchsorted(position_id[held], found["position_id"])]] = found["offered"]
    return offered


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


def _other_homes(sold: Sold, homeless: Numbers) -> Homes:
    """Where SKUs belong that a territory's godowns never had: the SKU's newest batch, the first godown."""
    pairs = len(sold.starts)
    there = np.zeros(pairs, np.bool_)
    batch, place, lot = (np.full(pairs, NONE, np.int64) for _ in range(3))
    if len(homeless):
        starts = sold.starts[homeless]
        asked = [pack(sold.sku_id[starts]), pack(sold.territory_id[starts])]
        run(_UNKNOWN, [UNKNOWN_BATCH, asked[0]])
        found = arrays_of(_OTHER_HOMES, [*_PAIR, "batch_id", "location_id"], asked)
        mine = sold.pair_of(found["sku_id"], found["territory_id"])
        there[mine], batch[mine], place[mine] = True, found["batch_id"], found["location_id"]
    return Homes(there, batch, place, lot)
