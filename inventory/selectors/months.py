"""Predictions against what happened, month by month: whether chances and rupees come true more often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db import connection

from inventory.contracts.outcomes import Predicted
from inventory.impact.calibration import BANDS, Band

# Settled predictions that nobody's act disturbed, by the month in which they were settled and the tenth in
# which their chance lies: as many rows as there are months, however many predictions.
_MONTHS = """
SELECT kind, "group", agent, date_trunc('month', settled_on)::date AS month,
       coalesce(least(floor(probability * {bands}), {bands} - 1), -1)::int AS band, count(*),
       coalesce(sum(probability), 0), coalesce(sum(expected), 0), coalesce(sum(happened), 0),
       coalesce(sum((probability - happened) ^ 2), 0),
       count(*) FILTER (WHERE low IS NOT NULL AND high IS NOT NULL),
       count(*) FILTER (WHERE coalesce(happened, 0) BETWEEN low AND high),
       sum(paise)::bigint, coalesce(sum(realised_paise), 0)::bigint
FROM inventory_prediction
WHERE settled_on IS NOT NULL AND NOT disturbed AND (%(kind)s = '' OR kind = %(kind)s)
  AND (%(since)s::date IS NULL OR made_on >= %(since)s)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, slots=True)
class Month:
    """One kind of prediction of one agent and group, of those settled in a month (its first day).

    `expected`, `happened`: sums of chances and of events, or of pieces. `brier`, `gap` (share by which it
    happened more often than told) and `bands` are of events; `within`, the share of pieces inside their
    80 % interval, is of pieces. Rupees in paise: told and come.
    """

    kind: str
    group: str
    agent: str
    month: date
    settled: int
    expected: float
    happened: float
    brier: float | None
    gap: float | None
    within: float | None
    predicted_paise: int
    realised_paise: int
    bands: tuple[Band, ...]


def list_months(kind: str = "", since: date | None = None) -> list[Month]:
    """By kind, group, agent and month, months rising, of predictions made since a day. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS.format(bands=BANDS), {"kind": kind, "since": since})
        rows = cursor.fetchall()
    return [_month(key, list(some)) for key, some in groupby(rows, lambda row: row[:4])]


def _month(key: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> Month:
    kind, group, agent, month = key
    sums = [sum(column) for column in zip(*(row[5:] for row in rows), strict=True)]
    count, chances, pieces, happened, squares, spans, inside, told, came = sums
    is_event = kind in (Predicted.EXPIRY, Predicted.DEAD)
    expected = chances if is_event else pieces
    return Month(
        kind=kind,
        group=group,
        agent=agent,
        month=month,
        settled=int(count),
        expected=float(expected),
        happened=float(happened),
        brier=float(squares / count) if is_event else None,
        gap=float((happened - expected) / count) if is_event else None,
        within=inside / spans if spans and not is_event else None,
        predicted_paise=int(told),
        realised_paise=int(came),
        bands=tuple(_bands(rows)) if is_event else (),
    )


def _bands(rows: list[tuple[Any, ...]]) -> Iterator[Band]:
    for _kind, _group, _agent, _month, band, count, chances, _pieces, happened, *_rest in rows:
        if band >= 0:
            yield Band(band / BANDS, (band + 1) / BANDS, count, chances / count, happened / count)
