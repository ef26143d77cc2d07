"""Figures, days and little pictures as people read them: text and coordinates, never HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from vyapar.dashboard.templatetags.words import component_label, way_label, way_note
from vyapar.kernel import money as kernel_money
from vyapar.kernel import quantity as kernel_quantity
from vyapar.kernel.calendar import IST

NOTHING = "—"
Day = date | datetime | str | None


def whole(value: Any) -> int | None:
    """`value` as an integer; None when there is nothing; floats are refused, money never is one."""
    if value is None or value == "":
        return None
    if isinstance(value, float):
        raise TypeError("money and quantities are whole numbers; got a float")
    if isinstance(value, Decimal) and value != value.to_integral_value():
        raise TypeError(f"{value} is not a whole number")
    return int(value)


def short_rupees(paise: int) -> str:
    """The kernel's short form with its word in the reader's language: `₹1.23 लाख`."""
    text = kernel_money.short(paise)
    for word in (" lakh", " crore"):
        if text.endswith(word):
            return f"{text.removesuffix(word)} {gettext(word.strip())}"
    return text


def pieces_in_cases(quantity: int, case_pack: int) -> str:
    """`12 cases + 3 pieces`; only pieces when a case holds one or nothing is a full case."""
    cases, pieces = kernel_quantity.cases_and_pieces(abs(quantity), case_pack)
    sign = "-" if quantity < 0 else ""
    loose = ngettext("%s piece", "%s pieces", pieces) % kernel_money.group_indian(pieces)
    if case_pack <= 1:
        cases, loose = (
            0,
            ngettext("%s piece", "%s pieces", abs(quantity)) % (kernel_money.group_indian(abs(quantity))),
        )
    if not cases:
        return sign + loose
    full = ngettext("%s case", "%s cases", cases) % kernel_money.group_indian(cases)
    return sign + (f"{full} + {loose}" if pieces else full)


def percent(basis_points: int) -> str:
    """`1250` -> `12.5%`; at most two decimals, none that say nothing."""
    text = f"{Decimal(basis_points) / 100:.2f}".rstrip("0").rstrip(".")
    return f"{text}%"


def moment(value: Day) -> date | datetime | None:
    """A day or an aware instant in IST; ISO text is read, naive instants are taken as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(IST)
    return value


def day_text(value: Day) -> str:
    """`5 Nov 2026`, the day in India; text that is no date is returned as it came."""
    when = moment(value)
    if when is None:
        return str(value) if value else NOTHING
    return date_format(when.date() if isinstance(when, datetime) else when, "j M Y")


def instant_text(value: Day) -> str:
    """`5 Nov 2026, 14:05`, clock in India."""
    when = moment(value)
    if not isinstance(when, datetime):
        return day_text(value)
    return f"{day_text(when)}, {when:%H:%M}"


def age_text(value: Day, now: datetime | None = None) -> str:
    """How long ago or how far off, in the largest unit that still says something."""
    when = moment(value)
    if when is None:
        return str(value) if value else NOTHING
    current = (now or timezone.now()).astimezone(IST)
    if isinstance(when, datetime):
        seconds = int((current - when).total_seconds())
        if abs(seconds) < 86_400:
            return _clock_age(seconds)
        return _day_age(int(seconds / 86_400))
    return _day_age((current.date() - when).days)


def duration_text(milliseconds: int) -> str:
    """How long something took, as a person would say it."""
    seconds = milliseconds / 1000
    if seconds < 10:
        return gettext("%(n)s s") % {"n": f"{seconds:.1f}"}
    if seconds < 120:
        return gettext("%(n)s s") % {"n": round(seconds)}
    return gettext("%(n)s min") % {"n": round(seconds / 60)}


def _clock_age(seconds: int) -> str:
    size, past = abs(seconds), seconds > 0
    if size < 60:
        return gettext("just now")
    if size < 3600:
        return (gettext("%d min ago") if past else gettext("in %d min")) % (size // 60)
    return (gettext("%d h ago") if past else gettext("in %d h")) % (size // 3600)


def _day_age(days: int) -> str:
    if days == 0:
        return gettext("today")
    if abs(days) < 60:
        if days > 0:
            return ngettext("%d day ago", "%d days ago", days) % days
        return ngettext("in %d day", "in %d days", -days) % -days
    months = abs(days) // 30
    if days > 0:
        return ngettext("%d month ago", "%d months ago", months) % months
    return ngettext("in %d month", "in %d months", months) % months


def value_text(value: Any, unit: str) -> str:
    """A figure by its unit: paise, pieces, bp, days, or as it is."""
    if value is None:
        return NOTHING
    if unit == "paise":
        return kernel_money.indian(int(value))
    if unit == "bp":
        return percent(int(value))
    if isinstance(value, int):
        text = kernel_money.group_indian(value)
        days = gettext("days")
        return f"{text} {days}" if unit == "days" else text
    return str(value)


def spark(values: Sequence[float], width: int = 100, height: int = 28) -> dict[str, str]:
    """Polyline and area points of a sparkline in a `width` x `height` box; 2 units stay free."""
    if not values:
        return {"line": "", "area": "", "last": ""}
    low, high = min(0, *values), max(0, *values)
    span = (high - low) or 1
    step = width / max(len(values) - 1, 1)
    points = [(i * step, height - 2 - (value - low) / span * (height - 4)) for i, value in enumerate(values)]
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    x, y = points[-1]
    return {
        "line": line,
        "area": f"0,{height} {line} {x:.2f},{height}",
        "last": f"M{x:.2f} {y:.2f}h0",
    }


def share_of(value: float, largest: float) -> float:
    """0 to 100: how much of a bar is full."""
    return round(max(0.0, min(100.0, 100 * abs(value) / largest)), 2) if largest else 0.0


def field(item: Any, name: str, default: Any = None) -> Any:
    """`name` of a mapping or of an object: stored JSON and dataclasses are shown alike."""
    if isinstance(item, Mapping):
        return item.get(name, default)
    return getattr(item, name, default)


def compare_ways(alternatives: Sequence[Any], chosen: str) -> dict[str, Any]:
    """Ways out side by side, best net rupees first and closed ways last.

    Returns `rows` (with a bar from a common zero, 0 to 100) and `matrix` (one line per component,
    one cell per way, in the order of the rows).
    """
    ways = sorted(
        alternatives,
        key=lambda way: (not field(way, "available", True), -int(field(way, "net_paise", 0))),
    )
    nets = [int(field(way, "net_paise", 0)) for way in ways if field(way, "available", True)]
    low, high = min([0, *nets]), max([0, *nets])
    span = (high - low) or 1
    hold = next(
        (
            int(field(way, "net_paise", 0))
            for way in ways
            if field(way, "name") == "hold" and field(way, "available", True)
        ),
        None,
    )
    best = field(ways[0], "name") if nets else ""
    rows = [_way_row(way, chosen, best, low, span, hold) for way in ways]
    codes = list(dict.fromkeys(code for way in ways for code in field(way, "components", {})))
    matrix = [
        {
            "label": component_label(code),
            "cells": [field(way, "components", {}).get(code) for way in ways],
        }
        for code in codes
    ]
    return {"rows": rows, "matrix": matrix, "zero": round(100 * -low / span, 2)}


def _way_row(way: Any, chosen: str, best: str, low: int, span: int, hold: int | None) -> dict[str, Any]:
    name, net = str(field(way, "name")), int(field(way, "net_paise", 0))
    components = field(way, "components", {}) or {}
    return {
        "name": name,
        "label": way_label(name),
        "net_paise": net,
        "against_hold": None if hold is None or name == "hold" else net - hold,
        "available": field(way, "available", True),
        "note": way_note(str(field(way, "note", "") or "")),
        "chosen": name == chosen,
        "best": name == best,
        "components": [(component_label(code), int(paise)) for code, paise in components.items() if paise],
        "x": round(100 * (min(net, 0) - low) / span, 2),
        "width": round(100 * abs(net) / span, 2),
    }


def chart_rows(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers behind a declared chart as a table: `heads` and text `rows`."""
    unit = spec.get("unit", "")
    if spec["kind"] == "heat":
        cells = {(x, y): value for x, y, value in spec["cells"]}
        rows = [
            [label, *(value_text(cells.get((x, y)), unit) for x in range(len(spec["x"])))]
            for y, label in enumerate(spec["y"])
        ]
        return {"heads": ["", *spec["x"]], "rows": rows}
    if spec["kind"] == "flow":
        rows = [[f["from"], f["to"], value_text(f["value"], unit)] for f in spec["flows"]]
        return {"heads": [gettext("From"), gettext("To"), gettext("Value")], "rows": rows}
    columns = [(series["name"], series["values"]) for series in spec["series"]]
    low, high = gettext("low"), gettext("high")
    for band in spec.get("fan", ()):
        columns.append((f"{band['name']} {low}", band["low"]))
        columns.append((f"{band['name']} {high}", band["high"]))
    dated, also = spec.get("dates", False), spec.get("also", ())
    rows = [
        [
            day_text(x) if dated else x,
            *(value_text(values[i], unit) for _name, values in columns),
            *(value_text(one["values"][i], one.get("unit", "")) for one in also),
        ]
        for i, x in enumerate(spec["x"])
    ]
    heads = ["", *(name for name, _values in columns), *(one["name"] for one in also)]
    return {"heads": heads, "rows": rows}
