"""Reading feeds with the state of their breakers."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from inventory.models import Feed, FeedEvent
from inventory.selectors.imports import get_feed
from inventory.selectors.pullers import list_pulled
from vyapar.farside.resilience import BreakerState, breaker_states
from vyapar.tenancy.here import current_schema


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed, its breaker if it was ever used, and the bodies that came by themselves.

    `pulled`: a worker that lives is at it.
    """

    feed: Feed
    breaker: BreakerState | None
    awaited: int = 0
    refused: int = 0
    pulled: bool = False


def list_feed_states() -> list[FeedState]:
    """All feeds by name. Two queries, and the breakers."""
    known, pulled = _breakers(), list_pulled()
    feeds = Feed.objects.select_related("profile").order_by("name", "code")
    return [FeedState(feed, known.get(feed.code), pulled=feed.pk in pulled) for feed in feeds]


def get_feed_state(code: str) -> FeedState:
    """One feed; `NotFound` when there is none of this code."""
    feed = get_feed(code)
    events = FeedEvent.objects.filter(feed=feed)
    waiting = events.filter(run=None, refused="").count()
    refused, pulled = events.exclude(refused="").count(), feed.pk in list_pulled()
    return FeedState(feed, _breakers().get(code), waiting, refused, pulled)


def list_refused_events(feed: Feed, most: int = 20) -> list[FeedEvent]:
    """Bodies that could not be read, the newest first."""
    return list(FeedEvent.objects.filter(feed=feed).exclude(refused="").order_by("-pk")[:most])


def _breakers() -> dict[str, BreakerState]:
    states = breaker_states(current_schema(), settings.REDIS_URL)
    return {one.far_side.removeprefix("feed:"): one for one in states if one.far_side.startswith("feed:")}
