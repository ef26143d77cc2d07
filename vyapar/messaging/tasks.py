"""Celery's part of the door: a task is a batch of messages, never one."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from vyapar.messaging import services

#: Messages a task claims at once; a hundred to a task is a hundred times cheaper than one each.
BATCH = 100


@shared_task
def send_due() -> None:
    """Send what is due, in batches, until nothing is."""
    while ids := services.claim_due(timezone.now(), BATCH):
        services.send(ids, at=timezone.now())


@shared_task
def look_after() -> None:
    """Settle hand-overs that were cut off."""
    services.look_after(timezone.now())
