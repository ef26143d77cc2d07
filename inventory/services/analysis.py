"""Keeping what the two agents conclude: forecasts, scores of items, risk of positions, the alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import orjson
import polars as pl
from django.db import transaction
from numpy.typing import NDArray

from inventory.agent.monitoring import MonitoringOutcome
from inventory.contracts import NEVER, NO_DAY, STATUSES
from inventory.contracts.arrays import Ints
from inventory.impact import WAYS
from inventory.impact.packed import pack_ways
from inventory.risk import LONGEST, MILLI, PARTS
from inventory.selectors.book import StockBook
from inventory.selectors.cells import HORIZONS
from inventory.services.binary import Column
from inventory.services.cells import sums_follow
from inventory.services.staging import copy_columns, run, staged
from inventory.services.telling import emit_many
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Scored:
    """What Monitoring found, beside the rows it was read from."""

    book: StockBook
    outcome: MonitoringOutcome


# --- scores --------------------------------------------------------------------------------

_ITEM_TYPES = {
    "sku_id": "bigint", "territory_id": "bigint", "current_stock": "bigint", "reserved_stock": "bigint",
    "expiry_date": "date", "last_movement_date": "date", "average_daily_sales": "double precision",
    "days_without_movement": "integer", "cover_days": "double precision",
    "dead_stock_score": "double precision", "score_parts": "jsonb", "status": "text",
    "value_paise": "bigint", "at_risk_quantity": "bigint", "at_risk_paise": "bigint",
    "loss_paise": "bigint", "outlets_recent": "integer", "outlets_usual": "integer", "basis": "text",
    "due_30_quantity": "bigint", "due_30_paise": "bigint", "due_60_quantity": "bigint",
    "due_60_paise": "bigint", "due_90_quantity": "bigint", "due_90_paise": "bigint",
    "expired_positions": "integer", "expired_paise": "bigint",
}  # fmt: skip
_RISK_TYPES = {
    "position_id": "bigint", "cycle_id": "bigint", "as_of": "date", "days_to_expiry": "integer",
    "expected_unsold": "double precision", "probability_unsold": "double precision",
    "p90_unsold": "bigint", "at_risk_quantity": "bigint", "at_risk_paise": "bigint",
    "best_net_paise": "bigint", "best_way": "text", "ways_out": "bytea",
}  # fmt: skip
#: Where parts of a cycle over the whole book leave their risks until it closes.
_FRESH = "inventory_batchrisk_fresh"
_EPOCH = date(1970, 1, 1)
#: An item whose row says the same as before keeps its `updated_at`, so that who reads by it is spared.
_SEEN = (
    "current_stock", "reserved_stock", "expiry_date", "last_movement_date", "average_daily_sales",
    "days_without_movement", "cover_days", "dead_stock_score", "status", "value_paise",
    "at_risk_quantity", "at_risk_paise", "loss_paise",
)  # fmt: skip
_KEEP_ITEMS = """
INSERT INTO inventory_stockitem AS i ({columns}, cycle_id, as_of, detected_at, updated_at)
SELECT {columns}, %s, %s, CASE WHEN status = 'dead' THEN %s::timestamptz END, %s
FROM {found} ORDER BY sku_id, territory_id
ON CONFLICT (sku_id, territory_id) DO UPDATE SET {update},
    cycle_id = excluded.cycle_id, as_of = excluded.as_of,
    detected_at = CASE WHEN excluded.status = 'dead' AND i.status <> 'dead' THEN excluded.detected_at
                       ELSE i.detected_at END,
    updated_at = CASE WHEN ({before}) IS DISTINCT FROM ({after}) THEN excluded.updated_at
                      ELSE i.updated_at END
"""
_DROP_RISKS = """
DELETE FROM inventory_batchrisk r USING inventory_position p WHERE p.id = r.position_id AND p.sku_id = ANY(%s)
"""


@transaction.atomic
def keep_scores(scored: Scored, *, cycle_id: int, actor: Actor, at: datetime, fresh: bool = False) -> int:
    """Record the items and positions of a Monitoring cycle; tell of what newly is dead.

    Only what the cycle looked at is touched, and the sums that the pages read move with it. Positions
    that ran out lose their risk. A `fresh` part of the whole book leaves its risks aside, and
    `publish_risks` puts those of all parts in place. Returns how many items were told as dead.
    """
    today, book = scored.book.as_of, scored.book
    skus = None if book.whole else book.sku_ids.tolist()
    # the risks, nearly all that is written, come first: of several workers one at a time moves the sums
    if book.whole:
        run("DELETE FROM inventory_batchrisk")
    elif not fresh:
        run(_DROP_RISKS, [skus])
    _keep_risks(_FRESH if fresh else "inventory_batchrisk", scored, cycle_id)
    with sums_follow(skus), staged(_item_frame(scored), _ITEM_TYPES) as table:
        names = list(_ITEM_TYPES)
        sql = _KEEP_ITEMS.format(
            columns=", ".join(names),
            found=table,
            update=", ".join(f"{name} = excluded.{name}" for name in names[2:]),
            before=", ".join(f"i.{name}" for name in _SEEN),
            after=", ".join(f"excluded.{name}" for name in _SEEN),
        )
        run(sql, [cycle_id, today, at, at])
    return _tell_dead(scored, cycle_id=cycle_id, actor=actor, at=at)


@transaction.atomic
def lay_out_risks() -> None:
    """An empty table for the risks of the whole book, without an index as yet."""
    run(f"DROP TABLE IF EXISTS {_FRESH}")
    run(f"CREATE TABLE {_FRESH} (LIKE inventory_batchrisk INCLUDING DEFAULTS)")


@transaction.atomic
def publish_risks() -> None:
    """Put the risks that parts left aside in the place of those in force; readers wait a moment.

    Sorted into its indexes here, by several of Postgres' workers, a row costs the processors less than with
    the indexes in place while the parts write, and the log too.
    """
    run(f"ALTER TABLE {_FRESH} ADD CONSTRAINT {_FRESH}_pkey PRIMARY KEY (position_id)")
    run(f"CREATE INDEX {_FRESH}_worst ON {_FRESH} (at_risk_paise DESC) WHERE at_risk_quantity > 0")
    run("DROP TABLE inventory_batchrisk")
    run(f"ALTER TABLE {_FRESH} RENAME TO inventory_batchrisk")
    run(f"ALTER INDEX {_FRESH}_pkey RENAME TO inventory_batchrisk_pkey")
    run(f"ALTER INDEX {_FRESH}_worst RENAME TO batch_risk_worst")


def _tell_dead(scored: Scored, *, cycle_id: int, actor: Actor, at: datetime) -> int:
    found = scored.outcome.detected
    told = emit_many(
        ((f"stock:{one.sku}@{one.territory}", one) for one in found),
        actor=actor, at=at, cycle_id=cycle_id,
    )  # fmt: skip
    if told:
        append_audit(
            actor=actor, verb="DeadStockDetected", subject=f"cycle:{cycle_id}", at=at,
            after={
                "items": told, "loss_paise": sum(one.financial_impact_paise for one in found),
                "worst": [f"{one.sku}@{one.territory}" for one in found[:50]],
            },
        )  # fmt: skip
    return told


def _item_frame(scored: Scored) -> pl.DataFrame:
    book, outcome = scored.book, scored.outcome
    nearest = np.full(book.items, NO_DAY, dtype=np.int64)
    np.minimum.at(nearest, book.position_item, book.expiry_day)
    cover = outcome.motion.cover_days
    parts = [
        _json(dict(zip(PARTS, (value / MILLI for value in row), strict=True)))
        for row in outcome.scores.parts.tolist()
    ]
    return pl.DataFrame(
        {
            "sku_id": book.sku_ids[book.item_sku],
            "territory_id": book.territory_ids[book.item_territory],
            "current_stock": outcome.on_hand,
            "reserved_stock": outcome.reserved,
            "expiry_date": _days(nearest),
            "last_movement_date": _days(book.last_sale_day),
            "average_daily_sales": book.recent_daily,
            "days_without_movement": outcome.motion.idle_days,
            "cover_days": pl.Series(np.where(cover >= LONGEST, np.nan, cover)).fill_nan(None),
            "dead_stock_score": outcome.scores.milli / MILLI,
            "score_parts": parts,
            "status": [STATUSES[code].value for code in outcome.status.tolist()],
            "value_paise": outcome.value_paise,
            "at_risk_quantity": outcome.at_risk,
            "at_risk_paise": outcome.at_risk_paise,
            "loss_paise": outcome.loss_paise,
            "outlets_recent": book.outlets_recent,
            "outlets_usual": book.outlets_usual,
            "basis": list(book.basis),
            **_due(scored),
        }
    )


def _due(scored: Scored) -> dict[str, Ints]:
    """(items,), what of what is at risk expires within some days, and what is past its last day."""
    book, found = scored.book, scored.outcome.exposure
    days, paise = found.days_to_expiry, found.at_risk * book.cost_paise
    sums = {
        "expired_positions": book.per_item((days < 0).astype(np.int64)),
        "expired_paise": book.per_item(np.where(days < 0, book.on_hand * book.cost_paise, 0)),
    }
    for horizon in HORIZONS:
        soon = (days >= 0) & (days <= horizon)
        sums[f"due_{horizon}_quantity"] = book.per_item(np.where(soon, found.at_risk, 0))
        sums[f"due_{horizon}_paise"] = book.per_item(np.where(soon, paise, 0))
    return sums


def _keep_risks(table: str, scored: Scored, cycle_id: int) -> None:
    """The risks of all positions; those of which the same columns say something travel together."""
    needs = np.zeros(scored.book.positions, np.bool_)
    needs[scored.outcome.priced.needs] = True
    expires = scored.outcome.exposure.days_to_expiry < NO_DAY
    for which in (expires, ~expires):
        for rows, more in ((np.flatnonzero(which & ~needs), False), (np.flatnonzero(which & needs), True)):
            columns = _risk_columns(scored, rows, cycle_id)
            copy_columns(table, columns | (_needed(scored, rows) if more else {}), _RISK_TYPES, rows.size)


def _risk_columns(scored: Scored, rows: NDArray[np.intp], cycle_id: int) -> dict[str, Column]:
    """Some positions, all of which expire or none, as if none of them needed a way out."""
    book, found = scored.book, scored.outcome.exposure
    days = found.days_to_expiry[rows]
    return {
        "position_id": book.position_ids[rows],
        "cycle_id": cycle_id,
        "as_of": (book.as_of - _EPOCH).days,
        "days_to_expiry": days if (days < NO_DAY).all() else None,
        "expected_unsold": found.expected_unsold[rows],
        "probability_unsold": found.probability_unsold[rows],
        "p90_unsold": found.p90_unsold[rows],
        **dict.fromkeys(("at_risk_quantity", "at_risk_paise", "best_net_paise"), 0),
        **dict.fromkeys(("ways_out", "best_way"), ""),
    }


def _needed(scored: Scored, rows: NDArray[np.intp]) -> dict[str, Column]:
    """What is said of positions that all need a way out."""
    book, found, priced = scored.book, scored.outcome.exposure, scored.outcome.priced
    mine = np.searchsorted(priced.needs, rows)
    best = priced.ways.best()[mine]
    return {
        "at_risk_quantity": found.at_risk[rows],
        "at_risk_paise": found.at_risk[rows] * book.cost_paise[rows],
        "best_net_paise": priced.ways.net[best, mine],
        "best_way": [_WAY_NAMES[code] for code in best.tolist()],
        "ways_out": pack_ways(priced.ways, mine),
    }


_WAY_NAMES = [name.encode() for name in WAYS]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _maybe(values: Any, known: Any) -> pl.Series:
    """Whole numbers, null where not known."""
    return pl.select(pl.when(pl.lit(pl.Series(known))).then(pl.lit(pl.Series(values)))).to_series()


def _days(ordinals: Any) -> pl.Series:
    """Ordinals as days; null for `NEVER` and `NO_DAY`."""
    epoch = 719_163  # ordinal of 1 January 1970
    known = (ordinals != NEVER) & (ordinals < NO_DAY)
    return _maybe(np.where(known, ordinals - epoch, 0).astype(np.int32), known).cast(pl.Date)
