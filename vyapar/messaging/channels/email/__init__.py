"""E-mail by SMTP: text and HTML out, with one-click unsubscribe."""

from __future__ import annotations

from vyapar.messaging.channels.email.client import EmailClient
from vyapar.messaging.channels.email.mapping import ERRORS, message_id, unsubscribe_headers

__all__ = ["ERRORS", "EmailClient", "message_id", "unsubscribe_headers"]
