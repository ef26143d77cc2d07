"""SMS through a DLT-aware gateway: texts out, delivery reports and replies in."""

from __future__ import annotations

from vyapar.farside.answers import is_signed
from vyapar.messaging.channels.sms.client import SmsClient
from vyapar.messaging.channels.sms.mapping import (
    ERRORS,
    parse_report,
    segments,
)

__all__ = ["ERRORS", "SmsClient", "is_signed", "parse_report", "segments"]
