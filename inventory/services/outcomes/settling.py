"""What happened, from the ledger and the sales, written beside what was predicted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from inventory.contracts.outcomes import UNCHANGED, Factor, Predicted
from inventory.models import DailyDemand, Prediction
from inventory.selectors.outcomes import last_bills, learnt_of
from inventory.services.staging import rows, run
from vyapar.engine.models import Action, Event
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.money import parse_rupees

# What is left of the batch there on the evening of the last day; anything but sales, and what came
# back of them, is a disturbance: somebody acted, and the prediction was of what happens if nobody does.
_EXPIRY = """
UPDATE inventory_prediction n SET settled_on = %s, disturbed = f.others > 0,
    happened = CASE WHEN f.standing > 0 THEN 1 ELSE 0 END,
    realised_paise = greatest(least(f.standing, n.pieces), 0) * f.cost_paise
FROM (SELECT n.id, b.cost_paise, coalesce(sum(m.quantity), 0) AS standing,
             coalesce(sum(abs(m.quantity)) FILTER (
                 WHERE m.kind NOT IN ('sale', 'return', 'found')
                   AND (m.at AT TIME ZONE 'Asia/Kolkata')::date > n.made_on), 0) AS others
      FROM inventory_prediction n
      JOIN inventory_position p ON p.id = n.position_id
      JOIN inventory_batch b ON b.id = p.batch_id
      LEFT JOIN inventory_movement m ON m.batch_id = p.batch_id AND m.location_id = p.location_id
          AND (m.at AT TIME ZONE 'Asia/Kolkata')::date <= n.due_on
      WHERE n.kind = 'expiry' AND n.settled_on IS NULL AND n.due_on <= %s
      GROUP BY n.id, b.cost_paise) f
WHERE f.id = n.id
"""
_ITEMS = """
UPDATE inventory_prediction n SET settled_on = %s, disturbed = n.kind = 'dead' AND f.others > 0,
    happened = CASE WHEN n.kind = 'demand' THEN greatest(f.sold, 0)
                    WHEN f.sale_days = 0 THEN 1 ELSE 0 END,
    realised_paise = CASE WHEN n.kind = 'dead' AND f.sale_days = 0 THEN n.paise ELSE 0 END
FROM (SELECT n.id, coalesce(d.sold, 0) AS sold, coalesce(d.sale_days, 0) AS sale_days,
             coalesce(o.others, 0) AS others
      FROM inventory_prediction n
      LEFT JOIN LATERAL (SELECT sum(quantity) AS sold, count(*) FILTER (WHERE quantity > 0) AS sale_days
                         FROM inventory_dailydemand d WHERE d.sku_id = n.sku_id
                           AND d.territory_id = n.territory_id AND d.day BETWEEN n.made_on AND n.due_on) d
        ON true
      LEFT JOIN LATERAL (SELECT count(*) AS others FROM inventory_batch b
                         JOIN inventory_movement m ON m.batch_id = b.id
                         JOIN inventory_location l ON l.id = m.location_id
                         WHERE b.sku_id = n.sku_id AND l.territory_id = n.territory_id AND m.quantity < 0
                           AND m.kind NOT IN ('sale', 'return')
                           AND (m.at AT TIME ZONE 'Asia/Kolkata')::date BETWEEN n.made_on AND n.due_on) o
        ON n.kind = 'dead'
      WHERE n.kind IN ('dead', 'demand') AND n.settled_on IS NULL AND n.due_on <= %s) f
WHERE f.id = n.id
"""
# Pieces that a transfer brought to a place and that were sold there since, oldest lines first, at the
# territory's own price of those days without the tax that predictions leave out too.
_MOVED_IN = """
SELECT m.batch_id, m.location_id, b.sku_id, l.territory_id, sum(m.quantity), min(m.at)
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id
WHERE m.action_id = %s AND m.kind = 'transfer_in' GROUP BY 1, 2, 3, 4 HAVING sum(m.quantity) > 0
"""
_SOLD_THERE = """
SELECT coalesce(-sum(quantity), 0) FROM inventory_movement
WHERE batch_id = %s AND location_id = %s AND kind IN ('sale', 'return') AND at >= %s
  AND (at AT TIME ZONE 'Asia/Kolkata')::date <= %s
"""


@transaction.atomic
def settle_predictions(*, actor: Actor, at: datetime) -> int:
    """Set every prediction whose last day is over against what happened; returns how many.

    Only days up to which sales are known count: a feed that is late settles nothing. What an action
    brought is settled when its days are over and, for an offer, when it has ended.
    """
    known = DailyDemand.objects.aggregate(last=Max("day"))["last"]
    if known is None:
        return 0
    day = min(ist_day(at) - timedelta(days=1), known)
    today = ist_day(at)
    count = run(_EXPIRY, [today, day]) + run(_ITEMS, [today, day])
    due = Prediction.objects.filter(kind=Predicted.ACTION, settled_on__isnull=True, due_on__lte=day)
    count += sum(_settle_action(one, today) for one in due.order_by("pk"))
    if count:
        append_audit(
            actor=actor, verb="PredictionsSettled", subject="outcomes", at=at, after={"predictions": count}
        )
    return count


def _settle_action(prediction: Prediction, today: date) -> int:
    """1 when what an action brought is known, 0 when it is not yet."""
    action = Action.objects.filter(pk=prediction.action_id).first() if prediction.action_id else None
    if action is None:
        return 0
    if action.status == "rolled_back":
        brought: tuple[float, int] | None = (0.0, 0)
        prediction.disturbed = True
    elif ended := _ended(action.pk):
        brought = _of_offer(action, ended)
    else:
        brought = _of_transfer(action, prediction.due_on)
    if brought is None:
        return 0
    prediction.happened, prediction.realised_paise = brought
    prediction.settled_on = today
    prediction.save(update_fields=["happened", "realised_paise", "settled_on", "disturbed"])
    return 1


def _ended(action_id: UUID) -> Mapping[str, Any] | None:
    """What the end of an offer told of its revenue, over what outlets held out suggest where it knows."""
    event = Event.objects.filter(action_id=action_id, name="CampaignEnded").order_by("-id").first()
    return event.payload if event else None


def _of_offer(action: Action, ended: Mapping[str, Any]) -> tuple[float, int]:
    """Pieces, and net paise over holding: against the held-out outlets where these say enough, else
    against what holding was expected to bring.
    """
    ways = _ways(action)
    costs = sum(n for n in ways.get("discount", {}).values() if n < 0)
    measured = ended.get("measured") and ended.get("incremental") is not None
    gain = parse_rupees(str(ended["incremental"] if measured else ended["revenue"]))
    held = 0 if measured else sum(ways.get("hold", {}).values())
    return float(ended["pieces"]), gain + costs - held


def _of_transfer(action: Action, until: date) -> tuple[float, int] | None:
    """Pieces sold at the destination and net paise over leaving them: sales as booked, carriage as billed
    where its bill is known, other costs and what holding would have brought as planned. None when nothing
    is booked in under the action.
    """
    lines = rows(_MOVED_IN, [action.pk])
    if not lines:
        return None
    pieces = revenue = 0
    for batch_id, location_id, sku_id, territory_id, brought, since in lines:
        left = int(rows(_SOLD_THERE, [batch_id, location_id, since, until])[0][0])
        sold = min(max(left, 0), int(brought))
        pieces += sold
        revenue += sold * _price(action, sku_id, territory_id, ist_day(since), until)
    ways = _ways(action)
    costs = sum(n for n in ways.get("transfer", {}).values() if n < 0)
    if (bill := last_bills([action.pk]).get(action.pk)) is not None:
        costs += int(action.payload.get("transportation_cost_paise", 0)) - bill.paise
    return float(pieces), revenue + costs - sum(ways.get("hold", {}).values())


_PRICE = """
SELECT s.code, s.trade_price_paise, coalesce(sum(d.revenue_paise), 0), coalesce(sum(d.quantity), 0)
FROM inventory_sku s LEFT JOIN inventory_dailydemand d
  ON d.sku_id = s.id AND d.territory_id = %s AND d.day BETWEEN %s AND %s
WHERE s.id = %s GROUP BY 1, 2
"""


def _price(action: Action, sku_id: int, territory_id: int, first: date, last: date) -> int:
    """Net paise a piece: what the payload expected, scaled by what was paid there against the trade price."""
    code, usual, revenue, pieces = rows(_PRICE, [territory_id, first, last, sku_id])[0]
    lines: list[dict[str, Any]] = action.payload.get("lines", [])
    line = next((one for one in lines if one.get("sku") == code), {})
    # the price told may have been cut by what earlier transfers came to; what was paid is not
    cut = learnt_of(action.evidence, Factor.MOVED_SALES)
    planned = round(int(line.get("expected_price_paise", 0)) * UNCHANGED / cut)
    return round(planned * int(revenue) / (int(pieces) * usual)) if usual and pieces > 0 else planned


def _ways(action: Action) -> dict[str, dict[str, int]]:
    """Components in paise of the ways that were weighed, by name."""
    return {
        str(way.get("name")): {name: int(n) for name, n in (way.get("components") or {}).items()}
        for way in action.alternatives
    }
