"""What stands in the tables because of a run, read back from them, beside what its source said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from inventory.models import ImportRun
from inventory.services.staging import run as execute
from inventory.services.staging import scratch

_TYPES = {
    "kind": "text", "sku": "text", "location": "text", "outcome": "text", "rows": "bigint",
    "source_pieces": "bigint", "source_paise": "bigint", "landed_pieces": "bigint", "landed_paise": "bigint",
}  # fmt: skip
# What the source said. Rupees of stock and receipts follow below, at the cost of their batches.
_SAID = """
INSERT INTO {lines}
SELECT kind, sku, location, outcome, sum(rows), sum(source_pieces), coalesce(sum(source_paise), 0), 0, 0
FROM inventory_importtally
WHERE run_id = %(run)s AND NOT (outcome = 'landed' AND kind IN ('stock', 'receipts'))
GROUP BY kind, sku, location, outcome
"""
# The days are those the run's parcels told of: months without them are not read.
_SALES = """
INSERT INTO {lines} SELECT 'sales', s.code, t.code, 'landed', 0, 0, 0, x.pieces, x.paise
FROM (
    SELECT sku_id, territory_id, sum(quantity) AS pieces, sum(quantity * unit_price_paise) AS paise
    FROM inventory_sale
    WHERE import_run = %(number)s AND sold_on BETWEEN %(first)s AND %(last)s GROUP BY sku_id, territory_id
) x JOIN inventory_sku s ON s.id = x.sku_id JOIN inventory_territory t ON t.id = x.territory_id
"""
# Lines that the run recorded and that were cancelled since: said by the source, gone for a reason.
_CANCELLED = """
WITH gone AS (
    SELECT s.code AS sku, t.code AS place, count(*) AS rows, sum(c.quantity) AS pieces,
        sum(c.quantity * c.unit_price_paise) AS paise
    FROM inventory_cancelledsale c JOIN inventory_sku s ON s.id = c.sku_id
    JOIN inventory_territory t ON t.id = c.territory_id
    WHERE c.import_run = %(number)s GROUP BY s.code, t.code
)
INSERT INTO {lines}
SELECT 'sales', sku, place, 'landed', -rows, -pieces, -paise, 0, 0 FROM gone
UNION ALL SELECT 'sales', sku, place, 'cancelled', rows, pieces, paise, 0, 0 FROM gone
"""
_PURCHASES = """
INSERT INTO {lines}
SELECT 'purchases', s.code, l.code, 'landed', 0, 0, 0, sum(p.quantity), sum(p.quantity * p.cost_paise)
FROM inventory_importchange c JOIN inventory_purchaseline p ON p.id = c.row_id
JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_location l ON l.id = p.location_id
WHERE c.run_id = %(run)s AND c."table" = 'inventory_purchaseline' GROUP BY s.code, l.code
"""
# Purchases that the run told and that were cancelled since.
_UNBOUGHT = """
WITH gone AS (
    SELECT s.code AS sku, l.code AS place, count(*) AS rows, sum((g.before ->> 'quantity')::bigint) AS pieces,
        sum((g.before ->> 'quantity')::bigint * (g.before ->> 'cost_paise')::bigint) AS paise
    FROM inventory_importchange c
    JOIN inventory_importchange g ON g."table" = c."table" AND g.row_id = c.row_id AND g.id <> c.id
        AND g.after = '{{}}' AND g.undone_at IS NULL AND g.run_id <> c.run_id
    JOIN inventory_batch b ON b.id = (g.before ->> 'batch_id')::bigint JOIN inventory_sku s ON s.id = b.sku_id
    JOIN inventory_location l ON l.id = (g.before ->> 'location_id')::bigint
    WHERE c.run_id = %(run)s AND c."table" = 'inventory_purchaseline' GROUP BY s.code, l.code
)
INSERT INTO {lines}
SELECT 'purchases', sku, place, 'landed', -rows, -pieces, -paise, 0, 0 FROM gone
UNION ALL SELECT 'purchases', sku, place, 'cancelled', rows, pieces, paise, 0, 0 FROM gone
"""
# Receipts that are recorded and that a later statement of the stock had counted: they moved nothing. They
# are looked up first, by the index of what runs moved: without it every join would read the whole ledger.
_COUNTED = """
WITH moved AS MATERIALIZED (
    SELECT batch_id, location_id FROM inventory_movement
    WHERE reference LIKE 'import:%%' AND reference LIKE %(stated)s AND quantity < 0
), counted AS (
    SELECT s.code AS sku, l.code AS place, count(*) AS rows
    FROM moved m JOIN inventory_batch b ON b.id = m.batch_id
    JOIN inventory_sku s ON s.id = b.sku_id JOIN inventory_location l ON l.id = m.location_id
    GROUP BY s.code, l.code
)
INSERT INTO {lines}
SELECT 'receipts', sku, place, 'landed', -rows, 0, 0, 0, 0 FROM counted
UNION ALL SELECT 'receipts', sku, place, 'in_statement', rows, 0, 0, 0, 0 FROM counted
"""
# Batch by batch: what was said, what stands there, and what a piece costs. Stock is what stood there at
# the instant that the statement speaks of; what moved since is taken off again.
_KEYS = """
CREATE TEMP TABLE {keys} ON COMMIT DROP AS
SELECT t.kind, t.sku, t.location, t.rows, t.said, t.value, t.unpriced, coalesce(b.cost_paise, 0) AS cost,
    CASE WHEN t.kind = 'stock' THEN coalesce(p.on_hand, 0) - coalesce(m.since, 0)
         ELSE coalesce(m.received, 0) END AS stands
FROM (
    SELECT kind, sku, batch, location, max(as_of) AS as_of, sum(rows) AS rows, sum(source_pieces) AS said,
        sum(source_paise) AS value,
        coalesce(sum(source_pieces) FILTER (WHERE source_paise IS NULL), 0) AS unpriced
    FROM inventory_importtally
    WHERE run_id = %(run)s AND outcome = 'landed' AND kind IN ('stock', 'receipts')
    GROUP BY kind, sku, batch, location
) t
LEFT JOIN inventory_sku s ON s.code = t.sku
LEFT JOIN inventory_batch b ON b.sku_id = s.id AND b.number = t.batch
LEFT JOIN inventory_location l ON l.code = t.location
LEFT JOIN inventory_position p ON p.batch_id = b.id AND p.location_id = l.id
LEFT JOIN LATERAL (
    SELECT sum(m.quantity) FILTER (WHERE m.at > t.as_of) AS since,
        sum(m.quantity) FILTER (WHERE m.kind = 'receipt' AND m.reference LIKE %(prefix)s) AS received
    FROM inventory_movement m WHERE m.batch_id = b.id AND m.location_id = l.id
) m ON true
"""
# A source that says less than nothing stands somewhere is put at nothing: that is the cause by name.
# Where it values pieces otherwise than at cost, the rupees between are a cause by name too.
_BATCHED = """
INSERT INTO {lines}
SELECT kind, sku, location, 'negative_stock', rows, said, coalesce(value, 0) + unpriced * cost, 0, 0
FROM {keys} WHERE kind = 'stock' AND said < 0 AND stands = 0
UNION ALL
SELECT kind, sku, location, 'landed', rows, said, said * cost, stands, stands * cost
FROM {keys} WHERE NOT (kind = 'stock' AND said < 0 AND stands = 0)
UNION ALL
SELECT kind, sku, location, 'valued_at_cost', 0, 0, value - (said - unpriced) * cost, 0, 0
FROM {keys} WHERE value <> (said - unpriced) * cost AND NOT (kind = 'stock' AND said < 0 AND stands = 0)
"""
# The price of a pack does not always divide by its pieces: up to half a paisa a piece is that.
_ROUNDED = """
WITH off AS (
    SELECT kind, sku, location, sum(source_paise) - sum(landed_paise) AS paise
    FROM {lines} WHERE outcome = 'landed' GROUP BY kind, sku, location
    HAVING sum(source_pieces) = sum(landed_pieces) AND sum(source_paise) <> sum(landed_paise)
        AND 2 * abs(sum(source_paise) - sum(landed_paise)) <= sum(abs(source_pieces))
)
INSERT INTO {lines}
SELECT kind, sku, location, 'landed', 0, 0, -paise, 0, 0 FROM off
UNION ALL SELECT kind, sku, location, 'price_rounded', 0, 0, paise, 0, 0 FROM off
"""


@contextmanager
def settled_lines(run: ImportRun, first: date | None, last: date | None) -> Iterator[str]:
    """A temporary table of what a run's source said and what stands in the tables for it; its name.

    Columns: kind, sku, location, outcome, rows, source_pieces, source_paise, landed_pieces,
    landed_paise; several lines of one outcome add up. `first` and `last`: days of its sales. Must run
    in a transaction.
    """
    values = {"run": run.pk, "number": run.number, "first": first, "last": last,
              "prefix": f"import:{run.number}:receipt:%",
              "stated": f"import:{run.number}:stated:%"}  # fmt: skip
    with scratch(_TYPES) as lines:
        keys = f"{lines}_keys"
        for sql in (
            _SAID,
            _SALES,
            _CANCELLED,
            _PURCHASES,
            _UNBOUGHT,
            _KEYS,
            _BATCHED,
            _COUNTED,
            _ROUNDED,
        ):
            execute(sql.format(lines=lines, keys=keys), values)
        execute(f"DROP TABLE {keys}")
        yield lines
