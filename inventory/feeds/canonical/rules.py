"""What must hold within a row, and among the rows of one sheet, beyond the form of each field."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.identities import flags_of, is_rated
from inventory.feeds.canonical.pincodes import locate
from inventory.feeds.canonical.sheet import Sheet
from inventory.feeds.canonical.texts import each_once, empty
from vyapar.kernel.phrases import phrase as _

Rule = Callable[[Sheet], None]


#: What a row must name although it only cancels.
_NAMES = {
    RecordKind.SALES: frozenset({"transaction_id", "cancelled"}),
    RecordKind.RECEIPTS: frozenset({"reference", "sku", "batch", "location", "cancelled"}),
    RecordKind.PURCHASES: frozenset({"purchase_invoice", "sku", "batch", "location", "cancelled"}),
}


def prepare(sheet: Sheet) -> None:
    """What must be known before fields are read: a cancelled row only names what it cancels."""
    if sheet.kind in _NAMES and "cancelled" in sheet.frame.columns:
        cancelled = flags_of(sheet.column("cancelled"), sheet.text("cancelled")).fill_null(False)
        if cancelled.any():
            sheet.relaxed, sheet.strict = cancelled, _NAMES[sheet.kind]


# --- sales ---------------------------------------------------------------------------------------


def _sale_days(sheet: Sheet) -> None:
    sheet.done["sold_on"] = each_once(_day_in_india, sheet.done["sold_at"])


def _day_in_india(instants: pl.Series) -> pl.Series:
    return instants.dt.convert_time_zone("Asia/Kolkata").dt.date()


def _sale_lines(sheet: Sheet) -> None:
    """A line left out is the first; a cancelled sale without one is cancelled as a whole."""
    line = sheet.done["line"]
    if sheet.relaxed is None:
        sheet.done["line"] = line.fill_null(1)
    else:
        sheet.done["line"] = line.fill_null(1).zip_with(~sheet.relaxed, line)


def _sale_quantity(sheet: Sheet) -> None:
    sheet.fault(
        sheet.done["quantity"] == 0, "quantity", "zero", _("a sale of nothing is no sale; leave the row out")
    )


def _sale_once(sheet: Sheet) -> None:
    pair = pl.DataFrame([sheet.done["transaction_id"], sheet.done["line"]])
    if sheet.relaxed is not None:
        pair = pair.with_columns(sheet.relaxed.alias("cancelled"))
    again = ~pair.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    if not again.any():
        return
    again = again & pair["transaction_id"].is_not_null()
    message = _("this transaction and line stand in the batch already")
    sheet.fault(again, "transaction_id", "repeated_in_batch", message)


# --- goods ---------------------------------------------------------------------------------------


def _positive(sheet: Sheet) -> None:
    sheet.fault(sheet.done["quantity"] <= 0, "quantity", "not_positive", _("1 piece or more"))


def _negative_stock(sheet: Sheet) -> None:
    message = _("the system says less than nothing stands here; the position is put at 0")
    sheet.warn(sheet.done["quantity"] < 0, "quantity", "negative_stock", message)


def _life(sheet: Sheet) -> None:
    made, expires = sheet.done["manufacture_date"], sheet.done["expiry_date"]
    message = _("a batch does not expire before it is made; look whether day and month are swapped")
    sheet.fault(expires < made, "expiry_date", "expires_before_made", message)


def _no_expiry(sheet: Sheet) -> None:
    message = _("without an expiry date this batch is never seen as expiring")
    sheet.warn(sheet.done["expiry_date"].is_null(), "expiry_date", "no_expiry", message)


def _no_mrp(sheet: Sheet) -> None:
    message = _("an MRP of nothing: no offer can be priced against it")
    sheet.warn(sheet.done["mrp_paise"] == 0, "mrp", "no_mrp", message)


def _cost_above_mrp(sheet: Sheet) -> None:
    above = (sheet.done["cost_paise"] > sheet.done["mrp_paise"]) & (sheet.done["mrp_paise"] > 0)
    sheet.warn(above, "cost", "cost_above_mrp", _("the cost of a piece is above its MRP: is it a case's?"))


def _trade_above_mrp(sheet: Sheet) -> None:
    above = (sheet.done["trade_price_paise"] > sheet.done["mrp_paise"]) & (sheet.done["mrp_paise"] > 0)
    sheet.warn(
        above, "trade_price", "price_above_mrp", _("nothing may be sold above its MRP: is it a case's?")
    )


def _rated(sheet: Sheet) -> None:
    hsn = sheet.done["hsn"]
    strange = [code for code in hsn.drop_nulls().unique() if not is_rated(code)]
    message = _("this HSN code is not in the table of GST rates: no tax can be worked out for it")
    sheet.warn(hsn.is_in(strange), "hsn", "hsn_unlisted", message)


def _some_price(sheet: Sheet) -> None:
    prices = [sheet.done[name] for name in ("mrp_paise", "trade_price_paise", "cost_paise")]
    nothing = prices[0].is_null() & prices[1].is_null() & prices[2].is_null()
    sheet.fault(nothing, "mrp", "no_price", _("name at least one of mrp, tradePrice and cost"))


# --- places --------------------------------------------------------------------------------------


def _pincode(sheet: Sheet) -> None:
    """A pincode India Post does not have, and a GSTIN of another State than the pincode's."""
    pincode = sheet.done["pincode"]
    if pincode.null_count() == sheet.height:
        sheet.done["pin_state"] = empty("pin_state", pl.String, sheet.height)
        return
    state = locate(pincode)["pin_state"]
    sheet.done["pin_state"] = state
    message = _("India Post has no such pincode")
    sheet.warn(pincode.is_not_null() & state.is_null(), "pincode", "unknown_pincode", message)
    if "gstin" in sheet.done:
        other = sheet.done["gstin"].str.slice(0, 2) != state
        sheet.warn(other, "gstin", "gstin_other_state", _("the GSTIN is of another State than the pincode"))


RULES: dict[RecordKind, tuple[Rule, ...]] = {
    RecordKind.TERRITORIES: (),
    RecordKind.LOCATIONS: (_pincode,),
    RecordKind.RETAILERS: (_pincode,),
    RecordKind.SKUS: (_rated, _no_mrp, _cost_above_mrp, _trade_above_mrp),
    RecordKind.PRICES: (_some_price, _cost_above_mrp, _trade_above_mrp),
    RecordKind.BATCHES: (_life, _no_expiry, _no_mrp, _cost_above_mrp),
    RecordKind.PURCHASES: (_positive,),
    RecordKind.RECEIPTS: (_positive, _life, _cost_above_mrp),
    RecordKind.STOCK: (_negative_stock, _life),
    RecordKind.SALES: (_sale_days, _sale_lines, _sale_quantity, _sale_once),
}
