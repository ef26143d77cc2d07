"""Hangs the Analysis and Monitoring agents in the registry: snapshot, mind, record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory import services
from inventory.agent import analysis, monitoring, prediction
from inventory.agent.learnt import with_chances, with_lanes, with_learnt
from inventory.contracts import AnalysisPolicy, MonitoringPolicy
from inventory.contracts.offers import read_announced, read_withdrawn
from inventory.contracts.prediction import PredictionPolicy
from inventory.selectors.book import StockBook, split_stock, take_stock_part, take_stock_snapshot
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.exports import count_exports
from inventory.selectors.freshness import list_doubts
from inventory.selectors.grown import find_growth
from inventory.selectors.items import tally_stock
from inventory.selectors.outcomes import waiting_replays
from inventory.selectors.outlook import (
    OutlookBook,
    find_large_batches,
    split_outlook,
    take_outlook_part,
    take_outlook_snapshot,
)
from inventory.selectors.reliance import Reliance
from inventory.selectors.twins import is_look_due
from inventory.services import offers, outcomes, twins
from inventory.services.clearing import clear_house
from inventory.services.demonstration import find_due
from inventory.services.impact import is_impact_due, is_impact_old
from inventory.services.imports import list_takeable as takeable_imports
from inventory.services.prediction import Foreseen, keep_outlook, lay_out_outlook, publish_outlook
from inventory.services.pulls import due_pulls, list_awaited
from vyapar.engine import registry
from vyapar.engine.asked import list_takeable
from vyapar.engine.contracts import ActionView, AgentSpec, Chore, EventView, Guard, Subscriber, Tally
from vyapar.engine.selectors import list_scopes
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.decision import Decision, Finding

NIGHTLY_SECONDS = 86_400
#: How often Monitoring looks whether anything changed; a look without a change costs one query.
LOOK_SECONDS = 60


def register() -> None:
    """Hang both agents; Monitoring follows Analysis, and looks by itself in between."""
    registry.hang(Tally("stock", tally_stock))
    registry.hang(Chore("demonstration", feed_demonstration))
    registry.hang(Chore("inventory.exports", tend_exports))
    registry.hang(Chore("inventory.forecasts", tend_forecasts))
    registry.hang(Chore("inventory.imports", tend_imports))
    registry.hang(Chore("inventory.clearing", clear_old))
    registry.hang(Chore("inventory.outcomes", tend_outcomes))
    registry.hang(Chore("inventory.prices", tend_prices))
    registry.hang(Chore("inventory.pulls", tend_pulls))
    registry.hang(Chore("inventory.quality", tend_quality))
    registry.hang(Chore("inventory.replays", tend_replays))
    registry.hang(Chore("inventory.twins", tend_twins))
    registry.hang(Subscriber("inventory.follow_withdrawal", "ConsentChanged", follow_withdrawal))
    registry.hang(Subscriber("inventory.hear_offer", "OfferAnnounced", hear_offer))
    registry.hang(Subscriber("inventory.hear_offer_over", "OfferWithdrawn", hear_offer_over))
    registry.hang(Subscriber("inventory.ask_again", "DriftDetected", ask_again))
    for event in ("ImportReconciled", "ImportDiffers", "ImportUndone"):
        registry.hang(Subscriber(f"inventory.grade_after_{event}", event, grade_soon))
    registry.keep_quality_desk(Reliance())
    registry.hang(Subscriber("inventory.hand_over_soon", "ExportQueued", hand_over_soon))
    registry.hang(Tally("exports", count_exports))
    registry.hang(Guard("feeds", check_feeds))
    registry.hang(
        AgentSpec(
            name="analysis",
            label=_("Analysis"),
            policy=AnalysisPolicy,
            take_snapshot=take_demand_snapshot,
            decide=analysis.decide,
            record=keep_forecasts,
            every=NIGHTLY_SECONDS,
        )
    )
    registry.hang(
        AgentSpec(
            name="monitoring",
            label=_("Monitoring"),
            policy=MonitoringPolicy,
            take_snapshot=take_stock_snapshot,
            decide=decide_on_book,
            record=keep_scores,
            every=LOOK_SECONDS,
            after=("analysis",),
            split=split_book,
            take_part=take_stock_part,
            merge=monitoring.merge,
            close=publish_scores,
        )
    )
    registry.hang(
        AgentSpec(
            name="prediction",
            label=_("Prediction"),
            policy=PredictionPolicy,
            take_snapshot=take_outlook_snapshot,
            decide=foresee,
            record=keep_foreseen,
            after=("analysis",),
            split=split_foreseen,
            take_part=take_outlook_part,
            close=publish_foreseen,
            part_minutes=20,  # to learn from the past takes minutes where processors are shared
        )
    )


def feed_demonstration(at: datetime) -> None:
    """Have a demonstration fed when sales of it have come due."""
    from inventory.tasks import feed_demonstration as task

    if find_due(at) is not None:
        task.apply_async(expires=NIGHTLY_SECONDS)


def hear_offer(event: EventView) -> None:
    """Goods are to be had for less: the forecast will reckon with it."""
    offers.keep_offer(read_announced(event.payload), at=event.at)


def hear_offer_over(event: EventView) -> None:
    """An offer holds no longer."""
    told = read_withdrawn(event.payload)
    offers.take_offer_back(told.origin, over_on=told.over_on)


def ask_again(event: EventView) -> None:
    """What agents predict no longer fits: what rests on it waits for a person."""
    outcomes.ask_again(event.payload, actor=system("outcomes"), at=event.at)


def check_feeds(action: ActionView, at: datetime) -> list[Finding]:
    """Nothing is done alone on data that are stale, half in or graded low; a person may still do it."""
    return list_doubts(at, action.payload)


def grade_soon(event: EventView) -> None:
    """Data came or went: a worker grades them anew."""
    from inventory.tasks import grade_data

    transaction.on_commit(grade_data.delay)


def tend_quality(at: datetime) -> None:
    """Have the data graded once a day, and when a feed goes stale in between."""
    from inventory.tasks import grade_data

    if services.is_grading_due(at):
        grade_data.apply_async(expires=LOOK_SECONDS)


def hand_over_soon(event: EventView) -> None:
    """A document waits to go to the books: a worker hands it over."""
    from inventory.tasks import hand_over_exports

    if services.list_due_exports(event.at, 1):
        transaction.on_commit(hand_over_exports.delay)


def tend_exports(at: datetime) -> None:
    """Wake a worker for documents whose time has come and for hand-overs that were cut off."""
    from inventory.tasks import hand_over_exports

    if services.list_due_exports(at, 1):
        hand_over_exports.apply_async(expires=30)


def tend_prices(at: datetime) -> None:
    """Give SKUs the prices whose day has come."""
    services.put_prices_in_force(actor=system("prices"), at=at)


def tend_forecasts(at: datetime) -> None:
    """Forecast anew once so many sales were taken in that the forecasts in force know too little."""
    from vyapar.engine.tasks import run_cycle

    if (ended := find_growth(at)) is not None:
        run_cycle.apply_async(("analysis", ended.isoformat()), expires=LOOK_SECONDS)


def tend_outcomes(at: datetime) -> None:
    """Once a day that was scored: keep its sums, and set predictions against what happened. The sums again
    when they have moved.
    """
    from inventory.tasks import close_day, keep_sums

    if is_impact_due():
        close_day.apply_async(expires=LOOK_SECONDS)
    elif is_impact_old(at):
        keep_sums.apply_async(expires=LOOK_SECONDS)


def tend_replays(at: datetime) -> None:
    """Have past days played that were asked for and that no living worker has."""
    from inventory.tasks import play_day

    for report_id in list_takeable(waiting_replays(), at):
        play_day.apply_async((report_id,), expires=LOOK_SECONDS)


def clear_old(at: datetime) -> None:
    """Let go of files and bodies that were kept long enough."""
    clear_house(at=at)


def tend_imports(at: datetime) -> None:
    """Have imports taken up that nobody drives: new ones, and those whose worker died."""
    from inventory.tasks import drive_import

    for run_id in takeable_imports(at):
        drive_import.apply_async((str(run_id),), expires=LOOK_SECONDS)


def tend_twins(at: datetime) -> None:
    """Have twins looked for once outlets or SKUs have changed."""
    from inventory.tasks import look_for_twins

    if is_look_due(at, twins.APART):
        look_for_twins.apply_async(expires=LOOK_SECONDS)


def follow_withdrawal(event: EventView) -> None:
    """A no under the name of an outlet that was merged is the kept one's no."""
    if not event.payload["granted"]:
        twins.follow_withdrawal(event.payload["party"], event.payload["channel"], at=event.at)


def tend_pulls(at: datetime) -> None:
    """Have feeds pulled whose time has come, and bodies taken in that were sent to us."""
    from inventory.tasks import pull_feed, take_in_feed_events

    for feed_id in due_pulls(at):
        pull_feed.apply_async((feed_id,), expires=LOOK_SECONDS)
    for feed_id in list_awaited():
        take_in_feed_events.apply_async((feed_id,), expires=LOOK_SECONDS)


def decide_on_book(book: StockBook, policy: MonitoringPolicy) -> Decision:
    """Monitoring's decision, its outcome kept beside the rows it was read from."""
    seen = with_lanes(book, policy, book.learnt)
    decision = monitoring.decide(seen, with_learnt(policy, book.learnt))
    counts = {**decision.counts, "whole_book": int(book.whole)}
    outcome = with_chances(decision.outcome, book.learnt if policy.learning else {})
    return replace(decision, outcome=services.Scored(book, outcome), counts=counts)


def foresee(book: OutlookBook, policy: PredictionPolicy) -> Decision:
    """Prediction's decision, its outcome kept beside the rows it was read from."""
    decision = prediction.decide(book, policy)
    return replace(decision, outcome=Foreseen(book, decision.outcome))


def keep_foreseen(decision: Decision, cycle: Any, actor: Actor, at: datetime) -> None:
    """Keep what a Prediction cycle foresees, or a part of one."""
    part = bool(list_scopes(cycle.pk))
    keep_outlook(decision.outcome, cycle_id=cycle.pk, actor=actor, at=at, part=part)


def split_foreseen(as_of: datetime, policy: PredictionPolicy) -> list[dict[str, Any]]:
    """The parts of a large outlook; room for what they say of items, and what all of them need to know."""
    parts = split_outlook(as_of, policy)
    if parts:
        lay_out_outlook(find_large_batches(as_of, parts))
    return parts


def publish_foreseen(cycle: Any, actor: Actor, at: datetime) -> None:
    """Join what all parts of an outlook said of items."""
    publish_outlook(cycle_id=cycle.pk)


def keep_forecasts(decision: Decision, cycle: Any, actor: Actor, at: datetime) -> None:
    """Put the forecasts of an Analysis cycle in force; overrides whose days are over are measured."""
    services.keep_forecasts(decision.outcome, cycle_id=cycle.pk)
    services.measure_overrides(at=at)


def keep_scores(decision: Decision, cycle: Any, actor: Actor, at: datetime) -> None:
    """Keep the scores of a Monitoring cycle, or of a part of one."""
    fresh = is_whole_in_parts(cycle.pk)
    services.keep_scores(decision.outcome, cycle_id=cycle.pk, actor=actor, at=at, fresh=fresh)


def split_book(as_of: datetime, policy: MonitoringPolicy) -> list[dict[str, Any]]:
    """The parts of a large book; room for the risks of all of it."""
    parts = split_stock(as_of, policy)
    if len(parts) > 1 and parts[0]["whole"]:
        services.lay_out_risks()
    return parts


def publish_scores(cycle: Any, actor: Actor, at: datetime) -> None:
    """Put the risks of a whole book in force, once all of its parts are there."""
    if is_whole_in_parts(cycle.pk):
        services.publish_risks()


def is_whole_in_parts(cycle_id: int) -> bool:
    """Whether a cycle looks at the whole book in parts."""
    return any(scope.get("whole") for scope in list_scopes(cycle_id))
