"""Outliers of past demand as the last forecast found them, kept until the next finds its own."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.forecasting import Forecast
from inventory.forecasting.outliers import LOOKED_AT
from inventory.forecasting.outlying import Outlier
from inventory.models import DemandAdjustment, DemandOutlier, Sku, Territory
from inventory.selectors.outliers import is_corrected


@transaction.atomic
def keep_outliers(found: Forecast) -> int:
    """Put the outliers of a forecast in the place of those before; returns how many it has.

    One whose days somebody has corrected is not renewed, for forecasts read the correction: it stays as it
    was, hidden, and is there again as soon as the correction is withdrawn.
    """
    oldest = found.as_of - timedelta(days=DAYS_PER_WEEK * LOOKED_AT)
    DemandOutlier.objects.filter(~is_corrected() | Q(from_date__lt=oldest)).delete()
    skus = dict(Sku.objects.values_list("code", "pk"))
    territories = dict(Territory.objects.values_list("code", "pk"))
    spoken = list(DemandAdjustment.objects.filter(withdrawn_at=None, to_date__gte=oldest))

    def row(one: Outlier) -> DemandOutlier:
        sku, territory = found.series_keys[one.series]
        return DemandOutlier(
            sku_id=skus[sku], territory_id=territories[territory], as_of=found.as_of, from_date=one.first,
            to_date=one.last, sold_pieces=one.sold, usual_pieces=one.usual, adds_pieces=one.adds,
            explained=dict(one.explained),
        )  # fmt: skip

    rows = [one for one in map(row, found.outliers) if not any(_says(said, one) for said in spoken)]
    return len(DemandOutlier.objects.bulk_create(rows, batch_size=1_000))


def _says(said: DemandAdjustment, row: DemandOutlier) -> bool:
    """Whether a correction says what a day of the week counts as."""
    return (
        said.sku_id == row.sku_id
        and said.territory_id in (None, row.territory_id)
        and said.from_date <= row.to_date
        and said.to_date >= row.from_date
    )
