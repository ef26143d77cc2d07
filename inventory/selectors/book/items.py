"""Items as a book has them: what their scores rest on, their sales, outlets and forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.contracts import STATUSES
from inventory.contracts.arrays import Ints
from inventory.rules import RECENT_DAYS
from inventory.selectors.columns import (
    array_of,
    codes_of,
    ids_of,
    of_skus,
    positions_of,
    read_columns,
)

EARLIER_DAYS = 84
OUTLETS_RECENT_DAYS, OUTLETS_USUAL_DAYS = 90, 365
#: A day as numpy counts it, in SQL.
ORDINAL = "({} - DATE '0001-01-01' + 1)"
# What each item's score rests on, as `basis` has it.
WRITES = """
SELECT sku_id, territory_id, coalesce(w.writes, 0) AS writes, coalesce(f.cycle_id, 0) AS forecast,
       coalesce(w.held, 0) AS held
FROM (SELECT p.sku_id, l.territory_id, sum(p.changes)::bigint AS writes,
             count(*) FILTER (WHERE p.on_hand > 0) AS held
      FROM inventory_position p JOIN inventory_location l ON l.id = p.location_id
      WHERE {scope} GROUP BY 1, 2) w
FULL JOIN (SELECT sku_id, territory_id, cycle_id FROM inventory_demandforecast p WHERE {scope}) f
  USING (sku_id, territory_id)
"""
# All that is read of history is as long as the window: only for what did not sell in it is its last sale
# before looked for, one look into the index for each.
_HELD_ITEMS = """
SELECT sku_id, territory_id, writes, coalesce(f.cycle_id, 0) AS forecast
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS h (sku_id, territory_id, writes)
FULL JOIN (SELECT sku_id, territory_id, cycle_id FROM inventory_demandforecast p WHERE {scope}) f
  USING (sku_id, territory_id)
"""
_KNOWN = """
SELECT sku_id, territory_id, coalesce(w.writes, 0) AS writes, coalesce(w.forecast, 0) AS forecast
FROM ({writes}) w
FULL JOIN (SELECT sku_id, territory_id FROM inventory_stockitem p WHERE {scope}) s
  USING (sku_id, territory_id)
"""
_KNOWN_COLUMNS = {"sku": "int", "territory": "int", "writes": "int", "forecast": "int"}
_ITEMS = """
SELECT n.sku_id, n.territory_id, n.writes, n.forecast,
       coalesce({last_sale}, 0), coalesce(d.recent, 0), coalesce(d.earlier, 0),
       CASE i.status {statuses} ELSE 0 END, coalesce(o.pieces, 0),
       coalesce({outlets_recent}, 0), coalesce({outlets_usual}, 0), coalesce(f.dispersion, 1)
FROM ({known}) n
LEFT JOIN inventory_stockitem i ON i.sku_id = n.sku_id AND i.territory_id = n.territory_id
LEFT JOIN inventory_demandforecast f ON f.sku_id = n.sku_id AND f.territory_id = n.territory_id
LEFT JOIN (SELECT sku_id, territory_id, max(day) FILTER (WHERE quantity > 0) AS last_sale,
                  sum(quantity) FILTER (WHERE day > %s::date - {recent}) AS recent,
                  sum(quantity) FILTER (WHERE day <= %s::date - {recent}) AS earlier
           FROM inventory_dailydemand p
           WHERE day > %s::date - {span} AND day <= %s AND {scope} GROUP BY 1, 2) d
  ON d.sku_id = n.sku_id AND d.territory_id = n.territory_id
LEFT JOIN LATERAL (SELECT day FROM inventory_dailydemand p
                   WHERE d.last_sale IS NULL AND p.sku_id = n.sku_id AND p.territory_id = n.territory_id
                     AND day <= %s::date - {span} AND quantity > 0
                   ORDER BY day DESC LIMIT 1) e ON true
LEFT JOIN (SELECT p.sku_id, l.territory_id, sum(r.quantity) AS pieces
           FROM inventory_reservation r JOIN inventory_position p ON p.id = r.position_id
           JOIN inventory_location l ON l.id = p.location_id
           WHERE r.released_at IS NULL AND r.purpose = 'offer' GROUP BY 1, 2) o
  ON o.sku_id = n.sku_id AND o.territory_id = n.territory_id
{outlets}
ORDER BY n.sku_id, n.territory_id
"""
_OUTLETS = """
LEFT JOIN (SELECT sku_id, territory_id, count(*) FILTER (WHERE last_day > %s::date - {recent}) AS recent,
                  count(*) AS usual
           FROM (SELECT sku_id, territory_id, retailer_id, max(sold_on) AS last_day FROM inventory_sale p
                 WHERE sold_on > %s::date - {usual} AND sold_on <= %s AND quantity > 0 AND {scope}
                 GROUP BY 1, 2, 3) b
           GROUP BY 1, 2) c
  ON c.sku_id = n.sku_id AND c.territory_id = n.territory_id
"""
_ITEM_COLUMNS = {
    "sku": "int", "territory": "int", "writes": "int", "forecast": "int", "last_sale": "int",
    "recent": "int", "earlier": "int", "prior": "int", "offered": "int", "outlets_recent": "int",
    "outlets_usual": "int", "dispersion": "float",
}  # fmt: skip


def read_items(
    today: date, scope: Sequence[int] | None, counts: bool, written: tuple[Ints, Ints]
) -> dict[str, NDArray[Any]]:
    """Items and their sales; `written`: codes of items that have positions, and how often these were written.

    Outlets are counted in a year's sales by the day's first whole book, and remembered: a day more or less
    of them decides nothing.
    """
    statuses = " ".join(f"WHEN '{status.value}' THEN {n}" for n, status in enumerate(STATUSES))
    days = {"recent": OUTLETS_RECENT_DAYS, "usual": OUTLETS_USUAL_DAYS}
    outlets = _OUTLETS.format(**days, scope=of_skus(scope)) if counts else ""
    sql = _ITEMS.format(
        known=_KNOWN.format(writes=_HELD_ITEMS.format(scope=of_skus(scope)), scope=of_skus(scope)),
        scope=of_skus(scope),
        last_sale=ORDINAL.format("coalesce(d.last_sale, e.day)"),
        statuses=statuses,
        outlets=outlets,
        outlets_recent="c.recent" if counts else "i.outlets_recent",
        outlets_usual="c.usual" if counts else "i.outlets_usual",
        recent=RECENT_DAYS,
        span=RECENT_DAYS + EARLIER_DAYS,
    )
    codes, writes = written
    held = [array_of(one) for one in (*ids_of(codes), writes)]
    return read_columns(sql, _ITEM_COLUMNS, [*held, *[today] * (8 if counts else 5)])


def are_outlets_counted(today: date) -> bool:
    """Whether every item was scored today: the first to do so had the whole book, since all days differ."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) > 0 AND min(as_of) >= %s FROM inventory_stockitem", [today])
        return bool(cursor.fetchone()[0])


def read_weekly(scope: Sequence[int] | None, item_code: Ints) -> NDArray[np.float64]:
    """(items, weeks), 0 for items without a forecast."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(array_length(weekly_mean, 1)), 1) FROM inventory_demandforecast")
        weeks = int(cursor.fetchone()[0])
    columns = {"sku": "int", "territory": "int"} | {f"w{n}": "float" for n in range(weeks)}
    means = ", ".join(
        f"coalesce(weekly_mean[{n + 1}], weekly_mean[array_length(weekly_mean, 1)], 0)" for n in range(weeks)
    )
    found = read_columns(_FORECASTS.format(means=means, scope=of_skus(scope)), columns)
    table = np.zeros((item_code.size, weeks))
    rows = positions_of(item_code, codes_of(found["sku"], found["territory"]))
    for n in range(weeks):
        table[rows, n] = found[f"w{n}"]
    return table


_FORECASTS = "SELECT sku_id, territory_id, {means} FROM inventory_demandforecast p WHERE {scope}"


def list_item_codes(skus: Sequence[int] | None) -> Ints:
    """Codes of the items that a book of some SKUs (by id), or of all, would have; sorted."""
    scope = of_skus(skus)
    found = read_columns(_KNOWN.format(writes=WRITES.format(scope=scope), scope=scope), _KNOWN_COLUMNS)
    return np.sort(codes_of(found["sku"], found["territory"]))
