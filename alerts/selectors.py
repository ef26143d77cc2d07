"""Reads of alerts."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from alerts.models import Alert, Notice

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
