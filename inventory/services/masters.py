"""Masters in bulk: places, people, goods and purchases, known by their own codes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction

from inventory.services.cells import sums_follow
from inventory.services.staging import rows, run, staged
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import coded, listed
from vyapar.kernel.phrases import phrase as _

#: How many objections one refusal carries.
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Ref:
    """A column that names a row of another table by its key."""

    column: str
    table: str
    key: str


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of master is written.

    `key`: columns that make a row the same row. `plain`: column of the frame -> SQL type; `named`:
    where the database calls it otherwise; `fill`: what stands for a column or value left out;
    `refs`: columns that name rows elsewhere. `fixed`: columns of the database that no feed knows.
    """

    name: str
    key: tuple[str, ...]
    plain: Mapping[str, str]
    named: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, Any] = field(default_factory=dict)
    refs: Mapping[str, Ref] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        return self.named.get(name, name)


_SKU = Ref("sku_id", "inventory_sku", "code")
_TERRITORY = Ref("territory_id", "inventory_territory", "code")

#: In the order in which they refer to one another.
TABLES: dict[str, Table] = {
    "registrations": Table(
        "inventory_gstregistration", ("gstin",),
        {"gstin": "text", "state_code": "text", "legal_name": "text", "trade_name": "text",
         "address": "text", "place": "text", "pincode": "text", "fssai": "text"},
        fill={"trade_name": "", "fssai": ""},
        fixed={"active": "true", "full_itc": "true"},
    ),
    "territories": Table(
        "inventory_territory", ("code",), {"code": "text", "name": "text"},
        refs={"gstin": Ref("registration_id", "inventory_gstregistration", "gstin")},
    ),
    "locations": Table(
        "inventory_location", ("code",),
        {"code": "text", "kind": "text", "name": "text", "address": "text", "place": "text",
         "pincode": "text", "lat": "double precision", "lon": "double precision"},
        named={"lat": "latitude", "lon": "longitude"},
        fill={"address": "", "place": ""},
        refs={"territory": _TERRITORY},
        fixed={"registered": "true"},
    ),
    "retailers": Table(
        "inventory_retailer", ("retailer_id",),
        {"retailer_id": "text", "name": "text", "phone": "text", "email": "text", "language": "text",
         "gstin": "text", "channels": "jsonb", "credit_limit_paise": "bigint",
         "outstanding_paise": "bigint", "beat": "text", "trade_channel": "text",
         "minimum_life_days": "smallint"},
        fill={"phone": "", "email": "", "language": "en", "gstin": "", "channels": "[]",
              "credit_limit_paise": 0, "outstanding_paise": 0, "beat": "", "trade_channel": "general_trade"},
        refs={"territory": _TERRITORY, "location": Ref("outlet_id", "inventory_location", "code")},
        fixed={"active": "true", "updated_at": "now()"},
    ),
    "brands": Table(
        "inventory_brand", ("name",),
        {"name": "text", "supplier_name": "text", "supplier_gstin": "text", "return_bp": "integer",
         "return_days": "integer"},
        fill={"supplier_name": "", "supplier_gstin": "", "return_bp": 0},
    ),
    "categories": Table("inventory_category", ("code",), {"code": "text", "name": "text"}),
    "skus": Table(
        "inventory_sku", ("code",),
        {"sku": "text", "name": "text", "hsn": "text", "rate_item": "text", "packed": "boolean",
         "uqc": "text", "mrp_paise": "bigint", "trade_price_paise": "bigint", "cost_paise": "bigint",
         "weight_grams": "integer", "volume_cc": "integer", "case_pack": "integer",
         "shelf_life_days": "integer", "delisted_date": "date"},
        named={"sku": "code"},
        fill={"rate_item": "", "packed": True, "uqc": "PCS", "weight_grams": 0, "volume_cc": 0,
              "case_pack": 1},
        refs={"brand": Ref("brand_id", "inventory_brand", "name"),
              "category": Ref("category_id", "inventory_category", "code")},
        fixed={"active": "true", "updated_at": "now()"},
    ),
    "batches": Table(
        "inventory_batch", ("sku_id", "number"),
        {"batch": "text", "mrp_paise": "bigint", "cost_paise": "bigint", "manufacture_date": "date",
         "expiry_date": "date", "purchase_invoice": "text", "itc_paise": "bigint"},
        named={"batch": "number"},
        fill={"purchase_invoice": "", "itc_paise": 0},
        refs={"sku": _SKU},
    ),
}  # fmt: skip

_UNKNOWN = """
SELECT w.row, w.{name} FROM {lines} w LEFT JOIN {table} t ON t.{key} = w.{name}
WHERE t.id IS NULL ORDER BY w.row LIMIT {shown}
"""
_UPSERT = """
INSERT INTO {table} ({columns}) SELECT {values} FROM {lines} w {joins} ORDER BY w.row
ON CONFLICT ({key}) DO UPDATE SET {update}
"""
_TIE = """
UPDATE {table} t SET {column} = o.id FROM {lines} w LEFT JOIN {table} o ON o.code = w.other
WHERE t.code = w.own AND t.{column} IS DISTINCT FROM o.id
"""


@transaction.atomic
def save_masters(frames: Mapping[str, pl.DataFrame], *, actor: Actor, at: datetime) -> dict[str, int]:
    """Write masters, new ones and changed ones alike; returns the rows of each kind.

    `frames` may have any of the keys registrations, territories, locations, retailers, brands,
    categories, skus, batches and purchases, with the columns of the demonstration's frames (see
    `inventory.feeds.demonstration.shapes`); what is left out of a frame gets its default. Raises
    `Invalid` with a fault for each row that names something unknown, and writes nothing.
    """
    strange = sorted(set(frames) - set(TABLES) - {"purchases"})
    if strange:
        raise Invalid(_("no such masters: %(names)s", names=", ".join(strange)), code="no_such_masters")
    counts = {}
    for kind in TABLES:
        if kind in frames:
            counts[kind] = write_master(kind, frames[kind])
    if "purchases" in frames:
        counts["purchases"] = write_purchases(frames["purchases"])
    append_audit(actor=actor, verb="MastersSaved", subject="masters", at=at, after=counts)
    return counts


def write_master(kind: str, frame: pl.DataFrame) -> int:
    """Write masters of one kind, without a trail entry: the caller keeps one. Returns how many rows.

    As `save_masters` in all else. Must run in a transaction.
    """
    if frame.is_empty():
        return 0
    # goods that change their brand or category take their share of the sums along
    with sums_follow(_known(frame["sku"])) if kind == "skus" else nullcontext():
        written = _write(kind, TABLES[kind], frame)
    _tie(kind, frame)
    return written


def _known(codes: pl.Series) -> list[int]:
    """Ids of those of some SKUs that are there already."""
    return [
        pk for (pk,) in rows("SELECT id FROM inventory_sku WHERE code = ANY(%s::text[])", [codes.to_list()])
    ]


def _write(kind: str, table: Table, frame: pl.DataFrame) -> int:
    types = {"row": "bigint", **table.plain, **dict.fromkeys(table.refs, "text")}
    with staged(_shaped(table, frame), types) as name:
        _check_refs(kind, name, table.refs)
        return run(_upsert(table, name))


def _shaped(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the table's columns: defaults filled in, lists as JSON, rows counted from 1."""
    missing = [name for name in table.plain if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None).alias(name) for name in missing)
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.List):
            quoted = pl.col(name).list.eval(pl.format('"{}"', pl.element())).list.join(",")
            frame = frame.with_columns(pl.format("[{}]", quoted).alias(name))
    fills = [pl.col(name).fill_null(pl.lit(value)) for name, value in table.fill.items()]
    return frame.drop("row", strict=False).with_columns(fills).with_row_index("row", offset=1)


def _check_refs(kind: str, staged_name: str, refs: Mapping[str, Ref]) -> None:
    faults = []
    for name, ref in refs.items():
        bad = rows(_UNKNOWN.format(lines=staged_name, name=name, table=ref.table, key=ref.key, shown=_SHOWN))
        faults += [
            Fault(
                f"unknown_{name}",
                _("there is no %(what)s %(value)s", what=coded(name), value=f"{value!r}"),
                name,
                row,
                str(value),
            )
            for row, value in bad
        ]
    if faults:
        raise Invalid(
            listed([coded(kind), faults[0].message], ": "),
            code="unknown_reference",
            faults=faults,
        )


def _upsert(table: Table, source: str) -> str:
    columns = [table.column(name) for name in table.plain]
    values = [f"w.{name}" for name in table.plain]
    joins = []
    for number, (name, ref) in enumerate(table.refs.items()):
        columns.append(ref.column)
        values.append(f"r{number}.id")
        joins.append(f"JOIN {ref.table} r{number} ON r{number}.{ref.key} = w.{name}")
    columns += table.fixed
    values += table.fixed.values()
    changed = [c for c in columns if c not in table.key and c not in ("active", "full_itc", "registered")]
    update = ", ".join(f"{c} = excluded.{c}" for c in changed)
    return _UPSERT.format(
        table=table.name, columns=", ".join(columns), values=", ".join(values), lines=source,
        joins=" ".join(joins), key=", ".join(table.key), update=update,
    )  # fmt: skip


def _tie(kind: str, frame: pl.DataFrame) -> None:
    """References within one table, once all its rows are there."""
    ties = {"categories": ("code", "parent", "inventory_category", "parent_id"),
            "skus": ("sku", "replaced_by", "inventory_sku", "replaced_by_id")}  # fmt: skip
    if kind not in ties or ties[kind][1] not in frame.columns:
        return
    own, other, table, column = ties[kind]
    pairs = frame.select(pl.col(own).alias("own"), pl.col(other).cast(pl.String).alias("other"))
    with staged(pairs, {"own": "text", "other": "text"}) as name:
        run(_TIE.format(table=table, column=column, lines=name))


_PURCHASE_TYPES = {
    "row": "bigint", "purchase_invoice": "text", "supplier_name": "text", "supplier_gstin": "text",
    "date": "date", "sku": "text", "batch": "text", "location": "text", "quantity": "bigint",
    "cost_paise": "bigint", "tax_paise": "bigint", "itc_paise": "bigint",
}  # fmt: skip
_PURCHASES = """
INSERT INTO inventory_purchaseline (purchase_invoice, supplier_name, supplier_gstin, invoice_date,
    batch_id, location_id, quantity, cost_paise, tax_paise, itc_paise)
SELECT w.purchase_invoice, w.supplier_name, w.supplier_gstin, w.date, b.id, l.id, w.quantity,
       w.cost_paise, w.tax_paise, w.itc_paise
FROM {lines} w JOIN inventory_sku s ON s.code = w.sku
JOIN inventory_batch b ON b.sku_id = s.id AND b.number = w.batch
JOIN inventory_location l ON l.code = w.location ORDER BY w.row
ON CONFLICT (purchase_invoice, batch_id, location_id) DO UPDATE SET
    supplier_name = excluded.supplier_name, supplier_gstin = excluded.supplier_gstin,
    invoice_date = excluded.invoice_date, quantity = excluded.quantity, cost_paise = excluded.cost_paise,
    tax_paise = excluded.tax_paise, itc_paise = excluded.itc_paise
"""
_NO_BATCH = """
SELECT w.row, w.sku || ' ' || w.batch FROM {lines} w
LEFT JOIN inventory_sku s ON s.code = w.sku
LEFT JOIN inventory_batch b ON b.sku_id = s.id AND b.number = w.batch
WHERE b.id IS NULL ORDER BY w.row LIMIT {shown}
"""
# Credit per piece, half-up, over all purchases that brought pieces of the batch.
_ITC = """
UPDATE inventory_batch b SET itc_paise = p.per_piece
FROM (SELECT batch_id, floor(sum(itc_paise)::numeric / sum(quantity) + 0.5)::bigint AS per_piece
      FROM inventory_purchaseline WHERE quantity > 0 GROUP BY batch_id) p
WHERE p.batch_id = b.id AND b.itc_paise <> p.per_piece
"""


def write_purchases(frame: pl.DataFrame) -> int:
    """Purchase lines, in a transaction; the credit that each batch carries follows from them."""
    if frame.is_empty():
        return 0
    filled = frame.drop("row", strict=False).with_row_index("row", offset=1).with_columns(
        pl.col("supplier_gstin").fill_null(""), pl.col("tax_paise").fill_null(0),
        pl.col("itc_paise").fill_null(0),
    )  # fmt: skip
    with staged(filled, _PURCHASE_TYPES) as name:
        _check_refs("purchases", name, {"location": Ref("location_id", "inventory_location", "code")})
        unknown = rows(_NO_BATCH.format(lines=name, shown=_SHOWN))
        if unknown:
            faults = [
                Fault("unknown_batch", _("there is no batch %(batch)s", batch=v), "batch", r, v)
                for r, v in unknown
            ]
            raise Invalid(
                listed([coded("purchases"), faults[0].message], ": "),
                code="unknown_reference",
                faults=faults,
            )
        written = run(_PURCHASES.format(lines=name))
        run(_ITC)
    return written
