"""Shapes of feeds at the API. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.feeds import SYSTEMS
from inventory.models import Feed
from vyapar.farside.resilience import BreakerState
from vyapar.gateway.speech import say
from vyapar.kernel.phrases import again

_SYSTEMS = sorted(SYSTEMS)


class FeedOut(serializers.Serializer[Any]):
    """One feed. `secrets` are names of what is kept; their values are never told."""

    code = serializers.CharField()
    name = serializers.CharField()
    system = serializers.ChoiceField(_SYSTEMS)
    settings = serializers.JSONField()
    secrets = serializers.ListField(child=serializers.CharField())
    profile = serializers.CharField(allow_null=True, help_text="name of the mapping profile")
    everySeconds = serializers.IntegerField(help_text="0: not pulled by itself")
    freshHours = serializers.IntegerField(help_text="older than this and agents do not act alone")
    active = serializers.BooleanField()
    simulated = serializers.BooleanField()
    nextPullAt = serializers.DateTimeField(allow_null=True)
    lastOkAt = serializers.DateTimeField(allow_null=True)
    lastDay = serializers.DateField(allow_null=True)
    lastError = serializers.CharField(allow_blank=True)
    breaker = serializers.ChoiceField(["closed", "open", "half-open"])
    updatedAt = serializers.DateTimeField()


class FeedList(serializers.Serializer[Any]):
    """All feeds by name."""

    results = FeedOut(many=True)


class FeedIn(serializers.Serializer[Any]):
    """What a feed is made of; see the guide of its system for settings and secrets."""

    code = serializers.SlugField(max_length=40)
    name = serializers.CharField(max_length=120)
    system = serializers.ChoiceField(_SYSTEMS)
    settings = serializers.DictField(required=False, default=dict)
    secrets = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=4000), required=False, default=dict,
        help_text="added to those there are; an empty one takes its name away",
    )  # fmt: skip
    profile = serializers.IntegerField(required=False, allow_null=True, help_text="id of a mapping profile")
    everySeconds = serializers.IntegerField(required=False, default=0, min_value=0, max_value=604_800)
    freshHours = serializers.IntegerField(required=False, default=36, min_value=1, max_value=2_160)


class FeedChange(serializers.Serializer[Any]):
    """What is to be different; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    settings = serializers.DictField(required=False, help_text="all of them: what is left out is gone")
    secrets = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=4000), required=False
    )
    profile = serializers.IntegerField(required=False, allow_null=True)
    everySeconds = serializers.IntegerField(required=False, min_value=0, max_value=604_800)
    freshHours = serializers.IntegerField(required=False, min_value=1, max_value=2_160)
    active = serializers.BooleanField(required=False)


class FeedChecked(serializers.Serializer[Any]):
    """What one small call to the feed's system met."""

    version = serializers.CharField()


def feed_out(feed: Feed, breaker: BreakerState | None) -> dict[str, Any]:
    """The outside form of a feed."""
    return {
        "code": feed.code,
        "name": feed.name,
        "system": feed.system,
        "settings": feed.settings,
        "secrets": sorted(feed.secrets),
        "profile": str(feed.profile) if feed.profile else None,
        "everySeconds": feed.every_seconds,
        "freshHours": feed.fresh_hours,
        "active": feed.active,
        "simulated": feed.sandbox,
        "nextPullAt": feed.next_pull_at,
        "lastOkAt": feed.last_ok_at,
        "lastDay": feed.last_day,
        "lastError": say(again(feed.last_error, feed.words)),
        "breaker": breaker.state if breaker else "closed",
        "updatedAt": feed.updated_at,
    }
