"""The page of one SKU over all territories: how it sells, where it stands, its batches."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from inventory.selectors.sku import get_sku
from inventory.views.expired import expired_words
from inventory.views.history import days_out, whole_chart
from vyapar.dashboard.access import page
from vyapar.kernel.calendar import ist_day


@page()
def sku(request: HttpRequest, sku: str) -> HttpResponseBase:
    """One SKU: sums over territories, each of which opens its own page, and every batch."""
    today = ist_day(timezone.now())
    detail = get_sku(sku, today)
    expected = {one.territory: one for one in detail.expected}
    rows: list[dict[str, Any]] = [
        {
            "item": item,
            "coming": sum(mean for mean, _low, _high in expected[item.territory].weeks[:4])
            if item.territory in expected
            else None,
            "days_out": days_out(detail, item.territory)["days"],
        }
        for item in detail.items
    ]
    return render(
        request,
        "inventory/sku.html",
        {
            "detail": detail,
            "rows": rows,
            "pieces": sum(item.current_stock for item in detail.items),
            "paise": sum(item.value_paise for item in detail.items),
            "risk_pieces": sum(item.at_risk_quantity for item in detail.items),
            "risk_paise": sum(item.at_risk_paise for item in detail.items),
            "loss_paise": sum(item.loss_paise for item in detail.items),
            "chart": whole_chart(detail),
            "expired": expired_words(sku, timezone.now()),
            "today": today,
        },
    )
