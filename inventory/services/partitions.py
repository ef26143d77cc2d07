"""Months of the sales table: made when a sale needs one, indexed for reading when they are over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db import transaction

from inventory.services.staging import rows, run, take_turns
from vyapar.kernel.calendar import month_start

_KNOWN = """
SELECT child.relname FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
WHERE i.inhparent = 'inventory_sale'::regclass
"""
_UNREAD = """
SELECT child.relname FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
WHERE i.inhparent = 'inventory_sale'::regclass
  AND NOT EXISTS (SELECT 1 FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
                  WHERE x.indrelid = child.oid AND c.relname = child.relname || '_retailer')
"""


@transaction.atomic
def ensure_sale_partitions(first_day: date, last_day: date) -> int:
    """Make the months from `first_day` to `last_day` that are missing; returns how many were made.

    A new month is attached, not created in place, so that readers of the others do not wait.
    """
    wanted = list(_months(first_day, last_day))
    if not {_name(month) for month in wanted} - set(_names(_KNOWN)):
        return 0
    take_turns("sale months")
    missing = [month for month in wanted if _name(month) not in set(_names(_KNOWN))]
    for month in missing:
        name, after = _name(month), _next(month)
        run(f"CREATE TABLE {name} (LIKE inventory_sale INCLUDING DEFAULTS)")
        run(
            f"ALTER TABLE inventory_sale ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{month.isoformat()}') TO ('{after.isoformat()}')"
        )
    return len(missing)


@transaction.atomic
def index_past_months(today: date) -> int:
    """Give months that are over the index that a retailer's history is read by; how many got it.

    The running month does without: the index would cost each line that is fed a third more.
    """
    running = _name(month_start(today))
    over = [name for name in _names(_UNREAD) if name < running]
    for name in over:
        run(f"CREATE INDEX {name}_retailer ON {name} (retailer_id, sold_on)")
        run(f"ANALYZE {name}")
    return len(over)


def _names(sql: str) -> list[str]:
    return [str(row[0]) for row in rows(sql)]


def _name(month: date) -> str:
    return f"inventory_sale_{month:%Y_%m}"


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _months(first_day: date, last_day: date) -> Iterator[date]:
    month = month_start(first_day)
    while month <= last_day:
        yield month
        month = _next(month)
