"""Why each dead or at-risk batch lies where it lies, known because the generator put it there."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from inventory.feeds.demonstration.calendar import Calendar
from inventory.feeds.demonstration.demand import DemandBook
from inventory.feeds.demonstration.plants import DELISTING, DEMAND_FELL, RETURNED
from inventory.feeds.demonstration.skus import Range
from inventory.feeds.demonstration.stockroom import LIFE_AT_SALE_DAYS, Lot

#: The thresholds by which the truth counts a batch as dead: days here and without a sale, days of
#: cover. They are the product's defaults; a distributor may set others.
DEAD_DAYS = 60
DEAD_COVER_DAYS = 180
_AVERAGE_DAYS = 60


def judged(held: Sequence[Lot], book: DemandBook, run: int) -> pl.DataFrame:
    """Per lot on hand: lot, pair, left, dead (bool) and at_risk (pieces), ordered by pair and expiry.

    A lot is dead when it has been here `DEAD_DAYS` and its SKU has not sold here for as long, or
    the stock of its pair covers `DEAD_COVER_DAYS` at the mean rate of the last sixty days, or its
    old MRP keeps it from selling. At risk are the pieces that this rate, first expiry first, does
    not sell before they have `LIFE_AT_SALE_DAYS` left.
    """
    recent = book.sold[:, max(run - _AVERAGE_DAYS, 0) : run]
    rate = recent.sum(axis=1) / _AVERAGE_DAYS
    frame = pl.DataFrame(
        {
            "lot": [x.index for x in held],
            "pair": [x.pair for x in held],
            "left": [x.left for x in held],
            "day": [x.day for x in held],
            "expiry": [x.expiry for x in held],
            "old_mrp": [x.old_mrp_bp > 0 for x in held],
        }
    ).sort("pair", "expiry", "lot")
    idle = book.sold[:, max(run - DEAD_DAYS + 1, 0) : run].sum(axis=1) == 0
    where = frame["pair"].to_numpy()
    frame = frame.with_columns(pl.Series("rate", rate[where]), pl.Series("idle", idle[where]))
    stock = pl.col("left").sum().over("pair")
    before = pl.col("left").cum_sum().over("pair") - pl.col("left")
    days = (pl.col("expiry") - run - LIFE_AT_SALE_DAYS).clip(lower_bound=0)
    sellable = (pl.col("rate") * days - before).clip(lower_bound=0).floor().cast(pl.Int64)
    aged = run - pl.col("day") >= DEAD_DAYS
    still = pl.col("idle") | (stock >= pl.col("rate") * DEAD_COVER_DAYS) | pl.col("old_mrp")
    return frame.with_columns(
        (aged & still).alias("dead"),
        (pl.col("left") - sellable).clip(lower_bound=0).alias("at_risk"),
    )


def truth(
    held: Sequence[Lot], lots: pl.DataFrame, book: DemandBook, goods: Range, when: Calendar, areas: int
) -> pl.DataFrame:
    """One row per batch that is dead, has pieces at risk, or was planted and is still here.

    The cause is the batch's own; else that of its SKU's delisting; else that of a planted batch
    that crowds the same shelf; else that outlets brought it back; else that demand fell after an
    ordinary order.
    """
    found = judged(held, book, when.run_index)
    known = lots.select("index", "cause", "sku", "territory", "location", "batch")
    received = pl.DataFrame(
        {
            "lot": [x.index for x in held],
            "received": [x.received for x in held],
            "returned": [x.returned for x in held],
        }
    )
    frame = found.join(known, left_on="lot", right_on="index", how="left").join(received, on="lot")
    delisted = goods.frame["delisted_date"].is_not_null().to_numpy()
    gone = pl.Series("gone", delisted[frame["pair"].to_numpy() // areas])
    own = pl.col("cause").replace("", None)
    crowd = own.drop_nulls().first().over("pair")
    back = pl.when(pl.col("returned") >= pl.col("left")).then(pl.lit(RETURNED))
    cause = pl.coalesce(own, pl.when(gone).then(pl.lit(DELISTING)), crowd, back, pl.lit(DEMAND_FELL))
    return (
        frame.with_columns(cause.alias("why"), own.is_not_null().alias("planted"))
        .filter(pl.col("dead") | (pl.col("at_risk") > 0) | pl.col("planted"))
        .select(
            "sku",
            "territory",
            "location",
            "batch",
            pl.col("why").alias("cause"),
            "planted",
            when.days(pl.col("day")).alias("event_date"),
            "received",
            pl.col("left").alias("on_hand"),
            "dead",
            "at_risk",
        )
        .sort("sku", "territory", "batch")
    )
