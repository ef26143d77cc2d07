"""How a feed reaches its system: what it knows, and the breaker it shares with all workers."""

from __future__ import annotations

from django.conf import settings

from inventory.feeds import SYSTEMS, Access, System
from inventory.models import Feed
from vyapar.farside.resilience import Breakers, breakers
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema

#: A pull is hundreds of calls, each repeated already: three that failed say that the far side is down.
_FAILURES, _REST_SECONDS = 3, 300.0


def access_of(feed: Feed) -> Access:
    """What the feed's system needs to be reached."""
    return Access(
        code=feed.code,
        tenant=current_schema(),
        settings=feed.settings,
        secrets=feed.secrets,
        sandbox=feed.sandbox,
        redis_url=settings.REDIS_URL,
    )


def system_of(feed: Feed) -> System:
    """The feed's system; `Misconfigured` when its package is not there."""
    system = SYSTEMS.get(feed.system)
    if system is None:
        raise Misconfigured(_("there is no package for %(system)s", system=feed.system), code="no_system")
    return system


def breaker_name(feed: Feed) -> str:
    """The feed's breaker, as pages list it."""
    return f"feed:{feed.code}"


def feed_breakers() -> Breakers:
    """The breakers of feeds."""
    return breakers(settings.REDIS_URL, _FAILURES, _REST_SECONDS)
