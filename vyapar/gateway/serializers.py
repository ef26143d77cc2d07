"""Shapes of keys at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vyapar.gateway.models import ApiKey
from vyapar.gateway.scopes import SCOPES


class SecretOut(serializers.Serializer[Any]):
    """When a secret of a key was made and used; never the secret."""

    createdAt = serializers.DateTimeField()
    endsAt = serializers.DateTimeField(allow_null=True, help_text="null: as long as the key")
    lastUsedAt = serializers.DateTimeField(allow_null=True)


class KeyOut(serializers.Serializer[Any]):
    """A key without its secret."""

    prefix = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField()
    createdBy = serializers.CharField()
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField()
    revokedBy = serializers.CharField(allow_blank=True)
    revokedAt = serializers.DateTimeField(allow_null=True)
    lastUsedAt = serializers.DateTimeField(allow_null=True)
    secrets = SecretOut(many=True)


class KeyList(serializers.Serializer[Any]):
    """All keys, newest first."""

    results = KeyOut(many=True)


class KeyWithSecret(KeyOut):
    """A key with its new secret, shown this once."""

    key = serializers.CharField(help_text="vs_…; keep it now, it is not shown again")


class KeyIn(serializers.Serializer[Any]):
    """A key to be made."""

    name = serializers.CharField(max_length=120)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=40)
    expiresAt = serializers.DateTimeField(required=False, help_text="in a year unless said")
    networks = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=50, help_text="CIDR"
    )


class KeyChange(serializers.Serializer[Any]):
    """What is to be changed of a key; what is left out stays."""

    version = serializers.IntegerField(required=False, help_text="the version you looked at, or If-Match")
    name = serializers.CharField(max_length=120, required=False)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(SCOPES), min_length=1, max_length=40, required=False
    )
    expiresAt = serializers.DateTimeField(required=False)
    networks = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=50
    )


class RotateIn(serializers.Serializer[Any]):
    """How long the secret before stays valid, and whether the key lives longer."""

    overlapHours = serializers.IntegerField(
        required=False, default=24, min_value=0, max_value=720, help_text="0: the old secret ends now"
    )
    expiresAt = serializers.DateTimeField(required=False)


def key_out(key: ApiKey) -> dict[str, Any]:
    """The outside form of a key."""
    return {
        "prefix": key.prefix,
        "name": key.name,
        "scopes": key.scopes,
        "networks": key.networks,
        "version": key.version,
        "createdBy": key.created_by,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedBy": key.revoked_by,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at,
        "secrets": [
            {"createdAt": one.created_at, "endsAt": one.ends_at, "lastUsedAt": one.last_used_at}
            for one in sorted(key.secrets.all(), key=lambda one: one.created_at, reverse=True)
        ],
    }
