"""How a SKU sold, what is expected, and when there was nothing to sell: as a chart and in days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from inventory.selectors.sku import Expected, SkuDetail, WeekSold

#: Runs of days without stock that a page shows.
_SPANS = 6


def days_out(detail: SkuDetail, territory: str) -> dict[str, Any]:
    """Days without stock in the last year: how many, when it last was so, and the runs of them."""
    days = detail.stock_outs.get(territory, ())
    runs: list[list[date]] = []
    for day in days:
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1][-1] = day
        else:
            runs.append([day, day])
    spans = [{"first": a, "last": b, "days": (b - a).days + 1} for a, b in reversed(runs)]
    return {"days": len(days), "spans": spans[:_SPANS], "more": max(0, len(spans) - _SPANS)}


def chart(detail: SkuDetail, expected: Expected | None, territory: str) -> dict[str, Any]:
    """Weekly sales and what is expected, with the band that 8 of 10 weeks stay within."""
    sold = detail.history.get(territory, ())
    coming = expected.weeks if expected else ()
    first = expected.as_of if expected else None
    ahead = [first.fromordinal(first.toordinal() + 7 * n) for n in range(len(coming))] if first else []
    gap, rest = [None] * len(sold), [None] * len(coming)
    return {
        "kind": "line",
        "unit": "pieces",
        "dates": True,
        "x": [week.starts.isoformat() for week in sold] + [day.isoformat() for day in ahead],
        "series": [
            {"name": _("Sold in the week"), "role": "actual", "values": [w.pieces for w in sold] + rest},
            {
                "name": _("Expected"),
                "role": "forecast",
                "values": gap + [round(mean, 1) for mean, _low, _high in coming],
            },
        ],
        **_weeks_out(sold, rest),
        "fan": [
            {
                "name": _("8 of 10 weeks"),
                "low": gap + [low for _mean, low, _high in coming],
                "high": gap + [high for _mean, _low, high in coming],
            }
        ],
    }


def _weeks_out(sold: Sequence[WeekSold], rest: list[None]) -> dict[str, Any]:
    """Weeks with days without stock: shaded in the chart, counted in its numbers."""
    if not any(week.days_out for week in sold):
        return {}
    shade = [
        {"from": week.starts.isoformat(), "to": (week.starts + timedelta(days=7)).isoformat(), "label": ""}
        for week in sold[:-1]
        if week.days_out
    ]
    days = [week.days_out for week in sold] + rest
    return {"shade": shade, "also": [{"name": _("Days without stock"), "values": days, "unit": "days"}]}
