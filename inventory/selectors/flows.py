"""Reads for those who move or sell at-risk stock: what is free and will not sell, who lacks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import asin, ceil, cos, radians, sin, sqrt

import numpy as np
from django.db.models import F, Max

from inventory.contracts.channels import whole_life
from inventory.contracts.demand import DemandDistribution
from inventory.models import (
    BatchRisk,
    DemandForecast,
    Location,
    LocationKind,
    Movement,
    MovementKind,
    Position,
    Sku,
    StockItem,
)
from inventory.selectors.demand import find_common
from inventory.selectors.overrides import overridden_items, padded, weeks_of
from inventory.selectors.weekdays import weekday_shares
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import NotFound, VyaparError
from vyapar.kernel.money import BASIS_POINTS
from vyapar.kernel.phrases import phrase as _
from vyapar.law.rates import rate_for

#: Road kilometres per kilometre as the crow flies: Indian inter-city roads lie between 1.2 and 1.4.
ROAD_FACTOR = 1.3
_EARTH_KM = 6371.0
#: What sums of shares may fall short of a whole piece by.
_WHOLE = 1e-6


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One position with pieces that will not sell in time and that no action holds.

    Money in paise per piece; `net_price_paise` is the trade price without GST. `hold_paise` is what
    a piece is expected to bring if it stays. `usable_pieces` counts the SKU's free, unexpired pieces
    at the location over all batches. `whole_days`: life of the batch from manufacture to its last day of
    sale, where known.
    """

    sku: str
    name: str
    category: str
    territory: str
    location: str
    batch: str
    free_pieces: int
    usable_pieces: int
    days_to_expiry: int | None
    mrp_paise: int
    trade_price_paise: int
    net_price_paise: int
    cost_paise: int
    hold_paise: int
    rate_bp: int
    case_pack: int
    weight_grams: int
    volume_cc: int
    daily_mean: float
    score: float
    last_transfer_date: date | None
    whole_days: int | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """One SKU at one godown whose expected demand exceeds what is usable there and on its way.

    `daily_mean`: pieces per day over the horizon; `dispersion`: variance over mean of the whole of it.
    """

    sku: str
    territory: str
    location: str
    pieces: int
    net_price_paise: int
    daily_mean: float
    dispersion: float


@dataclass(frozen=True, slots=True)
class Place:
    """A godown and where it stands."""

    code: str
    name: str
    territory: str
    territory_name: str
    gstin: str
    state_code: str
    latitude: float
    longitude: float


def list_godowns() -> list[Place]:
    """Every godown, by code."""
    rows = Location.objects.filter(kind=LocationKind.GODOWN).select_related("territory__registration")
    return [
        Place(
            code=row.code,
            name=row.name,
            territory=row.territory.code,
            territory_name=row.territory.name,
            gstin=row.territory.registration.gstin,
            state_code=row.territory.registration.state_code,
            latitude=row.latitude,
            longitude=row.longitude,
        )
        for row in rows.order_by("code")
    ]


def road_km(one: Place, other: Place) -> int:
    """Road distance: great circle (haversine) times `ROAD_FACTOR`, at least 1."""
    lat, lon = radians(other.latitude - one.latitude), radians(other.longitude - one.longitude)
    inside = sin(lat / 2) ** 2 + cos(radians(one.latitude)) * cos(radians(other.latitude)) * sin(lon / 2) ** 2
    return max(1, ceil(2 * _EARTH_KM * asin(sqrt(inside)) * ROAD_FACTOR))


def list_at_risk(today: date) -> list[AtRisk]:
    """Positions at risk that can still be sold: not expired, not held; by SKU, location, batch."""
    risks = list(
        BatchRisk.objects.filter(at_risk_quantity__gt=0)
        .select_related("position__sku__category", "position__batch", "position__location__territory")
        .order_by("position__sku__code", "position__location__code", "position__batch__number")
    )
    means, scores = _means(), _scores()
    usable, moved = _usable(today), _last_transfers()
    rates = _Rates(today)
    found = []
    for risk in risks:
        position = risk.position
        batch, sku = position.batch, position.sku
        free = min(risk.at_risk_quantity, position.on_hand - position.reserved)
        if free <= 0 or (batch.expiry_date and batch.expiry_date <= today):
            continue
        rate = rates.of(sku.hsn, sku.rate_item, sku.packed)
        if rate is None:
            continue
        place = position.location
        key = (sku.pk, place.territory_id)
        found.append(
            AtRisk(
                sku=sku.code,
                name=sku.name,
                category=sku.category.name,
                territory=place.territory.code,
                location=place.code,
                batch=batch.number,
                free_pieces=free,
                usable_pieces=usable.get((sku.pk, place.pk), free),
                days_to_expiry=(batch.expiry_date - today).days if batch.expiry_date else None,
                mrp_paise=batch.mrp_paise,
                trade_price_paise=min(sku.trade_price_paise, batch.mrp_paise),
                net_price_paise=_without_gst(min(sku.trade_price_paise, batch.mrp_paise), rate),
                cost_paise=batch.cost_paise,
                hold_paise=_hold_per_piece(risk),
                rate_bp=rate,
                case_pack=sku.case_pack,
                weight_grams=sku.weight_grams,
                volume_cc=sku.volume_cc,
                daily_mean=means.get(key, (0.0, 1.0))[0],
                score=scores.get(key, 0.0),
                last_transfer_date=moved.get((batch.pk, place.pk)),
                whole_days=whole_life(batch.manufacture_date, batch.expiry_date),
            )
        )
    return found


def list_lacking(skus: Iterable[str], today: date, horizon_days: int) -> list[Lacking]:
    """Godowns that will ask for more of these SKUs within the horizon than they have, by SKU, place.

    The horizon begins today, however many days ago the forecasts were made.
    """
    asked = DemandForecast.objects.filter(sku__code__in=set(skus))
    forecasts = list(
        asked.select_related("sku__category", "territory").order_by("sku__code", "territory__code")
    )
    if not forecasts:
        return []
    age = np.array([max((today - row.as_of).days, 0) for row in forecasts])
    within = _demand(forecasts).between(np.arange(len(forecasts)), age, age + horizon_days)
    usable, coming = _usable(today), _in_transit()
    rates = _Rates(today)
    # the first godown by code keeps its territory's stock
    godowns = Location.objects.filter(kind=LocationKind.GODOWN).order_by("-code")
    godown = {one.territory_id: one for one in godowns}
    found = []
    for row, expected, variance in zip(
        forecasts, within.mean.tolist(), within.variance.tolist(), strict=True
    ):
        place = godown.get(row.territory_id)
        rate = rates.of(row.sku.hsn, row.sku.rate_item, row.sku.packed)
        if place is None or rate is None:
            continue
        key = (row.sku_id, place.pk)
        pieces = int(expected + _WHOLE) - usable.get(key, 0) - coming.get(key, 0)
        if pieces > 0:
            found.append(
                Lacking(
                    sku=row.sku.code,
                    territory=row.territory.code,
                    location=place.code,
                    pieces=pieces,
                    net_price_paise=_without_gst(row.sku.trade_price_paise, rate),
                    daily_mean=expected / horizon_days,
                    dispersion=max(1.0, variance / expected),
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class FreeStock:
    """Free, sellable pieces of one batch at one location; money in paise per piece."""

    sku: str
    batch: str
    free_pieces: int
    expiry_date: date | None
    cost_paise: int
    net_price_paise: int
    hold_paise: int
    case_pack: int
    weight_grams: int
    volume_cc: int


def list_free_stock(sku: str, location: str, sellable_on: date) -> list[FreeStock]:
    """Batches of a SKU at a location that may still be sold on a day, those that expire first first.

    `NotFound` when there is no such SKU here.
    """
    known = Sku.objects.filter(code=sku).first()
    if known is None:
        raise NotFound(_("there is no SKU %(sku)s", sku=f"{sku!r}"), code="no_such_sku")
    rate = _Rates(sellable_on).of(known.hsn, known.rate_item, known.packed) or 0
    rows = (
        Position.objects.filter(sku=known, location__code=location, on_hand__gt=F("reserved"))
        .exclude(batch__expiry_date__lte=sellable_on)
        .select_related("batch", "risk")
        .order_by(F("batch__expiry_date").asc(nulls_last=True), "batch__number")
    )
    price = _without_gst(known.trade_price_paise, rate)
    return [
        FreeStock(
            sku=sku,
            batch=row.batch.number,
            free_pieces=row.on_hand - row.reserved,
            expiry_date=row.batch.expiry_date,
            cost_paise=row.batch.cost_paise,
            net_price_paise=price,
            hold_paise=_hold_per_piece(row.risk) if hasattr(row, "risk") else price,
            case_pack=known.case_pack,
            weight_grams=known.weight_grams,
            volume_cc=known.volume_cc,
        )
        for row in rows
    ]


def _demand(forecasts: list[DemandForecast]) -> DemandDistribution:
    """What is asked for from the day of each forecast on, by weekday, with the learnt common share.

    People's overrides are in it; series number = row number.
    """
    _baseline, weeks = weeks_of(forecasts)
    shares = weekday_shares([row.territory.code for row in forecasts])
    within = [np.roll(share, -row.as_of.weekday()) for share, row in zip(shares, forecasts, strict=True)]
    spread = np.array([row.dispersion for row in forecasts])
    profile = np.arange(len(forecasts), dtype=np.int32)
    return DemandDistribution(weeks, spread, find_common(), np.array(within), profile)


class _Rates:
    """GST rates on one day by HSN and item; None where the law's table leaves them unclear."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._known: dict[tuple[str, str, bool], int | None] = {}

    def of(self, hsn: str, rate_item: str, packed: bool) -> int | None:
        key = (hsn, rate_item, packed)
        if key not in self._known:
            try:
                self._known[key] = rate_for(hsn, self._today, rate_item=rate_item, packed=packed).basis_points
            except VyaparError:
                self._known[key] = None  # compliance says so on its own page; nothing is priced on a guess
        return self._known[key]


def _without_gst(price_paise: int, rate_bp: int) -> int:
    return price_paise * BASIS_POINTS // (BASIS_POINTS + rate_bp)


def _hold_per_piece(risk: BatchRisk) -> int:
    hold = next((way for way in risk.ways_out if way["name"] == "hold"), None)
    return int(hold["net_paise"]) // max(risk.at_risk_quantity, 1) if hold else 0


def _means() -> dict[tuple[int, int], tuple[float, float]]:
    rows = list(DemandForecast.objects.values_list("sku_id", "territory_id", "weekly_mean", "dispersion"))
    ids = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
    weekly = overridden_items(padded([row[2] for row in rows]), ids[:, 0], ids[:, 1])
    daily = (weekly[:, :4].sum(axis=1) / 28).tolist()
    return {(row[0], row[1]): (mean, row[3]) for row, mean in zip(rows, daily, strict=True)}


def _scores() -> Mapping[tuple[int, int], float]:
    rows = StockItem.objects.values_list("sku_id", "territory_id", "dead_stock_score")
    return {(sku, territory): score for sku, territory, score in rows}


def _usable(today: date) -> dict[tuple[int, int], int]:
    table: dict[tuple[int, int], int] = defaultdict(int)
    rows = Position.objects.filter(on_hand__gt=0).exclude(batch__expiry_date__lte=today)
    for sku, place, on_hand, reserved in rows.values_list("sku_id", "location_id", "on_hand", "reserved"):
        table[sku, place] += on_hand - reserved
    return table


def _in_transit() -> dict[tuple[int, int], int]:
    table: dict[tuple[int, int], int] = defaultdict(int)
    rows = Position.objects.filter(in_transit__gt=0).values_list("sku_id", "location_id", "in_transit")
    for sku, place, pieces in rows:
        table[sku, place] += pieces
    return table


def _last_transfers() -> dict[tuple[int, int], date]:
    rows = (
        Movement.objects.filter(kind=MovementKind.TRANSFER_IN)
        .values("batch_id", "location_id")
        .annotate(last=Max("at"))
    )
    return {(row["batch_id"], row["location_id"]): ist_day(row["last"]) for row in rows}
