"""Accounts with far sides, templates, the consent ledger, and every message with its life."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from vyapar.messaging.contracts import Channel

_CHANNELS = [(channel.value, channel.value) for channel in Channel]


class ChannelAccount(models.Model):
    """How the distributor reaches one far side. Secrets stay in `secrets` and out of every log."""

    channel = models.CharField(max_length=10, choices=_CHANNELS, unique=True)
    settings = models.JSONField(default=dict)  # phone_number_id, waba_id, entity_id, header, sender…
    secrets = models.JSONField(default=dict)  # token, app_secret, verify_token, api_key, password
    sandbox = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    halted_at = models.DateTimeField(null=True)
    halted_reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return str(self.channel)


class Template(models.Model):
    """One text in one language on one channel, with `{{n}}` for what changes."""

    name = models.CharField(max_length=80)
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    language = models.CharField(max_length=5)
    category = models.CharField(max_length=20, default="MARKETING")
    provider_template = models.CharField(max_length=80)  # name at Meta, content template id at DLT
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    buttons = models.JSONField(default=list)
    status = models.CharField(max_length=20, default="APPROVED")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "channel", "language"], name="template_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name}/{self.channel}/{self.language}"


class Consent(models.Model):
    """The consent ledger: every grant and withdrawal with its proof. Append-only; the latest counts."""

    party = models.CharField(max_length=80)
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    purpose = models.CharField(max_length=20)
    granted = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(max_length=120)
    proof = models.TextField(blank=True)
    recorded_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party", "channel", "purpose", "at", "granted"], name="consent_said_once"
            ),
        ]
        indexes = [models.Index(fields=["party", "channel", "purpose", "-at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.party} {self.channel} {self.granted}"


class Message(models.Model):
    """One letter on one channel and what became of it."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SKIPPED = "skipped"  # consent, cap or address: never sent
        SENDING = "sending"  # in a worker's hands; `called_at` says whether the far side may have it
        UNKNOWN = "unknown"  # the far side may have it; never repeated blindly
        SENT = "sent"
        DELIVERED = "delivered"
        READ = "read"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=160, unique=True)
    origin = models.CharField(max_length=80)
    party = models.CharField(max_length=80)
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    address = models.CharField(max_length=200)
    purpose = models.CharField(max_length=20)
    template = models.ForeignKey(Template, null=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=5)
    parameters = models.JSONField(default=list)
    buttons = models.JSONField(default=list)
    fallbacks = models.JSONField(default=list)  # [[channel, address], …] still to be tried
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField(max_length=300, blank=True)  # why it was skipped or failed
    words = models.JSONField(default=list)  # what the reason was made of, to be said in any language
    provider_id = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)  # the intent, kept before the far side is called
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    cost_paise = models.PositiveIntegerField(default=0)
    simulated = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], name="message_due", condition=Q(status="queued")),
            models.Index(fields=["origin", "status"], name="message_of_origin"),  # the funnel
            models.Index(fields=["provider_id"], name="message_by_provider", condition=~Q(provider_id="")),
            models.Index(fields=["party", "-queued_at"], name="message_of_party"),  # frequency cap
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.party}: {self.status}"


class Enclosure(models.Model):
    """A file that goes with a mail. Its bytes are dropped once the mail is settled; what it was stays."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="enclosures")
    name = models.CharField(max_length=160)
    media_type = models.CharField(max_length=120)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField(null=True)

    class Meta:
        indexes = [  # the chore that drops bytes
            models.Index(fields=["message"], name="enclosure_held", condition=Q(content__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name


class MessageStep(models.Model):
    """One report of a far side about a message; the same report twice is one row. Append-only."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="steps")
    identity = models.CharField(max_length=260, unique=True)
    status = models.CharField(max_length=10)
    at = models.DateTimeField()
    error_code = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.identity


class Inbound(models.Model):
    """Something a person wrote or tapped; kept once by the far side's id."""

    provider_id = models.CharField(max_length=200, unique=True)
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    address = models.CharField(max_length=200)
    party = models.CharField(max_length=80, blank=True)
    message = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, related_name="answers")
    kind = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    payload = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    simulated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.text[:40]
