"""What a recommendation rests on, which feeds tell of that, and how old their data are. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from inventory.contracts.feeds import RecordKind
from inventory.contracts.quality import Reach, Rests
from vyapar.kernel.calendar import ist_day, ist_instant

#: Kinds whose rows stand at a location, and those that stand in a territory.
_AT_LOCATIONS = frozenset({RecordKind.STOCK, RecordKind.RECEIPTS, RecordKind.PURCHASES})
#: What is told of goods wherever they stand: prices, batches and their expiry.
_OF_GOODS = frozenset({RecordKind.SKUS, RecordKind.PRICES, RecordKind.BATCHES})
#: Closed days are taken off day by day for so long; what is older is stale by any count.
_LONGEST = timedelta(days=400)


def rests_on(payload: Mapping[str, Any]) -> Rests:
    """The places and goods that an action's payload names, under the names all kinds of actions use."""
    found: dict[str, set[str]] = {"territory": set(), "location": set(), "sku": set()}
    for name, value in _leaves(payload):
        if kind := _kind(name):
            found[kind].add(value)
    return Rests(
        territories=frozenset(found["territory"]),
        locations=frozenset(found["location"]),
        skus=frozenset(found["sku"]),
        outlets=bool(payload.get("targets")),
    )


def at_home(rests: Rests, homes: Mapping[str, str]) -> Rests:
    """The same with the territories in which its locations lie: a payload need not name them.

    `homes`: territory by location.
    """
    lies_in = {homes[one] for one in rests.locations if one in homes}
    return replace(rests, territories=rests.territories | lies_in)


@lru_cache(1024)
def _kind(name: str) -> str:
    """What a text of this name is the code of; nothing for most."""
    last = name.rpartition("_")[2]
    return last if last in ("territory", "location", "sku") else ""


def _leaves(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text in a JSON payload, of which one can hold thousands, with the name it stands under."""
    open_: list[tuple[str, Any]] = list(payload.items())
    while open_:
        name, value = open_.pop()
        if isinstance(value, str):
            if value:
                yield name, value
        elif isinstance(value, dict):
            open_.extend(value.items())
        elif isinstance(value, list | tuple):
            open_.extend((name, inner) for inner in value)


def concerns(reach: Reach, rests: Rests, goods: bool) -> bool:
    """Whether a feed tells of what a recommendation rests on. In doubt it does.

    By places, not by SKUs: that a feed has nothing to tell of a SKU is what makes it dead. `goods`:
    the feed has made or changed the SKUs or batches in question.
    """
    if not reach.kinds or not rests.is_known:
        return True
    for kind, places in reach.kinds.items():
        if kind in _AT_LOCATIONS and (not rests.locations or places & rests.locations):
            return True
        if kind == RecordKind.SALES and (not rests.territories or places & rests.territories):
            return True
        if (kind in _OF_GOODS and goods) or (kind == RecordKind.RETAILERS and rests.outlets):
            return True
    return False


def open_hours(since: datetime, at: datetime, weekdays: Collection[int], holidays: Collection[date]) -> float:
    """Hours from `since` to `at` without the days, in India, on which nobody works (Monday is 0)."""
    if at <= since or at - since > _LONGEST:
        return max((at - since).total_seconds(), 0) / 3600
    spent, day = at - since, ist_day(since)
    while day <= ist_day(at):
        if day.weekday() in weekdays or day in holidays:
            begins, ends = ist_instant(day), ist_instant(day + timedelta(days=1))
            spent -= max(min(ends, at) - max(begins, since), timedelta())
        day += timedelta(days=1)
    return spent.total_seconds() / 3600
