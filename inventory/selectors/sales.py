"""What was sold to whom, and how fresh our knowledge is."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from inventory.models import Retailer
from vyapar.kernel.errors import Fault, Invalid, NotFound

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class SaleRow:
    """One line of a sale; paise per piece with GST, negative quantity for a return."""

    transaction_id: str
    line: int
    sku: str
    quantity: int
    unit_price_paise: int
    sold_at: datetime
    sold_on: date
    territory: str
    gst: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class SalesPage:
    """Lines, newest first, and the cursor after them; empty when there are no more."""

    retailer_id: str
    name: str
    lines: tuple[SaleRow, ...]
    next_cursor: str


_LINES = """
SELECT x.transaction_id, x.line, s.code, x.quantity, x.unit_price_paise, x.sold_at, x.sold_on, t.code, x.gst
FROM inventory_sale x
JOIN inventory_sku s ON s.id = x.sku_id
JOIN inventory_territory t ON t.id = x.territory_id
WHERE x.retailer_id = %s AND x.sold_on BETWEEN %s AND %s {after}
ORDER BY x.sold_on DESC, x.transaction_id DESC, x.line DESC LIMIT %s
"""
_AFTER = "AND (x.sold_on, x.transaction_id, x.line) < (%s, %s, %s)"


def list_sales(
    retailer_id: str, *, first_day: date, last_day: date, cursor: str = "", limit: int = 100
) -> SalesPage:
    """A retailer's lines between two Indian days, both included. Two queries.

    `NotFound` when there is no such retailer, `Invalid` for a cursor that is none of ours.
    """
    retailer = Retailer.objects.filter(retailer_id=retailer_id).first()
    if retailer is None:
        raise NotFound(f"there is no retailer {retailer_id!r}", code="no_such_retailer")
    limit = max(1, min(limit, MAX_PAGE))
    after = _decode(cursor) if cursor else ()
    with connection.cursor() as query:
        query.execute(
            _LINES.format(after=_AFTER if after else ""),
            [retailer.pk, first_day, last_day, *after, limit + 1],
        )
        found = [SaleRow(*row[:8], gst=_json(row[8])) for row in query.fetchall()]
    more = len(found) > limit
    return SalesPage(
        retailer.retailer_id, retailer.name, tuple(found[:limit]), _encode(found[limit - 1]) if more else ""
    )


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old what we know is: the newest day with a sale, and when the newest line came in."""

    last_sale_date: date | None
    last_received_at: datetime | None


def get_freshness() -> Freshness:
    """Two cheap queries: the roll-up says which days to look at."""
    with connection.cursor() as query:
        query.execute("SELECT max(day) FROM inventory_dailydemand")
        newest: date | None = query.fetchone()[0]
        if newest is None:
            return Freshness(None, None)
        query.execute(
            "SELECT max(received_at) FROM inventory_sale WHERE sold_on >= %s",
            [newest - timedelta(days=1)],
        )
        return Freshness(newest, query.fetchone()[0])


def _json(value: Any) -> dict[str, Any] | None:
    """Django hands JSON of raw queries over as text."""
    return json.loads(value) if isinstance(value, str) else value


def _encode(row: SaleRow) -> str:
    text = f"{row.sold_on.isoformat()}\n{row.transaction_id}\n{row.line}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[date, str, int]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        day, transaction, line = text.split("\n")
        return date.fromisoformat(day), transaction, int(line)
    except (ValueError, UnicodeDecodeError) as error:
        fault = Fault("cursor", "use the cursor of the page before, unchanged", "cursor", value=cursor)
        raise Invalid("this cursor is none of ours", code="bad_cursor", faults=[fault]) from error
