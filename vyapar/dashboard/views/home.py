"""The first screen: in one breath."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from vyapar.dashboard.access import page
from vyapar.dashboard.board import tiles
from vyapar.engine import registry
from vyapar.engine.selectors import (
    get_policy,
    latest_cycle,
    list_actions,
    list_cycles,
    list_events,
    list_halts,
)
from vyapar.kernel.lifecycle import Status


@page()
def home(request: HttpRequest) -> HttpResponseBase:
    """Rupees dead, at risk and recovered; what waits; what each agent is doing."""
    waiting = list_actions(statuses=(Status.PROPOSED,))
    soon = list_actions(statuses=(Status.AUTO_APPROVED, Status.APPROVED, Status.EXECUTING))
    return render(
        request,
        "dashboard/home.html",
        {
            "tiles": [(tile, tile.read()) for tile in tiles()],
            "waiting": waiting[:5],
            "waiting_count": waiting.count(),
            "soon": soon.order_by("undo_until")[:5],
            "agents": agent_cards(),
            "halts": list_halts(),
        },
    )


def agent_cards() -> list[dict[str, object]]:
    """Each agent with its last cycle and what it said."""
    cards = []
    for spec in registry.agents():
        cycles = list_cycles(spec.name, 1)
        done = latest_cycle(spec.name)
        _, version = get_policy(spec.name)
        cards.append(
            {
                "name": spec.name,
                "label": spec.label,
                "cycle": cycles[0] if cycles else None,
                "last_done": done,
                "counts": done.counts if done else {},
                "policy_version": version,
                "after": spec.after,
                "every": spec.every,
            }
        )
    return cards


@page()
def activity(request: HttpRequest) -> HttpResponseBase:
    """The latest events, for the partial that refreshes itself."""
    last = list_events(after=max(0, int(request.GET.get("after", "0") or 0)), limit=20)
    return render(request, "dashboard/_activity.html", {"events": last})
