"""The sums of each day kept small: what stock was worth and at risk, by every cut, and what was lost."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from inventory.models import ImpactDaily, StockItem
from inventory.selectors.cells import AGE_BANDS
from inventory.services.staging import run
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

_KEEP = """
INSERT INTO inventory_impactdaily (day, territory, category, brand, age, cause, status, items, pieces,
    value_paise, at_risk_pieces, at_risk_paise, loss_paise, expired_paise, written_off_paise)
SELECT %s, t.code, c.code, br.name, width_bucket(i.days_without_movement, %s::int[]) - 1, i.cause,
       i.status, count(*), sum(i.current_stock),
       sum(i.value_paise), sum(i.at_risk_quantity), sum(i.at_risk_paise), sum(i.loss_paise),
       coalesce(sum(x.paise), 0), coalesce(sum(w.paise), 0)
FROM inventory_stockitem i
JOIN inventory_sku s ON s.id = i.sku_id JOIN inventory_brand br ON br.id = s.brand_id
JOIN inventory_category c ON c.id = s.category_id JOIN inventory_territory t ON t.id = i.territory_id
LEFT JOIN (SELECT p.sku_id, l.territory_id, sum(p.on_hand * b.cost_paise)::bigint AS paise
           FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
           JOIN inventory_location l ON l.id = p.location_id
           WHERE p.on_hand > 0 AND b.expiry_date < %s GROUP BY 1, 2) x
  ON x.sku_id = i.sku_id AND x.territory_id = i.territory_id
LEFT JOIN (SELECT b.sku_id, l.territory_id, sum(-m.quantity * b.cost_paise)::bigint AS paise
           FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
           JOIN inventory_location l ON l.id = m.location_id
           WHERE m.kind = 'write_off' AND m.at >= %s::timestamp AT TIME ZONE 'Asia/Kolkata'
             AND m.at < (%s::date + 1)::timestamp AT TIME ZONE 'Asia/Kolkata' GROUP BY 1, 2) w
  ON w.sku_id = i.sku_id AND w.territory_id = i.territory_id
WHERE i.current_stock > 0 OR w.paise IS NOT NULL
GROUP BY t.code, c.code, br.name, 5, 6, i.status
"""


@transaction.atomic
def keep_impact(*, actor: Actor, at: datetime) -> int:
    """Keep the sums of the day that was scored last, in place of those kept earlier on it; returns how
    many cells they have. Without a score there is nothing to keep.
    """
    day = _scored_last()
    if day is None:
        return 0
    ImpactDaily.objects.filter(day=day).delete()
    kept = _keep(day)
    append_audit(
        actor=actor, verb="ImpactKept", subject=f"impact:{day.isoformat()}", at=at, after={"cells": kept}
    )
    return kept


def _keep(day: date) -> int:
    return run(_KEEP, [day, list(AGE_BANDS), day, day, day])


def is_impact_due() -> bool:
    """Whether a day was scored whose sums are not kept yet."""
    day = _scored_last()
    return day is not None and not ImpactDaily.objects.filter(day=day).exists()


def _scored_last() -> date | None:
    return StockItem.objects.order_by("-as_of").values_list("as_of", flat=True).first()
