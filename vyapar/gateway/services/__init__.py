"""Writes of the gateway: one verb, one transaction."""

from vyapar.gateway.credentials import digest_of
from vyapar.gateway.services.calls import record_call
from vyapar.gateway.services.keeping import keep_house
from vyapar.gateway.services.keys import (
    change_key,
    issue_key,
    mark_used,
    revoke_key,
    rotate_key,
    warn_expiring_keys,
)
from vyapar.gateway.services.replies import begin_reply, drop_reply, keep_reply
from vyapar.gateway.services.tokens import issue_token

__all__ = [
    "begin_reply",
    "change_key",
    "digest_of",
    "drop_reply",
    "issue_key",
    "issue_token",
    "keep_house",
    "keep_reply",
    "mark_used",
    "record_call",
    "revoke_key",
    "rotate_key",
    "warn_expiring_keys",
]
