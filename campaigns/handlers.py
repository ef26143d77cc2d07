"""Hangs the Liquidation agent, its kind of action and its pages; hears what outlets answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns import executors, services
from campaigns.agent import decide
from campaigns.contracts import CAMPAIGN, CampaignPolicy, read_payload
from campaigns.models import Campaign
from campaigns.selectors import count_campaigns, find_campaign_of, list_due, take_snapshot
from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem, Panel
from vyapar.engine import registry
from vyapar.engine.contracts import ActionView, AgentSpec, Chore, EventView, Setup, Subscriber, Tally
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid


def hear_answer(event: EventView) -> None:
    """An outlet answered an offer: keep what it wants."""
    about, _sep, campaign_id = str(event.payload["origin"]).partition(":")
    kind, _sep, retailer_id = str(event.payload["party"]).partition(":")
    if about == "campaign" and kind == "retailer":
        services.note_answer(campaign_id, retailer_id, str(event.payload["text"]), at=event.at)


def finish(at: datetime) -> None:
    """End campaigns whose days are over."""
    services.finish_due(list_due(at), at)


def panel_context(view: ActionView) -> dict[str, Any]:
    """What the inbox shows of a campaign."""
    payload = read_payload(view.payload)
    return {
        "campaign": payload,
        "preview": services.preview(payload),
        "running": find_campaign_of(view.id),
    }


def read_edits(view: ActionView, form: Any) -> dict[str, Any]:
    """The edit form: `discount` in per cent, and `keep:<sku>:<batch>` for what stays on offer."""
    try:
        changes: dict[str, Any] = {"discount_bp": round(float(form.get("discount", "")) * 100)}
    except ValueError as error:
        raise Invalid(gettext("Write the discount as a number"), code="not_a_number") from error
    lines = read_payload(view.payload).lines
    kept = {name for name in form if name.startswith("keep:")}
    changes["drop"] = [
        {"sku": n.sku, "batch": n.batch} for n in lines if kept and f"keep:{n.sku}:{n.batch}" not in kept
    ]
    return changes


def count_running() -> int:
    """Campaigns that run now."""
    return Campaign.objects.filter(state=Campaign.State.RUNNING).count()


def put_texts(actor: Actor, at: datetime) -> None:
    """Put the offer's texts at the messaging door."""
    services.ensure_templates()


def register() -> None:
    """Hang everything of this app in the registry and on the board."""
    registry.hang(
        AgentSpec(
            name="liquidation",
            label=_("Liquidation"),
            policy=CampaignPolicy,
            take_snapshot=take_snapshot,
            decide=decide,
            after=("reallocation",),
        )
    )
    registry.hang(executors.KIND)
    registry.hang(Subscriber("campaigns.hear_answer", "ReplyReceived", hear_answer))
    registry.hang(Chore("campaigns.finish", finish))
    registry.hang(Tally("campaigns", count_campaigns))
    registry.hang(Setup("campaigns.templates", put_texts))
    board.hang(NavItem("campaigns:campaigns", _("Campaigns"), "megaphone", 40, count=count_running))
    board.hang(
        Panel(
            CAMPAIGN,
            "campaigns/panel.html",
            panel_context,
            edit_template="campaigns/edit.html",
            read_edits=read_edits,
        )
    )
