"""The closed table of what each kind of record may say, under every name systems have for it."""

from __future__ import annotations

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.fields import (
    MAX_AMOUNT_PAISE,
    MAX_QUANTITY,
    FieldSpec,
    Form,
    field,
)
from vyapar.kernel.phrases import phrase as _

_SKU = field(
    "sku", Form.CODE, _("the SKU's code"), "item code", "product code", "material", "matnr", "stock item",
    "stockitemname", "item_code", "item", "article", "p.code", "itemcode", "sku code", required=True,
)  # fmt: skip
_BATCH = field(
    "batch", Form.CODE, _("the batch number"), "batch no", "batch no.", "batchname", "batch_no", "lot",
    "lot no",
    "charg", "batch number",
)  # fmt: skip
_LOCATION = field(
    "location", Form.CODE, _("the code of a godown, van or outlet"), "godown", "godownname", "warehouse",
    "store", "werks", "lgort", "plant", "storage location", "material centre", most=40,
)  # fmt: skip
_TERRITORY = field(
    "territory", Form.CODE, _("the code of a territory"), "territory code", "sales territory", "branch",
    "area",
    most=40,
)  # fmt: skip
_QUANTITY = field(
    "quantity", Form.QUANTITY, "", "qty", "billed qty", "actualqty", "billedqty", "actual_qty", "menge",
    "closing qty", "stock", "units sold", "pcs", required=True,
)  # fmt: skip
_UNIT = field(
    "unit", Form.UNIT, "", "uom", "stock_uom", "meins", "units", "unit name", "baseunits", "packing unit"
)
_MRP = field("mrp", Form.MONEY, "", "m.r.p.", "max retail price", "mrp rate", "maximum retail price")
_COST = field(
    "cost", Form.MONEY, _("rupees a unit without GST, e.g. 61.25"), "purchase rate", "cost price", "p.rate",
    "valuation_rate", "landed cost", "purchase price", "standard cost", "prate",
)  # fmt: skip
_TRADE = field(
    "trade_price", Form.MONEY, _("rupees a piece with GST, e.g. 85.00"), "ptr", "price to retailer",
    "sale rate",
    "trade rate", "sales price", "srate", "rate a", "selling price",
)  # fmt: skip
_MADE = field(
    "manufacture_date", Form.DAY, "", "mfg date", "mfd", "mfgdate", "mfd on", "manufacturing_date",
    "date of manufacture", "hsdat", "mfg",
)  # fmt: skip
_EXPIRES = field(
    "expiry_date", Form.LAST_DAY, "", "expiry", "exp date", "exp", "expiryperiod", "best before", "use by",
    "vfdat", "expiry dt",
)  # fmt: skip
_PINCODE = field("pincode", Form.PINCODE, "", "pin", "pin code", "postal code", "zip", "pstlz", "postcode")
_ADDRESS = field(
    "address", Form.TEXT, _("an address"), "address line 1", "address1", "street", "stras", most=300
)
_PLACE = field("place", Form.TEXT, _("a town"), "city", "town", "ort01", "village", "district", most=80)
_INVOICE = field(
    "purchase_invoice", Form.CODE, _("the supplier's invoice number"), "bill no", "supplier invoice",
    "supplier invoice no", "purchase bill no", "bill_no", "xblnr", "invoice no", "pur. bill no",
)  # fmt: skip
_CANCELLED = field("cancelled", Form.FLAG, "", "iscancelled", "is cancelled", "docstatus cancelled", "void")
_NAME = field("name", Form.TEXT, _("a name"), "description", "particulars", required=True)


def _as(spec: FieldSpec, **changes: object) -> FieldSpec:
    values = {name: getattr(spec, name) for name in FieldSpec.__slots__}
    return FieldSpec(**{**values, **changes})


def _must(spec: FieldSpec, **changes: object) -> FieldSpec:
    return _as(spec, required=True, **changes)


def _own_code(says: str, most: int, *synonyms: str) -> FieldSpec:
    return field("code", Form.CODE, says, *synonyms, required=True, most=most)


FIELDS: dict[RecordKind, tuple[FieldSpec, ...]] = {
    RecordKind.TERRITORIES: (
        _own_code(_("the territory's code"), 40, "territory", "territory code", "area code"),
        _as(_NAME, most=120),
        field("gstin", Form.GSTIN, "", "gst no", "gst number", "gst registration no", required=True),
    ),
    RecordKind.LOCATIONS: (
        _own_code(_("the location's code"), 40, "location", "godown", "warehouse", "store code", "werks"),
        _NAME,
        field("kind", Form.CHOICE, _("godown, van or outlet"), "type", "location type",
              choices=("godown", "van", "outlet")),
        _TERRITORY,
        _ADDRESS,
        _PLACE,
        _must(_PINCODE),
        field("latitude", Form.DECIMAL, _("degrees north, e.g. 18.52"), "lat", least=-90, most=90),
        field("longitude", Form.DECIMAL, _("degrees east, e.g. 73.86"), "lon", "lng", "long", least=-180,
              most=180),
    ),
    RecordKind.RETAILERS: (
        field("retailer_id", Form.CODE, _("the outlet's id"), "customer code", "party code", "customer",
              "kunnr",
              "ledger code", "account code", "outlet code", "party id", "ledger", required=True, most=40),
        _as(_NAME, synonyms=("party name", "customer name", "outlet name", "name1", "ledger name",
                             "retailer")),
        _TERRITORY,
        _ADDRESS,
        _PLACE,
        _PINCODE,
        field("phone", Form.PHONE, "", "mobile", "mobile no", "phone no", "ledgermobile", "telf1",
              "contact no",
              "whatsapp no"),
        field("email", Form.EMAIL, "", "e-mail", "email id", "mail"),
        field("language", Form.LANGUAGE, "", "lang", "preferred language"),
        field("gstin", Form.GSTIN, "", "gst no", "gst number", "partygstin", "gst no.", "tin", "stcd3",
              "tax id"),
        field("channels", Form.CHANNELS, "", "channel", "preferred channel"),
        field("credit_limit", Form.MONEY, "", "creditlimit", "cr limit", "klimk", most=MAX_AMOUNT_PAISE,
              whole_row=True),
        field("outstanding", Form.MONEY, "", "closing balance", "balance", "due", "outstanding amount",
              most=MAX_AMOUNT_PAISE, least=-MAX_AMOUNT_PAISE, whole_row=True),
        field("beat", Form.TEXT, _("the beat's name"), "route", "beat name", most=40),
        field("trade_channel", Form.TRADE_CHANNEL, "", "channel of trade", "sales channel", "channel type",
              "outlet type", "class of trade", "trade type"),
        field("minimum_life_days", Form.WHOLE, _("whole days of life it wants at delivery"),
              "minimum shelf life", "min shelf life", "minimum remaining life", "minimum life", "mrsl",
              "rsl days", "remaining shelf life", least=0, most=730),
    ),
    RecordKind.SKUS: (
        _SKU,
        _as(_NAME, synonyms=("item name", "product name", "description", "maktx", "item_name", "product")),
        field("brand", Form.TEXT, _("the brand's name"), "make", "company", "manufacturer", "mfr", most=120),
        field("category", Form.TEXT, _("the category's code or name"), "group", "item group", "stock group",
              "parent", "item_group", "matkl", "product group", most=60),
        field("hsn", Form.HSN, "", "hsn code", "hsn/sac", "gst_hsn_code", "hsncode", "steuc", "hsn no",
              required=True),
        field("uqc", Form.UNIT, "", "unit", "uom", "base unit", "baseunits", "stock_uom", "meins"),
        _must(_MRP),
        _TRADE,
        _COST,
        field("weight_grams", Form.WHOLE, _("whole grams a piece"), "weight", "net weight g", "grams",
              least=0),
        field("volume_cc", Form.WHOLE, _("whole cubic centimetres a piece"), "volume", least=0),
        field("case_pack", Form.WHOLE, _("whole pieces in a case"), "case size", "pcs per case",
              "conversion",
              "pack size", "units per case", "outer", least=1, most=100_000),
        field("shelf_life_days", Form.WHOLE, _("whole days"), "shelf life", "shelf_life_in_days", "mhdhb",
              least=1, most=36_500),
        field("delisted_date", Form.DAY, "", "discontinued on", "delisted on", "end_of_life"),
        field("replaced_by", Form.CODE, _("the code of the SKU that follows"), "successor", "replacement"),
    ),
    RecordKind.PRICES: (
        _SKU,
        _MRP,
        _TRADE,
        _COST,
        field("valid_from", Form.DAY, "", "from date", "applicable from", "effective from", "datab", "w.e.f.",
              required=True),
    ),
    RecordKind.BATCHES: (_SKU, _must(_BATCH), _must(_MRP), _COST, _MADE, _EXPIRES, _INVOICE),
    RecordKind.PURCHASES: (
        _must(_INVOICE),
        field("supplier_name", Form.TEXT, _("the supplier's name"), "supplier", "vendor", "party name",
              "lifnr",
              required=True),
        field("supplier_gstin", Form.GSTIN, "", "supplier gst", "vendor gstin", "partygstin"),
        field("invoice_date", Form.DAY, "", "bill date", "posting_date", "date", "budat", required=True),
        _SKU,
        _must(_BATCH),
        _must(_LOCATION),
        _QUANTITY,
        _UNIT,
        _must(_COST, synonyms=(*_COST.synonyms, "rate", "basic rate")),
        field("tax", Form.MONEY, _("rupees of GST on the line"), "gst amount", "tax amount",
              most=MAX_AMOUNT_PAISE, whole_row=True),
        field("itc", Form.MONEY, _("rupees of credit taken on the line"), "input credit", "itc taken",
              most=MAX_AMOUNT_PAISE, whole_row=True),
        _CANCELLED,
    ),
    RecordKind.RECEIPTS: (
        field("reference", Form.CODE, _("the number of the receipt"), "grn", "grn no", "receipt note no",
              "mblnr",
              "voucher no", "purchase receipt", required=True),
        field("received_at", Form.INSTANT, "", "received on", "grn date", "date", "posting_date",
              required=True),
        _SKU,
        _BATCH,
        _must(_LOCATION),
        _QUANTITY,
        _UNIT,
        _MRP,
        _COST,
        _MADE,
        _EXPIRES,
        _INVOICE,
        _CANCELLED,
    ),
    RecordKind.STOCK: (
        _SKU,
        _BATCH,
        _must(_LOCATION),
        _QUANTITY,
        _UNIT,
        field("as_of", Form.END_OF_DAY, "", "as on", "stock date", "closing date"),
        _MRP,
        _EXPIRES,
        _MADE,
        field("value", Form.MONEY, _("rupees of the line"), "closing value", "stock value", "amount", "salk3",
              most=MAX_AMOUNT_PAISE, least=-MAX_AMOUNT_PAISE, whole_row=True),
    ),
    RecordKind.SALES: (
        field("transaction_id", Form.CODE, _("the invoice's number"), "invoice no", "bill no", "voucher no",
              "vouchernumber", "invoice", "vbeln", "document no", required=True, most=64),
        field("line", Form.WHOLE, _("a whole number"), "line no", "sr no", "posnr", "idx", least=1),
        field("retailer_id", Form.CODE, _("the outlet's id"), "customer code", "party code", "customer",
              "kunag",
              "ledger code", "party name", "partyledgername", "retailer", required=True, most=40),
        _SKU,
        _as(_BATCH, says="the number of the batch that was sold"),
        _as(_QUANTITY, most=MAX_QUANTITY, says="whole base units, negative for a return"),
        _UNIT,
        field("unit_price", Form.MONEY, _('rupees with at most two decimals, e.g. "123.45"'), "rate", "price",
              "unit rate", "netpr", "net rate", "unitprice", required=True),
        field("timestamp", Form.INSTANT, "", "date", "invoice date", "bill date", "posting_date", "fkdat",
              "voucher date", required=True, output="sold_at"),
        _TERRITORY,
        _as(_LOCATION, says="the code of the godown or van the pieces left"),
        field("gst_details", Form.JSON, "", "gst", output="gst"),
        _CANCELLED,
    ),
}  # fmt: skip

#: What makes two rows of a kind the same row.
KEYS: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.TERRITORIES: ("code",),
    RecordKind.LOCATIONS: ("code",),
    RecordKind.RETAILERS: ("retailer_id",),
    RecordKind.SKUS: ("sku",),
    RecordKind.PRICES: ("sku", "valid_from"),
    RecordKind.BATCHES: ("sku", "batch"),
    RecordKind.PURCHASES: ("purchase_invoice", "sku", "batch", "location"),
    RecordKind.RECEIPTS: ("reference", "sku", "batch", "location"),
    RecordKind.STOCK: ("sku", "batch", "location"),
    RecordKind.SALES: ("transaction_id", "line"),
}


def api_names(kind: RecordKind) -> dict[str, str]:
    """Canonical name -> name at the API, of every column that a row of a kind may have."""
    names: dict[str, str] = {}
    for spec in FIELDS[kind]:
        names[spec.name] = spec.api
        if spec.form is Form.MONEY:
            names[f"{spec.name}_paise"] = spec.api
    return names


def canonical_names(kind: RecordKind) -> dict[str, str]:
    """Name at the API -> canonical name; whole paise travel under their canonical name too."""
    return {spec.api: spec.name for spec in FIELDS[kind]}
