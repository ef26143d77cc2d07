"""Celery's part of compliance: each task loads, calls one service, and is done."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from compliance import services


@shared_task
def print_report(report_id: str) -> None:
    """Print a period report that was asked for."""
    services.print_report(UUID(report_id), clock=timezone.now)
