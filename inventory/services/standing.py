"""What stands at outlets kept day by day, so that it may be cut on any day that was."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from django.db import transaction
from django.db.models import Max

from inventory.models import OutletStock, StandingDay
from inventory.risk.outlets import standing, stands_there
from inventory.risk.standing_days import CUTS, MEASURES, pack_day
from inventory.selectors.cells import AGE_BANDS
from inventory.selectors.outlook import PastBook
from inventory.selectors.standing import STANDING_CELLS, STOPPED, TRIED_ONCE
from inventory.services.staging import frame_of
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

#: Mornings before the first that was kept, and the days between two of them, that are counted later.
PAST_MORNINGS, PAST_STEP = 26, 7
_KINDS = {
    **dict.fromkeys(CUTS, pl.String), "age": pl.Int64, **dict.fromkeys(MEASURES, pl.Int64),
}  # fmt: skip


@transaction.atomic
def keep_standing(*, actor: Actor, at: datetime) -> int:
    """Keep what stands at outlets as it was found last, in place of what was kept of that morning; returns
    how many cells it has. Where nothing was found to stand there is nothing to keep.
    """
    day = OutletStock.objects.aggregate(day=Max("as_of"))["day"]
    if day is None:
        return 0
    cells = frame_of(STANDING_CELLS, _KINDS, [day, list(AGE_BANDS), TRIED_ONCE, STOPPED])
    _keep(day, cells, at, recounted=False)
    append_audit(
        actor=actor, verb="StandingKept", subject=f"standing:{day.isoformat()}", at=at,
        after={"cells": cells.height},
    )  # fmt: skip
    return cells.height


@transaction.atomic
def recount_standing(book: PastBook, *, actor: Actor, at: datetime) -> int:
    """Count from the sales what stood on mornings before the first that was kept; returns how many.

    By the same rule, from what had been sold by each morning; names and places are today's. Done once:
    nothing is counted when more than one day is there already.
    """
    today, days = book.as_of, book.history.days
    if StandingDay.objects.exclude(day=today).exists():
        return 0
    policy, _version = get_policy("prediction", today)
    names = _Names.read()
    kept = 0
    for back in range(PAST_STEP, PAST_STEP * PAST_MORNINGS + 1, PAST_STEP):
        day, cut = today - timedelta(days=back), days - back
        if cut < policy.least_days:
            break
        history = book.history.until(cut)
        found = standing(history, policy)
        rows = np.flatnonzero(stands_there(found))
        item = history.pair_item[rows]
        frame = pl.DataFrame(
            {
                "retailer_id": book.outlet_ids[history.pair_outlet[rows]],
                "sku_id": book.item_skus[item],
                "territory_id": book.item_territories[item],
                "age": np.searchsorted(AGE_BANDS, found.idle_days[rows], side="right") - 1,
                "cause": np.where(found.orders[rows] <= 1, TRIED_ONCE, STOPPED).tolist(),
                "pieces": found.pieces[rows],
                "expected_paise": found.expected_paise[rows],
            }
        )
        _keep(day, names.cells(frame), at, recounted=True)
        kept += 1
    if kept:
        append_audit(actor=actor, verb="StandingRecounted", subject="standing", at=at, after={"days": kept})
    return kept


# --- parts ---------------------------------------------------------------------------------


def _keep(day: date, cells: pl.DataFrame, at: datetime, *, recounted: bool) -> None:
    sums = {name: int(cells[name].sum()) for name in MEASURES}
    row = {"kept_at": at, "recounted": recounted, "body": pack_day(cells), **sums}
    StandingDay.objects.update_or_create(day=day, defaults=row)


class _Names:
    """What outlets, goods and places are called."""

    def __init__(self, retailers: pl.DataFrame, skus: pl.DataFrame, territories: pl.DataFrame) -> None:
        self.retailers, self.skus, self.territories = retailers, skus, territories

    @classmethod
    def read(cls) -> _Names:
        def read(sql: str, *names: str) -> pl.DataFrame:
            return frame_of(sql, {names[0]: pl.Int64, **dict.fromkeys(names[1:], pl.String)})

        return cls(
            read("SELECT id, retailer_id, beat FROM inventory_retailer", "retailer_id", "outlet", "beat"),
            read(
                "SELECT s.id, c.code, b.name FROM inventory_sku s "
                "JOIN inventory_category c ON c.id = s.category_id "
                "JOIN inventory_brand b ON b.id = s.brand_id", "sku_id", "category", "brand",
            ),
            read("SELECT id, code FROM inventory_territory", "territory_id", "territory"),
        )  # fmt: skip

    def cells(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows by id as cells by name."""
        named = rows.join(self.retailers, on="retailer_id").join(self.skus, on="sku_id")
        named = named.join(self.territories, on="territory_id")
        return named.group_by(CUTS).agg(
            pl.col("expected_paise").sum(), pl.col("pieces").sum(), pl.len().alias("items")
        )
