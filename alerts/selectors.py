"""Reads of alerts, and the figures of a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from alerts.models import Alert, MailedReport, Notice, WeeklyReport
from inventory.selectors import get_headline
from inventory.selectors.shelf import StockFilter, list_items, sort_items
from vyapar.engine.models import Transition
from vyapar.engine.selectors import list_actions
from vyapar.kernel.errors import NotFound
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.models import Message
from vyapar.messaging.selectors import list_newest

_ALIVE = [Alert.State.OPEN, Alert.State.ACKNOWLEDGED]


def list_alerts(state: str = "", cause: str = "", words: str = "") -> QuerySet[Alert]:
    """Alerts ranked by urgency and rupees; those that are open or acknowledged unless a state is asked."""
    rows = Alert.objects.filter(state=state) if state else Alert.objects.filter(state__in=_ALIVE)
    if cause:
        rows = rows.filter(cause=cause)
    if words:
        rows = rows.filter(title__icontains=words)
    return rows.order_by("-urgency_rank", "-value_paise", "-last_at")


def count_by_cause() -> dict[str, int]:
    """How many alerts are alive, by cause."""
    rows = Alert.objects.filter(state__in=_ALIVE).values("cause").annotate(n=Count("pk"))
    return {row["cause"]: row["n"] for row in rows.order_by("cause")}


def count_alerts() -> dict[str, Any]:
    """Alerts by state and urgency."""
    table: dict[str, dict[str, int]] = {}
    rows = Alert.objects.values("state", "urgency").annotate(n=Count("pk")).order_by("state", "urgency")
    for row in rows:
        table.setdefault(row["state"], {})[row["urgency"]] = row["n"]
    return table


def count_open() -> int:
    """Alerts that nobody has acknowledged."""
    return Alert.objects.filter(state=Alert.State.OPEN).count()


def list_unread(user_id: int, limit: int = 20) -> list[Notice]:
    """A person's unread notices, most urgent first."""
    rows = Notice.objects.filter(user_id=user_id, way="in_app", read_at__isnull=True)
    return list(rows.select_related("alert").order_by("-alert__urgency_rank", "-at")[:limit])


# --- the week ------------------------------------------------------------------------------

_WORST = 10


@dataclass(frozen=True, slots=True)
class WorstItem:
    """One SKU in one territory: pieces and paise at cost that will not sell in time."""

    name: str
    territory: str
    pieces: int
    risk_paise: int


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """What the weekly report says; money in paise. `expiring`: by days, what will expire unsold."""

    dead_items: int
    dead_paise: int
    expiring: dict[int, int]
    worst: tuple[WorstItem, ...]
    waiting: int
    waiting_paise: int
    executed: int
    executed_paise: int


def week_figures(at: datetime) -> WeekFigures:
    """The figures as last scored, what waits, and what was carried out in the seven days before `at`."""
    headline = get_headline()
    rows = sort_items(list_items(StockFilter(at_risk=True)), "")[:_WORST]
    waiting = list_actions(statuses=(Status.PROPOSED,)).aggregate(n=Count("pk"), net=Sum("net_paise"))
    done = Transition.objects.filter(
        target=Status.EXECUTED.value, at__gt=at - timedelta(days=7), at__lte=at
    ).aggregate(n=Count("pk"), net=Sum("action__net_paise"))
    return WeekFigures(
        dead_items=headline.dead_items,
        dead_paise=headline.dead_paise,
        expiring=headline.expiring,
        worst=tuple(
            WorstItem(row.sku.name, row.territory.name, row.due_quantity, row.due_paise)  # type: ignore[attr-defined]
            for row in rows
        ),
        waiting=waiting["n"],
        waiting_paise=int(waiting["net"] or 0),
        executed=done["n"],
        executed_paise=int(done["net"] or 0),
    )


def list_mailed_reports() -> list[MailedReport]:
    """Reports that people outside are sent: those in force first, then by address."""
    rows = MailedReport.objects.filter(user_id__isnull=True)
    return list(rows.order_by(F("next_at").asc(nulls_last=True), "email", "kind"))


def list_mailed_lists(user_id: int | None) -> list[MailedReport]:
    """Lists that go to a person or that they set; None for all. Those in force first, then by name."""
    rows = MailedReport.objects.filter(user_id__isnull=False)
    if user_id is not None:
        rows = rows.filter(Q(user_id=user_id) | Q(set_by=f"user:{user_id}"))
    return list(rows.order_by(F("next_at").asc(nulls_last=True), "name", "pk"))


def get_mailed_list(report_id: int, user_id: int | None) -> MailedReport:
    """One of the lists that `list_mailed_lists` gives. `NotFound` for any other."""
    for one in list_mailed_lists(user_id):
        if one.pk == report_id:
            return one
    raise NotFound(_("there is no such list of yours"), code="no_such_report")


def list_sendings(reports: Sequence[MailedReport], each: int = 5) -> dict[int, list[Message]]:
    """The newest mails of reports by report, with their files, sent or not; `each`: at most so many."""
    found: dict[int, list[Message]] = {one.pk: [] for one in reports}
    if not reports:
        return found
    by_origin = {one.origin: one.pk for one in reports}
    for message in list_newest(list(by_origin), each):
        found[by_origin[message.origin]].append(message)
    return found


def get_weekly_report(user_id: int) -> WeeklyReport | None:
    """A person's wish for the weekly report."""
    return WeeklyReport.objects.filter(user_id=user_id).first()
