"""Pages of campaigns: what runs, what came of it, who got what."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import services
from campaigns.models import Campaign
from campaigns.selectors import analytics, get_campaign, list_campaigns, origin
from vyapar.dashboard.access import attempt, page, person
from vyapar.engine.selectors import list_actions
from vyapar.kernel.lifecycle import Status
from vyapar.messaging.selectors import list_messages
from vyapar.people.contracts import May


@page()
def campaigns(request: HttpRequest) -> HttpResponseBase:
    """Campaigns by state, with their figures so far."""
    state = request.GET.get("state", "")
    rows = list_campaigns(state if state in Campaign.State.values else "", request.GET.get("q", "").strip())
    shown = Paginator(rows, 25).get_page(request.GET.get("page"))
    return render(
        request,
        "campaigns/campaigns.html",
        {
            "page": shown,
            "figures": [(row, analytics(row)) for row in shown],
            "state": state,
            "states": Campaign.State.choices,
            "proposed": list_actions(statuses=(Status.PROPOSED,), kind="campaign")[:10],
        },
    )


@page()
def campaign(request: HttpRequest, campaign_id: str) -> HttpResponseBase:
    """One campaign: offer, audience, funnel, arms, recipients."""
    row = get_campaign(campaign_id)
    messages = list_messages(origin(row.campaign_id))
    status = request.GET.get("status", "")
    if status:
        messages = messages.filter(status=status)
    figures = analytics(row)
    return render(
        request,
        "campaigns/campaign.html",
        {
            "campaign": row,
            "lines": row.lines.order_by("sku"),
            "figures": figures,
            "funnel_rows": _funnel(figures),
            "messages_page": Paginator(messages, 50).get_page(request.GET.get("page")),
            "answers": row.outlets.filter(answered_at__isnull=False).order_by("-wants_pieces")[:50],
        },
    )


def _funnel(figures: dict[str, Any]) -> list[dict[str, Any]]:
    steps = figures["funnel"]
    stages = [
        (_("Outlets asked"), figures["arms"]["asked"]),
        (_("Sent"), steps["sent"]),
        (_("Delivered"), steps["delivered"]),
        (_("Read"), steps["read"]),
        (_("Answered"), figures["clicks"]),
        (_("Bought"), figures["conversions"]),
    ]
    return [{"label": label, "value": value} for label, value in stages]


@page(May.DECIDE)
@require_POST
def end(request: HttpRequest, campaign_id: str) -> HttpResponseBase:
    """End an offer by hand."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.end(campaign_id, actor=actor, at=now, reason="ended by a person", stopped=True),
        _("The offer has ended."),
    )
    return redirect("campaigns:campaign", campaign_id)
