"""Verbs of alerts: raised, seen to, closed; the weekly report by mail."""

from alerts.services.alerting import (
    acknowledge,
    close,
    close_ending,
    close_others,
    ensure_templates,
    mark_read,
    raise_alert,
    recipient,
    snooze,
    wake_snoozed,
)
from alerts.services.lists import set_mailed_list
from alerts.services.mailed import (
    resume_mailed_report,
    send_mailed_reports,
    send_report_now,
    set_mailed_report,
    stop_mailed_report,
    stop_reports_to,
)
from alerts.services.weekly import (
    ensure_weekly_template,
    send_weekly_reports,
    set_weekly_report,
    stop_weekly_report,
    write_weekly_report,
)

__all__ = [
    "acknowledge",
    "close",
    "close_ending",
    "close_others",
    "ensure_templates",
    "ensure_weekly_template",
    "mark_read",
    "raise_alert",
    "recipient",
    "resume_mailed_report",
    "send_mailed_reports",
    "send_report_now",
    "send_weekly_reports",
    "set_mailed_list",
    "set_mailed_report",
    "set_weekly_report",
    "snooze",
    "stop_mailed_report",
    "stop_reports_to",
    "stop_weekly_report",
    "wake_snoozed",
    "write_weekly_report",
]
