"""Tables of the spine: events, deliveries, actions, transitions, decisions, cycles, audit."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q

from vyapar.engine.contracts import ActionView, EventView, Mode
from vyapar.kernel.lifecycle import OPEN, Status
from vyapar.kernel.phrases import again, text_of


class Event(models.Model):
    """Something that became true. Append-only: triggers refuse update, delete and truncate."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(default=uuid.uuid4, unique=True)
    name = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField(default=1)
    subject = models.CharField(max_length=200)
    payload = models.JSONField()
    actor_ref = models.CharField(max_length=80)
    at = models.DateTimeField()
    action_id = models.UUIDField(null=True)
    cycle_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["name", "id"], name="event_by_name"),  # feed of one kind
            models.Index(fields=["subject", "id"], name="event_by_subject"),  # a thing's history
            models.Index(fields=["action_id"], name="event_by_action", condition=Q(action_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"

    def view(self) -> EventView:
        return EventView(
            id=self.id, event_id=self.event_id, name=self.name, version=self.version,
            subject=self.subject, payload=self.payload, actor_ref=self.actor_ref, at=self.at,
            action_id=self.action_id, cycle_id=self.cycle_id,
        )  # fmt: skip


class Delivery(models.Model):
    """One event on its way to one subscriber; exactly one row for each pair."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    subscriber = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="delivery_once"),
        ]
        indexes = [
            # the relay's question: what is due
            models.Index(fields=["next_try_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["id"], name="delivery_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} <- {self.event_id}"


class Cycle(models.Model):
    """One run of one agent at one instant; claimed by its unique pair."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    agent = models.CharField(max_length=40)
    as_of = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    claimed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=1)
    counts = models.JSONField(default=dict)
    policy_version = models.PositiveIntegerField(default=0)
    snapshot_digest = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    words = models.JSONField(default=list)  # what the error was made of, to be said in any language

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "as_of"], name="cycle_once")]
        indexes = [models.Index(fields=["agent", "-as_of"], name="cycle_latest")]

    def __str__(self) -> str:
        return f"{self.agent} as of {self.as_of:%Y-%m-%d %H:%M}"


class CycleWish(models.Model):
    """That a cycle of an agent shall run, kept until one begins: the broker may lose what was sent by it."""

    agent = models.CharField(max_length=40)
    as_of = models.DateTimeField()
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "cycle wishes"
        constraints = [models.UniqueConstraint(fields=["agent", "as_of"], name="cycle_wished_once")]

    def __str__(self) -> str:
        return f"{self.agent} as of {self.as_of:%Y-%m-%d %H:%M}"


class CyclePart(models.Model):
    """One of the parts that a large cycle is cut into; whoever claims it records it once."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    scope = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    counts = models.JSONField(default=dict)
    passed_over = models.JSONField(default=list)
    snapshot_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cycle", "number"], name="cycle_part_once")]
        indexes = [
            # what beat hands to workers again
            models.Index(fields=["claimed_at"], name="cycle_part_open", condition=~Q(state="done")),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.cycle_id}: {self.state}"


class PassedOver(models.Model):
    """Something an agent looked at and left alone."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="passed_over")
    subject = models.CharField(max_length=200)
    code = models.CharField(max_length=64)
    reason = models.TextField()
    words = models.JSONField(default=list)  # what the reason was made of, to be said in any language
    numbers = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["cycle", "code"], name="passed_over_by_code")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.code}"


class Action(models.Model):
    """A proposal and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)  # what people say: "action 17"
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in Status], default=Status.PROPOSED
    )
    version = models.PositiveIntegerField(default=1)  # moves with every edit and transition
    title = models.CharField(max_length=300)
    reason = models.TextField()
    words = models.JSONField(default=dict)  # what title and reason were made of, by name
    payload = models.JSONField()
    value_paise = models.BigIntegerField()
    net_paise = models.BigIntegerField()
    quantity = models.BigIntegerField()
    discount_bp = models.PositiveIntegerField(default=0)
    confidence = models.FloatField()
    urgency = models.FloatField(default=0)
    evidence = models.JSONField(default=dict)
    alternatives = models.JSONField(default=list)
    findings = models.JSONField(default=list)  # the guards' latest answers
    agent = models.CharField(max_length=40)
    cycle = models.ForeignKey(Cycle, null=True, on_delete=models.PROTECT, related_name="actions")
    key = models.CharField(max_length=120, unique=True)  # idempotency key of the execution
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_by_name = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    undo_claimed_at = models.DateTimeField(null=True)  # somebody is at undoing it
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    receipt = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=[s.value for s in Status]), name="action_status"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0, value_paise__gte=0), name="action_not_negative"
            ),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(status__in=sorted(s.value for s in OPEN)),
                name="one_open_action",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-urgency"], name="action_inbox"),  # the inbox
            models.Index(fields=["kind", "status"], name="action_by_kind"),
            models.Index(fields=["updated_at", "id"], name="action_changes"),  # API cursor
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}: {self.title}"

    def view(self) -> ActionView:
        return ActionView(
            id=self.id, number=self.number, kind=self.kind, subject=self.subject,
            status=Status(self.status), title=again(self.title, self.words.get("title")),
            payload=self.payload, value_paise=self.value_paise, net_paise=self.net_paise,
            quantity=self.quantity, discount_bp=self.discount_bp, confidence=self.confidence,
            agent=self.agent, key=self.key, version=self.version, proposed_at=self.proposed_at,
            expires_at=self.expires_at, receipt=self.receipt,
        )  # fmt: skip


class Transition(models.Model):
    """One step in the life of an action. Append-only."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="transitions")
    source = models.CharField(max_length=16, blank=True)
    target = models.CharField(max_length=16)
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    reason = models.TextField(blank=True)
    words = models.JSONField(default=list)  # what the reason was made of, to be said in any language
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["action", "id"], name="transitions_of")]

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


class Remark(models.Model):
    """A question or an answer that a person left on an action. Append-only."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="remarks")
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    text = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text[:40]


class DecisionRecord(models.Model):
    """Why an action was proposed and decided as it was, complete enough to be performed again.

    Written when the action is proposed; `approver` and `outcome` are filled once, later.
    """

    action = models.OneToOneField(Action, on_delete=models.PROTECT, related_name="record")
    snapshot_digest = models.CharField(max_length=64)
    policy = models.JSONField()  # the agent's policy, whole, as it was
    policy_version = models.PositiveIntegerField()
    rule_versions = models.JSONField(default=dict)  # guard -> version of its rule set
    autonomy = models.JSONField()  # limits as they were
    autonomy_version = models.PositiveIntegerField()
    verdict = models.JSONField()  # alone or not, and the reasons
    evidence = models.JSONField(default=dict)
    alternatives = models.JSONField(default=list)
    proposed_at = models.DateTimeField()
    approver = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)
    outcome = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"record of {self.action_id}"


class PolicyVersion(models.Model):
    """One version of an agent's policy, in force from a date. Append-only."""

    agent = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    values = models.JSONField()
    effective_date = models.DateField()
    set_by = models.CharField(max_length=80)
    set_by_name = models.CharField(max_length=160, default="")
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "version"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.agent} v{self.version}"


class AutonomyVersion(models.Model):
    """One version of an action kind's limits; the newest counts. Append-only."""

    kind = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    mode = models.CharField(max_length=20, choices=[(m.value, m.value) for m in Mode])
    max_value_paise = models.BigIntegerField()
    max_quantity = models.BigIntegerField()
    max_discount_bp = models.PositiveIntegerField()
    min_confidence = models.FloatField()
    undo_seconds = models.PositiveIntegerField()
    daily_cap_paise = models.BigIntegerField()
    set_by = models.CharField(max_length=80)
    set_by_name = models.CharField(max_length=160, default="")
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="autonomy_version_once")]

    def __str__(self) -> str:
        return f"{self.kind} v{self.version}: {self.mode}"


class Halt(models.Model):
    """The kill switch: while a row is not lifted, nothing of its kind (all, if empty) is carried out."""

    kind = models.CharField(max_length=40, blank=True)
    pulled_by = models.CharField(max_length=80)
    pulled_by_name = models.CharField(max_length=160)
    pulled_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(lifted_at__isnull=True), name="one_halt_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(lifted_at__gte=F("pulled_at")),
                name="halt_lifted_after",
            ),
        ]

    def __str__(self) -> str:
        return f"halt {self.kind or 'everything'}"


class AuditEntry(models.Model):
    """One link of the trail. `seal` = SHA-256 over the previous seal and this entry. Append-only."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    verb = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    # what the reason was made of: unsealed, and said in place of it only while it makes the sealed text
    words = models.JSONField(default=list)
    body = models.TextField()  # canonical JSON {before, after}: hashed byte for byte
    action_id = models.UUIDField(null=True)
    previous_seal = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["subject", "seq"], name="audit_by_subject"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["action_id"], name="audit_by_action", condition=Q(action_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb} {self.subject}"

    @property
    def reason_words(self) -> list[Any]:
        """The words of the reason; none where they do not make the text that is sealed."""
        return self.words if text_of(self.words) == self.reason else []
