"""How calls to far sides survive: bounded retries, and a circuit breaker that workers share."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import pybreaker
import redis
from redis.exceptions import RedisError
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.stop import stop_after_attempt, stop_before_delay
from tenacity.wait import wait_base, wait_exponential_jitter

from vyapar.kernel.errors import NotNow, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _

T = TypeVar("T")
log = logging.getLogger(__name__)

CIRCUIT_OPEN = "circuit_open"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of repeating one call: attempts in all, waits and the whole budget in seconds."""

    attempts: int = 3
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 4.0
    budget_seconds: float = 20.0


class _Wait(wait_base):
    """Exponential with jitter, but never shorter than the far side asked for."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._grow = wait_exponential_jitter(
            multiplier=policy.first_wait_seconds,
            max=policy.longest_wait_seconds,
            jitter=policy.first_wait_seconds,
        )

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.retry_after if isinstance(error, Unavailable) else 0
        return max(self._grow(retry_state), float(asked))


def is_worth_retrying(error: BaseException, policy: RetryPolicy) -> bool:
    """True when repeating the call soon can help and cannot do the same thing twice."""
    return (
        isinstance(error, Unavailable)
        and not error.outcome_unknown
        and error.code != CIRCUIT_OPEN
        and error.retry_after <= policy.longest_wait_seconds
    )


def with_retries(
    function: Callable[[], T],
    policy: RetryPolicy,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """The result of `function`, repeated within `policy`; the last error is raised unchanged."""
    repeat = Retrying(
        stop=stop_after_attempt(policy.attempts) | stop_before_delay(policy.budget_seconds),
        wait=_Wait(policy),
        retry=retry_if_exception(lambda error: is_worth_retrying(error, policy)),
        sleep=sleep,
        reraise=True,
    )
    return repeat(function)


def is_outage(error: BaseException) -> bool:
    """True for what says that the far side is ill; refusals and throttles say that it is well."""
    if isinstance(error, NotNow):
        return False
    return isinstance(error, Unavailable) or not isinstance(error, VyaparError)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """One breaker for a page. `state` is `closed`, `open` or `half-open`."""

    far_side: str
    tenant: str
    state: str
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None


class _Herald(pybreaker.CircuitBreakerListener):
    """Logs changes of state."""

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        log.warning("breaker %s: %s -> %s", cb.name, old_state.name if old_state else "", new_state.name)


class Breakers:
    """Circuit breakers by far side and tenant, with their state in Redis for all workers.

    After `fail_max` outages in a row a breaker opens and every call is answered `Unavailable` at
    once; after `reset_seconds` the next call of a worker is a trial (half-open): success closes the
    breaker for all, an outage opens it again. Without a Redis URL, or while Redis cannot be reached,
    the state is kept in this process only. Safe to share between threads; calls of different
    threads run side by side.
    """

    def __init__(self, redis_url: str = "", *, fail_max: int = 5, reset_seconds: float = 30.0) -> None:
        self._redis = (
            redis.Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)
            if redis_url
            else None
        )
        self._fail_max = fail_max
        self._reset_seconds = reset_seconds
        self._memory: dict[tuple[str, str], pybreaker.CircuitMemoryStorage] = {}
        self._lock = threading.Lock()
        self._mine = threading.local()  # pybreaker holds a lock while it calls: one object a thread

    def call(self, far_side: str, tenant: str, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """`function(*args, **kwargs)` unless the breaker is open.

        Open raises `Unavailable` with code `circuit_open` and the seconds left in `retry_after`;
        what `function` raises passes through unchanged.
        """
        breaker = self._breaker(far_side, tenant)
        try:
            result: T = breaker.call(function, *args, **kwargs)
        except pybreaker.CircuitBreakerError as error:
            raise Unavailable(
                _("%(far_side)s failed repeatedly and is left alone for a while", far_side=_spoken(far_side)),
                code=CIRCUIT_OPEN,
                retry_after=self._seconds_left(breaker),
            ) from error
        return result

    def breaker_states(self, tenant: str) -> tuple[BreakerState, ...]:
        """Every breaker this tenant has ever used, by name of the far side."""
        return tuple(self._read(far_side, tenant) for far_side in sorted(self._known(tenant)))

    def close(self, far_side: str, tenant: str) -> None:
        """Close a breaker by hand, so that the next call goes through."""
        self._breaker(far_side, tenant).close()

    def _read(self, far_side: str, tenant: str) -> BreakerState:
        breaker = self._breaker(far_side, tenant)
        state = str(breaker.current_state)
        opened = breaker._state_storage.opened_at if state != pybreaker.STATE_CLOSED else None
        return BreakerState(
            far_side=far_side,
            tenant=tenant,
            state=state,
            failures=breaker.fail_counter,
            opened_at=opened,
            retry_at=opened + timedelta(seconds=self._reset_seconds) if opened else None,
        )

    def _seconds_left(self, breaker: pybreaker.CircuitBreaker) -> int:
        opened = breaker._state_storage.opened_at or datetime.now(UTC)
        left = opened + timedelta(seconds=self._reset_seconds) - datetime.now(UTC)
        return max(1, round(left.total_seconds()))

    def _breaker(self, far_side: str, tenant: str) -> pybreaker.CircuitBreaker:
        if not tenant:
            raise ValueError("a breaker belongs to a tenant")
        mine = cast("dict[tuple[str, str], pybreaker.CircuitBreaker]", self._mine.__dict__)
        found = mine.get((far_side, tenant))
        if found is None:
            storage, shared = self._storage(far_side, tenant)
            found = pybreaker.CircuitBreaker(
                fail_max=self._fail_max,
                reset_timeout=self._reset_seconds,
                exclude=[lambda error: not is_outage(error)],
                listeners=[_Herald()],
                state_storage=storage,
                name=f"{tenant}:{far_side}",
                throw_new_error_on_trip=False,
            )
            if shared:
                mine[(far_side, tenant)] = found
        return found

    def _storage(self, far_side: str, tenant: str) -> tuple[pybreaker.CircuitBreakerStorage, bool]:
        """The state's home, and whether it is the one we want (not a stand-in for Redis)."""
        if self._redis is not None:
            try:
                self._redis.sadd(_names_key(tenant), far_side)
                space = f"vyapar:{tenant}:breaker:{far_side}"
                return pybreaker.CircuitRedisStorage("closed", self._redis, namespace=space), True
            except RedisError:
                log.warning("Redis cannot be reached: breaker %s kept in this process", far_side)
        with self._lock:
            storage = self._memory.setdefault((far_side, tenant), pybreaker.CircuitMemoryStorage("closed"))
        return storage, self._redis is None

    def _known(self, tenant: str) -> set[str]:
        names = {far_side for far_side, owner in self._memory if owner == tenant}
        if self._redis is not None:
            try:
                members: Any = self._redis.smembers(_names_key(tenant))
                names |= {name.decode() for name in members}
            except RedisError:
                log.warning("Redis cannot be reached: only this process's breakers are known")
        return names


def _spoken(far_side: str) -> str:
    """A far side as people know it: by its own code, without what it is to us."""
    return far_side.partition(":")[2] or far_side


def _names_key(tenant: str) -> str:
    return f"vyapar:{tenant}:breakers"


@functools.cache
def breakers(redis_url: str = "", fail_max: int = 5, reset_seconds: float = 30.0) -> Breakers:
    """The process's one set of breakers for these bounds."""
    return Breakers(redis_url, fail_max=fail_max, reset_seconds=reset_seconds)


def breaker_states(tenant: str, redis_url: str = "") -> tuple[BreakerState, ...]:
    """The tenant's breakers for a page, as any worker last left them."""
    return breakers(redis_url).breaker_states(tenant)
