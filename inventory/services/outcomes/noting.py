"""Keeping what is predicted today, so that it can be held against what happens."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from inventory.contracts import DEFAULT_CHANNEL, DemandDistribution, MonitoringPolicy
from inventory.contracts.outcomes import Predicted
from inventory.contracts.prediction import HORIZONS
from inventory.models import Prediction, StockItem
from inventory.selectors.book.mixed import find_mixed_lives
from inventory.selectors.demand import find_common
from inventory.services.staging import rows, run
from vyapar.engine.models import Action
from vyapar.engine.selectors import get_policy, list_actions
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.lifecycle import Status

#: Days before it can no longer be sold at which a batch is predicted, once each.
EXPIRY_HORIZONS = (30, 60, 90)
#: Days without a sale that are predicted of an item, and days of demand.
DEAD_DAYS = (30, 90)
DEMAND_DAYS = 28
#: Items of a week's sample, of those flagged as dead and of the others.
SAMPLE = 5_000
#: Days after a transfer by which what it brought should have sold.
TRANSFER_DAYS = 60

_EXPIRY = """
INSERT INTO inventory_prediction (kind, subject, agent, "group", made_on, due_on, flagged, probability,
    expected, high, pieces, paise, sku_id, territory_id, position_id, disturbed)
SELECT 'expiry', 'batch:' || s.code || '/' || b.number || '@' || l.code, 'monitoring', h.days::text,
       r.as_of, b.expiry_date - r.life, r.probability_unsold >= 0.5, r.probability_unsold,
       r.expected_unsold, r.p90_unsold, p.on_hand - p.reserved,
       round(r.expected_unsold * b.cost_paise)::bigint, p.sku_id, l.territory_id, p.id, false
FROM (SELECT k.*, coalesce(m.life, %s::int) AS life FROM inventory_batchrisk k
      LEFT JOIN unnest(%s::bigint[], %s::int[]) AS m (position_id, life) ON m.position_id = k.position_id
      WHERE k.as_of = %s) r
JOIN inventory_position p ON p.id = r.position_id
JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_location l ON l.id = p.location_id
CROSS JOIN LATERAL (SELECT min(d) AS days FROM unnest(%s::int[]) d
                    WHERE b.expiry_date - r.life - r.as_of <= d) h
WHERE p.on_hand > p.reserved AND h.days IS NOT NULL
  AND b.expiry_date - r.life > r.as_of
ON CONFLICT DO NOTHING
"""
_SAMPLE = """
SELECT s.code, t.code, i.sku_id, i.territory_id, i.status = 'dead', i.current_stock, i.loss_paise, {told}
FROM (SELECT *, row_number() OVER (PARTITION BY status = 'dead'
                                   ORDER BY md5(sku_id || '@' || territory_id || %s::text)) AS turn
      FROM inventory_stockitem WHERE current_stock > 0 AND as_of = %s) i
JOIN {by} f ON f.sku_id = i.sku_id AND f.territory_id = i.territory_id
JOIN inventory_sku s ON s.id = i.sku_id JOIN inventory_territory t ON t.id = i.territory_id
WHERE i.turn <= %s ORDER BY 1, 2
"""
_BY_DEMAND = _SAMPLE.format(told="f.pattern, f.weekly_mean, f.dispersion", by="inventory_demandforecast")
_BY_PAST = _SAMPLE.format(
    told="f.as_of, f.no_sale_30, f.no_sale_60, f.no_sale_90", by="inventory_itemoutlook"
)


@transaction.atomic
def note_predictions(*, actor: Actor, at: datetime) -> int:
    """Keep the predictions that stand and are not kept yet; returns how many were.

    Batches are kept once at each of `EXPIRY_HORIZONS`; of the items a sample once a week, the same for
    the same week, with what demand and what Prediction tell of them; actions when they have been carried
    out. Nothing before the first score.
    """
    day = StockItem.objects.order_by("-as_of").values_list("as_of", flat=True).first()
    count = _note_actions()
    if day is not None:
        policy, _version = get_policy("monitoring")
        count += _note_expiry(day, policy) + _note_items(day) + _note_foreseen(day)
    if count:
        append_audit(
            actor=actor, verb="PredictionsKept", subject="outcomes", at=at, after={"predictions": count}
        )
    return count


def _note_expiry(day: date, policy: MonitoringPolicy) -> int:
    ids, lives = find_mixed_lives(day, policy, max(EXPIRY_HORIZONS))
    general, horizons = policy.minimum_life(DEFAULT_CHANNEL), list(EXPIRY_HORIZONS)
    return run(_EXPIRY, [general, ids.tolist(), lives.tolist(), day, horizons])


def _note_items(day: date) -> int:
    monday = day - timedelta(days=day.weekday())
    if Prediction.objects.filter(kind=Predicted.DEMAND, made_on__gte=monday, made_on__lte=day).exists():
        return 0
    found = rows(_BY_DEMAND, [monday.isoformat(), day, SAMPLE])
    if not found:
        return 0
    weeks = min(len(row[8]) for row in found)
    demand = DemandDistribution(
        np.array([row[8][:weeks] for row in found], dtype=np.float64),
        np.array([row[9] for row in found], dtype=np.float64),
        find_common(),
    )
    series = np.arange(len(found))
    kept = _demands(day, found, demand, series)
    for days in DEAD_DAYS:
        chances = demand.probability_at_most(series, days, 0)
        kept += [
            Prediction(
                **_item(day, row, Predicted.DEAD, days), agent="monitoring", group=str(days),
                flagged=row[4], probability=float(chance),
            )
            for row, chance in zip(found, chances, strict=True)
        ]  # fmt: skip
    return len(Prediction.objects.bulk_create(kept, batch_size=2_000, ignore_conflicts=True))


def _demands(day: date, found: list[Any], demand: DemandDistribution, series: Any) -> list[Prediction]:
    total = demand.total(series, DEMAND_DAYS)
    low, high = total.quantile(0.1), total.quantile(0.9)
    # of few pieces the interval holds more than eight in ten: its own chance is kept, to be held against
    inside = total.probability_at_most(high) - total.probability_at_most(low - 1)
    ends = zip(total.mean, low, high, inside, strict=True)
    return [
        Prediction(
            **_item(day, row, Predicted.DEMAND, DEMAND_DAYS), agent="analysis", group=row[7],
            expected=float(mean), low=float(least), high=float(most), probability=min(float(chance), 1.0),
        )
        for row, (mean, least, most, chance) in zip(found, ends, strict=True)
    ]  # fmt: skip


def _note_foreseen(day: date) -> int:
    """What Prediction tells of the week's sample, one for each of its horizons."""
    monday = day - timedelta(days=day.weekday())
    mine = Prediction.objects.filter(kind=Predicted.DEAD, agent="prediction")
    if mine.filter(made_on__gte=monday, made_on__lte=day).exists():
        return 0
    kept = [
        Prediction(
            **_item(row[7], row, Predicted.DEAD, days), agent="prediction", group=str(days),
            flagged=chance >= 0.5, probability=chance,
        )
        for row in rows(_BY_PAST, [monday.isoformat(), day, SAMPLE])
        for days, chance in zip(HORIZONS, row[8:], strict=True)
        if row[7] >= monday  # an outlook that is left from before was kept then
    ]  # fmt: skip
    return len(Prediction.objects.bulk_create(kept, batch_size=2_000, ignore_conflicts=True))


def _item(day: date, row: Any, kind: Predicted, days: int) -> dict[str, Any]:
    """What every prediction of an item has; it counts from the day itself on."""
    return {
        "kind": kind, "subject": f"item:{row[0]}@{row[1]}", "made_on": day,
        "due_on": day + timedelta(days=days - 1), "pieces": row[5], "paise": row[6],
        "sku_id": row[2], "territory_id": row[3],
    }  # fmt: skip


def _note_actions() -> int:
    """What actions that were carried out are to bring, from the day they were."""
    noted = set(Prediction.objects.filter(kind=Predicted.ACTION).values_list("action_id", flat=True))
    done = [one for one in list_actions(statuses=(Status.EXECUTED,)) if one.pk not in noted]
    kept = [_of_action(one) for one in done if one.finished_at is not None]
    return len(Prediction.objects.bulk_create(kept, ignore_conflicts=True))


def _of_action(action: Action) -> Prediction:
    made = ist_day(action.finished_at or action.updated_at)
    ends = str(action.payload.get("ends_on", ""))
    due = date.fromisoformat(ends) if ends else made + timedelta(days=TRANSFER_DAYS)
    pieces = action.evidence.get("expected_pieces", action.quantity)
    return Prediction(
        kind=Predicted.ACTION, subject=f"action:{action.pk}", agent=action.agent, group=action.kind,
        made_on=made, due_on=max(due, made), flagged=True, expected=float(pieces), pieces=action.quantity,
        paise=action.net_paise, action_id=action.pk, probability=action.confidence,
    )  # fmt: skip
