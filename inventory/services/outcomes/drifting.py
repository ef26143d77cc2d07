"""The alarm when predictions no longer fit what happens, of each kind, agent and horizon."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from django.db import transaction

from inventory.contracts.arrays import Floats
from inventory.contracts.outcomes import DriftDetected, Predicted
from inventory.impact.calibration import amount_shift, population_stability, shift, shift_between
from inventory.models import Prediction
from inventory.selectors.outcomes import chances_between, list_predicted, list_settled
from vyapar.engine.models import Event
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day, ist_instant

#: Drift is looked for in the last days, and what came before them is what it is held against.
LATELY_DAYS, BEFORE_DAYS = 28, 84
#: Drift: outcomes this many standard errors and this share of all off, or chances spread this
#: differently, each seen in so many predictions.
SHIFT_ERRORS, SHIFT_SHARE, PSI, LEAST_COUNT = 3.0, 0.05, 0.25, 50
#: Of flags and of intervals, which one day's events move together: this share of all.
FLAG_SHARE, COVER_SHARE = 0.15, 0.10
#: Of amounts: off by this share of all that was told; what was done is rarer than what is scored.
AMOUNT_SHARE, LEAST_ACTIONS = 0.25, 10


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
    settled = _of(list_settled(kind, lately), agent, group)
    if kind is Predicted.ACTION:
        return _amounts_off(kind, agent, group, settled)
    if kind is Predicted.DEMAND:
        return _amounts_off(kind, agent, group, settled) or _uncovered(kind, agent, group, settled)
    sure = [row for row in settled if row.probability is not None]
    gap, errors = shift(_chances(sure), _happened(sure))
    if len(sure) >= LEAST_COUNT and abs(errors) >= SHIFT_ERRORS and abs(gap) >= SHIFT_SHARE:
        return DriftDetected(kind.value, "shift", round(gap, 4), SHIFT_SHARE, len(sure), agent, group)
    since = lately - timedelta(days=BEFORE_DAYS)
    earlier = [row for row in _of(list_settled(kind, since), agent, group) if row.settled_on < lately]  # type: ignore[operator]
    if found := _flags_off(kind, agent, group, earlier, settled):
        return found
    now = chances_between(kind, lately, today, agent, group)
    then = chances_between(kind, since, lately - timedelta(days=1), agent, group)
    psi = population_stability(then, now)
    if min(now.size, then.size) >= LEAST_COUNT and psi >= PSI:
        return DriftDetected(kind.value, "psi", round(psi, 4), PSI, int(now.size), agent, group)
    return None


def _of(rows: list[Prediction], agent: str, group: str) -> list[Prediction]:
    return [row for row in rows if (row.agent, row.group) == (agent, group) and row.happened is not None]


def _chances(rows: list[Prediction]) -> Floats:
    return np.array([row.probability for row in rows], dtype=np.float64)


def _happened(rows: list[Prediction]) -> Floats:
    return np.array([row.happened for row in rows], dtype=np.float64)


def _flags_off(
    kind: Predicted, agent: str, group: str, earlier: list[Prediction], lately: list[Prediction]
) -> DriftDetected | None:
    """What was called a problem comes true more or less often than it did before."""
    before, now = ([row for row in rows if row.flagged] for rows in (earlier, lately))
    gap, errors = shift_between(_happened(before), _happened(now))
    enough = min(len(before), len(now)) >= LEAST_COUNT
    if enough and abs(errors) >= SHIFT_ERRORS and abs(gap) >= FLAG_SHARE:
        return DriftDetected(kind.value, "flags", round(gap, 4), FLAG_SHARE, len(now), agent, group)
    return None


def _uncovered(kind: Predicted, agent: str, group: str, settled: list[Prediction]) -> DriftDetected | None:
    """Pieces lie within the interval that was told more or less often than they should."""
    told = [row for row in settled if None not in (row.low, row.high, row.probability)]
    inside = np.array([row.low <= row.happened <= row.high for row in told], dtype=np.float64)  # type: ignore[operator]
    gap, errors = shift(_chances(told), inside)
    if len(told) >= LEAST_COUNT and abs(errors) >= SHIFT_ERRORS and abs(gap) >= COVER_SHARE:
        return DriftDetected(kind.value, "coverage", round(gap, 4), COVER_SHARE, len(told), agent, group)
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
