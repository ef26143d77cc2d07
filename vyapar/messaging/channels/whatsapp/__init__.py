"""WhatsApp Cloud API: templates and replies out, statuses and texts in."""

from __future__ import annotations

from vyapar.farside.answers import is_signed
from vyapar.messaging.channels.whatsapp.client import WhatsAppClient
from vyapar.messaging.channels.whatsapp.mapping import ERRORS
from vyapar.messaging.channels.whatsapp.webhook import (
    answer_challenge,
    parse_preferences,
    parse_template_changes,
    parse_webhook,
)

__all__ = [
    "ERRORS",
    "WhatsAppClient",
    "answer_challenge",
    "is_signed",
    "parse_preferences",
    "parse_template_changes",
    "parse_webhook",
]
