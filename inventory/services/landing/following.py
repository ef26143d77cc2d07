"""Names of what was merged: rows that name the other of two twins are about the one that was kept."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.selectors.twins import OtherNames, list_other_names
from inventory.services.landing.findings import Findings
from inventory.services.staging import run as run_sql
from inventory.services.staging import staged
from vyapar.kernel.phrases import phrase as _

#: Columns of a kind that name an outlet, a SKU or an outlet's place. A row of the retailers or the SKUs
#: themselves is the record of its own code: it keeps being told of, and its balance counts.
_NAMING: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.SKUS: ("replaced_by",),
    RecordKind.PRICES: ("sku",),
    RecordKind.BATCHES: ("sku",),
    RecordKind.PURCHASES: ("sku", "location"),
    RecordKind.RECEIPTS: ("sku", "location"),
    RecordKind.STOCK: ("sku", "location"),
    RecordKind.SALES: ("retailer_id", "sku"),
}
#: Where a row that names the kept one itself goes before one that came by another name.
_FIRST: dict[RecordKind, list[str]] = {
    RecordKind.PRICES: ["sku", "valid_from"],
    RecordKind.BATCHES: ["sku", "batch"],
}
#: Columns with the name that a row came by, where it is another than the kept one's.
BY_NAME = {"retailer_id": "by_retailer", "sku": "by_sku", "location": "by_location"}
#: Kinds of which is kept what came by another name: it moves pieces or money.
_KEPT = (RecordKind.SALES, RecordKind.STOCK, RecordKind.RECEIPTS, RecordKind.PURCHASES)


def follow(found: Findings) -> None:
    """Have rows name what was kept, and put the name they came by beside it (see `BY_NAME`)."""
    columns = [name for name in _NAMING.get(found.kind, ()) if name in found.lines.columns]
    if not columns:
        return
    names = list_other_names()
    if not names:
        return
    before = found.lines
    found.lines = renamed(before, names, columns)
    if found.kind in _KEPT:
        found.lines = found.lines.with_columns(
            pl.when(before[name] != found.lines[name]).then(before[name]).alias(BY_NAME[name])
            for name in columns
        )
    elif found.kind is RecordKind.SKUS:  # a successor that was merged into it is no successor
        own = pl.col("replaced_by") != pl.col("sku")
        found.lines = found.lines.with_columns(pl.when(own).then("replaced_by").alias("replaced_by"))
    elif found.kind in _FIRST:
        _let_first(found, before)


def renamed(frame: pl.DataFrame, names: OtherNames, columns: list[str]) -> pl.DataFrame:
    """A frame whose columns name what was kept."""
    return frame.with_columns(_renamed(name, names.of(name)) for name in columns if names.of(name))


def _renamed(name: str, names: Mapping[str, str]) -> pl.Expr:
    return pl.col(name).replace(list(names), list(names.values())).alias(name)


def _let_first(found: Findings, before: pl.DataFrame) -> None:
    """Rows by another name that speak of what a row by the own name speaks of are there already."""
    key = _FIRST[found.kind]
    came = before["sku"] != found.lines["sku"]
    own = found.lines.filter(~came).select(key)
    taken = found.lines.filter(came).join(own, on=key, how="semi")
    if taken.is_empty():
        return
    there = pl.col("row").is_in(taken["row"].to_list())
    message = _("the SKU was merged into another, and the sheet has a row of that one; that row counts")
    found.warn("sku", "merged_twin", message, there)
    found.same += taken.height
    found.lines = found.lines.filter(~there)


# A name that was merged into what was merged itself leaves a trace at each of them.
_TRACE = """
WITH RECURSIVE chain AS (
    SELECT t.other AS name, t.id, t.other, t.kept FROM inventory_twins t
    WHERE t.kind = %s AND t.state = 'merged' AND t.other IN (SELECT name FROM {sales})
    UNION ALL
    SELECT c.name, t.id, t.other, t.kept FROM chain c
    JOIN inventory_twins t ON t.kind = %s AND t.state = 'merged' AND t.other = c.kept
)
INSERT INTO inventory_twinschange (twins_id, "table", key, before, gone)
SELECT c.id, 'inventory_sale', jsonb_build_array(s.transaction_id, s.line, s.sold_on, 'since'),
       jsonb_build_object('{column}', o.id), false
FROM {sales} s JOIN chain c ON c.name = s.name JOIN {owner} o ON o.{code} = c.other
"""
_COUNT = """
INSERT INTO inventory_twinschange (twins_id, "table", key, before, gone)
SELECT t.id, %s, jsonb_build_array('since'), jsonb_build_object('rows', n.rows), false
FROM unnest(%s::text[], %s::bigint[]) n(name, rows)
JOIN inventory_twins t ON t.kind = %s AND t.state = 'merged'
LEFT JOIN inventory_retailer r ON t.kind = 'retailers' AND r.retailer_id = t.other
LEFT JOIN inventory_location l ON l.id = r.outlet_id
WHERE n.name = CASE WHEN t.kind = 'skus' THEN t.other ELSE l.code END
"""
_OWNERS = {
    "retailer_id": (RecordKind.RETAILERS, "inventory_retailer", "retailer_id", "retailer_id"),
    "sku": (RecordKind.SKUS, "inventory_sku", "code", "sku_id"),
}


def remember_names(kind: RecordKind, lines: pl.DataFrame) -> None:
    """Keep what came by another name: each sale, to be given back one day; of the rest, how much."""
    for name, by in BY_NAME.items():
        if by not in lines.columns or lines[by].null_count() == lines.height:
            continue
        mine = lines.filter(pl.col(by).is_not_null())
        if kind is RecordKind.SALES:
            _remember_sales(mine.select("transaction_id", "line", "sold_on", pl.col(by).alias("name")), name)
        else:
            whose = RecordKind.SKUS if name == "sku" else RecordKind.RETAILERS
            counts = mine.group_by(by).len()
            run_sql(_COUNT, [kind.value, counts[by].to_list(), counts["len"].to_list(), whose.value])


def _remember_sales(sales: pl.DataFrame, name: str) -> None:
    kind, owner, code, column = _OWNERS[name]
    types = {"transaction_id": "text", "line": "integer", "sold_on": "date", "name": "text"}
    with staged(sales, types) as table:
        sql = _TRACE.format(column=column, sales=table, owner=owner, code=code)
        run_sql(sql, [kind.value, kind.value])
