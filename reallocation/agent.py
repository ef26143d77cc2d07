"""The Reallocation agent's mind: which loads to propose, in which order, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any
from uuid import UUID, uuid5

from reallocation.contracts import TRANSFER, TransferPayload
from reallocation.engine.account import Revaluation, revalue
from reallocation.engine.chance import sold_share
from reallocation.engine.plan import Load, TransferPlan, plan
from reallocation.engine.terms import (
    LaneRow,
    NeedRow,
    ReallocationPolicy,
    ReallocationSnapshot,
    SurplusRow,
)
from reallocation.rules import Ranked, rank
from vyapar.kernel.decision import Decision, PassedOver, Proposal
from vyapar.kernel.digest import canonical_json
from vyapar.kernel.money import indian
from vyapar.kernel.phrases import Phrase, together
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _

__all__ = [
    "LaneRow",
    "NeedRow",
    "ReallocationPolicy",
    "ReallocationSnapshot",
    "Revaluation",
    "SurplusRow",
    "decide",
    "revalue",
]

#: Ids are made from what a recommendation says and when, so the same cycle repeats them.
_NAMESPACE = UUID("6f0a9a52-6a0e-5f5c-9c53-0d5f6f3c7c11")


def decide(snapshot: ReallocationSnapshot, policy: ReallocationPolicy) -> Decision:
    """One proposal per lane worth using, the most pressing first, and why nothing else moves.

    `outcome` is the `TransferPlan`, with everything that was passed over; the decision itself tells
    the `why_not_limit` entries of which most pieces are left, closed lanes first. Nothing but the
    arguments is looked at: the same snapshot, its rows in any order, and the same policy give the
    same decision, ids included.
    """
    chosen = plan(snapshot, policy)
    by_subject = {load.opportunity.subject: load for load in chosen.loads}
    order = rank((load.opportunity for load in chosen.loads), policy.weights)
    moved = _moved(chosen.loads)
    return Decision(
        proposals=tuple(
            _proposal(snapshot, policy, by_subject[ranked.opportunity.subject], ranked, moved)
            for ranked in order
        ),
        passed_over=_weightiest(chosen.passed_over, policy.why_not_limit),
        outcome=chosen,
        counts=_counts(snapshot, chosen),
    )


def _weightiest(entries: Iterable[PassedOver], most: int) -> tuple[PassedOver, ...]:
    ordered = sorted(entries, key=lambda e: (-e.numbers.get("left_pieces", inf), e.subject))
    return tuple(ordered[:most])


def _moved(loads: Iterable[Load]) -> dict[tuple[str, ...], int]:
    """Pieces that go to each need over all lanes."""
    total: dict[tuple[str, ...], int] = {}
    for load in loads:
        for move in load.moves:
            total[move.need.key] = total.get(move.need.key, 0) + move.quantity
    return total


def _counts(snapshot: ReallocationSnapshot, chosen: TransferPlan) -> dict[str, int]:
    return {
        "surplus_rows": len(snapshot.surplus),
        "need_rows": len(snapshot.needs),
        "lanes": len(snapshot.lanes),
        "program_columns": chosen.columns,
        "transfers": len(chosen.loads),
        "pieces": sum(load.account.quantity for load in chosen.loads),
        "net_paise": chosen.net_paise,
        "bound_paise": chosen.bound_paise,
        "gap_bp": chosen.gap_bp,
        "passed_over": len(chosen.passed_over),
    }


def _proposal(
    snapshot: ReallocationSnapshot,
    policy: ReallocationPolicy,
    load: Load,
    ranked: Ranked,
    moved: Mapping[tuple[str, ...], int],
) -> Proposal:
    result = load.account
    payload = _payload(snapshot, load, ranked.score)
    return Proposal(
        kind=TRANSFER,
        subject=payload.subject,
        title=_title(snapshot, load),
        reason=_reason(snapshot, load),
        payload=payload.as_plain(),
        value_paise=result.value_paise,
        net_paise=result.net_paise,
        quantity=result.quantity,
        expires_at=snapshot.as_of + timedelta(hours=policy.proposal_hours),
        confidence=_confidence(load, moved),
        urgency=ranked.score,
        evidence=_evidence(load, ranked) | ({"learnt": dict(snapshot.learnt)} if snapshot.learnt else {}),
        alternatives=result.ways_out(),
    )


def _payload(snapshot: ReallocationSnapshot, load: Load, urgency_score: float) -> TransferPayload:
    draft = TransferPayload(
        recommendation_id="",
        source_location=load.lane.source_location,
        destination_location=load.lane.destination_location,
        source_territory=load.moves[0].surplus.territory,
        target_territory=load.moves[0].need.territory,
        lines=load.lines,
        terms=load.terms,
        distance_km=load.lane.distance_km,
        transit_days=load.lane.transit_days,
        transportation_cost_paise=load.account.transport_paise,
        expected_revenue_paise=load.account.revenue_paise,
        urgency_score=urgency_score,
    )
    content = canonical_json({"as_of": snapshot.as_of, "transfer": draft})
    return replace(draft, recommendation_id=str(uuid5(_NAMESPACE, content)))


def _confidence(load: Load, moved: Mapping[tuple[str, ...], int]) -> float:
    """Expected share of the load that the destination will ask for, all lanes to it counted."""
    sold = sum(
        move.quantity * sold_share(moved[move.need.key], move.need.need_pieces, move.need.dispersion)
        for move in load.moves
    )
    return round(sold / load.account.quantity, 4)


def _title(snapshot: ReallocationSnapshot, load: Load) -> str:
    skus = sorted({line.sku for line in load.lines})
    what = (
        snapshot.sku_names.get(skus[0], skus[0])
        if len(skus) == 1
        else ngettext("%(count)s SKU", "%(count)s SKUs", len(skus))
    )
    source, destination = _names(snapshot, load)
    return _(
        "Move %(pieces)s of %(what)s from %(source)s to %(destination)s",
        pieces=_pieces(load.account.quantity), what=what, source=source, destination=destination,
    )  # fmt: skip


def _reason(snapshot: ReallocationSnapshot, load: Load) -> str:
    source, destination = _names(snapshot, load)
    result, lane = load.account, load.lane
    arrival = [
        days - lane.transit_days for move in load.moves if (days := move.surplus.days_to_expiry) is not None
    ]
    cost = result.transport_paise + result.tax_cash_paise
    road: dict[str, str | float] = {"km": lane.distance_km, "road": _days(lane.transit_days)}
    return together(
        _(
            "%(source)s holds %(pieces)s that are not expected to sell there; %(destination)s is short of "
            "them and sells about %(daily)s a day.",
            source=source, pieces=_pieces(result.quantity), destination=destination,
            daily=f"{load.opportunity.daily_demand:.1f}",
        ),
        _(
            "%(km)s km, %(road)s on the road, %(life)s of life left on arrival.",
            life=_days(min(arrival)), **road,
        )
        if arrival
        else _("%(km)s km, %(road)s on the road.", **road),
        _(
            "Moving costs %(cost)s and brings %(net)s more than leaving them.",
            cost=indian(cost), net=indian(result.net_paise),
        ),
    )  # fmt: skip


def _names(snapshot: ReallocationSnapshot, load: Load) -> tuple[str, str]:
    source, destination = load.lane.key
    names = snapshot.location_names
    return names.get(source, source), names.get(destination, destination)


def _pieces(count: int) -> Phrase:
    return ngettext("%(count)s piece", "%(count)s pieces", count)


def _days(count: int) -> Phrase:
    return ngettext("%(count)s day", "%(count)s days", count)


def _evidence(load: Load, ranked: Ranked) -> dict[str, Any]:
    result, offer = load.account, load.opportunity
    return {
        "lines": len(load.lines),
        "skus": len({line.sku for line in load.lines}),
        "trips": result.trips,
        "weight_grams": sum(line.quantity * line.weight_grams for line in load.lines),
        "distance_km": offer.distance_km,
        "transit_days": load.lane.transit_days,
        "spare_days": offer.spare_days,
        "destination_daily_demand": round(offer.daily_demand, 3),
        "highest_dead_stock_score": max(move.surplus.dead_stock_score for move in load.moves),
        "same_gstin": load.lane.same_gstin,
        "revenue_paise": result.revenue_paise,
        "hold_paise": result.hold_paise,
        "transport_paise": result.transport_paise,
        "tax_cash_paise": result.tax_cash_paise,
        "proximity": round(ranked.proximity, 4),
        "demand_velocity": round(ranked.velocity, 4),
        "expiry_urgency": round(ranked.urgency, 4),
    }
