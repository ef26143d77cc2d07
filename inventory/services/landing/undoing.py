"""Taking a run back: its sales, its movements, its rows, in one transaction, or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl
from django.db import transaction

from inventory.models import ImportRun
from inventory.services.cells import sums_follow
from inventory.services.demand import rework_demand
from inventory.services.landing.blockers import Blocker, list_blockers
from inventory.services.landing.errand import run_prefix, undo_prefix
from inventory.services.landing.tables import DERIVED, SUMMED, TABLES, columns_of, referring
from inventory.services.ledger import record_movements
from inventory.services.partitions import ensure_sale_partitions
from inventory.services.staging import frame_of, rows, take_every_turn
from inventory.services.staging import run as run_sql
from inventory.services.telling import tell_stock_changed
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was taken back, by what it was, or what stood in the way: then nothing was."""

    undone: Mapping[str, int] = field(default_factory=dict)
    blockers: tuple[Blocker, ...] = ()


@transaction.atomic
def take_back(run: ImportRun, *, actor: Actor, at: datetime) -> TakenBack:
    """Take back exactly what a run wrote; when something depends on it since, say what and do nothing.

    Sales go, and their days' demand is worked out anew; movements get their opposites at the same
    instants, so that every past day has the stock it had; changed rows are as they were; made rows
    are gone. Twice is once: what is taken back already is left alone.
    """
    take_every_turn()
    blockers = list_blockers(run)
    if blockers:
        return TakenBack(blockers=blockers)
    undone: dict[str, int] = {}
    triples = [_uncancel(run, undone), _forget_sales(run, undone)]
    rework_demand(pl.concat(triples))
    _reverse(run, undone, actor, at)
    with sums_follow(None) if _moves_sums(run) else nullcontext():
        for table in TABLES:
            _restore(run, table, undone)
        for table in TABLES:
            _remove(run, table, undone)
    undone["rows put back"] = run_sql(_PUT_BACK, [run.pk])
    run_sql("DELETE FROM inventory_feedvoucher WHERE run_id = %s", [run.pk])
    run_sql(
        "UPDATE inventory_importchange SET undone_at = %s WHERE run_id = %s AND undone_at IS NULL",
        [at, run.pk],
    )
    undone = {name: count for name, count in undone.items() if count}
    if undone:
        append_audit(actor=actor, verb="ImportTakenBack", subject=f"import:{run.number}", at=at, after=undone)
    return TakenBack(undone)


# --- sales ---------------------------------------------------------------------------------------

_TRIPLES = {"sku_id": pl.Int64, "territory_id": pl.Int64, "day": pl.Date}
_MONTHS = """
SELECT row_id FROM inventory_importchange
WHERE run_id = %s AND "table" = 'inventory_sale' AND undone_at IS NULL ORDER BY row_id
"""
_FORGET = """
WITH gone AS (DELETE FROM inventory_sale WHERE import_run = %s AND sold_on >= %s AND sold_on < %s
              RETURNING sku_id, territory_id, sold_on)
SELECT sku_id, territory_id, sold_on, count(*) FROM gone GROUP BY 1, 2, 3
"""
_UNCANCEL = """
WITH back AS (DELETE FROM inventory_cancelledsale WHERE cancelled_run = %s RETURNING *),
kept AS (INSERT INTO inventory_sale (sold_at, received_at, retailer_id, sku_id, territory_id,
             unit_price_paise, quantity, line, sold_on, transaction_id, gst, import_run)
         SELECT sold_at, received_at, retailer_id, sku_id, territory_id, unit_price_paise, quantity, line,
                sold_on, transaction_id, gst, import_run FROM back WHERE import_run IS DISTINCT FROM %s)
SELECT sku_id, territory_id, sold_on, count(*) FROM back GROUP BY 1, 2, 3
"""


def _forget_sales(run: ImportRun, undone: dict[str, int]) -> pl.DataFrame:
    """Delete the run's sales, month by month; the SKUs, territories and days they were of."""
    found = []
    for (month,) in rows(_MONTHS, [run.pk]):
        first = date(month // 100, month % 100, 1)
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        found += rows(_FORGET, [run.number, first, after])
    return _triples(found, "sales", undone)


def _uncancel(run: ImportRun, undone: dict[str, int]) -> pl.DataFrame:
    """Put back what the run cancelled, unless the run itself had recorded it."""
    days = rows(
        "SELECT min(sold_on), max(sold_on) FROM inventory_cancelledsale WHERE cancelled_run = %s",
        [run.number],
    )
    if days[0][0] is None:
        return pl.DataFrame(schema=_TRIPLES)
    ensure_sale_partitions(*days[0])
    return _triples(rows(_UNCANCEL, [run.number, run.number]), "cancellations", undone)


def _triples(found: list[tuple[int, int, date, int]], what: str, undone: dict[str, int]) -> pl.DataFrame:
    undone[what] = sum(count for *_, count in found)
    return pl.DataFrame([row[:3] for row in found], schema=_TRIPLES, orient="row")


# --- stock ---------------------------------------------------------------------------------------

# What the run still has in the ledger, line by line, net of what was taken back before.
_STANDING = """
SELECT m.batch_id, m.location_id, m.kind, m.at,
       regexp_replace(m.reference, '^(import|undo):[0-9]+:', '') AS what, sum(m.quantity)::bigint
FROM inventory_movement m
JOIN (SELECT DISTINCT batch_id, location_id FROM inventory_movement
      WHERE reference LIKE 'import:%%' AND reference LIKE %s) w USING (batch_id, location_id)
WHERE m.reference LIKE %s OR m.reference LIKE %s
GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.quantity) <> 0
"""
_HOMES = """
SELECT w.batch_id, w.location_id, b.sku_id, l.territory_id, p.first_receipt_date
FROM unnest(%s::bigint[], %s::bigint[]) w(batch_id, location_id)
JOIN inventory_batch b ON b.id = w.batch_id JOIN inventory_location l ON l.id = w.location_id
LEFT JOIN inventory_position p ON p.batch_id = w.batch_id AND p.location_id = w.location_id
"""


def _reverse(run: ImportRun, undone: dict[str, int], actor: Actor, at: datetime) -> None:
    """Book the opposite of each of the run's movements, at its own instant, and tell of the change."""
    schema = {"batch_id": pl.Int64, "location_id": pl.Int64, "kind": pl.String,
              "at": pl.Datetime("us", "UTC"), "what": pl.String, "quantity": pl.Int64}  # fmt: skip
    mine, taken = f"{run_prefix(run.number)}%", f"{undo_prefix(run.number)}%"
    standing = frame_of(_STANDING, schema, [mine, mine, taken])
    undone["movements"] = standing.height
    if standing.is_empty():
        return
    keys = standing.select("batch_id", "location_id").unique()
    homes = frame_of(_HOMES, {"batch_id": pl.Int64, "location_id": pl.Int64, "sku_id": pl.Int64,
                              "territory_id": pl.Int64, "receipt_date": pl.Date},
                     [keys["batch_id"].to_list(), keys["location_id"].to_list()])  # fmt: skip
    lines = standing.join(homes, on=["batch_id", "location_id"]).with_columns(
        -pl.col("quantity"),
        (pl.lit(undo_prefix(run.number)) + pl.col("what")).str.slice(0, 120).alias("reference"),
    )
    wanted = ("batch_id", "location_id", "kind", "quantity", "at", "reference", "receipt_date")
    record_movements(lines.select(wanted), actor=actor, at=at)
    sums = lines.group_by("sku_id", "territory_id").agg(pl.col("quantity").sum().alias("change"))
    tell_stock_changed(sums, reason="import undone", actor=actor, at=at)


# --- rows ----------------------------------------------------------------------------------------

_RESTORE = """
UPDATE {table} t SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(t, c.before) p)
FROM inventory_importchange c
WHERE c.run_id = %s AND c."table" = '{table}' AND c.row_id = t.id
  AND c.before IS NOT NULL AND c.undone_at IS NULL
"""
# Rows that the run deleted stand whole in what it remembers.
_PUT_BACK = """
INSERT INTO inventory_purchaseline
SELECT p.* FROM inventory_importchange c,
    LATERAL jsonb_populate_record(NULL::inventory_purchaseline, c.before) p
WHERE c.run_id = %s AND c."table" = 'inventory_purchaseline' AND c.before IS NOT NULL AND c.after = '{}'
  AND c.undone_at IS NULL
"""
_MADE = """
SELECT c.row_id FROM inventory_importchange c
WHERE c.run_id = %s AND c."table" = '{table}' AND c.before IS NULL AND c.undone_at IS NULL {still}
"""
# What comes to nothing needs no position, but one that an action once held pieces of has a history.
_EMPTY = """
AND EXISTS (SELECT 1 FROM inventory_position p WHERE p.id = c.row_id
    AND p.on_hand = 0 AND p.reserved = 0 AND p.in_transit = 0
    AND NOT EXISTS (SELECT 1 FROM inventory_reservation r WHERE r.position_id = p.id))
"""


_DELETE = "DELETE FROM {table} WHERE {column} = ANY(%s)"


def _restore(run: ImportRun, table: str, undone: dict[str, int]) -> None:
    columns = ", ".join(f'"{name}"' for name in columns_of(table))
    restored = run_sql(_RESTORE.format(table=table, columns=columns), [run.pk])
    if table != "inventory_position":
        undone["rows restored"] = undone.get("rows restored", 0) + restored


def _moves_sums(run: ImportRun) -> bool:
    """Whether sums over items change: they go, or they are of another brand or category."""
    sql = (
        'SELECT EXISTS (SELECT 1 FROM inventory_importchange WHERE run_id = %s AND "table" = ANY(%s) '
        "AND undone_at IS NULL)"
    )
    return bool(rows(sql, [run.pk, list(SUMMED)])[0][0])


def _remove(run: ImportRun, table: str, undone: dict[str, int]) -> None:
    """Delete the rows the run made, with what cycles worked out of them."""
    still = _EMPTY if table == "inventory_position" else ""
    ids = [row_id for (row_id,) in rows(_MADE.format(table=table, still=still), [run.pk])]
    if not ids:
        return
    for model, column in referring(table):
        if model.__name__ in DERIVED:
            run_sql(_DELETE.format(table=model._meta.db_table, column=column), [ids])
    removed = run_sql(_DELETE.format(table=table, column="id"), [ids])
    if table != "inventory_position":
        undone["rows removed"] = undone.get("rows removed", 0) + removed
