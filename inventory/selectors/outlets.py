"""Reads about retailers: how to reach them, what they buy, what they bought of an offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from inventory.contracts import DEFAULT_CHANNEL
from inventory.models import Retailer
from inventory.selectors.twins import list_other_names


@dataclass(frozen=True, slots=True)
class Contact:
    """A retailer and the ways to reach them, preferred first.

    `minimum_life_days`: life it wants goods to have; None where its trade channel's rule holds.
    """

    retailer_id: str
    name: str
    territory: str
    language: str
    phone: str
    email: str
    channels: tuple[str, ...]
    credit_left_paise: int
    trade_channel: str = DEFAULT_CHANNEL
    minimum_life_days: int | None = None

    def address(self, channel: str) -> str:
        """The address on a channel; empty when none is known."""
        return self.email if channel == "email" else self.phone


@dataclass(frozen=True, slots=True)
class Bought:
    """What one retailer bought of one SKU in a window, net of returns."""

    retailer_id: str
    sku: str
    category: str
    pieces: int
    paise: int


def list_contacts(
    ids: Iterable[str] = (), *, after: str = "", limit: int | None = None, trade_channel: str = ""
) -> list[Contact]:
    """Active retailers by id, those after an id, of one trade channel, at most so many; all when no ids are
    given.
    """
    rows = Retailer.objects.filter(active=True).select_related("territory")
    wanted = list(ids)
    if wanted:
        rows = rows.filter(retailer_id__in=wanted)
    if after:
        rows = rows.filter(retailer_id__gt=after)
    if trade_channel:
        rows = rows.filter(trade_channel=trade_channel)
    owed = _owed_by_others()
    return [
        Contact(
            retailer_id=row.retailer_id,
            name=row.name,
            territory=row.territory.code,
            language=row.language,
            phone=row.phone,
            email=row.email,
            channels=tuple(row.channels),
            credit_left_paise=row.credit_limit_paise - row.outstanding_paise - owed.get(row.retailer_id, 0),
            trade_channel=row.trade_channel,
            minimum_life_days=row.minimum_life_days,
        )
        for row in rows.order_by("retailer_id")[:limit]
    ]


def _owed_by_others() -> dict[str, int]:
    """What stands in the books under other names of outlets, by the kept one: it is owed by him too."""
    names = list_other_names().retailers
    owed: dict[str, int] = defaultdict(int)
    for code, paise in (
        Retailer.objects.filter(retailer_id__in=names).values_list("retailer_id", "outstanding_paise")
        if names
        else ()
    ):
        owed[names[code]] += paise
    return owed


def list_bought(since: date, skus: Iterable[str] = ()) -> list[Bought]:
    """Net pieces by retailer and SKU since a day; of some SKUs' categories when SKUs are given."""
    wanted = list(skus)
    only = (
        "AND s.category_id IN (SELECT category_id FROM inventory_sku WHERE code = ANY(%s))" if wanted else ""
    )
    sql = f"""
        SELECT r.retailer_id, s.code, c.name, sum(x.quantity), sum(x.quantity * x.unit_price_paise)
        FROM inventory_sale x
        JOIN inventory_retailer r ON r.id = x.retailer_id
        JOIN inventory_sku s ON s.id = x.sku_id
        JOIN inventory_category c ON c.id = s.category_id
        WHERE x.sold_on >= %s {only}
        GROUP BY 1, 2, 3 HAVING sum(x.quantity) > 0
    """  # noqa: S608 - what is put in is one of the two constants above
    with connection.cursor() as cursor:
        cursor.execute(sql, [since, *([wanted] if wanted else [])])
        return [Bought(retailer, sku, category, int(n), int(p)) for retailer, sku, category, n, p in cursor]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a group of retailers bought of some SKUs in a window; money GST included."""

    pieces: int
    paise: int
    orders: int
    buyers: frozenset[str]
    pieces_by_sku: dict[str, int]


def sum_taken(retailers: Iterable[str], skus: Iterable[str], start: datetime, end: datetime) -> Taken:
    """Sales net of returns of `skus` to `retailers` from `start` until before `end`."""
    sql = """
        SELECT r.retailer_id, s.code, sum(x.quantity), sum(x.quantity * x.unit_price_paise),
               count(DISTINCT x.transaction_id)
        FROM inventory_sale x
        JOIN inventory_retailer r ON r.id = x.retailer_id
        JOIN inventory_sku s ON s.id = x.sku_id
        WHERE x.sold_on >= %s AND x.sold_at >= %s AND x.sold_at < %s
          AND r.retailer_id = ANY(%s) AND s.code = ANY(%s)
        GROUP BY 1, 2
    """
    by_sku: dict[str, int] = defaultdict(int)
    pieces = paise = orders = 0
    buyers = set()
    with connection.cursor() as cursor:
        cursor.execute(sql, [start.date(), start, end, list(retailers), list(skus)])
        for retailer, sku, n, money, count in cursor:
            pieces, paise, orders = pieces + int(n), paise + int(money), orders + count
            by_sku[sku] += int(n)
            if n > 0:
                buyers.add(retailer)
    return Taken(pieces, paise, orders, frozenset(buyers), dict(by_sku))
