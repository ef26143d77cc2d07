"""The channels: one closed package per far side, and what each of their errors asks us to do."""

from __future__ import annotations

from collections.abc import Mapping

from vyapar.messaging.channels import email, sms, whatsapp
from vyapar.messaging.channels.errors import ErrorTable, KnownError
from vyapar.messaging.contracts import Channel, ErrorPlan

#: One line per channel: its error table.
ERROR_TABLES: Mapping[Channel, ErrorTable] = {
    Channel.WHATSAPP: whatsapp.ERRORS,
    Channel.SMS: sms.ERRORS,
    Channel.EMAIL: email.ERRORS,
}


def find_error(channel: Channel, code: str) -> KnownError | None:
    """The table's row for a far side's code, with or without the channel's prefix."""
    return ERROR_TABLES[channel].find(code.removeprefix(f"{channel}_"))


def error_plan(channel: Channel, code: str) -> ErrorPlan:
    """What to do about an error code; a code nobody documented is `never`, so nothing repeats it.

    Accepts both `131026` (from a webhook) and `whatsapp_131026` (from a raised error).
    """
    found = find_error(channel, code)
    return found.plan if found else ErrorPlan.NEVER
