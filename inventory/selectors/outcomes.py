"""Predictions against what happened: settled ones, calibration, rupees, what was learnt, replays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Q

from inventory.contracts.arrays import Floats
from inventory.contracts.outcomes import PRICE_RESPONSE, UNCHANGED, Factor, Learnt, Predicted
from inventory.impact.calibration import Band, brier, reliability, shift, shrunk_factor_bp, signs_differ
from inventory.models import LearntFactor, Prediction, ReplayReport
from inventory.selectors.responses import find_response_bp
from vyapar.engine.models import Action, Event
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.money import parse_rupees

#: Rupees that must have been told for what came of them to weigh as much as no correction does.
PRIOR_PAISE = 10_000_00


@dataclass(frozen=True, slots=True)
class Outcome:
    """One kind of prediction of one agent, by way out, horizon or demand pattern (`group`).

    `waiting`: not due yet; `settled`, of them `disturbed` by somebody's act and left out of what
    follows. `expected` and `happened`: sums of chances and of events, or of pieces. `brier`, `gap`
    (share by which it happened more often) and `errors` (that in standard errors) are None for
    pieces; `within` is the share of pieces within their 80 % interval, None for events.
    `predicted_paise`, `realised_paise`: over the settled. `factor_bp`: what would make the rupees told
    those that came, costs by their size, drawn towards 1 by `PRIOR_PAISE`; None where rupees are not told
    to come true one by one, and where a gain became a cost or the other way (`signs_differ`).
    """

    kind: str
    group: str
    agent: str
    waiting: int
    settled: int
    disturbed: int
    expected: float
    happened: float
    brier: float | None
    gap: float | None
    errors: float | None
    within: float | None
    predicted_paise: int
    realised_paise: int
    factor_bp: int | None
    signs_differ: bool
    bands: tuple[Band, ...]

    @property
    def is_money(self) -> bool:
        """Whether any of it was settled and told in rupees."""
        return self.settled > self.disturbed and self.kind in (Predicted.ACTION, Predicted.EXPIRY)


def list_outcomes(kind: str = "", since: date | None = None) -> list[Outcome]:
    """Outcomes by kind, group and agent, of predictions made since a day. One query."""
    rows = Prediction.objects.order_by("kind", "group", "agent")
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(made_on__gte=since) if since else rows
    parts = groupby(rows.iterator(), lambda row: (row.kind, row.group, row.agent))
    return [_outcome(*key, list(some)) for key, some in parts]


def _outcome(kind: str, group: str, agent: str, rows: list[Prediction]) -> Outcome:
    settled = [row for row in rows if row.settled_on is not None]
    clean = [row for row in settled if not row.disturbed]
    happened = _column([row.happened for row in clean])
    is_event = kind in (Predicted.EXPIRY, Predicted.DEAD)
    expected = _column([row.probability if is_event else row.expected for row in clean])
    gap, errors = shift(expected, happened) if is_event else (None, None)
    spans = [row for row in clean if row.low is not None and row.high is not None]
    inside = [row.low <= (row.happened or 0.0) <= row.high for row in spans]  # type: ignore[operator]
    told, came = sum(row.paise for row in clean), sum(row.realised_paise or 0 for row in clean)
    is_money = bool(clean) and kind in (Predicted.ACTION, Predicted.EXPIRY)
    mixed = is_money and signs_differ(came, told)
    return Outcome(
        kind=kind,
        group=group,
        agent=agent,
        waiting=len(rows) - len(settled),
        settled=len(settled),
        disturbed=len(settled) - len(clean),
        expected=float(expected.sum()),
        happened=float(happened.sum()),
        brier=brier(expected, happened) if is_event and clean else None,
        gap=gap,
        errors=errors,
        within=sum(inside) / len(inside) if inside and not is_event else None,
        predicted_paise=told,
        realised_paise=came,
        factor_bp=None if mixed or not is_money else shrunk_factor_bp(came, told, PRIOR_PAISE),
        signs_differ=mixed,
        bands=reliability(expected, happened) if is_event else (),
    )


def _column(values: list[float | None]) -> Floats:
    return np.array([value or 0.0 for value in values], dtype=np.float64)


def list_settled(kind: Predicted, since: date) -> list[Prediction]:
    """Predictions of a kind settled since a day that nobody's act disturbed."""
    return list(Prediction.objects.filter(kind=kind, settled_on__gte=since, disturbed=False).order_by("pk"))


def list_predicted(since: date) -> list[tuple[Predicted, str, str]]:
    """(kind, agent, group) of all that was predicted or settled since a day, sorted."""
    rows = Prediction.objects.filter(Q(settled_on__gte=since) | Q(made_on__gte=since))
    found = rows.order_by("kind", "agent", "group").values_list("kind", "agent", "group").distinct()
    return [(Predicted(kind), agent, group) for kind, agent, group in found]


def chances_between(kind: Predicted, first: date, last: date, agent: str, group: str) -> Floats:
    """Chances of the predictions of one agent and group that were made on these days, settled or not."""
    made = Prediction.objects.filter(
        kind=kind, agent=agent, group=group, made_on__range=(first, last), probability__isnull=False
    )
    return np.fromiter(made.values_list("probability", flat=True), dtype=np.float64)


# A transfer's first line out and first line in, by what its papers promised.
_TRANSITS = """
SELECT (a.payload ->> 'transit_days')::float * 10000
       / coalesce((a.evidence #>> '{learnt,moved_days}')::float, 10000), m.came - m.went
FROM (SELECT action_id,
             min((at AT TIME ZONE 'Asia/Kolkata')::date) FILTER (WHERE kind = 'transfer_out') AS went,
             min((at AT TIME ZONE 'Asia/Kolkata')::date) FILTER (WHERE kind = 'transfer_in' AND quantity > 0)
                 AS came
      FROM inventory_movement WHERE at >= %s AND action_id IS NOT NULL
        AND kind IN ('transfer_out', 'transfer_in') GROUP BY 1) m
JOIN engine_action a ON a.id = m.action_id
WHERE m.came >= m.went AND a.status = 'executed' AND a.kind = 'transfer' ORDER BY a.number
"""


def list_transits(since: date) -> list[tuple[float, float]]:
    """(days told before any correction, days taken) of every transfer sent since a day and received, each
    counted from 1 up: a load that comes the same day took one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TRANSITS, [ist_instant(since)])
        found = cursor.fetchall()
    return [(max(float(told or 0), 1.0), max(float(taken), 1.0)) for told, taken in found]


def list_bills(since: date) -> list[tuple[float, float]]:
    """(paise told before any correction, paise billed) for the carriage of every transfer billed since a
    day; the last bill of a transfer holds.
    """
    rows = Event.objects.filter(name="FreightBilled", at__gte=ist_instant(since), action_id__isnull=False)
    bills = {row.action_id: row.payload for row in rows.order_by("pk") if row.action_id}
    learnt = dict(Action.objects.filter(pk__in=bills).values_list("pk", "evidence"))
    return [
        (
            parse_rupees(str(bill["told"])) * UNCHANGED / learnt_of(learnt.get(key), Factor.MOVED_FREIGHT),
            float(parse_rupees(str(bill["billed"]))),
        )
        for key, bill in bills.items()
    ]


@dataclass(frozen=True, slots=True)
class Bill:
    """What the carriage of a transfer was billed at, without GST: paise, by whose number, recorded when."""

    paise: int
    reference: str
    recorded_on: date


def last_bills(action_ids: Iterable[UUID]) -> dict[UUID, Bill]:
    """The bill that holds, by the action of a transfer; billed again, the last one does. One query."""
    rows = Event.objects.filter(name="FreightBilled", action_id__in=list(action_ids)).order_by("pk")
    return {
        row.action_id: Bill(
            parse_rupees(str(row.payload["billed"])), str(row.payload["reference"]), ist_day(row.at)
        )
        for row in rows
        if row.action_id
    }


def learnt_of(evidence: Mapping[str, Any] | None, factor: Factor) -> int:
    """The factor in basis points that an action's figures were corrected by when it was proposed."""
    learnt = (evidence or {}).get("learnt") or {}
    return int(learnt.get(factor.value) or UNCHANGED)


def newest_factors() -> dict[str, LearntFactor]:
    """The newest version of every factor, by name."""
    rows = LearntFactor.objects.order_by("name", "-version").distinct("name")
    return {row.name: row for row in rows}


def with_before(rows: Sequence[LearntFactor]) -> list[tuple[LearntFactor, int]]:
    """Each version with the factor that it took the place of; `rows` as `list_factors` has them."""
    older = {(row.name, row.version): row.factor_bp for row in rows}
    return [(row, older.get((row.name, row.version - 1), UNCHANGED)) for row in rows]


def list_factors() -> list[LearntFactor]:
    """All versions of all factors, newest first within each name."""
    return list(LearntFactor.objects.order_by("name", "-version"))


def current_learnt() -> Learnt:
    """Factors in force, those that change nothing left out, and the response to prices where one stands."""
    order = [factor.value for factor in Factor]
    found = {name: row.factor_bp for name, row in newest_factors().items() if row.factor_bp != UNCHANGED}
    response = find_response_bp()
    figure = {} if response is None else {PRICE_RESPONSE: response}
    return dict(sorted(found.items(), key=lambda pair: order.index(pair[0]))) | figure


def list_replays(limit: int = 20) -> list[ReplayReport]:
    """Reports of replays, newest first."""
    return list(ReplayReport.objects.order_by("-made_at")[:limit])
