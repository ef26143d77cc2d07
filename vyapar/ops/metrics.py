"""What Prometheus reads of the business: the tallies of every distributor, asked at scrape time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog
from django_tenants.utils import tenant_context
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

from vyapar.engine import registry
from vyapar.kernel.digest import plain
from vyapar.tenancy.selectors import list_distributors

log = structlog.get_logger(__name__)

#: Seconds for which one reading serves every scrape: a tally is quick, but it is a query.
KEPT_SECONDS = 10.0

#: tenant, tally, of, what, value
Sample = tuple[str, str, str, str, float]


class Tallies(Collector):
    """One gauge a tally, `vyapar_<tally>{tenant, of, what}`.

    A tally of two levels such as `{kind: {status: count}}` has its keys in `of` and `what`; one of a
    single level leaves `of` empty. Texts are left out. The figures are read from the database, so every
    process of the web role says the same.
    """

    def __init__(self) -> None:
        self._read_at = 0.0
        self._kept: list[Sample] = []

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: naming the gauges would ask the database while Django starts."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if time.monotonic() - self._read_at > KEPT_SECONDS:
            self._kept, self._read_at = list(read_tallies()), time.monotonic()
        families: dict[str, GaugeMetricFamily] = {}
        for tenant, tally, of, what, value in self._kept:
            family = families.get(tally)
            if family is None:
                family = families[tally] = GaugeMetricFamily(
                    f"vyapar_{tally}", f"Tally of {tally}, by distributor", labels=("tenant", "of", "what")
                )
            family.add_metric((tenant, of, what), value)
        yield from families.values()


def read_tallies() -> Iterator[Sample]:
    """Every number of every tally of every distributor; a tally that fails is told by `scrape`."""
    for distributor in list_distributors():
        with tenant_context(distributor):
            for tally in registry.tallies():
                try:
                    found = list(flat(plain(tally.read())))
                except Exception:
                    log.exception("tally_failed", tally=tally.name)
                    yield distributor.slug, "scrape", tally.name, "failed", 1.0
                    continue
                yield from ((distributor.slug, tally.name, *sample) for sample in found)


def flat(figures: Any) -> Iterator[tuple[str, str, float]]:
    """Numbers of a mapping of at most two levels as (of, what, value)."""
    if not isinstance(figures, Mapping):
        return
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from ((str(key), str(what), float(n)) for what, n in value.items() if _is_number(n))
        elif _is_number(value):
            yield "", str(key), float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def register() -> None:
    """Have the tallies scraped with everything else; safe to call again."""
    if not any(isinstance(known, Tallies) for known in list(REGISTRY._collector_to_names)):
        REGISTRY.register(Tallies())
