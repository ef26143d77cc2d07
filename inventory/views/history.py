"""How a SKU sold, what is expected, and when there was nothing to sell: as a chart and in days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from inventory.models import DemandAdjustment, DemandOutlier
from inventory.selectors.sku import Expected, SkuDetail, WeekSold
from vyapar.dashboard.templatetags.figures import day_text
from vyapar.kernel.money import group_indian

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


def chart(
    detail: SkuDetail,
    expected: Expected | None,
    territory: str,
    corrected: Sequence[DemandAdjustment] = (),
    outliers: Sequence[DemandOutlier] = (),
) -> dict[str, Any]:
    """Weekly sales and what is expected, with the band that 8 of 10 weeks stay within; weeks with a corrected
    day, and those that stand out, are marked.
    """
    sold = detail.history.get(territory, ())
    coming = expected.weeks if expected else ()
    first = expected.as_of if expected else None
    gap, rest = [None] * len(sold), [None] * len(coming)
    return {
        **_lines({week.starts: week.pieces for week in sold}, first, [mean for mean, _low, _high in coming]),
        **_weeks_out(sold, rest),
        "marks": _marks(sold, corrected, outliers),
        "fan": [
            {
                "name": _("8 of 10 weeks"),
                "low": gap + [low for _mean, low, _high in coming],
                "high": gap + [high for _mean, _low, high in coming],
            }
        ],
    }


def corrected_words(one: DemandAdjustment) -> str:
    """What days of the past count as, and why."""
    told = {
        "first": day_text(one.from_date), "last": day_text(one.to_date), "why": one.reason,
        "counts": group_indian(one.counts_as), "sold": group_indian(one.sold_pieces),
    }  # fmt: skip
    if one.territory_id is None:
        everywhere = _(
            "%(first)s to %(last)s, all territories together: sold %(sold)s, counts as %(counts)s (%(why)s)."
        )
        return everywhere % told
    return _("%(first)s to %(last)s: sold %(sold)s, counts as %(counts)s (%(why)s).") % told


def outlier_words(one: DemandOutlier) -> str:
    """What stands out of the past, and what it does."""
    told = {
        "first": day_text(one.from_date), "last": day_text(one.to_date),
        "sold": group_indian(one.sold_pieces), "usual": group_indian(round(one.usual_pieces)),
        "adds": group_indian(round(one.adds_pieces)),
    }  # fmt: skip
    words = _(
        "%(first)s to %(last)s stands out: sold %(sold)s, usual %(usual)s; it adds %(adds)s pieces to what "
        "is expected of 13 weeks."
    )
    return words % told


def _marks(
    sold: Sequence[WeekSold], corrected: Sequence[DemandAdjustment], outliers: Sequence[DemandOutlier]
) -> list[dict[str, str]]:
    """The first week that each touches, once: of a week with both, the correction."""
    named: dict[str, str] = {}
    for label, rows in ((_("corrected"), corrected), (_("stands out"), outliers)):
        for row in rows:
            touched = [week.starts for week in sold if week.starts + timedelta(days=7) > row.from_date]
            if touched and touched[0] <= row.to_date:
                named.setdefault(touched[0].isoformat(), label)
    return [{"x": day, "label": label} for day, label in sorted(named.items())]


def whole_chart(detail: SkuDetail) -> dict[str, Any]:
    """Weekly sales over all territories, and what is expected of them together.

    Without a band: how far territories stray together is not what each strays by itself.
    """
    starts = sorted({week.starts for weeks in detail.history.values() for week in weeks})
    sold = dict.fromkeys(starts, 0)
    for weeks in detail.history.values():
        for week in weeks:
            sold[week.starts] += week.pieces
    newest = max((one.as_of for one in detail.expected), default=None)
    coming = [one.weeks for one in detail.expected if one.as_of == newest]
    count = max(map(len, coming), default=0)
    return _lines(
        sold, newest, [sum(weeks[n][0] for weeks in coming if n < len(weeks)) for n in range(count)]
    )


def _lines(sold: Mapping[date, int], first: date | None, means: Sequence[float]) -> dict[str, Any]:
    """Pieces sold in the weeks that begin on some days, and those expected of the weeks from `first` on."""
    ahead = [first + timedelta(days=7 * n) for n in range(len(means))] if first else []
    return {
        "kind": "line",
        "unit": "pieces",
        "dates": True,
        "x": [day.isoformat() for day in (*sold, *ahead)],
        "series": [
            {
                "name": _("Sold in the week"),
                "role": "actual",
                "values": [*sold.values(), *[None] * len(ahead)],
            },
            {
                "name": _("Expected"),
                "role": "forecast",
                "values": [*[None] * len(sold), *(round(mean, 1) for mean in means)],
            },
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
