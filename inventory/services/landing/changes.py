"""What a run changed in a table, kept so that it can be taken back: each row as it was and as it became."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from inventory.models import ImportRun
from inventory.services.staging import run as run_sql
from inventory.services.staging import scratch

# Rows are compared as JSON: a column more in a table needs no word here.
_BEFORE = "INSERT INTO {was} SELECT t.id, to_jsonb(t) FROM {table} t WHERE {which}"
_KEEP = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, '{table}', n.id, n.before, n.after FROM (
    SELECT t.id,
           CASE WHEN w.id IS NOT NULL THEN
               (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(w.was) o
                WHERE o.value IS DISTINCT FROM to_jsonb(t) -> o.key AND o.key <> ALL (%s)) END AS before,
           CASE WHEN w.id IS NULL THEN to_jsonb(t) - %s::text[] ELSE
               coalesce((SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(to_jsonb(t)) o
                WHERE o.value IS DISTINCT FROM w.was -> o.key AND o.key <> ALL (%s)), '{{}}') END AS after
    FROM {table} t LEFT JOIN {was} w ON w.id = t.id WHERE {which}) n
WHERE n.after <> '{{}}'
ON CONFLICT (run_id, "table", row_id) DO UPDATE SET
    before = CASE WHEN c.before IS NULL THEN NULL ELSE excluded.before || c.before END,
    after = c.after || excluded.after
"""
#: Columns that say nothing of their own.
_SILENT = ["updated_at"]
#: Of a position the ledger knows all but this.
_OF_POSITIONS = ["on_hand", "reserved", "in_transit", "changes", "updated_at"]


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
    silent = _OF_POSITIONS if name == "inventory_position" else _SILENT
    with scratch({"id": "bigint", "was": "jsonb"}) as was:
        run_sql(_BEFORE.format(was=was, table=name, which=which), list(values))
        with remembered(run, rest):
            yield
        values = [run.pk, silent, silent, silent, *values]
        run_sql(_KEEP.format(was=was, table=name, which=which), values)


_COUNT = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, 'inventory_sale', u.month, NULL, jsonb_build_object('lines', u.lines)
FROM unnest(%s::bigint[], %s::bigint[]) u(month, lines)
ON CONFLICT (run_id, "table", row_id) DO UPDATE SET
    after = jsonb_build_object('lines', (c.after ->> 'lines')::bigint + (excluded.after ->> 'lines')::bigint)
"""


def count_months(run: ImportRun | None, lines_by_month: Mapping[int, int]) -> None:
    """Keep in which months (as yyyymm) a run recorded how many sales: where to look for them."""
    if run is not None and lines_by_month:
        run_sql(_COUNT, [run.pk, list(lines_by_month), list(lines_by_month.values())])
