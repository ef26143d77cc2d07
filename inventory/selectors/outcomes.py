"""Predictions against what happened: settled ones, calibration, rupees, what was learnt, replays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Q, QuerySet

from inventory.contracts.arrays import Floats
from inventory.contracts.outcomes import PRICE_RESPONSE, UNCHANGED, Factor, Learnt, Predicted
from inventory.impact.calibration import BANDS, Band, shift_of_sums, shrunk_factor_bp, signs_differ
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
    def whole_pieces(self) -> tuple[int, int]:
        """Pieces told and sold, to the nearest one."""
        return round(self.expected), round(self.happened)

    @property
    def is_money(self) -> bool:
        """Whether any of it was settled and told in rupees."""
        return self.settled > self.disturbed and self.kind in (Predicted.ACTION, Predicted.EXPIRY)


# Sums of predictions by kind, group, agent and tenth of the chance that was told; of what was settled
# undisturbed, `told` is the chance of an event and the pieces of a quantity.
_SUMS = """
SELECT kind, "group", agent, CASE WHEN clean AND event THEN least(floor(told * %(bands)s), %(bands)s - 1)::int
                                  END AS band,
       count(*) FILTER (WHERE NOT settled), count(*) FILTER (WHERE settled), count(*) FILTER (WHERE clean),
       coalesce(sum(told) FILTER (WHERE clean), 0), coalesce(sum(came) FILTER (WHERE clean), 0),
       coalesce(sum((told - came) ^ 2) FILTER (WHERE clean), 0),
       coalesce(sum(told * (1 - told)) FILTER (WHERE clean), 0),
       count(*) FILTER (WHERE clean AND low IS NOT NULL AND high IS NOT NULL),
       count(*) FILTER (WHERE clean AND came BETWEEN low AND high),
       coalesce(sum(paise) FILTER (WHERE clean), 0)::bigint,
       coalesce(sum(realised_paise) FILTER (WHERE clean), 0)::bigint
FROM (SELECT kind, "group", agent, low, high, paise, realised_paise, settled_on IS NOT NULL AS settled,
             settled_on IS NOT NULL AND NOT disturbed AS clean, kind = ANY(%(events)s) AS event,
             coalesce(CASE WHEN kind = ANY(%(events)s) THEN probability ELSE expected END, 0) AS told,
             coalesce(happened, 0) AS came
      FROM inventory_prediction
      WHERE (%(kind)s = '' OR kind = %(kind)s) AND (%(since)s::date IS NULL OR made_on >= %(since)s)) each
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_EVENTS = (Predicted.EXPIRY, Predicted.DEAD)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of one band of predictions, or of several together."""

    waiting: int
    settled: int
    clean: int
    told: float
    came: float
    squares: float
    doubt: float
    spans: int
    inside: int
    told_paise: int
    came_paise: int


def list_outcomes(kind: str = "", since: date | None = None) -> list[Outcome]:
    """Outcomes by kind, group and agent, of predictions made since a day. One query, added up there."""
    asked = {"kind": str(kind), "since": since, "bands": BANDS, "events": [str(one) for one in _EVENTS]}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, asked)
        rows = cursor.fetchall()
    return [
        _outcome(*key, {row[3]: _Sums(*row[4:]) for row in some})
        for key, some in groupby(rows, lambda row: (row[0], row[1], row[2]))
    ]


def _outcome(kind: str, group: str, agent: str, bands: dict[int | None, _Sums]) -> Outcome:
    names = [field.name for field in fields(_Sums)]
    whole = _Sums(*(sum(getattr(one, name) for one in bands.values()) for name in names))
    is_event, clean = kind in _EVENTS, whole.clean
    gap, errors = shift_of_sums(clean, whole.told, whole.came, whole.doubt) if is_event else (None, None)
    told, came = whole.told_paise, whole.came_paise
    is_money = bool(clean) and kind in (Predicted.ACTION, Predicted.EXPIRY)
    mixed = is_money and signs_differ(came, told)
    return Outcome(
        kind=kind,
        group=group,
        agent=agent,
        waiting=whole.waiting,
        settled=whole.settled,
        disturbed=whole.settled - clean,
        expected=float(whole.told),
        happened=float(whole.came),
        brier=whole.squares / clean if is_event and clean else None,
        gap=gap,
        errors=errors,
        within=whole.inside / whole.spans if whole.spans and not is_event else None,
        predicted_paise=told,
        realised_paise=came,
        factor_bp=None if mixed or not is_money else shrunk_factor_bp(came, told, PRIOR_PAISE),
        signs_differ=mixed,
        bands=tuple(
            Band(number / BANDS, (number + 1) / BANDS, one.clean, one.told / one.clean, one.came / one.clean)
            for number, one in bands.items()
            if number is not None
        ),
    )


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
    return list(ReplayReport.objects.exclude(folder="").order_by("-made_at")[:limit])


def waiting_replays() -> QuerySet[ReplayReport]:
    """Days that were asked for and are neither played nor found impossible to play."""
    return ReplayReport.objects.filter(folder="").exclude(figures__has_key="refused")


def list_asked_replays() -> list[ReplayReport]:
    """Days that were asked for and have no report: they are being played, or `figures` says why not."""
    return list(ReplayReport.objects.filter(folder="").order_by("-made_at"))
