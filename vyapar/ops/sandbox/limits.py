"""The far sides' rate limits."""

from __future__ import annotations

import threading
from collections import defaultdict, deque


class PerSecond:
    """At most `most` passes for a key within any one second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._passes: defaultdict[str, deque[float]] = defaultdict(deque)

    def admits(self, key: str, now: float) -> bool:
        """True, and counted, when the key is still below its limit; `now` in seconds."""
        with self._lock:
            passes = self._passes[key]
            while passes and now - passes[0] >= 1:
                passes.popleft()
            if len(passes) >= self._most:
                return False
            passes.append(now)
            return True


class Bucket:
    """`burst` passes for a key at once, and one more for every `seconds` that go by."""

    def __init__(self, burst: int, seconds: float) -> None:
        self._burst = burst
        self._seconds = seconds
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def admits(self, key: str, now: float) -> bool:
        """True, and taken, while the key has a pass left; `now` in seconds."""
        with self._lock:
            left, seen = self._left.get(key, (float(self._burst), now))
            left = min(self._burst, left + (now - seen) / self._seconds)
            admitted = left >= 1
            self._left[key] = (left - 1 if admitted else left, now)
            return admitted
