"""Celery's part of the inventory: each task loads, calls one service, and is done."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from inventory.selectors.twins import is_look_due
from inventory.services import demonstration, grade_feeds, list_due_exports, outcomes
from inventory.services.asked_replays import play_asked
from inventory.services.exports import hand_over
from inventory.services.impact import is_impact_old, keep_impact
from inventory.services.imports import drive, find_follower
from inventory.services.pulls import pull, take_in_events
from inventory.services.twins import APART, find_twins
from vyapar.kernel.actor import system


@shared_task
def feed_demonstration() -> None:
    """Feed a demonstration distributor the sales that have happened since it was loaded."""
    demonstration.feed_due(at=timezone.now())


@shared_task
def hand_over_exports() -> None:
    """Hand documents that are due over to the books, until none is."""
    while ids := list_due_exports(timezone.now()):
        for export_id in ids:
            hand_over(export_id, at=timezone.now())


@shared_task
def drive_import(run_id: str) -> None:
    """One step of an import: check, some parcels, or undo; the next step is a task of its own."""
    if drive(UUID(run_id), at=timezone.now(), clock=timezone.now):
        drive_import.delay(run_id)
    elif follower := find_follower(UUID(run_id)):
        drive_import.delay(str(follower))


@shared_task
def close_day() -> None:
    """Settle predictions, keep new ones, learn, look for drift, and keep the sums of the day last."""
    actor, at = system("outcomes"), timezone.now()
    outcomes.settle_predictions(actor=actor, at=at)
    outcomes.note_predictions(actor=actor, at=at)
    outcomes.learn(actor=actor, at=at)
    outcomes.find_drift(actor=actor, at=at)
    keep_impact(actor=actor, at=at)


@shared_task
def keep_sums() -> None:
    """Keep the sums of the day again: they have moved."""
    at = timezone.now()
    if is_impact_old(at):
        keep_impact(actor=system("outcomes"), at=at)


@shared_task
def look_for_twins() -> None:
    """Look for outlets and SKUs that may be one; once, however many asked."""
    if is_look_due(timezone.now(), APART):
        find_twins(at=timezone.now())


@shared_task
def pull_feed(feed_id: int) -> None:
    """Pull one feed; what it brought is driven at once."""
    for run_id in pull(feed_id, at=timezone.now()).run_ids:
        drive_import.delay(run_id)


@shared_task
def grade_data() -> None:
    """Grade the data of every feed and place."""
    grade_feeds(actor=system("quality"), at=timezone.now())


@shared_task
def take_in_feed_events(feed_id: int) -> None:
    """Take in what a feed's system sent by itself."""
    if run := take_in_events(feed_id, at=timezone.now()):
        drive_import.delay(str(run.pk))


@shared_task
def play_day(report_id: str) -> None:
    """Play a past day again that somebody asked for."""
    play_asked(UUID(report_id), at=timezone.now())
