"""Celery's part of the webhooks: a task tells one endpoint a batch of events."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from vyapar.webhooks import handlers, services
from vyapar.webhooks.selectors import list_endpoints_due


@shared_task
def tell_due() -> None:
    """Have every endpoint told for which something is due; a slow one holds up no other."""
    handlers.forget_wake()
    for endpoint_id in list_endpoints_due(timezone.now()):
        tell_endpoint.apply_async(args=(str(endpoint_id),), expires=60)


@shared_task
def tell_endpoint(endpoint_id: str) -> None:
    """Tell one endpoint what is due, in order, for a while; then let others have the worker."""
    if services.tell(UUID(endpoint_id), clock=timezone.now):
        tell_endpoint.apply_async(args=(endpoint_id,), expires=60)
