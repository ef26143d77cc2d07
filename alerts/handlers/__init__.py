"""Hangs the alerts' agent and pages; hears what must not wait for the next look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from alerts import services
from alerts.agent import Dead, Expiring, LateFeed, LowQuality, StandingSnapshot, Waiting, decide
from alerts.handlers import data, doings, sold
from alerts.rules import AlertPolicy
from alerts.selectors import count_alerts, count_open
from inventory.selectors.alarms import last_sale_date, sum_dead, sum_expiring
from inventory.selectors.freshness import list_stale
from inventory.selectors.quality import list_low
from vyapar.dashboard import board
from vyapar.dashboard.board import MailDoor, NavItem, SettingsLink
from vyapar.engine import registry
from vyapar.engine.contracts import AgentSpec, Chore, Setup, Subscriber, Tally
from vyapar.engine.selectors import get_policy, list_actions
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Decision
from vyapar.kernel.lifecycle import Status
from vyapar.people.contracts import May

HORIZONS = (30, 60, 90)


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
        ("CycleFailed", doings.hear_cycle_failed),
        ("CycleCompleted", doings.hear_cycle_completed),
        ("ComplianceViolation", doings.hear_violation),
        ("ActionMoved", doings.hear_action),
        ("HaltPulled", doings.hear_halt),
        ("HaltLifted", doings.hear_lift),
        ("ChannelHalted", doings.hear_channel_halted),
        ("ReallocationExecuted", doings.hear_receipt),
        ("WebhookDisabled", doings.hear_webhook_disabled),
        ("ExportGivenUp", data.hear_export_given_up),
        ("ExportAcknowledged", data.hear_export_answered),
        ("FeedHalted", data.hear_feed_halted),
        ("FeedStale", data.hear_feed_stale),
        ("QualityFell", data.hear_quality_fell),
        ("ImportFailed", data.hear_import_failed),
        ("ImportReconciled", data.hear_import_reconciled),
        ("KeyExpiring", doings.hear_key_expiring),
        ("DriftDetected", data.hear_drift),
        ("ExpiredStockSold", sold.hear_expired_sold),
        ("ExpiredSalesUndone", sold.hear_expired_undone),
        ("PastSalesExpired", sold.hear_past_expired),
        ("ShortLifeSold", sold.hear_short_sold),
        ("ImportUndone", sold.hear_import_undone),
    ):
        registry.hang(Subscriber(f"alerts.{handle.__name__}", event, handle))
    registry.hang(Subscriber("alerts.hear_import_differs", "ImportDiffers", data.hear_import_failed))
    registry.hang(Chore("alerts.wake", wake))
    registry.hang(Chore("alerts.weekly_report", send_weekly))
    registry.hang(Tally("alerts", count_alerts))
    registry.hang(Setup("alerts.templates", put_templates))
    note = _("Who gets which report by mail, on which day and hour.")
    board.hang(SettingsLink("alerts:reports", _("Reports by mail"), note, "send", 17))
    note = _("Lists of pages and saved views as Excel or CSV, sent to people here when they want them.")
    board.hang(SettingsLink("alerts:lists", _("Lists by mail"), note, "send", 18, May.READ))
    board.hang(MailDoor("alerts:lists"))
    board.hang(NavItem("alerts:alerts", _("Alerts"), "bell", 60, count=count_open, on_phone=True))
