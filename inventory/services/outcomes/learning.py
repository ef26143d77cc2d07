"""What outcomes teach: factors that correct the next cycle, and the alarm when predictions drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from django.db import transaction

from inventory.contracts.outcomes import UNCHANGED, DriftDetected, Factor, Predicted
from inventory.impact.calibration import amount_shift, population_stability, shift, shrunk_factor_bp
from inventory.impact.rates import BASIS_POINTS
from inventory.impact.response import cleared_shares
from inventory.models import LearntFactor, Prediction
from inventory.selectors.outcomes import (
    chances_between,
    list_factors,
    list_predicted,
    list_settled,
    newest_factors,
)
from vyapar.engine.models import Action, Event
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import append_audit, emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day, ist_instant

#: Outcomes of so many days are learnt from; drift is looked for in the last of them.
MEMORY_DAYS = 365
LATELY_DAYS, BEFORE_DAYS = 28, 84
#: What must have been predicted for experience to weigh as much as none: batches, and pieces.
PRIOR_EVENTS, PRIOR_PIECES = 20.0, 50.0
#: A factor in force is replaced when it would move by so much.
LEAST_MOVE_BP = 100
#: Drift: outcomes this many standard errors and this share of all off, or chances spread this
#: differently, each seen in so many predictions.
SHIFT_ERRORS, SHIFT_SHARE, PSI, LEAST_COUNT = 3.0, 0.05, 0.25, 50
#: Of amounts: off by this share of all that was told; what was done is rarer than what is scored.
AMOUNT_SHARE, LEAST_ACTIONS = 0.25, 10


@dataclass(frozen=True, slots=True)
class _Sums:
    """Outcomes that teach one factor: how many, what should have come of them, and what did."""

    seen: int
    predicted: float
    happened: float


@transaction.atomic
def learn(*, actor: Actor, at: datetime) -> Mapping[str, int]:
    """Put new versions of the factors that moved in force; the factors in force, in basis points.

    Each is shrunk towards no correction by a prior: with little seen it stays near 1.
    """
    in_force = newest_factors()
    moved = {}
    for name, (sums, prior) in _evidence(ist_day(at)).items():
        before = in_force.get(name)
        factor = shrunk_factor_bp(sums.happened, sums.predicted, prior)
        if abs(factor - (before.factor_bp if before else UNCHANGED)) < LEAST_MOVE_BP:
            continue
        moved[name] = factor
        LearntFactor.objects.create(
            name=name, version=before.version + 1 if before else 1, factor_bp=factor, seen=sums.seen,
            predicted=sums.predicted, happened=sums.happened, learnt_at=at,
        )  # fmt: skip
    if moved:
        append_audit(actor=actor, verb="FactorsLearnt", subject="outcomes", at=at, after=moved)
    return {name: row.factor_bp for name, row in in_force.items()} | moved


def _evidence(today: date) -> dict[str, tuple[_Sums, float]]:
    """What teaches each factor, with its prior. Disturbed outcomes teach nothing."""
    since = today - timedelta(days=MEMORY_DAYS)
    actions = list_settled(Predicted.ACTION, since)
    found = {
        Factor.SELL_THROUGH: (_offers([row for row in actions if row.group == "campaign"]), PRIOR_PIECES),
        Factor.CLAIM_SUCCESS: (_claims([row for row in actions if row.group == _RETURN]), PRIOR_PIECES),
        Factor.EXPIRY: (_batches(list_settled(Predicted.EXPIRY, since)), PRIOR_EVENTS),
    }
    return {name.value: one for name, one in found.items() if one[0].seen}


_RETURN = "return_to_company"


def _batches(rows: list[Prediction]) -> _Sums:
    """Batches that should have expired unsold by the chances told before any correction, and did."""
    versions = [
        (ist_day(row.learnt_at), row.factor_bp) for row in list_factors() if row.name == Factor.EXPIRY
    ]

    def plain(row: Prediction) -> float:
        corrected = next((bp for day, bp in versions if day < row.made_on), UNCHANGED)
        return min((row.probability or 0.0) * UNCHANGED / corrected, 1.0)

    return _Sums(len(rows), sum(map(plain, rows)), sum(row.happened or 0.0 for row in rows))


def _offers(rows: list[Prediction]) -> _Sums:
    """Pieces that offers should have cleared by the distributor's own figure, and did."""
    policy, _version = get_policy("monitoring")
    offers = Action.objects.filter(pk__in=[row.action_id for row in rows if row.action_id])
    discounts = {str(pk): bp for pk, bp in offers.values_list("pk", "discount_bp")}

    def cleared(row: Prediction) -> float:
        rung = discounts.get(str(row.action_id), 0)
        if not rung:
            return 0.0
        shares = cleared_shares(replace(policy, discount_rungs_bp=(rung,)))
        return row.pieces * shares[rung] / BASIS_POINTS

    return _Sums(len(rows), sum(map(cleared, rows)), sum(row.happened or 0.0 for row in rows))


def _claims(rows: list[Prediction]) -> _Sums:
    """Pieces of claims that should have been accepted, and were."""
    policy, _version = get_policy("monitoring")
    pieces = sum(row.pieces * policy.claim_success_bp / BASIS_POINTS for row in rows)
    return _Sums(len(rows), pieces, sum(row.happened or 0.0 for row in rows))


@transaction.atomic
def find_drift(*, actor: Actor, at: datetime) -> tuple[DriftDetected, ...]:
    """Tell of predictions that no longer fit, by kind, agent and way out, horizon or pattern, once a week
    each; returns what was told.
    """
    today = ist_day(at)
    told = []
    for kind, agent, group in list_predicted(today - timedelta(days=LATELY_DAYS)):
        found = _drift_of(kind, agent, group, today)
        subject = ":".join(filter(None, ("drift", kind, agent, group)))
        recent = ist_instant(today - timedelta(days=7))
        if found is None or Event.objects.filter(name=found.name, subject=subject, at__gt=recent).exists():
            continue
        emit(found, subject=subject, actor=actor, at=at)
        told.append(found)
    return tuple(told)


def _drift_of(kind: Predicted, agent: str, group: str, today: date) -> DriftDetected | None:
    lately = today - timedelta(days=LATELY_DAYS)
    settled = [
        row
        for row in list_settled(kind, lately)
        if (row.agent, row.group) == (agent, group) and row.happened is not None
    ]
    if kind not in (Predicted.EXPIRY, Predicted.DEAD):
        return _amounts_off(kind, agent, group, settled)
    sure = [row for row in settled if row.probability is not None]
    chances = np.array([row.probability for row in sure], dtype=np.float64)
    happened = np.array([row.happened for row in sure], dtype=np.float64)
    gap, errors = shift(chances, happened)
    if len(sure) >= LEAST_COUNT and abs(errors) >= SHIFT_ERRORS and abs(gap) >= SHIFT_SHARE:
        return DriftDetected(kind.value, "shift", round(gap, 4), SHIFT_SHARE, len(sure), agent, group)
    now = chances_between(kind, lately, today, agent, group)
    then = chances_between(
        kind, lately - timedelta(days=BEFORE_DAYS), lately - timedelta(days=1), agent, group
    )
    psi = population_stability(then, now)
    if min(now.size, then.size) >= LEAST_COUNT and psi >= PSI:
        return DriftDetected(kind.value, "psi", round(psi, 4), PSI, int(now.size), agent, group)
    return None


def _amounts_off(kind: Predicted, agent: str, group: str, settled: list[Prediction]) -> DriftDetected | None:
    """Pieces of demand, or net paise of what was done, that are off by more than chance."""
    is_action = kind is Predicted.ACTION
    told = np.array([row.paise if is_action else row.expected or 0.0 for row in settled], dtype=np.float64)
    came = np.array(
        [row.realised_paise or 0 if is_action else row.happened or 0.0 for row in settled], dtype=np.float64
    )
    gap, errors = amount_shift(told, came)
    enough = len(settled) >= (LEAST_ACTIONS if is_action else LEAST_COUNT)
    if enough and abs(errors) >= SHIFT_ERRORS and abs(gap) >= AMOUNT_SHARE:
        return DriftDetected(kind.value, "amount", round(gap, 4), AMOUNT_SHARE, len(settled), agent, group)
    return None
