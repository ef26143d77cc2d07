"""What is known when rows are judged: the tables, and what earlier parcels of the source will bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from inventory.services.binary import Packed, pack
from inventory.services.staging import frame_of

_TERRITORY = """
SELECT t.code, t.name, r.gstin, t.id, r.state_code, g.latitude, g.longitude
FROM inventory_territory t JOIN inventory_gstregistration r ON r.id = t.registration_id
LEFT JOIN LATERAL (SELECT latitude, longitude FROM inventory_location l
                   WHERE l.territory_id = t.id AND l.kind = 'godown' ORDER BY l.code LIMIT 1) g ON true
ORDER BY t.code
"""
_LOCATION = """
SELECT l.code, l.name, l.kind, t.code, l.address, l.place, l.pincode, l.latitude, l.longitude, l.id
FROM inventory_location l JOIN inventory_territory t ON t.id = l.territory_id WHERE l.code = ANY(%s)
"""
_RETAILER = """
SELECT r.retailer_id, r.name, t.code, l.address, l.place, l.pincode, l.latitude, l.longitude, r.phone,
       r.email, r.language, r.gstin, replace(r.channels::text, ', ', ','), r.credit_limit_paise,
       r.outstanding_paise, r.beat, r.trade_channel, r.minimum_life_days, l.code, r.id
FROM inventory_retailer r JOIN inventory_territory t ON t.id = r.territory_id
JOIN inventory_location l ON l.id = r.outlet_id WHERE r.retailer_id = ANY(%s)
"""
_OUTLET = """
SELECT r.retailer_id, r.id, r.territory_id, t.code FROM inventory_retailer r
JOIN inventory_territory t ON t.id = r.territory_id WHERE r.retailer_id = ANY(%s::text[])
"""
_SKU = """
SELECT s.code, s.name, b.name, c.code, s.hsn, s.rate_item, s.packed, s.uqc, s.mrp_paise,
       s.trade_price_paise, s.cost_paise, s.weight_grams, s.volume_cc, s.case_pack, s.shelf_life_days,
       s.delisted_date, n.code, s.id
FROM inventory_sku s JOIN inventory_brand b ON b.id = s.brand_id
JOIN inventory_category c ON c.id = s.category_id LEFT JOIN inventory_sku n ON n.id = s.replaced_by_id
WHERE s.code = ANY(%s)
"""
_BATCH = """
SELECT s.code, b.number, b.mrp_paise, b.cost_paise, b.manufacture_date, b.expiry_date, b.purchase_invoice,
       b.itc_paise, b.id
FROM inventory_batch b JOIN inventory_sku s ON s.id = b.sku_id WHERE s.code = ANY(%s)
"""
_PRICE = """
SELECT s.code, p.valid_from, p.mrp_paise, p.trade_price_paise, p.cost_paise, p.id
FROM inventory_skuprice p JOIN inventory_sku s ON s.id = p.sku_id WHERE s.code = ANY(%s)
"""
_PURCHASE = """
SELECT p.purchase_invoice, s.code, b.number, l.code, p.supplier_name, p.supplier_gstin, p.invoice_date,
       p.quantity, p.cost_paise, p.tax_paise, p.itc_paise, p.id
FROM inventory_purchaseline p JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = b.sku_id JOIN inventory_location l ON l.id = p.location_id
WHERE p.purchase_invoice = ANY(%s)
"""

_S, _I, _D, _F = pl.String, pl.Int64, pl.Date, pl.Float64
SCHEMAS: dict[str, dict[str, Any]] = {
    "territories": {"code": _S, "name": _S, "gstin": _S, "id": _I, "state_code": _S, "latitude": _F,
                    "longitude": _F},
    "locations": {"code": _S, "name": _S, "kind": _S, "territory": _S, "address": _S, "place": _S,
                  "pincode": _S, "latitude": _F, "longitude": _F, "id": _I},
    "retailers": {"retailer_id": _S, "name": _S, "territory": _S, "address": _S, "place": _S,
                  "pincode": _S, "latitude": _F, "longitude": _F, "phone": _S, "email": _S,
                  "language": _S, "gstin": _S, "channels": _S, "credit_limit_paise": _I,
                  "outstanding_paise": _I, "beat": _S, "trade_channel": _S,
                  "minimum_life_days": _I, "location": _S, "id": _I},
    "outlets": {"retailer_id": _S, "retailer_pk": _I, "territory_id": _I, "home": _S},
    "skus": {"sku": _S, "name": _S, "brand": _S, "category": _S, "hsn": _S, "rate_item": _S,
             "packed": pl.Boolean, "uqc": _S, "mrp_paise": _I, "trade_price_paise": _I, "cost_paise": _I,
             "weight_grams": _I, "volume_cc": _I, "case_pack": _I, "shelf_life_days": _I, "delisted_date": _D,
             "replaced_by": _S, "id": _I},
    "batches": {"sku": _S, "batch": _S, "mrp_paise": _I, "cost_paise": _I, "manufacture_date": _D,
                "expiry_date": _D, "purchase_invoice": _S, "itc_paise": _I, "id": _I},
    "prices": {"sku": _S, "valid_from": _D, "mrp_paise": _I, "trade_price_paise": _I, "cost_paise": _I,
               "id": _I},
    "purchases": {"purchase_invoice": _S, "sku": _S, "batch": _S, "location": _S, "supplier_name": _S,
                  "supplier_gstin": _S, "invoice_date": _D, "quantity": _I, "cost_paise": _I, "tax_paise": _I,
                  "itc_paise": _I, "id": _I},
    "receipts": {"reference": _S, "batch_id": _I, "location_id": _I, "quantity": _I},
    "moved": {"batch_id": _I, "location_id": _I, "quantity": _I, "at": pl.Datetime("us", "UTC")},
    "sales": {"transaction_id": _S, "line": _I, "known_on": _D, "known_retailer": _I, "known_sku": _I,
              "known_quantity": _I, "known_paise": _I, "known_gone": pl.Boolean},
    "brands": {"name": _S},
    "categories": {"code": _S, "name": _S},
}  # fmt: skip
KEYS: dict[str, tuple[str, ...]] = {
    "territories": ("code",), "locations": ("code",), "retailers": ("retailer_id",), "skus": ("sku",),
    "batches": ("sku", "batch"), "prices": ("sku", "valid_from"), "sales": ("transaction_id", "line"),
    "purchases": ("purchase_invoice", "sku", "batch", "location"), "brands": ("name",),
    "categories": ("code",), "receipts": ("reference", "batch_id", "location_id"),
}  # fmt: skip


class Promised:
    """What the parcels of a source that were judged will bring, so that later ones find it.

    Grows by what a row is known by and says: about 100 bytes a row of sales. What is promised has a
    negative id until it is written.
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[pl.DataFrame]] = {}
        self._ids = 0

    def keep(self, name: str, lines: pl.DataFrame) -> None:
        """Remember lines of a table in the columns of its schema; what has no id gets one."""
        if lines.is_empty():
            return
        schema = SCHEMAS[name]
        lines = lines.with_columns(pl.lit(None).alias(n) for n in schema if n not in lines.columns)
        lines = lines.select(pl.col(n).cast(kind) for n, kind in schema.items())
        if "id" in schema:
            fresh = -self._ids - 1 - pl.int_range(pl.len(), dtype=pl.Int64)
            lines = lines.with_columns(pl.col("id").fill_null(fresh))
            self._ids += lines.height
        self._parts.setdefault(name, []).append(lines)

    def forget(self, name: str, most: int) -> int:
        """Let go of the oldest lines of a table beyond so many, part by part; how many went."""
        parts, gone = self._parts.get(name, []), 0
        while len(parts) > 1 and sum(part.height for part in parts) > most:
            gone += parts.pop(0).height
        return gone

    def find(self, name: str) -> pl.DataFrame:
        """All that was promised of a table; of a line that was promised twice, the last."""
        parts = self._parts.get(name)
        if not parts:
            return pl.DataFrame(schema=SCHEMAS[name])
        if len(parts) > 1:
            whole = pl.concat(parts)
            if name in KEYS:
                whole = whole.unique(KEYS[name], keep="last", maintain_order=True)
            self._parts[name] = [whole]
        return self._parts[name][0]

    def among(self, name: str, column: str, values: Sequence[str]) -> pl.DataFrame:
        """What was promised of a table with some values of a column, in the order of promising.

        Parts stay as they are: of millions of lines only those asked for are ever put together.
        """
        wanted = pl.DataFrame({column: values}, schema={column: pl.String})
        parts = [part.join(wanted, on=column, how="semi") for part in self._parts.get(name, [])]
        return pl.concat([pl.DataFrame(schema=SCHEMAS[name]), *parts])


class Known:
    """Lookups by code. What is promised stands over what is in the tables."""

    def __init__(self, promised: Promised | None = None) -> None:
        self.promised = promised
        self._territories: pl.DataFrame | None = None

    def territories(self) -> pl.DataFrame:
        """All of them, with the State of their registration and the place of their first godown."""
        if self._territories is None:
            found = self._over("territories", frame_of(_TERRITORY, SCHEMAS["territories"]))
            self._territories = self._placed(found)
        return self._territories

    def locations(self, codes: Iterable[str | None]) -> pl.DataFrame:
        return self._named("locations", _LOCATION, codes)

    def retailers(self, ids: Iterable[str | None]) -> pl.DataFrame:
        return self._named("retailers", _RETAILER, ids)

    def outlets(self, ids: pl.Series) -> pl.DataFrame:
        """Retailers as sales need them: id, territory's id and code."""
        found = frame_of(_OUTLET, SCHEMAS["outlets"], [_packed(ids)])
        if self.promised is None:
            return found
        promised = self.promised.find("retailers")
        if promised.is_empty():
            return found
        places = self.territories().select("code", pl.col("id").alias("territory_id"))
        mine = promised.join(places, left_on="territory", right_on="code", how="left").select(
            "retailer_id",
            pl.col("id").alias("retailer_pk"),
            "territory_id",
            pl.col("territory").alias("home"),
        )
        return pl.concat([found.join(mine, on="retailer_id", how="anti"), mine])

    def skus(self, codes: Iterable[str | None]) -> pl.DataFrame:
        return self._named("skus", _SKU, codes)

    def sku_ids(self, codes: pl.Series) -> pl.DataFrame:
        """SKUs as sales need them: sku, sku_id."""
        schema = {"sku": pl.String, "sku_id": pl.Int64}
        sql = "SELECT code, id FROM inventory_sku WHERE code = ANY(%s::text[])"
        found = frame_of(sql, schema, [_packed(codes)])
        if self.promised is None:
            return found
        mine = self.promised.find("skus").select("sku", pl.col("id").alias("sku_id"))
        return pl.concat([found.join(mine, on="sku", how="anti"), mine])

    def packs(self) -> pl.DataFrame:
        """What every SKU is counted in: sku, case_pack, uqc."""
        schema = {"sku": pl.String, "case_pack": pl.Int64, "uqc": pl.String}
        found = frame_of("SELECT code, case_pack, uqc FROM inventory_sku", schema)
        if self.promised is None:
            return found
        mine = self.promised.find("skus").select(list(schema))
        return pl.concat([found.join(mine, on="sku", how="anti"), mine])

    def batches(self, skus: Iterable[str | None]) -> pl.DataFrame:
        """All batches of some SKUs."""
        return self._named("batches", _BATCH, skus, by="sku")

    def prices(self, skus: Iterable[str | None]) -> pl.DataFrame:
        return self._named("prices", _PRICE, skus, by="sku")

    def purchases(self, invoices: Iterable[str | None]) -> pl.DataFrame:
        return self._named("purchases", _PURCHASE, invoices, by="purchase_invoice")

    def brands(self) -> pl.DataFrame:
        return self._over("brands", frame_of("SELECT name FROM inventory_brand", SCHEMAS["brands"]))

    def categories(self) -> pl.DataFrame:
        found = frame_of("SELECT code, name FROM inventory_category", SCHEMAS["categories"])
        return self._over("categories", found)

    def promised_of(self, name: str) -> pl.DataFrame:
        """What is promised of a table; nothing when rows are written."""
        return self.promised.find(name) if self.promised else pl.DataFrame(schema=SCHEMAS[name])

    def _named(self, name: str, sql: str, codes: Iterable[str | None], by: str = "") -> pl.DataFrame:
        asked = _list(codes)
        found = self._over(name, self._ask(name, sql, asked))
        if self.promised is None:
            return found
        return found.filter(pl.col(by or KEYS[name][0]).is_in(asked))

    def _ask(self, name: str, sql: str, codes: Iterable[str | None]) -> pl.DataFrame:
        return frame_of(sql, SCHEMAS[name], [_list(codes)])

    def _over(self, name: str, found: pl.DataFrame) -> pl.DataFrame:
        if self.promised is None:
            return found
        mine = self.promised.find(name)
        return pl.concat([found.join(mine, on=list(KEYS[name]), how="anti"), mine])

    def _placed(self, territories: pl.DataFrame) -> pl.DataFrame:
        """Promised territories stand where their promised godowns do, in the State of their GSTIN."""
        if self.promised is None:
            return territories
        godowns = self.promised.find("locations").filter(pl.col("kind") == "godown").sort("code")
        first = godowns.group_by("territory", maintain_order=True).first()
        placed = territories.join(
            first.select("territory", "latitude", "longitude"), left_on="code", right_on="territory",
            how="left", suffix="_promised", maintain_order="left",
        )  # fmt: skip
        return placed.with_columns(
            pl.col("state_code").fill_null(pl.col("gstin").str.slice(0, 2)),
            pl.coalesce("latitude", "latitude_promised"), pl.coalesce("longitude", "longitude_promised"),
        ).drop("latitude_promised", "longitude_promised").sort("code")  # fmt: skip


def _list(codes: Iterable[str | None]) -> list[str]:
    return codes if isinstance(codes, list) else sorted({code for code in codes if code is not None})


def _packed(codes: pl.Series) -> Packed:
    return pack(codes.drop_nulls().unique(), "text")
