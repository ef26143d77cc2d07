"""Hangs the alerts' agent and pages; hears what must not wait for the next look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from alerts import services
from alerts.agent import (
    Dead,
    Expiring,
    LateFeed,
    LowQuality,
    StandingSnapshot,
    Waiting,
    decide,
    fallen,
    late,
)
from alerts.contracts import Condition
from alerts.rules import AlertPolicy
from alerts.selectors import count_alerts, count_open
from inventory.selectors.alarms import last_sale_date, sum_dead, sum_expiring
from inventory.selectors.freshness import list_stale
from inventory.selectors.quality import list_low
from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem, SettingsLink
from vyapar.engine import registry
from vyapar.engine.contracts import AgentSpec, Chore, EventView, Setup, Subscriber, Tally
from vyapar.engine.selectors import get_policy, list_actions
from vyapar.kernel.actor import Actor, agent
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Decision
from vyapar.kernel.lifecycle import Status

HORIZONS = (30, 60, 90)
ACTOR = agent("alerts")


def take_snapshot(as_of: datetime, policy: AlertPolicy) -> StandingSnapshot:
    """What stands now, each rupee in the nearest horizon only."""
    waiting = list_actions(statuses=(Status.PROPOSED,))
    soonest = waiting.order_by("expires_at").first()
    hours = int((soonest.expires_at - as_of).total_seconds() // 3600) if soonest else 0
    expiring = [
        Expiring(row.territory, row.name, days, row.items, row.pieces, row.paise, row.nearest_days)
        for days in HORIZONS[:1]
        for row in sum_expiring(days)
    ]
    return StandingSnapshot(
        as_of=as_of,
        today=ist_day(as_of),
        expiring=tuple(expiring),
        dead=tuple(Dead(r.territory, r.name, r.items, r.pieces, r.paise) for r in sum_dead()),
        waiting=Waiting(waiting.count(), sum(action.net_paise for action in waiting), max(hours, 0)),
        last_sale_date=last_sale_date(),
        late_feeds=tuple(
            LateFeed(feed.code, feed.name, int(hours), feed.fresh_hours, not feed.every_seconds)
            for feed, hours in list_stale(as_of)
        ),
        low_quality=tuple(
            LowQuality(one.kind, one.code, name, one.grade, reasons) for one, name, reasons in list_low(as_of)
        ),
    )


def record(decision: Decision, cycle: Any, actor: Actor, at: datetime) -> None:
    """Raise what stands; close standing alerts whose cause is gone."""
    policy, _version = get_policy("alerts")
    standing = {(c.cause, c.subject) for c in decision.outcome}
    for condition in decision.outcome:
        services.raise_alert(condition, policy=policy, actor=actor, at=at)
    causes = ("expiring", "dead_stock", "action_waiting", "feed_stale", "quality_fell")
    services.close_others(causes, standing, actor=actor, at=at)


def _raise(condition: Condition, at: datetime) -> None:
    policy, _version = get_policy("alerts")
    services.raise_alert(condition, policy=policy, actor=ACTOR, at=at)


def hear_cycle_failed(event: EventView) -> None:
    """An agent could not finish: somebody must look."""
    name = event.payload["agent"]
    _raise(
        Condition(
            cause="agent_failed",
            subject=f"agent:{name}",
            title=f"The {name} agent could not finish",
            detail=str(event.payload["error"])[:1000],
            recommended_action="Open the agents' page; it is tried again by itself",
            url="/agents",
        ),
        event.at,
    )


def hear_cycle_completed(event: EventView) -> None:
    """An agent finished: its alert, if any, is over."""
    name = event.payload["agent"]
    services.close("agent_failed", f"agent:{name}", reason="it finished", actor=ACTOR, at=event.at)


def hear_violation(event: EventView) -> None:
    """The law objects to something that was about to happen."""
    if event.payload["severity"] != "block":
        return
    first = event.payload["findings"][0]
    _raise(
        Condition(
            cause="compliance",
            subject=event.subject,
            title=f"{event.payload['kind']} stopped by a rule: {first['message']}"[:300],
            detail=" · ".join(f"{f['code']}: {f['message']}" for f in event.payload["findings"])[:2000],
            recommended_action=str(first.get("fix") or "Open it and decide"),
            url=f"/inbox/{event.action_id}" if event.action_id else "/compliance",
        ),
        event.at,
    )


def hear_action(event: EventView) -> None:
    """An action failed, or is no longer open: its alerts follow."""
    target = event.payload["target"]
    if target == "failed":
        _raise(
            Condition(
                cause="action_failed",
                subject=event.subject,
                title=f"A {event.payload['kind']} could not be carried out",
                detail=str(event.payload["reason"]),
                recommended_action="Open it: try again, or undo what was done",
                url=f"/inbox/{event.action_id}",
            ),
            event.at,
        )
    elif target in ("executed", "rolled_back", "rejected", "expired", "withdrawn"):
        for cause in ("action_failed", "compliance"):
            services.close(cause, event.subject, reason=target, actor=ACTOR, at=event.at)


def hear_halt(event: EventView) -> None:
    """The stop button was pulled."""
    kind = event.payload["kind"] or "everything"
    _raise(
        Condition(
            cause="stopped",
            subject=event.subject,
            title=f"Stopped: {kind}",
            detail="Nothing of it is carried out until somebody lifts the stop.",
            recommended_action="Lift the stop on the agents' page when all is well",
            url="/agents",
        ),
        event.at,
    )


def hear_lift(event: EventView) -> None:
    """The stop button was lifted."""
    services.close("stopped", event.subject, reason="lifted", actor=ACTOR, at=event.at)


def hear_channel_halted(event: EventView) -> None:
    """A far side told us to stop sending."""
    _raise(
        Condition(
            cause="channel_halted",
            subject=event.subject,
            title=f"{event.payload['channel']} is halted",
            detail=str(event.payload["reason"]),
            recommended_action="Mend the account with the provider, then let the channel go on",
            url="/agents",
        ),
        event.at,
    )


def hear_webhook_disabled(event: EventView) -> None:
    """A system outside is no longer told of events."""
    _raise(
        Condition(
            cause="webhook_disabled",
            subject=event.subject,
            title=f"{event.payload['host']} is not told of events any more",
            detail=str(event.payload["reason"]),
            recommended_action="Mend the receiver, switch the webhook on again, then tell it what it missed",
            url="/settings/webhooks",
        ),
        event.at,
    )


def hear_export_given_up(event: EventView) -> None:
    """A document did not get to the books however often it was tried."""
    _raise(
        Condition(
            cause="export_failed",
            subject=event.subject,
            title=f"A {event.payload['kind']} does not get to {event.payload['feed']}",
            detail=str(event.payload["reason"]),
            recommended_action="Look whether the system can be reached, then try the document again",
            url="/data/exports",
        ),
        event.at,
    )


def hear_export_answered(event: EventView) -> None:
    """The books took a document, or refused it."""
    if event.payload["accepted"]:
        services.close("export_failed", event.subject, reason="booked", actor=ACTOR, at=event.at)
        return
    _raise(
        Condition(
            cause="export_failed",
            subject=event.subject,
            title=f"{event.payload['feed']} refused a {event.payload['kind']}",
            detail=str(event.payload["reason"]),
            recommended_action="Mend what it objects to, then try the document again",
            url="/data/exports?state=rejected",
        ),
        event.at,
    )


def hear_feed_halted(event: EventView) -> None:
    """A feed is not pulled any more until somebody mends it."""
    _raise(
        Condition(
            cause="feed_halted",
            subject=event.subject,
            title=f"{event.payload['label']} is not pulled any more",
            detail=str(event.payload["reason"]),
            recommended_action="Mend what it says on the feed's page, then check it and pull it again",
            url=f"/data/feeds/{event.payload['feed']}",
        ),
        event.at,
    )


def hear_feed_stale(event: EventView) -> None:
    """A feed's data are older than it allows; `record` closes it when data come again."""
    told = event.payload
    feed = LateFeed(told["feed"], told["label"], told["hours"], told["allowedHours"], told["uploads"])
    _raise(late(feed), event.at)


def hear_quality_fell(event: EventView) -> None:
    """The data of a place became so bad that a person decides; `record` closes it when they are better."""
    told = event.payload
    if told["holdsBack"] and told["kind"] != "feed":
        place = LowQuality(told["kind"], told["code"], told["label"], told["grade"], tuple(told["reasons"]))
        _raise(fallen(place), event.at)


def hear_import_failed(event: EventView) -> None:
    """An import could not go on, or its totals differ without a known cause."""
    differs = event.name == "ImportDiffers"
    _raise(
        Condition(
            cause="import_failed",
            subject=event.subject,
            title=f"Import {event.payload['number']}, {event.payload['title']}, "
            + ("does not tie" if differs else "could not go on"),
            detail=f"{event.payload['differences']} totals differ and nobody knows why"
            if differs
            else str(event.payload["reason"]),
            recommended_action="Open the import: look at its totals and its log, then go on or undo it",
            url=f"/data/imports/{event.payload['runId']}",
            value_paise=abs(int(event.payload["paise"])) if differs else 0,
        ),
        event.at,
    )


def hear_import_reconciled(event: EventView) -> None:
    """An import ended well: what was said of it, and of its feed, is over."""
    services.close("import_failed", event.subject, reason="reconciled", actor=ACTOR, at=event.at)
    feed = f"feed:{event.payload['feed']}"
    for cause in ("feed_halted", "feed_stale"):
        services.close(cause, feed, reason="data came again", actor=ACTOR, at=event.at)


def hear_key_expiring(event: EventView) -> None:
    """A key of the API runs out soon."""
    days = int(event.payload["daysLeft"])
    _raise(
        Condition(
            cause="key_expiring",
            subject=event.subject,
            title=f"The key {event.payload['name']} runs out in {days} days",
            detail=f"After {event.payload['expiresAt'][:10]} whoever uses it is refused.",
            recommended_action="Rotate it and give the new secret to its user, or revoke it",
            url="/settings",
        ),
        event.at,
    )


def hear_drift(event: EventView) -> None:
    """What an agent predicts no longer fits what happens."""
    told = event.payload
    what = _drifting(told["kind"], told.get("group") or "")
    by = f" ({told['agent'].capitalize()})" if told.get("agent") else ""
    how = _DRIFTS.get(told["measure"], "Off by")
    _raise(
        Condition(
            cause="drift",
            subject=event.subject,
            title=f"{what}{by}: {'its shape has changed' if told['measure'] == 'psi' else 'no longer fits'}",
            detail=f"{how} {told['value']}, the limit is {told['threshold']}; "
            f"seen in {told['count']} predictions.",
            recommended_action="Open the outcomes: look at what changed in the data before acting on scores",
            url="/outcomes",
        ),
        event.at,
    )


#: What a measure of drift says of its figure.
_DRIFTS = {
    "psi": "Index",
    "coverage": "What came lies within the interval told more often (less, if negative) by",
    "flags": "Of what was flagged more (less, if negative) came true than before, by",
}


def _drifting(kind: str, group: str) -> str:
    """A kind of prediction in words, with its horizon, demand pattern or way out."""
    if kind == "demand":
        return f"Forecast of {group} demand".replace("  ", " ")
    if kind == "action":
        return f"What a {group.replace('_', ' ')} brings"
    what = {"expiry": "Chance that a batch expires unsold", "dead": "Chance of no sale"}.get(kind, kind)
    return f"{what} within {group} days" if group else what


def hear_receipt(event: EventView) -> None:
    """A transfer arrived short or damaged."""
    if event.payload["executionStatus"] == "success":
        return
    _raise(
        Condition(
            cause="transfer_short",
            subject=event.subject,
            title="A transfer arrived short or damaged",
            detail=f"{event.payload['actualQuantity']} pieces could be sold on arrival.",
            recommended_action="Open the transfer; claim from the carrier, reverse the credit if it is lost",
            url="/transfers",
        ),
        event.at,
    )


def wake(at: datetime) -> None:
    """Bring back snoozed alerts whose rest is over."""
    services.wake_snoozed(at)


def put_templates(actor: Actor, at: datetime) -> None:
    """Put the texts of our letters at the messaging door."""
    services.ensure_templates()
    services.ensure_weekly_template()


def send_weekly(at: datetime) -> None:
    """Send the reports that are due, one's own and those that others are sent."""
    services.send_weekly_reports(at)
    services.send_mailed_reports(at)


def register() -> None:
    """Hang everything of this app in the registry and on the board."""
    registry.hang(
        AgentSpec(
            name="alerts",
            label=_("Alerts"),
            policy=AlertPolicy,
            take_snapshot=take_snapshot,
            decide=decide,
            record=record,
            after=("compliance",),
        )
    )
    for event, handle in (
        ("CycleFailed", hear_cycle_failed),
        ("CycleCompleted", hear_cycle_completed),
        ("ComplianceViolation", hear_violation),
        ("ActionMoved", hear_action),
        ("HaltPulled", hear_halt),
        ("HaltLifted", hear_lift),
        ("ChannelHalted", hear_channel_halted),
        ("ReallocationExecuted", hear_receipt),
        ("WebhookDisabled", hear_webhook_disabled),
        ("ExportGivenUp", hear_export_given_up),
        ("ExportAcknowledged", hear_export_answered),
        ("FeedHalted", hear_feed_halted),
        ("FeedStale", hear_feed_stale),
        ("QualityFell", hear_quality_fell),
        ("ImportFailed", hear_import_failed),
        ("ImportReconciled", hear_import_reconciled),
        ("KeyExpiring", hear_key_expiring),
        ("DriftDetected", hear_drift),
    ):
        registry.hang(Subscriber(f"alerts.{handle.__name__}", event, handle))
    registry.hang(Subscriber("alerts.hear_import_differs", "ImportDiffers", hear_import_failed))
    registry.hang(Chore("alerts.wake", wake))
    registry.hang(Chore("alerts.weekly_report", send_weekly))
    registry.hang(Tally("alerts", count_alerts))
    registry.hang(Setup("alerts.templates", put_templates))
    note = _("Who gets which report by mail, on which day and hour.")
    board.hang(SettingsLink("alerts:reports", _("Reports by mail"), note, "send", 17))
    board.hang(NavItem("alerts:alerts", _("Alerts"), "bell", 60, count=count_open, on_phone=True))
