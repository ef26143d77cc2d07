"""Decisions on their way to the books: queued, locked, handed over, acknowledged; each exactly once."""

from inventory.services.exports.acknowledging import Answers, acknowledge, acknowledge_file
from inventory.services.exports.handing import hand_over, list_due_exports, retry_export
from inventory.services.exports.locking import Locked, lock_exports, release_exports
from inventory.services.exports.queueing import queue_export, reverse_export

__all__ = [
    "Answers",
    "Locked",
    "acknowledge",
    "acknowledge_file",
    "hand_over",
    "list_due_exports",
    "lock_exports",
    "queue_export",
    "release_exports",
    "retry_export",
    "reverse_export",
]
