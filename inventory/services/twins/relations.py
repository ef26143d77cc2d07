"""Every table that refers to an outlet or a SKU, and what merging does with it.

A relation that is not named here fails a test. Codes in the text and JSON of old events, papers, messages
and imports are history and stay. The roll-up also keeps buyers by id inside a column: it is reworked.
"""

from __future__ import annotations

from enum import StrEnum


class How(StrEnum):
    """What becomes of rows that refer to the other of two twins."""

    MOVED = "moved"  # they refer to the kept one, and a trace is kept of each
    BOOKED = "booked"  # the ledger is append-only: lines are booked out here and in there
    REWORKED = "reworked"  # worked out anew from what was moved
    FORGOTTEN = "forgotten"  # an agent's opinion: put away, and back when the two are taken apart
    OWN = "own"  # it belongs to the record of the other code itself
    REFUSED = "refused"  # nothing is merged while there are open ones; closed ones are history
    HISTORY = "history"  # it says what was; what it refers to stays, empty


#: Model referred to -> model and column that refer to it -> how.
HANDLED: dict[str, dict[tuple[str, str], How]] = {
    "Retailer": {
        ("Sale", "retailer_id"): How.MOVED,
        ("CancelledSale", "retailer_id"): How.MOVED,
        ("OutletStock", "retailer_id"): How.FORGOTTEN,
    },
    "Location": {  # the outlet's place
        ("PurchaseLine", "location_id"): How.MOVED,
        ("Claim", "location_id"): How.MOVED,
        ("Position", "location_id"): How.BOOKED,
        ("Movement", "location_id"): How.BOOKED,
        ("Retailer", "outlet_id"): How.OWN,
    },
    "Sku": {
        ("Sale", "sku_id"): How.MOVED,
        ("CancelledSale", "sku_id"): How.MOVED,
        ("Batch", "sku_id"): How.MOVED,
        ("Position", "sku_id"): How.MOVED,
        ("Sku", "replaced_by_id"): How.MOVED,
        ("DailyDemand", "sku_id"): How.REWORKED,
        ("DemandForecast", "sku_id"): How.FORGOTTEN,
        ("ForecastOverride", "sku_id"): How.MOVED,  # what a person knows of it holds of the kept one
        (
            "DemandAdjustment",
            "sku_id",
        ): How.REFUSED,  # it says what its own sales count as, not the sum of both
        ("DemandOutlier", "sku_id"): How.FORGOTTEN,
        ("Offer", "sku_id"): How.MOVED,  # what was on offer is the kept one's
        ("StockItem", "sku_id"): How.FORGOTTEN,
        ("ItemOutlook", "sku_id"): How.FORGOTTEN,
        ("OutletStock", "sku_id"): How.FORGOTTEN,
        ("Prediction", "sku_id"): How.FORGOTTEN,  # what is still to be settled; the rest is history
        ("SkuPrice", "sku_id"): How.OWN,
    },
    "Batch": {  # of a number that both SKUs have
        ("PurchaseLine", "batch_id"): How.MOVED,
        ("Claim", "batch_id"): How.MOVED,
        ("Position", "batch_id"): How.BOOKED,
        ("Movement", "batch_id"): How.BOOKED,
    },
    "Position": {
        ("BatchRisk", "position_id"): How.OWN,
        ("PositionOutlook", "position_id"): How.OWN,
        ("Reservation", "position_id"): How.REFUSED,
        ("Prediction", "position_id"): How.HISTORY,
    },
}

#: Which rows are put away, where not all of them are.
ONLY = {"inventory_prediction": "AND settled_on IS NULL"}


def columns(referred: str, how: How) -> list[tuple[str, str]]:
    """Tables and columns that refer to a model and are handled in one way."""
    return [
        (f"inventory_{model.lower()}", column)
        for (model, column), one in HANDLED[referred].items()
        if one is how
    ]
