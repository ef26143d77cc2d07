"""Every lot of an item weighed now: ways out with how sure they are, the ladder, the wait, the best split."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.selectors.shelf import get_item, list_territories
from inventory.selectors.ways import WeighedLot, list_weighed_lots
from inventory.views.expired import expired_words
from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import rupees, sheet
from vyapar.dashboard.templatetags.words import plain, way_label, way_note
from vyapar.kernel.calendar import ist_day

#: Lots drawn at once; those with the most pieces come first.
LOTS = 12


@page()
def lots(request: HttpRequest, sku: str, territory: str) -> HttpResponseBase:
    """The ways out of each lot of one SKU in one territory, counted now by the policy in force."""
    item = get_item(sku, territory)
    found = list_weighed_lots(sku, ist_day(timezone.now()), territory)
    names = dict(list_territories())
    return render(
        request,
        "inventory/lots.html",
        {
            "item": item,
            "lots": [_lot(lot, names) for lot in found[:LOTS]],
            "more": max(len(found) - LOTS, 0),
            "today": ist_day(timezone.now()),
            "expired": expired_words(sku, timezone.now(), territory=territory),
        },
    )


@page()
def lots_file(request: HttpRequest, sku: str, territory: str, form: str) -> HttpResponseBase:
    """A line for each way out of every lot, with the parts that its net consists of."""
    found = list_weighed_lots(sku, ist_day(timezone.now()), territory)
    parts = sorted({name for lot in found for way in lot.ways for name in way.components})
    heads = [
        _("Batch"), _("Place"), _("Pieces"), _("Expiry"), _("Way out"), _("Open"), _("Note"),
        _("Net today, ₹"), _("Net, 1 of 10 below, ₹"), _("Net, 1 of 10 above, ₹"),
        _("A week of waiting costs, ₹"), _("Last day"), *(f"{plain(name)}, ₹" for name in parts),
    ]  # fmt: skip
    lines = (
        [
            lot.batch, lot.location, lot.pieces, lot.expiry_date, way_label(way.name),
            _("yes") if way.available else _("no"), way_note(way.note), rupees(way.net_paise),
            rupees(way.low_paise), rupees(way.high_paise), rupees(way.week_paise), way.last_day,
            *(rupees(way.components.get(name)) for name in parts),
        ]
        for lot in found
        for way in lot.ways
    )  # fmt: skip
    return sheet(lines, heads, form, name=f"ways-out-{sku}-{territory}", title=_("Ways out"))


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
