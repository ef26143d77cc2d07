"""Celery's part of the room that runs the house, and what beat looks for there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from vyapar.engine.asked import list_takeable
from vyapar.ops.takeout import jobs


@shared_task
def make_takeout(job_id: str) -> None:
    """Pack everything the distributor owns."""
    jobs.make(UUID(job_id), clock=timezone.now)


def tend_takeouts(at: datetime) -> None:
    """Have takeouts made that no living worker is at; clear what killed ones left, and old rows."""
    for job_id in list_takeable(jobs.waiting(), at):
        make_takeout.apply_async((job_id,), expires=60)
    jobs.clear(at)
