"""Reads of the inventory: each a fixed number of queries."""

from inventory.selectors.book import StockBook, take_stock_snapshot
from inventory.selectors.cells import AGE_BANDS
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.distances import road_kilometres
from inventory.selectors.items import (
    Cell,
    Headline,
    ItemFilter,
    ItemPage,
    ItemRow,
    PlaceSum,
    StockTotals,
    age_band,
    get_headline,
    list_stock_items,
    sum_at_risk_by_place,
    sum_stock,
    tally_stock,
)
from inventory.selectors.sku import BatchRow, Expected, SkuDetail, WeekSold, get_sku

__all__ = [
    "AGE_BANDS",
    "BatchRow",
    "Cell",
    "Expected",
    "Headline",
    "ItemFilter",
    "ItemPage",
    "ItemRow",
    "PlaceSum",
    "SkuDetail",
    "StockBook",
    "StockTotals",
    "WeekSold",
    "age_band",
    "get_headline",
    "get_sku",
    "list_stock_items",
    "road_kilometres",
    "sum_at_risk_by_place",
    "sum_stock",
    "take_demand_snapshot",
    "take_stock_snapshot",
    "tally_stock",
]
