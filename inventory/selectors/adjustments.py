"""What people say that past demand counts as: those that hold, and as the forecast reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
from django.db.models import Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from inventory.forecasting.corrected import Correction
from inventory.models import DemandAdjustment
from inventory.selectors.columns import ids_of
from vyapar.kernel.calendar import ist_day


def list_adjustments(
    *, sku: str = "", territory: str = "", words: str = "", in_force: bool = False
) -> QuerySet[DemandAdjustment]:
    """The newest first, withdrawn ones too unless only those in force are asked for.

    `words` of the code or the name of a SKU. A territory's are also those of all territories of a SKU. One
    query, whichever page is read.
    """
    rows = DemandAdjustment.objects.select_related("sku", "territory").order_by("-pk")
    if sku:
        rows = rows.filter(sku__code=sku)
    if words:
        rows = rows.filter(Q(sku__code__icontains=words) | Q(sku__name__icontains=words))
    if territory:
        rows = rows.filter(Q(territory__code=territory) | Q(territory=None))
    return rows.filter(withdrawn_at=None) if in_force else rows


def list_adjustments_known(as_of: datetime, first: date) -> list[DemandAdjustment]:
    """Those that touch a day from `first` on and hold, in order; of a past day, that held then. One query."""
    rows = DemandAdjustment.objects.filter(to_date__gte=first).order_by("pk")
    if ist_day(as_of) < ist_day(timezone.now()):
        return list(rows.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=as_of), made_at__lte=as_of))
    return list(rows.filter(withdrawn_at=None))


def corrections_of(
    pairs: NDArray[np.int64], adjustments: Sequence[DemandAdjustment], first: date
) -> list[Correction]:
    """Adjustments as the history knows them that begins on `first`; `pairs` as of `codes_of`."""
    sku, territory = ids_of(pairs)
    return [
        Correction(
            rows=np.flatnonzero(
                (sku == one.sku_id) & ((territory == one.territory_id) | (one.territory_id is None))
            ),
            first=(one.from_date - first).days,
            last=(one.to_date - first).days,
            pieces=one.counts_as,
        )
        for one in adjustments
    ]


def find_in_the_way(
    sku_id: int, territory_id: int | None, from_date: date, to_date: date
) -> DemandAdjustment | None:
    """The oldest in force that speaks of one of these days there; None when all are free. One query."""
    rows = DemandAdjustment.objects.select_related("sku", "territory").filter(
        sku_id=sku_id, withdrawn_at=None, from_date__lte=to_date, to_date__gte=from_date
    )
    if territory_id is not None:
        rows = rows.filter(Q(territory_id=territory_id) | Q(territory=None))
    return rows.order_by("pk").first()
