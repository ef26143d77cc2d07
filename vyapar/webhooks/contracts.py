"""What webhooks tell of themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookDisabled:
    """An endpoint failed for days, or said that it is gone; nothing is sent there until a person says so."""

    endpoint_id: str
    host: str
    reason: str
    waiting: int
