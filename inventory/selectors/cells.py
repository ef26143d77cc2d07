"""Sums of stock over everything alike: what the first screen and the pivot read, and how they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

#: Where the first screen keeps its headline in the cache; whoever moves the sums drops it.
KEPT_HEADLINE = "inventory:headline"
#: Bands of days without movement, by their first day; the last has no end.
AGE_BANDS = (0, 31, 61, 91, 181)
#: Days within which what is at risk may expire, as the pages ask.
HORIZONS = (30, 60, 90)
#: What tells cells apart, and what they sum, in the columns of `inventory_stockcell`.
DIMENSIONS = ("territory_id", "category_id", "brand_id", "age", "status", "cause", "due", "at_risk")
MEASURES = (
    "items", "pieces", "value_paise", "at_risk_pieces", "at_risk_paise", "loss_paise", "due_30_pieces",
    "due_30_paise", "due_60_pieces", "due_60_paise", "due_90_pieces", "due_90_paise", "expired_positions",
    "expired_paise",
)  # fmt: skip
#: The cells of some items with stock, counted in the items themselves.
CELLS_OF_ITEMS = """
SELECT i.territory_id, s.category_id, s.brand_id,
       (width_bucket(i.days_without_movement, ARRAY[{bands}]) - 1)::smallint AS age, i.status, i.cause,
       (CASE WHEN i.due_30_quantity > 0 THEN 30 WHEN i.due_60_quantity > 0 THEN 60
             WHEN i.due_90_quantity > 0 THEN 90 ELSE 0 END)::smallint AS due,
       i.at_risk_quantity > 0 AS at_risk,
       count(*) AS items, sum(i.current_stock)::bigint AS pieces, sum(i.value_paise)::bigint AS value_paise,
       sum(i.at_risk_quantity)::bigint AS at_risk_pieces, sum(i.at_risk_paise)::bigint AS at_risk_paise,
       sum(i.loss_paise)::bigint AS loss_paise,
       sum(i.due_30_quantity)::bigint AS due_30_pieces, sum(i.due_30_paise)::bigint AS due_30_paise,
       sum(i.due_60_quantity)::bigint AS due_60_pieces, sum(i.due_60_paise)::bigint AS due_60_paise,
       sum(i.due_90_quantity)::bigint AS due_90_pieces, sum(i.due_90_paise)::bigint AS due_90_paise,
       sum(i.expired_positions)::bigint AS expired_positions, sum(i.expired_paise)::bigint AS expired_paise
FROM inventory_stockitem i JOIN inventory_sku s ON s.id = i.sku_id
WHERE i.current_stock > 0 AND {scope} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
""".replace("{bands}", ", ".join(map(str, AGE_BANDS)))


#: The sums of the day that was scored last by codes and names, as `inventory_impactdaily` keeps them: what
#: stands, from the cells, and what was written off on that day. Asks for what `day_params` gives.
DAY_SUMS = """
SELECT t.code AS territory, c.code AS category, br.name AS brand, n.age, n.cause, n.status,
       n.items, n.pieces, n.value_paise, n.at_risk_pieces, n.at_risk_paise, n.loss_paise, n.expired_paise,
       n.written_off_paise
FROM (SELECT territory_id, category_id, brand_id, age, cause, status, items, pieces, value_paise,
             at_risk_pieces, at_risk_paise, loss_paise, expired_paise, 0 AS written_off_paise
      FROM inventory_stockcell
      UNION ALL
      SELECT w.territory_id, s.category_id, s.brand_id,
             width_bucket(coalesce(i.days_without_movement, 0), %s::int[]) - 1, coalesce(i.cause, ''),
             coalesce(i.status, 'active'), 0, 0, 0, 0, 0, 0, 0, w.paise
      FROM (SELECT b.sku_id, l.territory_id, sum(-m.quantity * b.cost_paise)::bigint AS paise
            FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
            JOIN inventory_location l ON l.id = m.location_id
            WHERE m.kind = 'write_off' AND m.at >= %s::timestamp AT TIME ZONE 'Asia/Kolkata'
              AND m.at < (%s::date + 1)::timestamp AT TIME ZONE 'Asia/Kolkata' GROUP BY 1, 2) w
      JOIN inventory_sku s ON s.id = w.sku_id
      LEFT JOIN inventory_stockitem i ON i.sku_id = w.sku_id AND i.territory_id = w.territory_id) n
JOIN inventory_territory t ON t.id = n.territory_id JOIN inventory_category c ON c.id = n.category_id
JOIN inventory_brand br ON br.id = n.brand_id
"""


def day_params(day: date) -> list[Any]:
    """What `DAY_SUMS` asks for."""
    return [list(AGE_BANDS), day, day]


@dataclass(frozen=True, slots=True)
class Astray:
    """A cell that does not say what its items do: its place, and (kept, counted) of each measure."""

    place: tuple[object, ...]
    kept: tuple[int, ...]
    counted: tuple[int, ...]


def list_astray(limit: int = 100) -> list[Astray]:
    """Cells that differ from the sums of their items; empty when all are right. One query."""
    places = ", ".join(DIMENSIONS)
    sums = ", ".join(
        f"sum({name}) FILTER (WHERE kept), sum({name}) FILTER (WHERE NOT kept)" for name in MEASURES
    )
    sql = _ASTRAY.format(
        places=places,
        sums=sums,
        measures=", ".join(MEASURES),
        counted=CELLS_OF_ITEMS.format(scope="true"),
        differs=" OR ".join(
            f"sum({name}) FILTER (WHERE kept) IS DISTINCT FROM sum({name}) FILTER (WHERE NOT kept)"
            for name in MEASURES
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [limit])
        rows = cursor.fetchall()
    return [_astray(row) for row in rows]


_ASTRAY = """
SELECT {places}, {sums} FROM (
    SELECT true AS kept, {places}, {measures} FROM inventory_stockcell
    UNION ALL SELECT false, {places}, {measures} FROM ({counted}) c) b
GROUP BY {places} HAVING {differs} ORDER BY {places} LIMIT %s
"""


def _astray(row: Sequence[object]) -> Astray:
    figures = [int(str(value or 0)) for value in row[len(DIMENSIONS) :]]
    return Astray(tuple(row[: len(DIMENSIONS)]), tuple(figures[::2]), tuple(figures[1::2]))
