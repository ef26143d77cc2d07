"""The shell's own entries on the board."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem, SettingsLink
from vyapar.engine.selectors import list_actions
from vyapar.kernel.lifecycle import Status
from vyapar.people.contracts import May


def count_waiting() -> int:
    """Actions that wait for a person."""
    return list_actions(statuses=(Status.PROPOSED,)).count()


def register() -> None:
    """Hang the pages that the shell itself keeps."""
    for item in (
        NavItem("dashboard:home", _("Home"), "home", 0, on_phone=True),
        NavItem("dashboard:inbox", _("Inbox"), "inbox", 10, count=count_waiting, on_phone=True),
        NavItem("dashboard:agents", _("Agents"), "bot", 80),
        NavItem("dashboard:audit", _("Trail"), "scroll", 90, May.AUDIT),
        NavItem("dashboard:settings", _("Settings"), "settings", 100),
    ):
        board.hang(item)
    board.hang(
        SettingsLink(
            "dashboard:webhooks",
            _("Webhooks"),
            _("Systems outside that are told what happens here."),
            "send",
            10,
        )
    )
