"""How much a caller and a distributor may ask for: token buckets in Valkey, taken from at one stroke.

A bucket holds as many tokens as its rate allows in one window and fills evenly. What is asked of
several buckets at once (the key's and the distributor's) is taken from all of them or from none.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import redis
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema

log = structlog.get_logger(__name__)

_RATE = re.compile(r"^(\d{1,12})/(s|sec|m|min|h|hour|d|day)$")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
#: A Valkey that does not answer in this time is done without.
_PATIENCE_SECONDS = 0.25

# KEYS: buckets. ARGV: of each its size, window in seconds, and what is asked of it. The clock is
# Valkey's own, so that web servers whose clocks differ agree. Returns the wait in milliseconds (0:
# taken), then of each bucket what is left, as text.
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local wait, lefts = 0, {}
for i, key in ipairs(KEYS) do
  local size, window, asked = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i])
  local kept = redis.call('HMGET', key, 'left', 'at')
  local left, at = tonumber(kept[1]) or size, tonumber(kept[2]) or now
  left = math.min(size, left + math.max(0, now - at) * size / window)
  lefts[i] = left
  if left < asked then wait = math.max(wait, (asked - left) * window / size) end
end
local answer = {math.ceil(wait * 1000)}
for i, key in ipairs(KEYS) do
  if wait == 0 then
    lefts[i] = lefts[i] - tonumber(ARGV[3*i])
    redis.call('HSET', key, 'left', string.format('%.9f', lefts[i]), 'at', string.format('%.6f', now))
    redis.call('PEXPIRE', key, tonumber(ARGV[3*i-1]) * 1000 + 1000)
  end
  answer[i + 1] = string.format('%.9f', lefts[i])
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    size: int
    window: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A rate that somebody has. `label` is told to the caller, `ident` tells buckets apart."""

    label: str
    ident: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Level:
    """How a bucket stands after a call: whole tokens left, seconds until it is full."""

    bucket: Bucket
    left: int
    full_in: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether the tokens were there; if not, the seconds to wait. `levels` is empty without Valkey."""

    allowed: bool
    wait: int
    levels: tuple[Level, ...]

    @property
    def tightest(self) -> Level | None:
        """The bucket that will be empty first."""
        return min(self.levels, key=lambda level: level.left, default=None)


@functools.cache
def read_rate(text: str) -> Rate:
    """`600/min` as a rate; units are s, min, hour and day."""
    found = _RATE.match(text)
    if found is None or int(found[1]) < 1:
        raise Misconfigured(_("%(text)s is no rate: write 600/min", text=f"{text!r}"), code="bad_rate")
    return Rate(int(found[1]), _SECONDS[found[2][0]])


def take(buckets: Sequence[Bucket], tokens: int = 1) -> Taken:
    """Take tokens from all buckets or from none; one larger than a bucket asks for the whole bucket.

    When Valkey is away everything is allowed, and the log says so: limits protect the house, they are
    no reason to turn everybody away.
    """
    names = [f"{current_schema()}:limit:{bucket.ident}" for bucket in buckets]
    words: list[int] = []
    for bucket in buckets:
        words += [bucket.rate.size, bucket.rate.window, min(tokens, bucket.rate.size)]
    try:
        answer = _script(settings.REDIS_URL)(keys=names, args=words)
    except RedisError as error:
        log.warning("limits_unavailable", error=str(error)[:200])
        return Taken(True, 0, ())
    wait, lefts = int(answer[0]), [float(text) for text in answer[1:]]
    levels = tuple(
        Level(
            bucket,
            math.floor(left + 1e-6),
            math.ceil((bucket.rate.size - left) * bucket.rate.window / bucket.rate.size),
        )
        for bucket, left in zip(buckets, lefts, strict=True)
    )
    return Taken(wait == 0, math.ceil(wait / 1000), levels)


@functools.cache
def _script(url: str) -> redis.commands.core.Script:
    client = redis.Redis.from_url(
        url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
    return client.register_script(_TAKE)
