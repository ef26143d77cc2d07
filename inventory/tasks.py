"""Celery's part of the inventory: each task loads, calls one service, and is done."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from inventory.services import demonstration


@shared_task
def feed_demonstration() -> None:
    """Feed a demonstration distributor the sales that have happened since it was loaded."""
    demonstration.feed_due(at=timezone.now())
