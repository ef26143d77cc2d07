"""Offers at a lower price: told by whoever makes them, known to the forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class OfferedGoods:
    """Pieces of a SKU on offer."""

    sku: str
    pieces: int


@dataclass(frozen=True, slots=True)
class OfferAnnounced:
    """Goods are to be had for less in a territory, from one day to another, both included.

    `origin` names the offer among all, and is the subject of the event; `discount_bp`: off the usual price.
    """

    origin: str
    territory: str
    discount_bp: int
    goods: tuple[OfferedGoods, ...]
    from_date: date
    to_date: date


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """An offer no longer holds from a day on, whatever it was announced to; told of every one that ends."""

    origin: str
    over_on: date


def read_announced(payload: Mapping[str, Any]) -> OfferAnnounced:
    """An announcement from the payload of its event, as the outside world reads it."""
    return OfferAnnounced(
        origin=str(payload["origin"]),
        territory=str(payload["territory"]),
        discount_bp=int(payload["discountBp"]),
        goods=tuple(OfferedGoods(str(one["sku"]), int(one["pieces"])) for one in payload["goods"]),
        from_date=date.fromisoformat(payload["fromDate"]),
        to_date=date.fromisoformat(payload["toDate"]),
    )


def read_withdrawn(payload: Mapping[str, Any]) -> OfferWithdrawn:
    """The end of an offer from the payload of its event."""
    return OfferWithdrawn(str(payload["origin"]), date.fromisoformat(payload["overOn"]))


@dataclass(frozen=True, slots=True)
class SeriesOffer:
    """An offer as a demand snapshot has it.

    `series`: number in the snapshot; `first_day`, `last_day`: from `as_of`, negative when past; `off`: share
    off the usual price; `pieces` on offer over all its `days`, which is more than those that are left when it
    was withdrawn.
    """

    series: int
    first_day: int
    last_day: int
    off: float
    pieces: int
    days: int
