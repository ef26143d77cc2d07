"""What was told of sales of expired goods, less what was undone since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from vyapar.engine.models import Event
from vyapar.engine.selectors import list_events

_TOLD, _UNDONE, _SHORT = "ExpiredStockSold", "ExpiredSalesUndone", "ShortLifeSold"
#: Events that are looked at; more than these were told in no half a year.
_MOST = 5_000


@dataclass(frozen=True, slots=True)
class ToldSale:
    """A sale of a batch past its last day, under the subject it was told by.

    `left`: pieces of it that were neither cancelled nor brought back; 0 once the import was taken back.
    `named`: the books themselves name the batch.
    """

    subject: str
    sku: str
    batch: str
    named: bool
    transaction_id: str
    line: int
    retailer_id: str
    outlet: str
    territory: str
    sold_on: date
    quantity: int
    left: int


def list_told(
    *, since: datetime | None = None, sku: str = "", batch: str = "", subject: str = ""
) -> list[ToldSale]:
    """Sales of expired goods told since an instant, oldest first; of one SKU, batch or subject when given.

    Three queries.
    """
    told = list_events(name=_TOLD, since=since, subject=subject, limit=_MOST)
    gone = (
        _undone(list_events(name=_UNDONE, since=since, subject=subject, limit=_MOST)) if told else Counter()
    )
    back = list_events(name="ImportUndone", since=since, limit=_MOST) if told else []
    ends = tuple(f"@{event.subject}" for event in back)
    return [
        sale
        for event in told
        if sku in ("", event.payload["sku"]) and batch in ("", event.payload["batch"])
        for sale in _sales(event, gone, event.subject.endswith(ends))
    ]


def _undone(events: list[Event]) -> Counter[tuple[str, str, int]]:
    """Pieces undone by subject, transaction and line."""
    found: Counter[tuple[str, str, int]] = Counter()
    for event in events:
        for sale in event.payload["sales"]:
            found[event.subject, sale["transactionId"], int(sale["line"])] += int(sale["quantity"])
    return found


def _sales(event: Event, gone: Counter[tuple[str, str, int]], is_back: bool) -> Iterator[ToldSale]:
    told = event.payload
    for sale in told["sales"]:
        key = (event.subject, sale["transactionId"], int(sale["line"]))
        pieces = int(sale["quantity"])
        yield ToldSale(
            subject=event.subject, sku=told["sku"], batch=told["batch"], named=bool(told["named"]),
            transaction_id=key[1], line=key[2], retailer_id=sale["retailerId"], outlet=sale["outlet"],
            territory=sale["territory"], sold_on=date.fromisoformat(sale["soldOn"]), quantity=pieces,
            left=0 if is_back else max(pieces - gone[key], 0),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShortSold:
    """The sale of a batch that lacked most life when it was sold; days."""

    batch: str
    days_left: int
    minimum_days: int
    at: datetime


def find_short_sold(sku: str, since: datetime) -> ShortSold | None:
    """The newest that was told of a SKU's batches sold with less life than their buyers want. One query."""
    told = [one for one in list_events(name=_SHORT, since=since, limit=_MOST) if one.payload["sku"] == sku]
    if not told:
        return None
    last = told[-1].payload
    return ShortSold(last["batch"], int(last["daysLeft"]), int(last["minimumDays"]), told[-1].at)
