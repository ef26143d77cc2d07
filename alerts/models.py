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
    words = models.JSONField(
        default=dict
    )  # what title, detail, recommended_action and end_reason were made of
    url = models.CharField(max_length=300, blank=True)
    value_paise = models.BigIntegerField(default=0)
    seen = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True)
    acted_by = models.CharField(max_length=160, blank=True)
    acted_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True, default="")  # why it closed by itself

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
    """A report that is sent to one address outside, or a list to one person here: which, when, when next.

    Stopped ones stay, so that an address that wants none is not asked again by mistake. A list (`listing`
    on the board, `query` of its page) goes as a file to an account, in its language and to the address
    it has then; with `view_id` the query is that of a saved view as it stands when it is sent.
    """

    class Kind(models.TextChoices):
        WEEK = "week"  # what is dead, what will expire, what was decided and what waits
        DEAD = "dead"  # the dead items that tie up most
        EXPIRING = "expiring"  # what will expire unsold, week by week
        WAITING = "waiting"  # what waits for a person
        LIST = "list"  # a page's list as a file

    class Form(models.TextChoices):
        XLSX = "xlsx"
        CSV = "csv"
        BOTH = "both"

    #: Instead of a weekday: it is sent on each, or on a day of the month.
    DAILY, MONTHLY = 7, 8

    kind = models.CharField(max_length=8, choices=Kind.choices)
    listing = models.CharField(max_length=20, blank=True)
    query = models.CharField(max_length=500, blank=True)
    view_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=80, blank=True)
    form = models.CharField(max_length=4, choices=Form.choices, blank=True)
    user_id = models.BigIntegerField(null=True)  # whom a list goes to
    email = models.EmailField(blank=True)  # where a report goes to outside
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=5, blank=True)
    weekday = models.PositiveSmallIntegerField()  # 0 is Monday, 7 every day, 8 once a month
    day = models.PositiveSmallIntegerField(null=True)  # of the month
    hour = models.PositiveSmallIntegerField()  # IST
    next_at = models.DateTimeField(null=True)  # None once it is stopped
    sent_at = models.DateTimeField(null=True)
    set_by = models.CharField(max_length=80)
    set_by_name = models.CharField(max_length=160)
    stopped_by_reader = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "email"], condition=Q(user_id__isnull=True), name="mailed_report_once"
            ),
            models.UniqueConstraint(
                fields=["user_id", "listing", "view_id", "query"],
                condition=Q(user_id__isnull=False),
                nulls_distinct=False,
                name="mailed_list_once",
            ),
            models.CheckConstraint(
                condition=Q(hour__lte=23)
                & (Q(weekday__lte=7, day__isnull=True) | Q(weekday=8, day__gte=1, day__lte=28)),
                name="mailed_report_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(kind="list", user_id__isnull=False, form__in=["xlsx", "csv", "both"])
                & ~Q(listing="")
                | ~Q(kind="list") & Q(user_id__isnull=True) & ~Q(email=""),
                name="mailed_report_goes_somewhere",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], name="mailed_report_due")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.email or self.user_id}"

    @property
    def origin(self) -> str:
        """The name under which its mails stand at the messaging door."""
        return f"mailed-report:{self.pk}"
