"""Keeping what the two agents conclude: forecasts, scores of items, risk of positions, the alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import polars as pl
from django.db import transaction

from inventory.agent.monitoring import MonitoringOutcome
from inventory.contracts import NEVER, NO_DAY, STATUSES
from inventory.contracts.arrays import Flags
from inventory.forecasting import Forecast
from inventory.impact import COMPONENTS, WAYS, WaysOut
from inventory.models import ForecastScore, Sku, Territory
from inventory.risk import LONGEST, MILLI, PARTS
from inventory.selectors.book import StockBook
from inventory.services.staging import array_text, copy_frame, run, staged
from inventory.services.telling import emit_many
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Scored:
    """What Monitoring found, beside the rows it was read from."""

    book: StockBook
    outcome: MonitoringOutcome


# --- forecasts -----------------------------------------------------------------------------

_FORECAST_TYPES = {
    "sku_id": "bigint",
    "territory_id": "bigint",
    "pattern": "text",
    "method": "text",
    "weekly_mean": "double precision[]",
    "dispersion": "double precision",
}
_KEEP_FORECASTS = """
INSERT INTO inventory_demandforecast
    (sku_id, territory_id, cycle_id, as_of, pattern, method, weekly_mean, dispersion)
SELECT sku_id, territory_id, %s, %s, pattern, method, weekly_mean, dispersion FROM {found}
ORDER BY sku_id, territory_id
ON CONFLICT (sku_id, territory_id) DO UPDATE SET
    cycle_id = excluded.cycle_id, as_of = excluded.as_of, pattern = excluded.pattern,
    method = excluded.method, weekly_mean = excluded.weekly_mean, dispersion = excluded.dispersion
"""


@transaction.atomic
def keep_forecasts(found: Forecast, *, cycle_id: int) -> int:
    """Put a forecast in force, and the back-test behind it on record; returns the series kept.

    What the forecast does not name has neither sales nor stock any more and loses its forecast.
    """
    skus = dict(Sku.objects.values_list("code", "pk"))
    territories = dict(Territory.objects.values_list("code", "pk"))
    frame = pl.DataFrame(
        {
            "sku_id": [skus[sku] for sku, _ in found.series_keys],
            "territory_id": [territories[territory] for _, territory in found.series_keys],
            "pattern": [found.pattern_of(n).value for n in range(len(found.series_keys))],
            "method": [found.method_of(n) for n in range(len(found.series_keys))],
            "weekly_mean": found.weekly_mean.tolist(),
            "dispersion": found.dispersion,
        },
        schema_overrides={"weekly_mean": pl.List(pl.Float64)},
    )
    with staged(frame.with_columns(array_text("weekly_mean")), _FORECAST_TYPES) as table:
        kept = run(_KEEP_FORECASTS.format(found=table), [cycle_id, found.as_of])
    run("DELETE FROM inventory_demandforecast WHERE cycle_id <> %s", [cycle_id])
    ForecastScore.objects.filter(cycle_id=cycle_id).delete()
    ForecastScore.objects.bulk_create(
        ForecastScore(
            cycle_id=cycle_id, as_of=found.as_of, pattern=score.pattern, method=score.method,
            chosen=score.chosen, series=score.rows, metrics=dict(score.metrics()),
        )
        for score in found.scores
    )  # fmt: skip
    return kept


# --- scores --------------------------------------------------------------------------------

_ITEM_TYPES = {
    "sku_id": "bigint", "territory_id": "bigint", "current_stock": "bigint", "reserved_stock": "bigint",
    "expiry_date": "date", "last_movement_date": "date", "average_daily_sales": "double precision",
    "days_without_movement": "integer", "cover_days": "double precision",
    "dead_stock_score": "double precision", "score_parts": "jsonb", "status": "text",
    "value_paise": "bigint", "at_risk_quantity": "bigint", "at_risk_paise": "bigint",
    "loss_paise": "bigint", "outlets_recent": "integer", "outlets_usual": "integer", "basis": "text",
}  # fmt: skip
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
def keep_scores(scored: Scored, *, cycle_id: int, actor: Actor, at: datetime) -> int:
    """Record the items and positions of a Monitoring cycle; tell of what newly is dead.

    Only what the cycle looked at is touched. Positions that ran out lose their risk. Returns how
    many items were told as dead.
    """
    today = scored.book.as_of
    with staged(_item_frame(scored), _ITEM_TYPES) as table:
        names = list(_ITEM_TYPES)
        sql = _KEEP_ITEMS.format(
            columns=", ".join(names),
            found=table,
            update=", ".join(f"{name} = excluded.{name}" for name in names[2:]),
            before=", ".join(f"i.{name}" for name in _SEEN),
            after=", ".join(f"excluded.{name}" for name in _SEEN),
        )
        run(sql, [cycle_id, today, at, at])
    if scored.book.whole:
        run("DELETE FROM inventory_batchrisk")
    else:
        run(_DROP_RISKS, [scored.book.sku_ids.tolist()])
    risks = _risk_frame(scored)
    copy_frame("inventory_batchrisk", risks.with_columns(cycle_id=pl.lit(cycle_id), as_of=pl.lit(today)))
    return _tell_dead(scored, cycle_id=cycle_id, actor=actor, at=at)


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
        }
    )


def _risk_frame(scored: Scored) -> pl.DataFrame:
    book, found = scored.book, scored.outcome.exposure
    lots, ways = scored.outcome.lots, scored.outcome.ways
    needs = lots.quantity > 0
    best = ways.best()
    dated = found.days_to_expiry < NO_DAY
    return pl.DataFrame(
        {
            "position_id": book.position_ids,
            "days_to_expiry": _maybe(found.days_to_expiry, dated),
            "expected_unsold": found.expected_unsold,
            "probability_unsold": found.probability_unsold,
            "p90_unsold": found.p90_unsold,
            "at_risk_quantity": found.at_risk,
            "at_risk_paise": found.at_risk * book.cost_paise,
            "ways_out": [_json(ways.of(lot)) if need else "[]" for lot, need in enumerate(needs.tolist())],
            "best_way": [
                WAYS[way] if need else "" for way, need in zip(best.tolist(), needs.tolist(), strict=True)
            ],
            "best_net_paise": np.where(needs, ways.net[best, np.arange(len(lots))], 0),
        }
    )


def _ways_json(ways: WaysOut, needs: Flags) -> list[str]:
    """`WaysOut.of` of each lot that needs one, as JSON without components of nothing."""
    order = np.lexsort((np.zeros_like(ways.net), -ways.net, ~ways.available), axis=0)
    lots = np.flatnonzero(needs)
    notes = {way.name: way.note for lot in _examples(ways) for way in ways.of(lot) if not way.available}
    found = ["[]"] * len(needs)
    columns = (a[..., lots].T.tolist() for a in (order, ways.net, ways.available))
    parts = ways.components[..., lots].transpose(2, 0, 1).tolist()
    for lot, turn, net, is_open, rows in zip(lots.tolist(), *columns, parts, strict=True):
        found[lot] = _json(
            [
                {
                    "name": WAYS[way],
                    "net_paise": net[way],
                    "components": {name: n for name, n in zip(COMPONENTS, rows[way], strict=True) if n},
                    "available": is_open[way],
                    "note": "" if is_open[way] else notes[WAYS[way]],
                }
                for way in turn
            ]
        )
    return found


def _examples(ways: WaysOut) -> list[int]:
    """For each way that is closed to some lot, one of those lots: it knows why."""
    return [int(row.argmin()) for row in ways.available if not row.all()]


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
