"""Transport to Tally's HTTP server: one XML request, one XML answer, nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from inventory.feeds.tally import answers, requests
from inventory.feeds.tally.answers import Company, Imported
from vyapar.farside.answers import Answer
from vyapar.farside.http import HttpFarSide, Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _

T = TypeVar("T")
#: Bytes of one answer; a larger one is asked for in smaller periods.
LARGEST_ANSWER = 64 * 1024 * 1024


class TallyClient(HttpFarSide):
    """Speaks to one Tally. Safe to share between threads; close it when done.

    Tally answers one request at a time and may think for minutes: time limits are long, retries few.
    Exports are repeated when they fail; an import is never repeated by itself. `simulated` is True once
    an answer was marked so.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: Timeouts = Timeouts(connect_seconds=5.0, read_seconds=180.0),
        retry: RetryPolicy = RetryPolicy(attempts=3, first_wait_seconds=1.0, budget_seconds=600.0),
        largest: int = LARGEST_ANSWER,
        private_allowed: bool | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise Misconfigured(
                _("write the address of Tally, e.g. http://192.168.1.5:9000"), code="tally_setup"
            )
        super().__init__(
            answers.NAME,
            url,
            headers={"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml"},
            timeouts=timeout,
            retry=retry,
            brings_data=True,
            largest=largest,
            private_allowed=private_allowed,
        )
        self.simulated = False

    def server(self) -> str:
        """Which Tally answers, in its own words (`TallyPrime`)."""
        return self.call("GET", "/", self._seen(answers.read_server))

    def companies(self) -> Sequence[Company]:
        """The companies open in it."""
        return answers.read_companies(self.export(requests.list_companies()))

    def export(self, request: bytes) -> str:
        """The clean text of an export; see `answers.read_export` for what it raises."""
        return self.call("POST", "/", self._seen(answers.read_export), content=request, only_asks=True)

    def send(self, request: bytes) -> Imported:
        """What became of an import; see `answers.read_import` for what it raises."""
        return self.call("POST", "/", self._seen(answers.read_import), content=request)

    def _seen(self, judge: Callable[[Answer], T]) -> Callable[[Answer], T]:
        def look(answer: Answer) -> T:
            self.simulated = self.simulated or answer.simulated
            return judge(answer)

        return look
