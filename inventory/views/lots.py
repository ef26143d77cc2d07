"""Every lot of an item weighed now: ways out with how sure they are, the ladder, the wait, the best split."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from inventory.selectors.shelf import get_item, list_territories
from inventory.selectors.ways import WeighedLot, list_weighed_lots
from vyapar.dashboard.access import page
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import NotFound

#: Lots drawn at once; those with the most pieces come first.
LOTS = 12


@page()
def lots(request: HttpRequest, sku: str, territory: str) -> HttpResponseBase:
    """The ways out of each lot of one SKU in one territory, counted now by the policy in force."""
    if "\x00" in sku + territory:
        raise Http404
    try:
        item = get_item(sku, territory)
        found = list_weighed_lots(sku, ist_day(timezone.now()), territory)
    except NotFound as error:
        raise Http404(error.message) from error
    names = dict(list_territories())
    return render(
        request,
        "inventory/lots.html",
        {
            "item": item,
            "lots": [_lot(lot, names) for lot in found[:LOTS]],
            "more": max(len(found) - LOTS, 0),
            "today": ist_day(timezone.now()),
        },
    )


def _lot(lot: WeighedLot, names: dict[str, str]) -> dict[str, Any]:
    """A lot with what its card shows beside it: the best single way and what splitting gains over it."""
    open_ways = [way for way in lot.ways if way.available]
    best = max(open_ways, key=lambda way: way.net_paise, default=None)
    parts = [
        {
            "name": share.name,
            "pieces": share.pieces,
            "net_paise": share.net_paise,
            "where": names.get(place := lot.destinations[share.lane], place)
            if share.name == "transfer"
            else "",
        }
        for share in lot.split
    ]
    return {
        "lot": lot,
        "best": best,
        "ladder": lot.ladder if any(way.name == "discount" and way.available for way in lot.ways) else (),
        "parts": parts,
        "gain_paise": lot.split_paise - best.net_paise if best and len(parts) > 1 else 0,
    }
