"""What outcomes teach: factors that correct the next cycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import transaction

from inventory.contracts.outcomes import UNCHANGED, Factor, Predicted
from inventory.impact.calibration import shrunk_factor_bp
from inventory.impact.rates import BASIS_POINTS
from inventory.impact.response import cleared_shares
from inventory.models import Claim, LearntFactor, Prediction
from inventory.selectors.claims import list_answered
from inventory.selectors.outcomes import (
    list_bills,
    list_factors,
    list_settled,
    list_transits,
    newest_factors,
)
from vyapar.engine.models import Action
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day

#: Outcomes of so many days are learnt from.
MEMORY_DAYS = 365
#: What must have been predicted for experience to weigh as much as none: batches, pieces, and cases where
#: each counts alike however large it is (transfers, claims); fewer than these teach nothing.
PRIOR_EVENTS, PRIOR_PIECES, PRIOR_CASES, LEAST_CASES = 20.0, 50.0, 5.0, 5
#: A case counts for at most so many times what was told of it: one slip must not teach all others.
MOST_OF_A_CASE = 4.0
#: A factor in force is replaced when it would move by so much.
LEAST_MOVE_BP = 100


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
    moved: dict[str, dict[str, int]] = {}
    for name, (sums, prior) in _evidence(ist_day(at)).items():
        before = in_force.get(name)
        factor = shrunk_factor_bp(sums.happened, sums.predicted, prior)
        if abs(factor - (before.factor_bp if before else UNCHANGED)) < LEAST_MOVE_BP:
            continue
        moved[name] = {"before_bp": before.factor_bp if before else UNCHANGED, "factor_bp": factor}
        LearntFactor.objects.create(
            name=name, version=before.version + 1 if before else 1, factor_bp=factor, seen=sums.seen,
            predicted=sums.predicted, happened=sums.happened, learnt_at=at,
        )  # fmt: skip
    if moved:
        append_audit(actor=actor, verb="FactorsLearnt", subject="outcomes", at=at, after=moved)
    now = {name: one["factor_bp"] for name, one in moved.items()}
    return {name: row.factor_bp for name, row in in_force.items()} | now


def _evidence(today: date) -> dict[str, tuple[_Sums, float]]:
    """What teaches each factor, with its prior. Disturbed outcomes teach nothing."""
    since = today - timedelta(days=MEMORY_DAYS)
    actions = list_settled(Predicted.ACTION, since)
    moved = [row for row in actions if row.group == "transfer"]
    claims = list_answered(since)
    found = {
        Factor.SELL_THROUGH: (_offers([row for row in actions if row.group == "campaign"]), PRIOR_PIECES),
        Factor.CLAIM_SUCCESS: (_cases(_claims(claims)), PRIOR_CASES),
        Factor.CLAIM_DAYS: (_cases(_claim_days(claims)), PRIOR_CASES),
        Factor.MOVED_SALES: (_cases((float(row.pieces), row.happened or 0.0) for row in moved), PRIOR_CASES),
        Factor.MOVED_DAYS: (_cases(list_transits(since)), PRIOR_CASES),
        Factor.MOVED_FREIGHT: (_cases(list_bills(since)), PRIOR_CASES),
        Factor.EXPIRY: (_batches(list_settled(Predicted.EXPIRY, since)), PRIOR_EVENTS),
    }
    return {name.value: one for name, one in found.items() if one[0].seen}


def _cases(told: Iterable[tuple[float, float]]) -> _Sums:
    """What came of each case as a share of what was told of it; nothing where there are too few.

    `told`: (told before any correction, came) of each. Cases of which nothing was told teach nothing.
    """
    shares = [min(came / first, MOST_OF_A_CASE) for first, came in told if first > 0]
    if len(shares) < LEAST_CASES:
        return _Sums(0, 0.0, 0.0)
    return _Sums(len(shares), float(len(shares)), sum(shares))


def _batches(rows: list[Prediction]) -> _Sums:
    """Batches that should have expired unsold by the chances told before any correction, and did."""
    versions = [
        (ist_day(row.learnt_at), row.factor_bp) for row in list_factors() if row.name == Factor.EXPIRY
    ]

    learns = {day: get_policy("monitoring", day)[0].learning for day in {row.made_on for row in rows}}

    def plain(row: Prediction) -> float:
        in_force = (bp for day, bp in versions if day < row.made_on and learns[row.made_on])
        corrected = next(in_force, UNCHANGED)
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


def _claims(rows: list[Claim]) -> Iterator[tuple[float, float]]:
    """What companies should have credited by the distributor's own figure, and did. Companies of which
    he knows a figure of their own are weighed by that one, so they teach nothing of the others.
    """
    policy, _version = get_policy("monitoring")
    for row in rows:
        if row.brand.claim_success_bp is None:
            yield row.due_paise * policy.claim_success_bp / BASIS_POINTS, float(row.credited_paise or 0)


def _claim_days(rows: list[Claim]) -> Iterator[tuple[float, float]]:
    """Days until companies should have credited what they did, and the days it took."""
    policy, _version = get_policy("monitoring")
    for row in rows:
        if row.brand.claim_days is None and row.credited_paise and row.answered_on:
            yield float(policy.claim_days), float((row.answered_on - row.filed_on).days)
