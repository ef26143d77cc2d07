"""Writes of the door: consent, letters, sending, what the far sides report."""

from vyapar.messaging.services.accounts import (
    announce_to_sandbox,
    open_sandbox_accounts,
    save_account,
    save_template,
)
from vyapar.messaging.services.consent import record_consents, record_word, withdraw
from vyapar.messaging.services.letters import queue
from vyapar.messaging.services.reports import apply_reports
from vyapar.messaging.services.sending import claim_due, drop_sent_files, look_after, send
from vyapar.messaging.services.setup import check_account, set_email, set_phone, set_up_account

__all__ = [
    "announce_to_sandbox",
    "apply_reports",
    "check_account",
    "claim_due",
    "drop_sent_files",
    "look_after",
    "open_sandbox_accounts",
    "queue",
    "record_consents",
    "record_word",
    "save_account",
    "save_template",
    "send",
    "set_email",
    "set_phone",
    "set_up_account",
    "withdraw",
]
