"""Who gives the pieces that were sold: batches of the territory's godowns, first expiry first."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from inventory.services.holding import shrink_reservations
from inventory.services.ledger import LINE_TYPES, book, open_positions
from inventory.services.staging import rows, run, scratch, staged, take_trail
from inventory.services.telling import CHANGE_TYPES, tell_of_table
from vyapar.kernel.actor import Actor

#: A batch for pieces that were sold although no batch of the SKU was ever received.
UNKNOWN_BATCH = "UNKNOWN"


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


def consume(sales: pl.DataFrame, *, reference: str, actor: Actor, at: datetime) -> Consumption:
    """Take sold pieces out of stock and put returned ones back, through the ledger, and tell of it.

    `sales`: sku_id, territory_id, sold_on, sold_at, quantity; negative quantities are returns.
    Pieces are taken first-expiry-first from what is free or on offer, then from what actions hold for
    other plans (their reservations shrink: the guard of the action will see it), and from expired
    batches last. What the book does not have is booked as found and sold. Returns go to the newest
    batch. Must run in a transaction.
    """
    take_trail()
    with ExitStack() as stack:
        needs = stack.enter_context(staged(_needs(sales), _NEED_TYPES))
        lots, homes, taken, lines = (
            stack.enter_context(scratch(types))
            for types in (_LOT_TYPES, _HOME_TYPES, _TAKEN_TYPES, LINE_TYPES)
        )
        names = {"needs": needs, "lots": lots, "homes": homes, "taken": taken, "lines": lines}
        run(_LOTS.format(**names))
        run(_HOMES.format(**names))
        homeless = rows(_HOMELESS.format(**names))[0][0]
        if homeless:
            run(_UNKNOWN.format(**names), [UNKNOWN_BATCH])
            run(_OTHER_HOMES.format(**names))
        run(_TAKE.format(**names))
        run(_LINES.format(**names), [reference] * 4)
        if homeless:  # their positions may not exist yet
            open_positions(lines, at=at)
        book(lines, actor=actor, at=at)
        _shrink(taken, at)
        with scratch(CHANGE_TYPES) as changes:
            run(_CHANGES.format(**names, changes=changes))
            updated = tell_of_table(changes, reason="sales", actor=actor, at=at)
        found, expired, unheld, unbooked = rows(_COUNTS.format(**names))[0]
    return Consumption(updated, int(found), int(expired), int(unheld), int(unbooked))


def _needs(sales: pl.DataFrame) -> pl.DataFrame:
    """Per SKU, territory and day: pieces sold, pieces returned, the last instant."""
    quantity = pl.col("quantity").cast(pl.Int64)
    return sales.group_by("sku_id", "territory_id", "sold_on").agg(
        quantity.filter(quantity > 0).sum().alias("sold"),
        (-quantity).filter(quantity < 0).sum().alias("returned"),
        pl.col("sold_at").max().alias("at"),
    )


def _shrink(taken: str, at: datetime) -> None:
    """Reservations of what was sold, of offers and of other plans each from its own."""
    gone: dict[bool, dict[int, int]] = {True: {}, False: {}}
    for position_id, on_offer, pieces in rows(_UNHELD.format(taken=taken)):
        gone[on_offer][position_id] = int(pieces)
    for on_offer, pieces_by_position in gone.items():
        if pieces_by_position:
            shrink_reservations(pieces_by_position, at=at, offers=on_offer)


# --- how it is asked -----------------------------------------------------------------------

_NEED_TYPES = {
    "sku_id": "bigint", "territory_id": "bigint", "sold_on": "date", "sold": "bigint",
    "returned": "bigint", "at": "timestamptz",
}  # fmt: skip
_LOT_TYPES = {
    "position_id": "bigint", "sku_id": "bigint", "territory_id": "bigint", "batch_id": "bigint",
    "location_id": "bigint", "on_hand": "bigint", "reserved": "bigint", "offered": "bigint",
    "expiry_date": "date", "gives": "boolean",
}  # fmt: skip
_HOME_TYPES = dict.fromkeys(("sku_id", "territory_id", "batch_id", "location_id"), "bigint")
_TAKEN_TYPES = {
    "position_id": "bigint", "sku_id": "bigint", "territory_id": "bigint", "batch_id": "bigint",
    "location_id": "bigint", "sold_on": "date", "at": "timestamptz", "pieces": "bigint",
    "held": "boolean", "on_offer": "boolean", "expired": "boolean",
}  # fmt: skip

# What stands in the territories, locked in the ledger's order; only godowns give.
_LOTS = """
WITH place AS MATERIALIZED (
    SELECT DISTINCT w.sku_id, w.territory_id, l.id AS location_id, l.kind = 'godown' AS gives
    FROM {needs} w JOIN inventory_location l ON l.territory_id = w.territory_id
    WHERE l.kind IN ('godown', 'van'))
INSERT INTO {lots}
SELECT p.id, p.sku_id, w.territory_id, p.batch_id, p.location_id, p.on_hand, p.reserved,
       CASE WHEN p.reserved = 0 THEN 0 ELSE
           (SELECT coalesce(sum(r.quantity), 0) FROM inventory_reservation r
            WHERE r.position_id = p.id AND r.released_at IS NULL AND r.purpose = 'offer') END,
       b.expiry_date, w.gives
FROM place w
JOIN inventory_position p ON p.sku_id = w.sku_id AND p.location_id = w.location_id
JOIN inventory_batch b ON b.id = p.batch_id
ORDER BY p.batch_id, p.location_id FOR UPDATE OF p
"""
# Where returns and found pieces go: the newest batch there, or else the SKU's newest of all.
_HOMES = """
INSERT INTO {homes}
SELECT DISTINCT ON (sku_id, territory_id) sku_id, territory_id, batch_id, location_id FROM {lots} WHERE gives
ORDER BY sku_id, territory_id, expiry_date DESC NULLS LAST, batch_id DESC, location_id
"""
_HOMELESS = """
SELECT count(*) FROM {needs} n WHERE NOT EXISTS
    (SELECT 1 FROM {homes} h WHERE h.sku_id = n.sku_id AND h.territory_id = n.territory_id)
"""
_UNKNOWN = """
INSERT INTO inventory_batch (sku_id, number, mrp_paise, cost_paise, purchase_invoice, itc_paise)
SELECT s.id, %s, s.mrp_paise, s.cost_paise, '', 0 FROM inventory_sku s
WHERE s.id IN (SELECT sku_id FROM {needs})
  AND NOT EXISTS (SELECT 1 FROM inventory_batch b WHERE b.sku_id = s.id)
ORDER BY s.id ON CONFLICT DO NOTHING
"""
_OTHER_HOMES = """
INSERT INTO {homes}
SELECT n.sku_id, n.territory_id, b.id, g.id
FROM (SELECT DISTINCT sku_id, territory_id FROM {needs}) n
JOIN LATERAL (SELECT id FROM inventory_batch b WHERE b.sku_id = n.sku_id
              ORDER BY b.expiry_date DESC NULLS LAST, b.id DESC LIMIT 1) b ON true
JOIN LATERAL (SELECT id FROM inventory_location l WHERE l.territory_id = n.territory_id
              AND l.kind = 'godown' ORDER BY l.code LIMIT 1) g ON true
WHERE NOT EXISTS (SELECT 1 FROM {homes} h WHERE h.sku_id = n.sku_id AND h.territory_id = n.territory_id)
"""
# Days' sales laid end to end over lots laid end to end: where they overlap, a lot gives.
_TAKE = """
INSERT INTO {taken}
WITH asked AS (
    SELECT sku_id, territory_id, sold_on, at, sold,
           sum(sold) OVER (PARTITION BY sku_id, territory_id ORDER BY sold_on) AS upto
    FROM {needs} WHERE sold > 0),
part AS (
    SELECT l.*, v.pieces, v.held, v.on_offer, coalesce(l.expiry_date < d.last_day, false) AS expired
    FROM {lots} l
    JOIN (SELECT sku_id, territory_id, max(sold_on) AS last_day FROM asked GROUP BY 1, 2) d
      USING (sku_id, territory_id)
    CROSS JOIN LATERAL (VALUES (l.on_hand - l.reserved, false, false), (l.offered, false, true),
                               (l.reserved - l.offered, true, false)) v(pieces, held, on_offer)
    WHERE v.pieces > 0 AND l.gives),
given AS (
    SELECT *, sum(pieces) OVER (PARTITION BY sku_id, territory_id
        ORDER BY expired, held, expiry_date NULLS LAST, batch_id, location_id, on_offer) AS upto
    FROM part)
SELECT g.position_id, g.sku_id, g.territory_id, g.batch_id, g.location_id, a.sold_on, a.at,
       least(a.upto, g.upto) - greatest(a.upto - a.sold, g.upto - g.pieces), g.held, g.on_offer, g.expired
FROM asked a JOIN given g USING (sku_id, territory_id)
WHERE a.upto - a.sold < g.upto AND g.upto - g.pieces < a.upto
"""
_SHORT = """
SELECT h.batch_id, h.location_id, n.sku_id, n.territory_id, n.at, n.sold - coalesce(t.pieces, 0) AS pieces
FROM {needs} n JOIN {homes} h USING (sku_id, territory_id)
LEFT JOIN (SELECT sku_id, territory_id, sold_on, sum(pieces)::bigint AS pieces
           FROM {taken} GROUP BY 1, 2, 3) t
  USING (sku_id, territory_id, sold_on)
WHERE n.sold > coalesce(t.pieces, 0)
"""
_LINES = """
INSERT INTO {lines} (batch_id, location_id, kind, quantity, reserved, in_transit, at, reference)
SELECT batch_id, location_id, 'sale', -sum(pieces), -coalesce(sum(pieces) FILTER (WHERE held OR on_offer), 0),
       0, max(at), %s
FROM {taken} GROUP BY batch_id, location_id, sold_on
UNION ALL SELECT batch_id, location_id, 'found', pieces, 0, 0, at, %s FROM ({short}) s
UNION ALL SELECT batch_id, location_id, 'sale', -pieces, 0, 0, at, %s FROM ({short}) s
UNION ALL SELECT h.batch_id, h.location_id, 'return', n.returned, 0, 0, n.at, %s
FROM {needs} n JOIN {homes} h USING (sku_id, territory_id) WHERE n.returned > 0
""".replace("{short}", _SHORT)
_UNHELD = """
SELECT position_id, on_offer, sum(pieces) FROM {taken} WHERE held OR on_offer GROUP BY 1, 2
"""
# Found pieces came and went; what stands there now is what stood there and the change.
_CHANGES = """
INSERT INTO {changes}
SELECT sku_id, territory_id, n.change + coalesce(f.pieces, 0),
       coalesce(s.on_hand, 0) + n.change + coalesce(f.pieces, 0),
       coalesce(s.reserved, 0) - coalesce(t.unheld, 0)
FROM (SELECT sku_id, territory_id, (sum(returned) - sum(sold))::bigint AS change FROM {needs} GROUP BY 1, 2) n
JOIN {homes} h USING (sku_id, territory_id)
LEFT JOIN (SELECT sku_id, territory_id, sum(pieces) AS pieces FROM ({short}) f GROUP BY 1, 2) f
  USING (sku_id, territory_id)
LEFT JOIN (SELECT sku_id, territory_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved
           FROM {lots} GROUP BY 1, 2) s USING (sku_id, territory_id)
LEFT JOIN (SELECT sku_id, territory_id, sum(pieces) AS unheld FROM {taken} WHERE held OR on_offer
           GROUP BY 1, 2) t USING (sku_id, territory_id)
""".replace("{short}", _SHORT)
_COUNTS = """
SELECT coalesce((SELECT sum(pieces) FROM ({short}) f), 0),
       coalesce(sum(pieces) FILTER (WHERE expired), 0), coalesce(sum(pieces) FILTER (WHERE held), 0),
       (SELECT coalesce(sum(n.sold), 0) FROM {needs} n WHERE NOT EXISTS
           (SELECT 1 FROM {homes} h WHERE h.sku_id = n.sku_id AND h.territory_id = n.territory_id))
FROM {taken}
""".replace("{short}", _SHORT)
