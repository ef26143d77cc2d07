"""Pages of campaigns: what runs, what came of it, who got what."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import services
from campaigns.models import Campaign
from campaigns.selectors import analytics, get_campaign, list_campaigns, origin
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.engine.selectors import list_actions
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import phrase as gettext
from vyapar.messaging.models import Message
from vyapar.messaging.selectors import list_messages
from vyapar.people.contracts import May


@page()
def campaigns(request: HttpRequest) -> HttpResponseBase:
    """Campaigns by state, with their figures so far."""
    state, rows = _wanted(request)
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
    messages = _recipients(request, row)
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


@page()
def campaigns_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The campaigns of the page's filter with their figures so far."""
    heads = [
        _("Campaign"), _("Action"), _("Title"), _("Territory"), _("Category"), _("Discount, %"),
        _("State"), _("From"), _("Until"), _("Outlets asked"), _("Sent"), _("Delivered"), _("Read"),
        _("Answered"), _("Bought"), _("Expected, pieces"), _("Expected net, ₹"), _("Ended"),
        _("Why it ended"), _("Simulated"),
    ]  # fmt: skip
    rows = _wanted(request)[1]
    return sheet(map(_line, rows), heads, form, name="campaigns", title=_("Campaigns"))


def _line(row: Campaign) -> list[Any]:
    figures = analytics(row)
    steps = figures["funnel"]
    return [
        row.campaign_id, row.action_number, spoken(row, "title"), row.territory, row.category,
        row.discount_bp / 100, str(sign(row.state).label), row.starts_on, row.ends_on,
        figures["arms"]["asked"], steps["sent"], steps["delivered"], steps["read"], figures["clicks"],
        figures["conversions"], row.expected_pieces,
        rupees(row.net_paise), row.ended_at, spoken(row, "end_reason"), "SIMULATED" if row.simulated else "",
    ]  # fmt: skip


@page()
def recipients_file(request: HttpRequest, campaign_id: str, form: str) -> HttpResponseBase:
    """Who got what in one campaign, as the page filters it."""
    row = get_campaign(campaign_id)
    heads = [
        _("Outlet"), _("Channel"), _("Address"), _("Language"), _("Status"), _("Why"), _("Error code"),
        _("Attempts"), _("Sent"), _("Delivered"), _("Read"), _("Answered"), _("Cost, ₹"), _("Simulated"),
    ]  # fmt: skip
    lines = lines_of(_recipients(request, row), _message_line)
    return sheet(lines, heads, form, name=f"recipients-{row.campaign_id}", title=_("Recipients"))


def _message_line(row: Message) -> list[Any]:
    return [
        row.party, plain(row.channel), row.address, row.language, str(sign(row.status).label),
        spoken(row, "reason"),
        row.error_code, row.attempts, row.sent_at, row.delivered_at, row.read_at,
        row.replied_at or row.clicked_at, rupees(row.cost_paise), "SIMULATED" if row.simulated else "",
    ]  # fmt: skip


def _recipients(request: HttpRequest, row: Campaign) -> QuerySet[Message]:
    """The letters of a campaign, of one status when one is asked for."""
    rows, status = list_messages(origin(row.campaign_id)), request.GET.get("status", "")
    return rows.filter(status=status) if status in Message.Status.values else rows


def _wanted(request: HttpRequest) -> tuple[str, QuerySet[Campaign]]:
    """The state that is asked for, and the campaigns that fit."""
    state, words = (request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("state", "q"))
    return state, list_campaigns(state if state in Campaign.State.values else "", words)


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
        lambda: services.end(
            campaign_id, actor=actor, at=now, reason=gettext("ended by a person"), stopped=True
        ),
        _("The offer has ended."),
    )
    return redirect("campaigns:campaign", campaign_id)
