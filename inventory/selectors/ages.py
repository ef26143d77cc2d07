"""Batches by how long they have been here or how long they last: sums by place and band, and the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, Sum, Value, When

from inventory.models import LocationKind, Position
from inventory.selectors.shelf import Cut, Sums

#: How batches may be banded: days since the first receipt, days to the last day of sale.
AGE, EXPIRY = "age", "expiry"
#: Bands beside the numbered ones: past the last day of sale; no day is known.
GONE, UNKNOWN = "expired", "none"


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches with stock are meant; what is empty does not narrow.

    `ends`: days at which bands end, rising; `band`: number of one as text, `GONE` or `UNKNOWN`.
    """

    today: date
    by: str
    ends: tuple[int, ...]
    band: str = ""
    location: str = ""
    category: str = ""
    words: str = ""

    @property
    def bands(self) -> tuple[str, ...]:
        """All bands in their order."""
        numbered = tuple(str(number) for number in range(len(self.ends) + 1))
        return (*numbered, UNKNOWN) if self.by == AGE else (GONE, *numbered, UNKNOWN)


def cut_batches(wanted: BatchFilter) -> Cut:
    """Pieces and paise at cost by place and band; bands that nothing is in are left out. One query."""
    sums = _banded(wanted).values("location__code", "location__name", "band").annotate(
        pieces=Sum("on_hand"), paise=Sum(F("on_hand") * F("batch__cost_paise")),
        risk_pieces=Sum("risk__at_risk_quantity"), risk_paise=Sum("risk__at_risk_paise"),
        batches=Count("pk"),
    )  # fmt: skip
    cells: dict[tuple[str, str], Sums] = {}
    names: dict[str, str] = {}
    for row in sums.order_by("location__name", "location__code"):
        names[row["location__code"]] = row["location__name"]
        cells[row["location__code"], row["band"]] = Sums(
            row["batches"], row["pieces"], row["paise"], row["risk_pieces"] or 0, row["risk_paise"] or 0
        )
    there = {band for _place, band in cells}
    columns = tuple((band, band) for band in wanted.bands if band in there)
    return Cut(tuple(names.items()), columns, cells)


def list_batches(wanted: BatchFilter) -> Any:
    """Positions that a filter means with their `band`, `risk` and goods: the oldest first, or what expires
    first; of equals the dearest.
    """
    first = "first_receipt_date" if wanted.by == AGE else "batch__expiry_date"
    rows = _banded(wanted).filter(band=wanted.band) if wanted.band else _banded(wanted)
    return (
        rows.annotate(paise=F("on_hand") * F("batch__cost_paise"))
        .select_related("sku", "batch", "location__territory", "risk")
        .order_by(F(first).asc(nulls_last=True), "-paise", "pk")
    )


def _banded(wanted: BatchFilter) -> Any:
    rows: Any = Position.objects.filter(on_hand__gt=0).exclude(location__kind=LocationKind.OUTLET)
    if wanted.location:
        rows = rows.filter(location__code=wanted.location)
    if wanted.category:
        rows = rows.filter(sku__category__code=wanted.category)
    if wanted.words:
        named = Q(sku__code__icontains=wanted.words) | Q(sku__name__icontains=wanted.words)
        rows = rows.filter(named | Q(batch__number__icontains=wanted.words))
    return rows.annotate(band=Case(*_BANDS[wanted.by](wanted), default=Value(wanted.bands[-2]),
                                   output_field=CharField()))  # fmt: skip


def _by_age(wanted: BatchFilter) -> list[When]:
    ends = [
        When(first_receipt_date__gte=wanted.today - timedelta(days=days), then=Value(str(number)))
        for number, days in enumerate(wanted.ends)
    ]
    return [When(first_receipt_date__isnull=True, then=Value(UNKNOWN)), *ends]


def _by_expiry(wanted: BatchFilter) -> list[When]:
    ends = [
        When(batch__expiry_date__lte=wanted.today + timedelta(days=days), then=Value(str(number)))
        for number, days in enumerate(wanted.ends)
    ]
    return [
        When(batch__expiry_date__isnull=True, then=Value(UNKNOWN)),
        When(batch__expiry_date__lt=wanted.today, then=Value(GONE)),
        *ends,
    ]


_BANDS: dict[str, Callable[[BatchFilter], list[When]]] = {AGE: _by_age, EXPIRY: _by_expiry}
