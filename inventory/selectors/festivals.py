"""Festivals that the forecast in force reckons with, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from inventory.forecasting.effects import Festival, list_festivals
from inventory.models import ForecastModel, Sku, Territory

#: How far ahead a festival is told of: as far as forecasts reach.
AHEAD_DAYS = 91


@dataclass(frozen=True, slots=True)
class FestivalAhead:
    """A festival to come: its code, main `day`, how that comes about (`basis`), the days of trade before
    it, what it makes of demand (1: nothing), and how often it was seen.
    """

    festival: str
    day: date
    basis: str
    lead_days: int
    factor: float
    seen: int


@dataclass(frozen=True, slots=True)
class Known:
    """A festival of the table, its next main day, and what the training found of it (None: nothing)."""

    festival: Festival
    next_day: date | None
    found: dict[str, Any] | None


def list_known(today: date) -> tuple[Known, ...]:
    """Every festival of the table, the soonest first. One query."""
    found = {one["festival"]: one for one in list_effects() if "festival" in one}
    known = [Known(one, one.next_day(today), found.get(one.code)) for one in list_festivals()]
    return tuple(sorted(known, key=lambda one: (one.next_day or date.max, one.festival.code)))


def list_effects() -> list[dict[str, Any]]:
    """Everything that the training in force looked for, standing or not."""
    found = ForecastModel.objects.order_by("-as_of", "-pk").values_list("effects", flat=True).first()
    return list(found or ())


def list_festivals_ahead(sku: str, territory: str, today: date) -> tuple[FestivalAhead, ...]:
    """Those that stand and are kept in the territory's State, the soonest first. Three queries."""
    standing = [one for one in list_effects() if one["stands"] and "festival" in one]
    if not standing:
        return ()
    category = Sku.objects.filter(code=sku).values_list("category__code", flat=True).first()
    codes = Territory.objects.filter(code=territory).values_list("registration__state_code", flat=True)
    state = codes.first() or ""
    known = {one.code: one for one in list_festivals()}
    ahead = []
    for one in standing:
        festival, factor = known.get(one["festival"]), one["factors"].get(category)
        if festival is None or factor is None or not state.isdigit() or not festival.is_kept_in(int(state)):
            continue
        day = festival.next_day(today)
        if day is not None and day <= today + timedelta(days=AHEAD_DAYS):
            ahead.append(
                FestivalAhead(
                    festival.code, day, festival.basis, festival.lead_days, float(factor), one["seen"]
                )
            )
    return tuple(sorted(ahead, key=lambda one: (one.day, one.festival)))
