"""Celery's part of the room that runs the house."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from vyapar.ops.takeout import jobs


@shared_task
def make_takeout(job_id: str) -> None:
    """Pack everything the distributor owns."""
    jobs.make(job_id, clock=timezone.now)
