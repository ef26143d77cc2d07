"""Keys of machines that call us, tokens given for them, replies kept for repeated calls, calls seen."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from vyapar.gateway.scopes import covers
from vyapar.kernel.actor import Actor
from vyapar.people.contracts import May


class ApiKey(models.Model):
    """A scoped key of one distributor. Its secrets stand in `KeySecret`, as digests only."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)  # shown, to tell keys apart
    scopes = models.JSONField(default=list)  # values of May, or `feed:sales`
    networks = models.JSONField(default=list)  # CIDR; empty means from anywhere
    rate = models.CharField(max_length=20, blank=True)  # "600/min"; empty means the house's default
    version = models.PositiveIntegerField(default=1)  # moves with every change, rotation, revocation
    created_by = models.CharField(max_length=80)
    created_by_name = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)  # when the end of this `expires_at` was announced
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=80, blank=True)
    revoked_by_name = models.CharField(max_length=160, blank=True)
    last_used_at = models.DateTimeField(null=True)

    #: Django and DRF ask this of whoever stands behind a request.
    is_authenticated = True
    is_active = True

    class Meta:
        indexes = [
            # the chore that warns
            models.Index(
                fields=["expires_at"], name="key_unwarned", condition=Q(warned_at=None, revoked_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def may(self, permission: May, part: str = "") -> bool:
        """Whether the key carries a permission, whole or for one part of it (`feed:sales`)."""
        return covers(self.scopes, f"{permission.value}:{part}" if part else permission.value)

    def is_live(self, at: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and self.expires_at > at

    @property
    def actor(self) -> Actor:
        return Actor("key", self.prefix, self.name)


class KeySecret(models.Model):
    """One secret of a key. After a rotation the one before stays valid until `ends_at`."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    ends_at = models.DateTimeField(null=True)  # null: for as long as the key itself
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key_id} {self.digest[:8]}"

    def is_live(self, at: datetime) -> bool:
        """Not yet replaced for good."""
        return self.ends_at is None or self.ends_at > at


class AccessToken(models.Model):
    """A short-lived token given for a key's secret; it dies with either. Only a digest is kept."""

    secret = models.ForeignKey(KeySecret, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="token_by_age")]  # clearing old ones

    def __str__(self) -> str:
        return f"{self.secret_id} until {self.expires_at}"


class StoredReply(models.Model):
    """The first reply to a call with an Idempotency-Key, given again to every repetition."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)  # of method, path and body
    status = models.PositiveSmallIntegerField(null=True)  # null while the first call is running
    content_type = models.CharField(max_length=80, blank=True)
    headers = models.JSONField(default=dict)  # Location, ETag
    body = models.BinaryField(default=b"")
    started_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "stored replies"
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="reply_once")]
        indexes = [models.Index(fields=["started_at"], name="reply_by_age")]  # clearing old ones

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"


class ApiCall(models.Model):
    """One call of the API as it went; neither secrets nor anybody's data stand in it."""

    at = models.DateTimeField()
    request_id = models.CharField(max_length=64)
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=200)  # the address with its variable parts unnamed
    query = models.CharField(max_length=300, blank=True)  # masked
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=64, blank=True)  # of the problem, if it was one
    duration_ms = models.PositiveIntegerField()
    caller = models.CharField(max_length=80, blank=True)  # `key:…`, `user:…`, empty for strangers
    caller_name = models.CharField(max_length=160, blank=True)
    network = models.CharField(max_length=48, blank=True)  # the caller's, without the host part
    bytes_in = models.BigIntegerField(default=0)
    bytes_out = models.BigIntegerField(default=0)
    rows_in = models.PositiveIntegerField(default=0)
    rows_out = models.PositiveIntegerField(default=0)
    replayed = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="call_latest"),  # the page; clearing old ones
            models.Index(fields=["caller", "-at"], name="call_by_caller"),  # one key's calls
            models.Index(fields=["request_id"], name="call_by_request"),  # "here is my request id"
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}"
