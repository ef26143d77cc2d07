"""Celery's part of the inventory: each task loads, calls one service, and is done."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from inventory.services import demonstration, list_due_exports
from inventory.services.exports import hand_over


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
