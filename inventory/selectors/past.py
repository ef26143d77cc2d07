"""Stock as it was on the morning of a past day, from the ledger; and what became of it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from inventory.contracts import NO_DAY, StockSnapshot
from inventory.contracts.arrays import Ints
from inventory.forecasting import Forecast
from inventory.models import DailyDemand, Sku, Territory
from inventory.selectors.book import (
    EARLIER_DAYS,
    OUTLETS_RECENT_DAYS,
    OUTLETS_USUAL_DAYS,
    RECENT_DAYS,
    lanes_between,
    list_places,
    rate_on,
    without_gst,
)
from inventory.selectors.columns import codes_of, ids_of, positions_of, read_columns
from inventory.selectors.weekdays import shares_of

_ORDINAL = "({} - DATE '0001-01-01' + 1)"
# The ledger up to the evening before; what moved on the day itself was not known in the morning.
_STOOD = """
SELECT m.batch_id, m.location_id, b.sku_id, l.territory_id, m.pieces, b.cost_paise, b.mrp_paise,
       b.itc_paise, coalesce({expiry}, {no_day}), coalesce({made}, 0),
       {received}, br.return_bp,
       CASE WHEN br.return_bp = 0 THEN 0 WHEN br.return_days IS NULL OR b.expiry_date IS NULL THEN {no_day}
            ELSE greatest({expiry} + br.return_days, 0) END
FROM (SELECT batch_id, location_id, sum(quantity) AS pieces,
             min((at AT TIME ZONE 'Asia/Kolkata')::date) AS first_day
      FROM inventory_movement WHERE at < %s::timestamp AT TIME ZONE 'Asia/Kolkata' GROUP BY 1, 2) m
JOIN inventory_batch b ON b.id = m.batch_id JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_brand br ON br.id = s.brand_id JOIN inventory_location l ON l.id = m.location_id
LEFT JOIN inventory_position p ON p.batch_id = m.batch_id AND p.location_id = m.location_id
WHERE m.pieces > 0 ORDER BY 1, 2
"""
_STOOD_COLUMNS = dict.fromkeys(
    ("batch", "location", "sku", "territory", "pieces", "cost", "mrp", "itc", "expiry", "made", "received",
     "return_bp", "return_until"),
    "int",
)  # fmt: skip
_SALES = """
SELECT sku_id, territory_id, coalesce(max({ordinal}) FILTER (WHERE quantity > 0), 0),
       coalesce(sum(quantity) FILTER (WHERE day >= %s::date - {recent}), 0),
       coalesce(sum(quantity) FILTER (WHERE day >= %s::date - {span} AND day < %s::date - {recent}), 0)
FROM inventory_dailydemand WHERE day < %s GROUP BY 1, 2
"""
_BUYERS = """
SELECT sku_id, territory_id, count(*) FILTER (WHERE last_day >= %s::date - {recent}), count(*)
FROM (SELECT sku_id, territory_id, retailer_id, max(sold_on) AS last_day FROM inventory_sale
      WHERE sold_on >= %s::date - {usual} AND sold_on < %s AND quantity > 0 GROUP BY 1, 2, 3) b
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True, eq=False)
class PastBook:
    """A snapshot of a past day with the ids of its batches and locations, (positions,) each."""

    snapshot: StockSnapshot
    batch_ids: Ints
    location_ids: Ints


def take_past_snapshot(day: date, forecast: Forecast) -> PastBook | None:
    """The book as it stood on the morning of a day, with demand as `forecast` then would have it.

    Prices are those in force on the day where their dates are known. What nobody kept is left out:
    pieces that actions held, statuses recorded before, terms of return other than today's. None when
    nothing stood there. A fixed number of queries.
    """
    held = _stood(day)
    if held["batch"].size == 0:
        return None
    skus: list[Any] = list(Sku.objects.order_by("pk").values_list(
        "pk", "code", "trade_price_paise", "weight_grams", "hsn", "rate_item", "packed", named=True
    ))  # fmt: skip
    territories = list(Territory.objects.order_by("pk").values_list("pk", "code", "registration_id"))
    sku_ids, territory_ids = _ints([s.pk for s in skus]), _ints([t[0] for t in territories])
    code = np.union1d(codes_of(held["sku"], held["territory"]), _forecast_codes(forecast, skus, territories))
    item_sku, item_territory = ids_of(code)
    place_codes, place_ids = list_places(held["location"])
    kilogram, days = lanes_between(territory_ids)
    rate = _ints([rate_on(day, s.hsn, s.rate_item, s.packed) for s in skus])
    trade = _trade_prices(day, skus)
    at = positions_of(sku_ids, held["sku"])
    registrations = sorted({t[2] for t in territories})
    snapshot = StockSnapshot(
        as_of=day,
        skus=tuple(s.code for s in skus),
        territories=tuple(t[1] for t in territories),
        locations=place_codes,
        item_sku=positions_of(sku_ids, item_sku).astype(np.int32),
        item_territory=positions_of(territory_ids, item_territory).astype(np.int32),
        **_sales(day, code),
        **_expected(forecast, code, skus, territories),
        position_item=positions_of(code, codes_of(held["sku"], held["territory"])).astype(np.int32),
        location=positions_of(place_ids, held["location"]).astype(np.int32),
        batch_id=held["batch"],
        on_hand=held["pieces"],
        cost_paise=held["cost"],
        mrp_paise=held["mrp"],
        net_price_paise=without_gst(np.minimum(trade[at], held["mrp"]), rate[at], held["cost"]),
        itc_paise=held["itc"],
        weight_grams=_ints([s.weight_grams for s in skus])[at],
        expiry_day=held["expiry"],
        manufacture_day=held["made"],
        first_receipt_day=held["received"],
        return_bp=held["return_bp"],
        return_until_day=np.clip(held["return_until"], 0, NO_DAY),
        territory_gstin=np.array([registrations.index(t[2]) for t in territories], dtype=np.int32),
        lane_paise_per_kg=kilogram,
        lane_days=days,
        weekday_share=shares_of(forecast.weekdays, [t[1] for t in territories]),
    )
    return PastBook(snapshot, held["batch"], held["location"])


def _stood(day: date) -> dict[str, NDArray[Any]]:
    first = "least(coalesce(p.first_receipt_date, m.first_day), m.first_day)"
    sql = _STOOD.format(
        expiry=_ORDINAL.format("b.expiry_date"), made=_ORDINAL.format("b.manufacture_date"),
        received=_ORDINAL.format(first), no_day=NO_DAY,
    )  # fmt: skip
    return read_columns(sql, _STOOD_COLUMNS, [day])


def _forecast_codes(forecast: Forecast, skus: list[Any], territories: list[Any]) -> Ints:
    sku_of = {sku.code: sku.pk for sku in skus}
    place_of = {row[1]: row[0] for row in territories}
    keys = forecast.series_keys
    return codes_of(_ints([sku_of[sku] for sku, _ in keys]), _ints([place_of[place] for _, place in keys]))


def _expected(forecast: Forecast, code: Ints, skus: list[Any], territories: list[Any]) -> dict[str, Any]:
    rows = positions_of(code, _forecast_codes(forecast, skus, territories))
    weekly = np.zeros((code.size, forecast.weekly_mean.shape[1]))
    dispersion = np.ones(code.size)
    weekly[rows], dispersion[rows] = forecast.weekly_mean, forecast.dispersion
    return {"weekly_mean": weekly, "dispersion": dispersion, "common": forecast.plan.common}


def _sales(day: date, code: Ints) -> dict[str, Any]:
    """How the items had sold by the day, in the order of their codes."""
    columns = {"sku": "int", "territory": "int"}
    sold = read_columns(
        _SALES.format(ordinal=_ORDINAL.format("day"), recent=RECENT_DAYS, span=RECENT_DAYS + EARLIER_DAYS),
        columns | dict.fromkeys(("last", "recent", "earlier"), "int"), [day] * 4,
    )  # fmt: skip
    bought = read_columns(
        _BUYERS.format(recent=OUTLETS_RECENT_DAYS, usual=OUTLETS_USUAL_DAYS),
        columns | {"outlets": "int", "usual": "int"}, [day] * 3,
    )  # fmt: skip

    def column(table: Mapping[str, NDArray[Any]], name: str) -> Ints:
        row = positions_of(code, codes_of(table["sku"], table["territory"]))
        values = np.zeros(code.size, dtype=np.int64)
        values[row[row >= 0]] = table[name][row >= 0]
        return values

    return {
        "last_sale_day": column(sold, "last"),
        "recent_daily": np.maximum(column(sold, "recent"), 0) / RECENT_DAYS,
        "earlier_daily": np.maximum(column(sold, "earlier"), 0) / EARLIER_DAYS,
        "outlets_recent": column(bought, "outlets").astype(np.int32),
        "outlets_usual": column(bought, "usual").astype(np.int32),
    }


_PRICES = """
SELECT DISTINCT ON (sku_id) sku_id, trade_price_paise FROM inventory_skuprice
WHERE valid_from <= %s AND trade_price_paise IS NOT NULL ORDER BY sku_id, valid_from DESC
"""


def _trade_prices(day: date, skus: list[Any]) -> Ints:
    """Trade prices of the day where they are dated, today's otherwise; in the order of `skus`."""
    dated = read_columns(_PRICES, {"sku": "int", "price": "int"}, [day])
    known = dict(zip(dated["sku"].tolist(), dated["price"].tolist(), strict=True))
    return _ints([known.get(sku.pk, sku.trade_price_paise) for sku in skus])


# --- what became of it ---------------------------------------------------------------------

_BECAME = """
SELECT w.n, coalesce(sum(m.quantity) FILTER (WHERE m.day <= w.until), 0),
       coalesce(-sum(m.quantity) FILTER (WHERE m.kind IN ('sale', 'return') AND m.day >= w.first
                                         AND m.day <= %s), 0),
       coalesce(-sum(m.quantity) FILTER (WHERE m.kind IN ('write_off', 'damaged', 'short')
                                         AND m.day >= w.first AND m.day <= %s), 0)
FROM (SELECT ordinality AS n, b AS batch_id, l AS location_id, %s::date AS first,
             least(DATE '0001-01-01' + u::int - 1, %s::date) AS until
      FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) WITH ORDINALITY t(b, l, u, ordinality)) w
LEFT JOIN (SELECT batch_id, location_id, kind, quantity, (at AT TIME ZONE 'Asia/Kolkata')::date AS day
           FROM inventory_movement) m
  ON m.batch_id = w.batch_id AND m.location_id = w.location_id
GROUP BY 1 ORDER BY 1
"""
_SALE_DAYS = """
SELECT sku_id, territory_id, sum(quantity), count(*) FILTER (WHERE quantity > 0) FROM inventory_dailydemand
WHERE day BETWEEN %s AND %s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True, eq=False)
class Became:
    """(positions,): pieces `left` on the evening of the last day of sale, or of the last day that is
    looked at where it comes first; `sold` and `written_off` between both days. (items,): `sale_days`,
    days with a sale between them, and `item_sold`, pieces.
    """

    left: Ints
    sold: Ints
    written_off: Ints
    sale_days: Ints
    item_sold: Ints


def what_became(book: PastBook, until: date) -> Became:
    """What became of the book from its day until another, both included. Two queries."""
    snapshot, day = book.snapshot, book.snapshot.as_of
    limit = np.minimum(snapshot.expiry_day, until.toordinal())
    found = read_columns(
        _BECAME, dict.fromkeys(("n", "left", "sold", "written_off"), "int"),
        [until, until, day, until, book.batch_ids.tolist(), book.location_ids.tolist(), limit.tolist()],
    )  # fmt: skip
    sales = read_columns(_SALE_DAYS, dict.fromkeys(("sku", "territory", "sold", "days"), "int"), [day, until])
    sku_ids = _ints(list(Sku.objects.order_by("pk").values_list("pk", flat=True)))
    place_ids = _ints(list(Territory.objects.order_by("pk").values_list("pk", flat=True)))
    code = codes_of(sku_ids[snapshot.item_sku], place_ids[snapshot.item_territory])
    row = positions_of(code, codes_of(sales["sku"], sales["territory"]))
    days, pieces = np.zeros((2, snapshot.items), dtype=np.int64)
    days[row[row >= 0]], pieces[row[row >= 0]] = sales["days"][row >= 0], sales["sold"][row >= 0]
    return Became(np.maximum(found["left"], 0), found["sold"], found["written_off"], days, pieces)


def last_known_day() -> date | None:
    """The last day of which sales are known."""
    found: date | None = DailyDemand.objects.aggregate(last=Max("day"))["last"]
    return found


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)
