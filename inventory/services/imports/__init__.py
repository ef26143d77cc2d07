"""Imports as an accountant wants them: opened, checked, written, reconciled, undone; rows set aside."""

from inventory.services.imports.checking import check_run
from inventory.services.imports.claims import LEASE, MOST_ATTEMPTS
from inventory.services.imports.driving import drive, find_follower, list_takeable
from inventory.services.imports.ending import ask_undo, cancel_run, undo_run
from inventory.services.imports.feeds import ensure_feed, feed_for, save_profile
from inventory.services.imports.opening import arrange_run, begin_write, open_run
from inventory.services.imports.quarantine import Driven, correct_row, drive_again, drop_row
from inventory.services.imports.reconciling import TOLERATED_PAISE, reconcile
from inventory.services.imports.storage import TooLarge
from inventory.services.imports.writing import write_run

__all__ = [
    "LEASE",
    "MOST_ATTEMPTS",
    "TOLERATED_PAISE",
    "Driven",
    "TooLarge",
    "arrange_run",
    "ask_undo",
    "begin_write",
    "cancel_run",
    "check_run",
    "correct_row",
    "drive",
    "drive_again",
    "drop_row",
    "ensure_feed",
    "feed_for",
    "find_follower",
    "list_takeable",
    "open_run",
    "reconcile",
    "save_profile",
    "undo_run",
    "write_run",
]
