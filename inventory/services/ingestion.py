"""Sales handed over as a batch: landed as sales are, with a report in the words of that door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import frame_of_records
from inventory.services.landing import land
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a batch. `accepted + duplicates + rejected` is the number of its rows, but for
    lines cancelled at the source.

    `duplicates` were recorded before with the same content and changed nothing; `faults` say what
    is wrong with each rejected row. `updated` counts SKUs and territories whose stock was told as
    changed. Pieces: see `Consumption`.
    """

    accepted: int
    duplicates: int
    rejected: int
    faults: tuple[Fault, ...]
    updated: int = 0
    found_pieces: int = 0
    expired_pieces: int = 0
    unheld_pieces: int = 0
    unbooked_pieces: int = 0
    first_day: date | None = None
    last_day: date | None = None


def ingest_sales(
    sales: pl.DataFrame | Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
    at: datetime,
    source: str,
    history: bool = False,
) -> IngestReport:
    """Record a batch of sales, whatever part of it is good, in one transaction.

    `sales`: the canonical columns of sales. Rows are known by transaction and line: sent again they
    change nothing, sent again with other content they are rejected. Batches of one distributor take
    turns. Stock is taken by `consume`; with `history` it is left alone, because the ledger of those
    days comes with the feed itself.
    """
    frame = sales if isinstance(sales, pl.DataFrame) else frame_of_records(sales)
    landed = land(RecordKind.SALES, frame, source=source, actor=actor, at=at, history=history)
    figures = landed.figures
    return IngestReport(
        landed.accepted, landed.duplicates, landed.rejected, landed.faults, figures.get("stock_updated", 0),
        figures.get("found_pieces", 0), figures.get("expired_pieces", 0), figures.get("unheld_pieces", 0),
        figures.get("unbooked_pieces", 0), landed.first_day, landed.last_day,
    )  # fmt: skip
