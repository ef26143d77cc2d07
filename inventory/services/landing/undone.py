"""Sales of expired goods that are no more: cancelled by their source, or brought back by the outlet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

import polars as pl

from inventory.contracts.expired import ExpiredSalesUndone, UndoneSale
from inventory.selectors.expired import ToldSale, list_told
from inventory.services.landing.errand import Errand
from inventory.services.staging import frame_of
from inventory.services.telling import emit_many

#: What was told longer ago is past being put right.
_DAYS = 180
_NAMES = """
SELECT b.id, s.code, b.number FROM inventory_batch b JOIN inventory_sku s ON s.id = b.sku_id
WHERE b.id = ANY(%s::bigint[])
"""
_SHOPS = "SELECT id, retailer_id FROM inventory_retailer WHERE id = ANY(%s::bigint[])"


def tell_cancelled(keys: pl.DataFrame, errand: Errand) -> None:
    """Tell of cancelled lines that were told as sales of expired goods. `keys`: transaction_id, line."""
    told = _told(errand)
    if told:
        gone = set(keys.select("transaction_id", "line").iter_rows())
        _tell(
            ((sale, sale.left) for sale in told if (sale.transaction_id, sale.line) in gone),
            "cancelled",
            errand,
        )


def tell_returned(new: pl.DataFrame, errand: Errand) -> None:
    """Tell of returns that name a batch which was told as sold to the same outlet past its expiry.

    `new`: judged sales, as in `tell_outdated`. A return takes back the newest sales first.
    """
    back = new.filter(pl.col("batch_id").is_not_null() & (pl.col("quantity") < 0))
    told = [sale for sale in _told(errand) if sale.named] if back.height else []
    if not told:
        return
    goods = frame_of(
        _NAMES,
        {"batch_id": pl.Int64, "sku": pl.String, "batch": pl.String},
        [back["batch_id"].unique().to_list()],
    )
    shops = frame_of(
        _SHOPS, {"retailer_id": pl.Int64, "shop": pl.String}, [back["retailer_id"].unique().to_list()]
    )
    came = back.join(goods, on="batch_id").join(shops, on="retailer_id").group_by("sku", "batch", "shop")
    pieces = {
        tuple(row[:3]): -row[3] for row in came.agg(pl.col("quantity").cast(pl.Int64).sum()).iter_rows()
    }
    _tell(_taken_back(told, pieces), "returned", errand)


def _taken_back(told: list[ToldSale], pieces: dict[tuple[str, ...], int]) -> Iterator[tuple[ToldSale, int]]:
    for sale in reversed(told):
        who = (sale.sku, sale.batch, sale.retailer_id)
        count = min(sale.left, pieces.get(who, 0))
        if count > 0:
            pieces[who] -= count
            yield sale, count


def _told(errand: Errand) -> list[ToldSale]:
    return [sale for sale in list_told(since=errand.at - timedelta(days=_DAYS)) if sale.left > 0]


def _tell(undone: Iterable[tuple[ToldSale, int]], how: str, errand: Errand) -> None:
    """One event for each subject under which they were told."""
    by_subject: dict[str, list[tuple[ToldSale, int]]] = defaultdict(list)
    for sale, count in undone:
        by_subject[sale.subject].append((sale, count))
    events = [
        (
            subject,
            ExpiredSalesUndone(
                sku=sales[0][0].sku,
                batch=sales[0][0].batch,
                how=how,
                quantity=sum(count for _sale, count in sales),
                sales=tuple(UndoneSale(sale.transaction_id, sale.line, count) for sale, count in sales),
                import_number=errand.number,
            ),
        )
        for subject, sales in sorted(by_subject.items())
    ]
    if events:
        emit_many(events, actor=errand.actor, at=errand.at)
