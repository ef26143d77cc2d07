"""The first steps of a new distributor: data in, checked, and reconciled."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inventory.models import ImportRun, Position
from inventory.selectors.readiness import CHECKS
from inventory.selectors.readiness.feeds import look_at_imports, look_at_unfinished
from vyapar.dashboard import board
from vyapar.dashboard.board import Step, StepState
from vyapar.engine import registry
from vyapar.gateway.speech import say

State = ImportRun.State
_CHECKED = (State.CHECKED, State.WRITING, State.WRITTEN, State.RECONCILED)


def read_connect_step(at: datetime) -> StepState:
    """Done when anything came in, by a file, a feed or a push."""
    runs = ImportRun.objects.count()
    note = (
        ngettext("%(n)d file came in", "%(n)d files came in", runs) % {"n": runs}
        if runs
        else _("territories, godowns and SKUs first, then stock and sales; any file of your books will do")
    )
    return StepState(bool(runs) or _has_stock(), reverse("inventory:data"), note)


def read_check_step(at: datetime) -> StepState:
    """Done when a file was read to its end and nothing waits for its columns to be named."""
    waiting = ImportRun.objects.filter(state=State.UPLOADED, options__wait=True).order_by("number").first()
    checked = ImportRun.objects.filter(state__in=_CHECKED).exists()
    link = reverse("inventory:import", args=[waiting.pk]) if waiting else reverse("inventory:data")
    done = waiting is None and (checked or _has_stock())
    return StepState(done, link, _("nothing is written before you have seen what becomes of each row"))


def read_reconcile_step(at: datetime) -> StepState:
    """Done when stock is in and every import is finished and adds up."""
    lack = look_at_imports(at) or look_at_unfinished(at)
    if lack is not None:
        return StepState(False, lack.link, say(lack.message))
    note = _("totals of your books against what landed, in pieces and rupees")
    return StepState(_has_stock(), reverse("inventory:data"), note)


def hang_onboarding() -> None:
    """Hang the steps on the board, and what is looked at before going live in the registry."""
    board.hang(Step("connect", gettext_lazy("Connect a feed or upload a file"), 10, read_connect_step))
    board.hang(Step("check", gettext_lazy("Check how it is read"), 20, read_check_step))
    board.hang(Step("reconcile", gettext_lazy("Import and reconcile"), 30, read_reconcile_step))
    for one in CHECKS:
        registry.hang(one)


def _has_stock() -> bool:
    return Position.objects.filter(on_hand__gt=0).exists()
