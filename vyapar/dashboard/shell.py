"""The shell's own entries on the board."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem, SettingsLink, Step, StepState
from vyapar.engine.contracts import Weight
from vyapar.engine.selectors import is_live, list_actions, look_at_readiness
from vyapar.kernel.lifecycle import Status
from vyapar.people.contracts import May


def count_waiting() -> int:
    """Actions that wait for a person."""
    return list_actions(statuses=(Status.PROPOSED,)).count()


def read_readiness_step(at: datetime) -> StepState:
    """Done when no blocker stands."""
    open_ = [one.weight for one, lack in look_at_readiness(at) if lack is not None]
    blockers = open_.count(Weight.BLOCKER)
    note = (
        ngettext("%(n)d thing stands in the way", "%(n)d things stand in the way", blockers) % {"n": blockers}
        if blockers
        else gettext("nothing stands in the way")
    )
    return StepState(blockers == 0, reverse("dashboard:readiness"), note)


def read_live_step(at: datetime) -> StepState:
    """Done when agents propose."""
    return StepState(is_live(), reverse("dashboard:readiness"), gettext("until then agents only watch"))


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
            "dashboard:channels",
            _("Channels"),
            _("Your accounts at WhatsApp, the SMS gateway and the mail relay."),
            "plug",
            5,
        )
    )
    board.hang(
        SettingsLink(
            "dashboard:webhooks",
            _("Webhooks"),
            _("Systems outside that are told what happens here."),
            "send",
            10,
        )
    )
    board.hang(Step("readiness", _("See what is missing"), 40, read_readiness_step))
    board.hang(Step("live", _("Go live"), 50, read_live_step))
