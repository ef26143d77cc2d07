"""Reads for other systems: what a retailer bought line by line, and the distributor in one object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from inventory.models import GstRegistration, Retailer, Territory
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of a sale; paise per piece, GST included."""

    transaction_id: str
    line: int
    retailer_id: str
    sku: str
    quantity: int
    unit_price_paise: int
    sold_at: datetime
    territory: str
    gst: dict[str, Any] | None


_LINES = """
SELECT x.transaction_id, x.line, r.retailer_id, s.code, x.quantity, x.unit_price_paise, x.sold_at, t.code,
       x.gst::text
FROM inventory_sale x
JOIN inventory_retailer r ON r.id = x.retailer_id
JOIN inventory_sku s ON s.id = x.sku_id
JOIN inventory_territory t ON t.id = x.territory_id
WHERE x.retailer_id = %s AND x.sold_on >= %s AND (x.sold_at, x.transaction_id, x.line) > (%s, %s, %s)
ORDER BY x.sold_at, x.transaction_id, x.line LIMIT %s
"""


def list_sales(
    retailer: Retailer, since: datetime, after: tuple[datetime, str, int] | None, limit: int
) -> list[SaleLine]:
    """Lines of a retailer from an instant on, oldest first, beyond `after` (instant, transaction, line)."""
    start = after or (since, "", -1)
    values: list[Any] = [retailer.pk, ist_day(start[0]), *start, limit]
    with connection.cursor() as cursor:
        cursor.execute(_LINES, values)
        return [_line(row) for row in cursor.fetchall()]


def get_retailer(retailer_id: str) -> Retailer:
    """A retailer by the feed's id; `NotFound` when there is none."""
    known = "\x00" not in retailer_id
    found = Retailer.objects.filter(retailer_id=retailer_id).first() if known else None
    if found is None:
        raise NotFound(
            _("there is no retailer %(retailer)s", retailer=f"{retailer_id[:40]!r}"),
            code="no_such_retailer",
        )
    return found


@dataclass(frozen=True, slots=True)
class Firm:
    """The distributor's territories, GSTINs and number of active retailers."""

    territories: tuple[str, ...]
    gstins: tuple[str, ...]
    retailers: int


def get_firm() -> Firm:
    """What the distributor consists of, by code."""
    return Firm(
        territories=tuple(Territory.objects.order_by("code").values_list("code", flat=True)),
        gstins=tuple(
            GstRegistration.objects.filter(active=True).order_by("gstin").values_list("gstin", flat=True)
        ),
        retailers=Retailer.objects.filter(active=True).count(),
    )


def _line(row: tuple[Any, ...]) -> SaleLine:
    transaction, line, retailer, sku, quantity, paise, sold_at, territory, gst = row
    return SaleLine(transaction, line, retailer, sku, quantity, paise, sold_at, territory, _loads(gst))


def _loads(text: str | None) -> dict[str, Any] | None:
    value = orjson.loads(text) if text else None
    return value if isinstance(value, dict) else None
