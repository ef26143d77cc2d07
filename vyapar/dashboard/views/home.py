"""The first screen: in one breath."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from vyapar.dashboard.access import page
from vyapar.dashboard.board import tiles
from vyapar.dashboard.templatetags.figures import duration_text
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.views.readiness import onboarding
from vyapar.engine import registry
from vyapar.engine.contracts import AgentSpec
from vyapar.engine.models import Cycle
from vyapar.engine.selectors import (
    is_live,
    latest_cycles,
    list_actions,
    list_cut_off,
    list_events,
    list_halts,
)
from vyapar.kernel.lifecycle import Status

_ICONS = {
    "analysis": "outcomes",
    "monitoring": "eye",
    "reallocation": "transfers",
    "liquidation": "campaigns",
    "compliance": "scale",
    "alerts": "bell",
}


@page()
def home(request: HttpRequest) -> HttpResponseBase:
    """Rupees dead, at risk and recovered; what waits; what each agent is doing."""
    waiting = list_actions(statuses=(Status.PROPOSED,))
    live = is_live()
    soon = list_actions(statuses=(Status.AUTO_APPROVED, Status.APPROVED, Status.EXECUTING))
    return render(
        request,
        "dashboard/home.html",
        {
            "live": live,
            "onboarding": [] if live else onboarding(timezone.now()),
            "tiles": [(tile, tile.read()) for tile in tiles()],
            "waiting": waiting[:5],
            "waiting_count": waiting.count(),
            "soon": soon.order_by("undo_until")[:5],
            "agents": agent_cards(),
            "halts": list_halts(),
        },
    )


def agent_cards() -> list[dict[str, Any]]:
    """Each agent with its last cycle and what it said."""
    latest, done, halted = latest_cycles(), latest_cycles(Cycle.State.DONE), bool(list_halts())
    cut_off = list_cut_off()
    return [
        _card(spec, latest.get(spec.name), done.get(spec.name), cut_off, halted=halted)
        for spec in registry.agents()
    ]


def _card(
    spec: AgentSpec, latest: Cycle | None, done: Cycle | None, cut_off: frozenset[int], *, halted: bool
) -> dict[str, Any]:
    counts = done.counts if done else {}
    passed = sum(n for name, n in counts.items() if name.startswith("passed_over:"))
    stopped = halted and latest is not None
    state = "cut_off" if latest and latest.pk in cut_off else latest.state if latest else "idle"
    return {
        "name": spec.name,
        "label": spec.label,
        "icon": _ICONS.get(spec.name, "bot"),
        "state": "stopped" if stopped else state,
        "doing": _doing(latest, state),
        "last_at": done.finished_at if done else None,
        "error": spoken(latest, "error")[:200] if latest and latest.state == "failed" else "",
        "counts": [
            {"label": _("Proposed"), "value": counts.get("proposed", 0), "href": _cycle_url(done)},
            {"label": _("Left alone"), "value": passed, "href": _cycle_url(done)},
        ],
    }


def _doing(cycle: Cycle | None, state: str) -> str:
    if cycle is None:
        return _("has not run yet")
    if state == "cut_off":
        return _("was cut off; it is taken up again by itself")
    if state == "running":
        return _("looks at the stock now")
    return _("finished in %(time)s") % {"time": duration_text(cycle.duration_ms)}


def _cycle_url(cycle: Cycle | None) -> str:
    return reverse("dashboard:cycle", args=[cycle.pk]) if cycle else ""


@page()
def activity(request: HttpRequest) -> HttpResponseBase:
    """The latest events, for the partial that refreshes itself."""
    last = list_events(after=max(0, int(request.GET.get("after", "0") or 0)), limit=20)
    return render(request, "dashboard/_activity.html", {"events": last})
