"""What is known of prices to come and of offers, own and past ones too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.contracts.offers import SeriesOffer
from inventory.models import Offer, Sku, SkuPrice
from inventory.selectors.columns import codes_of, positions_of
from vyapar.kernel.calendar import ist_day

#: Weeks ahead that prices are told of; the last goes on.
WEEKS_AHEAD = 26
#: No price to come is taken to be further off than this, either way.
_FURTHEST = 0.75
_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class OfferAhead:
    """An offer that holds or is to come: its days, both included, what comes off, and the pieces it has."""

    from_date: date
    to_date: date
    discount_bp: int
    pieces: int


def off_ahead(sku: NDArray[np.int64], today: date) -> NDArray[np.float64]:
    """(series, WEEKS_AHEAD), share that the price known to come is below today's; no column without any.

    Asked of a past day, prices from later days were not known yet. Offers are told by `series_offers`.
    """
    to_come = SkuPrice.objects.filter(valid_from__gt=today).exclude(trade_price_paise=None)
    found = list(to_come.order_by("valid_from").values_list("sku_id", "valid_from", "trade_price_paise"))
    if not found or today < ist_day(timezone.now()):
        return np.zeros((sku.size, 0))
    now = dict(Sku.objects.filter(pk__in={one[0] for one in found}).values_list("pk", "trade_price_paise"))
    off = np.zeros((sku.size, WEEKS_AHEAD * DAYS_PER_WEEK))
    for pk, day, price in found:
        if now.get(pk) and price is not None:
            share = np.clip(1.0 - price / now[pk], -_FURTHEST, _FURTHEST)
            off[sku == pk, (day - today).days :] = share
    return np.asarray(off.reshape(sku.size, WEEKS_AHEAD, DAYS_PER_WEEK).mean(axis=2))


def series_offers(pairs: NDArray[np.int64], first: date, today: date) -> tuple[SeriesOffer, ...]:
    """Offers of SKU and territory `pairs` (see `codes_of`) on days from `first` on, in a fixed order.

    Asked of a past day, what was announced or withdrawn later was not known yet; nor is an offer known that
    ended before it began.
    """
    rows = list(Offer.objects.filter(to_date__gte=first).order_by("from_date", "origin", "number"))
    if not rows:
        return ()
    sku, place = np.array([(row.sku_id, row.territory_id) for row in rows], dtype=np.int64).T
    series = positions_of(pairs, codes_of(sku, place)).tolist()
    found = []
    for row, number in zip(rows, series, strict=True):
        last = last_day(row, today)
        if number < 0 or last is None or last < first:
            continue
        found.append(
            SeriesOffer(
                series=number,
                first_day=(row.from_date - today).days,
                last_day=(last - today).days,
                off=min(row.discount_bp / _BASIS_POINTS, _FURTHEST),
                pieces=row.pieces,
                days=(row.to_date - row.from_date).days + 1,
            )
        )
    return tuple(found)


def list_offers_ahead(sku: str, territory: str, today: date) -> tuple[OfferAhead, ...]:
    """Those of an item that hold on a day or are to come, the soonest first. One query."""
    rows = Offer.objects.filter(sku__code=sku, territory__code=territory, to_date__gte=today)
    return tuple(_ahead(rows.order_by("from_date", "to_date", "pk"), today))


def last_day(row: Offer, today: date) -> date | None:
    """The last day on which an offer holds, as known in the morning of a day; None when there is none."""
    if ist_day(row.announced_at) > today:
        return None
    last = row.to_date
    if row.over_on is not None and row.over_on <= today:
        last = min(last, row.over_on - timedelta(days=1))
    return last if last >= row.from_date else None


def _ahead(rows: Iterable[Offer], today: date) -> Iterable[OfferAhead]:
    for row in rows:
        last = last_day(row, today)
        if last is not None and last >= today:
            yield OfferAhead(row.from_date, last, row.discount_bp, row.pieces)
