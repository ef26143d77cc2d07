"""What a run changed in a table, kept so that it can be taken back: each row as it was and as it became."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from inventory.models import ImportRun
from inventory.services.staging import rows, scratch
from inventory.services.staging import run as run_sql

#: Columns that say nothing of their own.
SILENT = ["updated_at"]
#: A change that is made again after it was undone is a new one.
_AGAIN = """
ON CONFLICT (run_id, "table", row_id) DO UPDATE SET
    before = CASE WHEN c.undone_at IS NOT NULL THEN excluded.before
                  WHEN c.before IS NULL THEN NULL ELSE excluded.before || c.before END,
    after = CASE WHEN c.undone_at IS NOT NULL THEN excluded.after ELSE c.after || excluded.after END,
    undone_at = NULL
"""
# Rows are compared as JSON: a column more in a table needs no word here.
_BEFORE = "INSERT INTO {was} SELECT t.id, to_jsonb(t) FROM {table} t WHERE {which}"
_KEEP = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, '{table}', n.id, n.before, n.after FROM (
    SELECT t.id,
           CASE WHEN w.id IS NOT NULL THEN
               (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(w.was) o
                WHERE o.value IS DISTINCT FROM to_jsonb(t) -> o.key) END AS before,
           CASE WHEN w.id IS NULL THEN to_jsonb(t) - %s::text[] ELSE
               coalesce((SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(to_jsonb(t)) o
                WHERE o.value IS DISTINCT FROM w.was -> o.key AND o.key <> ALL (%s)), '{{}}') END AS after
    FROM {table} t LEFT JOIN {was} w ON w.id = t.id WHERE {which}) n
WHERE n.after <> '{{}}'
{again}"""


@contextmanager
def remembered(run: ImportRun | None, tables: Mapping[str, tuple[str, Sequence[Any]]]) -> Iterator[None]:
    """Keep what the block changes in some tables as changes of the run; nothing without one.

    `tables`: name -> which of its rows may change, as a condition over `t` and its values.
    """
    if run is None or not tables:
        yield
        return
    name, (which, values) = next(iter(tables.items()))
    rest = dict(list(tables.items())[1:])
    with scratch({"id": "bigint", "was": "jsonb"}) as was:
        run_sql(_BEFORE.format(was=was, table=name, which=which), list(values))
        with remembered(run, rest):
            yield
        kept = [run.pk, SILENT, SILENT, *values]
        run_sql(_KEEP.format(was=was, table=name, which=which, again=_AGAIN), kept)


# Who moves stock has the trail's turn: no other hand makes positions of these SKUs meanwhile.
_RECEIVED = """
INSERT INTO {was} SELECT id, first_receipt_date FROM inventory_position WHERE sku_id = ANY(%s::bigint[])
"""
_POSITIONS = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, 'inventory_position', p.id,
       CASE WHEN w.id IS NOT NULL THEN jsonb_build_object('first_receipt_date', w.day) END,
       jsonb_build_object('first_receipt_date', p.first_receipt_date)
FROM inventory_position p LEFT JOIN {was} w ON w.id = p.id
WHERE p.sku_id = ANY(%s::bigint[]) AND (w.id IS NULL OR w.day IS DISTINCT FROM p.first_receipt_date)
{again}"""
_BATCHES = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, 'inventory_batch', b.id, NULL, to_jsonb(b) FROM inventory_batch b
WHERE b.id > %s AND b.sku_id = ANY(%s::bigint[])
{again}"""


@contextmanager
def remembered_stock(run: ImportRun | None, skus: Sequence[int]) -> Iterator[None]:
    """Keep the batches and positions that moving stock of some SKUs makes; nothing without a run.

    Of a position that was there, only since when pieces lie in it: the rest stands in the ledger.
    """
    if run is None:
        yield
        return
    last = rows("SELECT coalesce(max(id), 0) FROM inventory_batch")[0][0]
    with scratch({"id": "bigint", "day": "date"}) as was:
        run_sql(_RECEIVED.format(was=was), [list(skus)])
        yield
        run_sql(_POSITIONS.format(was=was, again=_AGAIN), [run.pk, list(skus)])
    run_sql(_BATCHES.format(again=_AGAIN), [run.pk, last, list(skus)])


_COUNT = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, 'inventory_sale', u.month, NULL, jsonb_build_object('lines', u.lines)
FROM unnest(%s::bigint[], %s::bigint[]) u(month, lines)
ON CONFLICT (run_id, "table", row_id) DO UPDATE SET undone_at = NULL, after = jsonb_build_object('lines',
    CASE WHEN c.undone_at IS NULL THEN (c.after ->> 'lines')::bigint ELSE 0 END
    + (excluded.after ->> 'lines')::bigint)
"""


def count_months(run: ImportRun | None, lines_by_month: Mapping[int, int]) -> None:
    """Keep in which months (as yyyymm) a run recorded how many sales: where to look for them."""
    if run is not None and lines_by_month:
        run_sql(_COUNT, [run.pk, list(lines_by_month), list(lines_by_month.values())])
