"""What the generator hands over: frames with fixed columns, money in paise, quantities in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

Distributor = Literal["demo", "second"]


@dataclass(frozen=True, slots=True)
class Masters:
    """Who and what there is, before anything moves.

    `territories`: code, name, state_code, gstin, legal_name.
    `registrations`: gstin, state_code, legal_name, trade_name, address, place, pincode, fssai.
    `locations`: code, territory, kind (godown or outlet), name, address, place, pincode, lat, lon,
    gstin (empty when unregistered).
    `retailers`: retailer_id, name, territory, location, phone, email, language, gstin, channels
    (list, most preferred first), credit_limit_paise, outstanding_paise, beat.
    `consents`: retailer_id, channel, purpose, granted, at (UTC), source; the latest row counts.
    `brands`: name, supplier_name, supplier_gstin. `categories`: code, parent (null at the top), name.
    `skus`: sku, name, brand, category, hsn, rate_item, packed, uqc, mrp_paise and
    trade_price_paise (both with GST), cost_paise (landed, without GST), weight_grams, volume_cc, case_pack,
    shelf_life_days, delisted_date, replaced_by (both null while the SKU is current).
    """

    territories: pl.DataFrame
    registrations: pl.DataFrame
    locations: pl.DataFrame
    retailers: pl.DataFrame
    consents: pl.DataFrame
    brands: pl.DataFrame
    categories: pl.DataFrame
    skus: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Ledger:
    """What moved in a span of days.

    `sales`: transaction_id, line, retailer_id, sku, quantity (negative: a return),
    unit_price_paise (per piece, with GST), at (UTC), territory, batch (that of the line's first
    piece), gst_details (JSON text, null where it was not asked for).
    `batches`: sku, batch, mrp_paise, cost_paise (without GST), manufacture_date, expiry_date,
    purchase_invoice (the first, where several brought pieces of the batch).
    `purchases`: purchase_invoice, supplier_name, supplier_gstin, date, sku, batch, location,
    quantity, cost_paise (per piece), tax_paise and itc_paise (both for the line).
    `movements`: at (UTC), sku, batch, location, kind (opening, receipt, sale, return, adjustment,
    write_off), quantity (signed), reference; in time order.
    """

    sales: pl.DataFrame
    batches: pl.DataFrame
    purchases: pl.DataFrame
    movements: pl.DataFrame


@dataclass(frozen=True, slots=True)
class DemoData:
    """One distributor as it stands on the morning of `run_day`.

    `positions`: sku, batch, location, on_hand (above zero), first_receipt_date.
    `future_sales`: as `sales` without batches, from `run_day` on; nothing else knows of them.
    `truth`: sku, territory, location, batch, cause, planted (whether the cause was set on purpose),
    event_date, received, on_hand: why each dead or at-risk batch lies where it lies.
    """

    distributor: Distributor
    run_day: date
    seed: int
    territories: pl.DataFrame
    registrations: pl.DataFrame
    locations: pl.DataFrame
    retailers: pl.DataFrame
    consents: pl.DataFrame
    brands: pl.DataFrame
    categories: pl.DataFrame
    skus: pl.DataFrame
    batches: pl.DataFrame
    purchases: pl.DataFrame
    movements: pl.DataFrame
    positions: pl.DataFrame
    sales: pl.DataFrame
    future_sales: pl.DataFrame
    truth: pl.DataFrame
