"""Alerts, who was told, and what they did about it; who gets reports by mail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alerts.contracts import Urgency


class Alert(models.Model):
    """One cause on one subject; seen again it is the same alert, with new figures."""

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        SNOOZED = "snoozed"
        CLOSED = "closed"

    cause = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    urgency = models.CharField(max_length=8, choices=[(u.value, u.value) for u in Urgency])
    urgency_rank = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    detail = models.TextField(blank=True)
    recommended_action = models.CharField(max_length=300)
    words = models.JSONField(default=dict)  # what title, detail and recommended_action were made of
    url = models.CharField(max_length=300, blank=True)
    value_paise = models.BigIntegerField(default=0)
    seen = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True)
    acted_by = models.CharField(max_length=160, blank=True)
    acted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "subject"], condition=~Q(state="closed"), name="one_open_alert"
            )
        ]
        indexes = [models.Index(fields=["state", "-urgency_rank", "-value_paise"], name="alert_ranked")]

    def __str__(self) -> str:
        return self.title


class Notice(models.Model):
    """One person told of one alert by one way."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notices")
    user_id = models.BigIntegerField()
    way = models.CharField(max_length=8)  # in_app, email
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "user_id", "way"], name="notice_once")]
        indexes = [models.Index(fields=["user_id", "read_at"], name="notice_unread")]

    def __str__(self) -> str:
        return f"{self.alert_id} to {self.user_id} by {self.way}"


class WeeklyReport(models.Model):
    """A person's wish for the weekly report by mail: on which day and hour, and when it is due next."""

    user_id = models.BigIntegerField(unique=True)
    weekday = models.PositiveSmallIntegerField()  # 0 is Monday
    hour = models.PositiveSmallIntegerField()  # IST
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6, hour__lte=23), name="weekly_report_has_a_time")
        ]
        indexes = [models.Index(fields=["next_at"], name="weekly_report_due")]

    def __str__(self) -> str:
        return f"user {self.user_id}, day {self.weekday} at {self.hour}"


class MailedReport(models.Model):
    """A report that somebody in charge has sent to one address: which, when, and when it is due next.

    Stopped ones stay, so that an address that wants none is not asked again by mistake.
    """

    class Kind(models.TextChoices):
        WEEK = "week"  # what is dead, what will expire, what was decided and what waits
        DEAD = "dead"  # the dead items that tie up most
        EXPIRING = "expiring"  # what will expire unsold, week by week
        WAITING = "waiting"  # what waits for a person

    #: Instead of a weekday: it is sent on each.
    DAILY = 7

    kind = models.CharField(max_length=8, choices=Kind.choices)
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=5)
    weekday = models.PositiveSmallIntegerField()  # 0 is Monday, 7 every day
    hour = models.PositiveSmallIntegerField()  # IST
    next_at = models.DateTimeField(null=True)  # None once it is stopped
    sent_at = models.DateTimeField(null=True)
    set_by = models.CharField(max_length=80)
    set_by_name = models.CharField(max_length=160)
    stopped_by_reader = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "email"], name="mailed_report_once"),
            models.CheckConstraint(
                condition=Q(weekday__lte=7, hour__lte=23), name="mailed_report_has_a_time"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], name="mailed_report_due")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.email}"
