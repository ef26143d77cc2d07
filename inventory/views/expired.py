"""What was sold of an item after its last day, or with too little life, as its pages say it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from inventory.selectors.expired import find_short_sold, list_told

#: Days for which such sales stand on the pages, and how many are named.
DAYS, SHOWN = 90, 5


def expired_words(sku: str, at: datetime, *, territory: str = "", batch: str = "") -> dict[str, Any] | None:
    """Sales that nobody undid, in a territory or of a batch where given, the newest first; None where there
    is nothing to say.
    """
    since = at - timedelta(days=DAYS)
    told = list_told(sku=sku, batch=batch, since=since)
    sold = [one for one in told if one.left > 0 and territory in ("", one.territory)]
    short = find_short_sold(sku, since)
    if short is not None and batch not in ("", short.batch):
        short = None
    if not sold and short is None:
        return None
    return {
        "sales": sold[::-1][:SHOWN],
        "more": max(len(sold) - SHOWN, 0),
        "named": any(one.named for one in sold),
        "short": short,
        "sku": sku,
    }
