"""Measuring data: the figures that grades are made of, by feed, location and territory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from inventory.contracts import MonitoringPolicy
from inventory.contracts.quality import Figure, SubjectKind
from inventory.models import Feed, ImportRun, Location, Territory
from inventory.selectors.imports import WAITING
from vyapar.kernel.calendar import ist_day, ist_instant

#: Days of the past that are measured, today included.
WINDOW_DAYS = 30
#: Chapters of the tariff whose goods spoil or must name a last day: food, medicines, cosmetics.
EXPIRING_CHAPTERS = [f"{chapter:02d}" for chapter in (*range(2, 23), 30, 33)]
#: What may differ per SKU and place without a cause, in paise: as in reconciling.
TOLERATED_PAISE = 100

# Rows by what their source said and what became of them. Of stock, those of the newest day on which a
# place's statement came: an old statement is history.
_TALLIED = """
WITH runs AS (
    SELECT id, feed_id, (created_at AT TIME ZONE 'Asia/Kolkata')::date AS day FROM inventory_importrun
    WHERE state IN ('written', 'reconciled') AND created_at >= %(first)s
), told AS (
    SELECT r.feed_id, r.day, t.kind, t.location, t.outcome, t.rows, t.source_pieces,
        max(r.day) FILTER (WHERE t.kind = 'stock' AND t.outcome = 'landed')
            OVER (PARTITION BY r.feed_id, t.location) AS newest
    FROM inventory_importtally t JOIN runs r ON r.id = t.run_id
)
SELECT feed_id, kind, location, sum(rows)::bigint,
    coalesce(sum(rows) FILTER (WHERE kind = 'stock' AND outcome = 'landed' AND day = newest), 0)::bigint,
    coalesce(sum(rows) FILTER (WHERE kind = 'stock' AND outcome = 'landed' AND day = newest
        AND source_pieces < 0), 0)::bigint,
    coalesce(sum(rows) FILTER (WHERE outcome = 'duplicate'), 0)::bigint,
    coalesce(sum(rows) FILTER (WHERE outcome LIKE 'quarantined%%'), 0)::bigint
FROM told GROUP BY feed_id, kind, location
"""
# Totals that differ: of stock by more than its negative rows (batches do not add up to the statement),
# and of any kind by what no cause explains.
_TOTALS = """
WITH runs AS (
    SELECT id, feed_id, (created_at AT TIME ZONE 'Asia/Kolkata')::date AS day FROM inventory_importrun
    WHERE state IN ('written', 'reconciled') AND created_at >= %(first)s
), sums AS (
    SELECT r.feed_id, r.day, t.kind, t.location, t.source_pieces - t.landed_pieces AS pieces,
        t.source_paise - t.landed_paise AS paise, t.causes,
        max(r.day) FILTER (WHERE t.kind = 'stock') OVER (PARTITION BY r.feed_id, t.location) AS newest
    FROM inventory_importtotal t JOIN runs r ON r.id = t.run_id
)
SELECT feed_id, kind, location, count(*),
    count(*) FILTER (WHERE kind = 'stock' AND day = newest),
    count(*) FILTER (WHERE kind = 'stock' AND day = newest AND pieces <> 0 AND pieces <> coalesce(
        (SELECT sum((c->>'pieces')::bigint) FROM jsonb_array_elements(causes) c
         WHERE c->>'code' = 'negative_stock'), 0)),
    count(*) FILTER (WHERE (pieces <> 0 OR abs(paise) > %(tolerated)s) AND (
        pieces <> coalesce((SELECT sum((c->>'pieces')::bigint) FROM jsonb_array_elements(causes) c), 0)
        OR abs(paise - coalesce((SELECT sum((c->>'paise')::bigint) FROM jsonb_array_elements(causes) c), 0))
            > %(tolerated)s))
FROM sums GROUP BY feed_id, kind, location
"""
_MISSING = """
count(*), count(*) FILTER (WHERE b.mrp_paise <= 0), count(*) FILTER (WHERE needs),
count(*) FILTER (WHERE needs AND b.expiry_date IS NULL), count(*) FILTER (WHERE length(s.hsn) < 4)
"""
_NEEDS = "LATERAL (SELECT s.shelf_life_days IS NOT NULL OR left(s.hsn, 2) = ANY(%(chapters)s) AS needs) n"
_IN_STOCK = f"""
SELECT l.code, {_MISSING}
FROM inventory_position p JOIN inventory_location l ON l.id = p.location_id
JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = p.sku_id, {_NEEDS}
WHERE p.on_hand > 0 AND l.kind <> 'outlet' GROUP BY l.code
"""  # noqa: S608 — no text from outside
# What a feed made or changed, as far as any of it is in stock.
_BROUGHT = f"""
SELECT x.feed_id, {_MISSING}
FROM (
    SELECT DISTINCT r.feed_id, c.row_id FROM inventory_importchange c
    JOIN inventory_importrun r ON r.id = c.run_id
    WHERE c."table" = 'inventory_batch' AND r.state IN ('written', 'reconciled')
) x JOIN inventory_batch b ON b.id = x.row_id JOIN inventory_sku s ON s.id = b.sku_id, {_NEEDS}
WHERE EXISTS (SELECT FROM inventory_position p WHERE p.batch_id = b.id AND p.on_hand > 0)
GROUP BY x.feed_id
"""  # noqa: S608
_FOUND = """
SELECT l.code, coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'found'), 0)::bigint,
    coalesce(-sum(m.quantity) FILTER (WHERE m.kind = 'sale'), 0)::bigint
FROM inventory_movement m JOIN inventory_location l ON l.id = m.location_id
WHERE m.at >= %(first)s AND m.at <= %(at)s AND m.kind IN ('found', 'sale') AND l.kind <> 'outlet'
GROUP BY l.code
"""
# Lines by day of sale and day of arrival. `number`: of the run that brought them, if one did.
_SOLD = """
SELECT r.feed_id, t.code, s.sold_on, (s.received_at AT TIME ZONE 'Asia/Kolkata')::date, count(*),
    sum(abs(s.quantity))::bigint
FROM inventory_sale s JOIN inventory_territory t ON t.id = s.territory_id
LEFT JOIN inventory_importrun r ON r.number = s.import_run
WHERE s.sold_on BETWEEN %(first_day)s AND %(today)s
GROUP BY 1, 2, 3, 4
"""
# The first day ever sold on, so that a beginner has no gaps before it.
_FIRST_DAY = """
SELECT t.code, min(d.day) FROM inventory_dailydemand d JOIN inventory_territory t ON t.id = d.territory_id
GROUP BY t.code
"""


@dataclass
class Measured:
    """Figures by subject (kind, code), what each feed told of, and what a location belongs to."""

    figures: dict[tuple[str, str], list[Figure]] = field(default_factory=lambda: defaultdict(list))
    reach: dict[int, dict[str, set[str]]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)

    def put(self, kind: SubjectKind, code: str, name: str, value: int, of: int) -> None:
        self.figures[kind.value, code].append(Figure(name, int(value), int(of)))


def measure(at: datetime, policy: MonitoringPolicy) -> Measured:
    """Everything that can be measured of the last `WINDOW_DAYS` days; ages are not among it.

    A feed's figures are of what its runs brought; a location's of what stands and was told there; a
    territory's of its sales, its locations' are the grader's to add. A fixed number of queries.
    """
    today = ist_day(at)
    first_day = today - timedelta(days=WINDOW_DAYS - 1)
    values: dict[str, Any] = {
        "first": ist_instant(first_day), "at": at, "first_day": first_day, "today": today,
        "tolerated": TOLERATED_PAISE, "chapters": EXPIRING_CHAPTERS,
    }  # fmt: skip
    found = Measured()
    places = Location.objects.exclude(kind="outlet").values_list("code", "territory__code")
    found.homes = dict(places)
    feeds = dict(Feed.objects.filter(active=True).values_list("pk", "code"))
    areas = set(Territory.objects.values_list("code", flat=True))
    _tallied(found, _rows(_TALLIED, values), feeds, areas)
    _totals(found, _rows(_TOTALS, values), feeds, areas)
    _missing(found, _rows(_IN_STOCK, values), {code: code for code in found.homes}, SubjectKind.LOCATION)
    _missing(found, _rows(_BROUGHT, values), feeds, SubjectKind.FEED)
    for code, pieces, sold in _rows(_FOUND, values):
        found.put(SubjectKind.LOCATION, code, "found", pieces, max(sold, pieces))
    sold = [_Sold(*row) for row in _rows(_SOLD, values)]
    _runs(found, feeds, values["first"], sold)
    _sales(found, sold, feeds, policy, values)
    return found


def _tallied(
    found: Measured, rows: Iterable[tuple[Any, ...]], feeds: Mapping[int, str], areas: set[str]
) -> None:
    for feed, kind, place, told, stated, negative, known, aside in rows:
        found.reach.setdefault(feed, {}).setdefault(kind, set()).add(place)
        for subject, code in _subjects(feeds.get(feed, ""), kind, place, found.homes, areas):
            if kind == "stock":
                found.put(subject, code, "negative_stock", negative, stated)
            if kind == "sales":
                found.put(subject, code, "duplicates", known, told)
            if subject is not SubjectKind.FEED:  # of a feed, masters count as well: see `_runs`
                found.put(subject, code, "quarantine", max(aside, 0), told)


def _totals(
    found: Measured, rows: Iterable[tuple[Any, ...]], feeds: Mapping[int, str], areas: set[str]
) -> None:
    for feed, kind, place, totals, stated, differing, unexplained in rows:
        for subject, code in _subjects(feeds.get(feed, ""), kind, place, found.homes, areas):
            found.put(subject, code, "differences", unexplained, totals)
            if kind == "stock":
                found.put(subject, code, "batch_sums", differing, stated)


def _subjects(
    feed: str, kind: str, place: str, homes: Mapping[str, str], areas: set[str]
) -> list[tuple[SubjectKind, str]]:
    """Whom a row of a feed about a place counts for."""
    found = [(SubjectKind.FEED, feed)] if feed else []
    if kind == "sales" and place in areas:
        found.append((SubjectKind.TERRITORY, place))
    elif kind != "sales" and place in homes:
        found.append((SubjectKind.LOCATION, place))
    return found


def _missing(
    found: Measured, rows: Iterable[tuple[Any, ...]], codes: Mapping[Any, str], subject: SubjectKind
) -> None:
    for key, batches, no_mrp, expiring, no_expiry, no_hsn in rows:
        if code := codes.get(key):
            found.put(subject, code, "missing_mrp", no_mrp, batches)
            found.put(subject, code, "missing_expiry", no_expiry, expiring)
            found.put(subject, code, "missing_hsn", no_hsn, batches)


def _runs(found: Measured, feeds: Mapping[int, str], first: datetime, sold: list[_Sold]) -> None:
    """What runs say of themselves: rows that wait, pieces sold without stock, kinds without places."""
    waiting = _rows(
        "SELECT r.feed_id, count(*) FROM inventory_quarantinedrow q JOIN inventory_importrun r "
        "ON r.id = q.run_id WHERE q.state = ANY(%(states)s) AND r.state IN ('written', 'reconciled') "
        "AND r.created_at >= %(first)s GROUP BY r.feed_id",
        {"states": [str(state) for state in WAITING], "first": first},
    )
    aside = dict(waiting)
    read: dict[int, int] = defaultdict(int)
    pieces: dict[int, int] = defaultdict(int)
    settled = (ImportRun.State.WRITTEN, ImportRun.State.RECONCILED)
    runs = ImportRun.objects.filter(state__in=settled, created_at__gte=first)
    for feed, counts in runs.values_list("feed_id", "counts"):
        for kind, one in counts.items():
            read[feed] += one.get("rows", 0)
            found.reach.setdefault(feed, {}).setdefault(kind, set())
    for feed, count in _rows(
        "SELECT r.feed_id, sum((p.counts->'figures'->>'found_pieces')::bigint)::bigint "
        "FROM inventory_importpart p JOIN inventory_importrun r ON r.id = p.run_id "
        "WHERE p.kind = 'sales' AND r.created_at >= %(first)s AND r.state IN ('written', 'reconciled') "
        "GROUP BY r.feed_id",
        {"first": first},
    ):
        pieces[feed] = count or 0
    taken: dict[int, int] = defaultdict(int)
    for line in sold:
        if line.feed is not None:
            taken[line.feed] += line.pieces
    for key, code in feeds.items():
        if read[key]:
            found.put(SubjectKind.FEED, code, "quarantine", aside.get(key, 0), read[key])
        if taken[key] or pieces[key]:
            found.put(SubjectKind.FEED, code, "found", pieces[key], max(taken[key], pieces[key]))


@dataclass(frozen=True, slots=True)
class _Sold:
    """Lines of one feed in one territory, sold on one day and come on another."""

    feed: int | None
    territory: str
    sold_on: date
    came_on: date
    lines: int
    pieces: int


def _sales(
    found: Measured, sold: list[_Sold], feeds: Mapping[int, str], policy: MonitoringPolicy,
    values: Mapping[str, Any],
) -> None:  # fmt: skip
    begun = dict(_rows(_FIRST_DAY, {}))
    newest = max((line.sold_on for line in sold), default=None)
    by_area: dict[str, list[_Sold]] = defaultdict(list)
    by_feed: dict[str, list[_Sold]] = defaultdict(list)
    for line in sold:
        by_area[line.territory].append(line)
        if line.feed is not None and line.feed in feeds:
            by_feed[feeds[line.feed]].append(line)
    closed = set(policy.closed_weekdays), {date.fromisoformat(text) for text in policy.holidays}
    for code, first in begun.items():
        lines = by_area.get(code, [])
        found.put(SubjectKind.TERRITORY, code, "back_dated", *late_lines(lines, policy.late_entry_days))
        start = max(first, values["first_day"])
        gaps = _gaps({line.sold_on for line in lines}, start, newest, closed)
        found.put(SubjectKind.TERRITORY, code, "gaps", *gaps)
    for code, lines in by_feed.items():
        found.put(SubjectKind.FEED, code, "back_dated", *late_lines(lines, policy.late_entry_days))
        days = {line.sold_on for line in lines}
        found.put(SubjectKind.FEED, code, "gaps", *_gaps(days, min(days), max(days), closed))


def late_lines(lines: Iterable[_Sold], late_days: int) -> tuple[int, int]:
    """Lines that came more than `late_days` after their day although a day as late had been told before.

    What comes first of all is history, not back-dated. The second figure is all lines.
    """
    late = total = 0
    told = told_before = date.min
    came: date | None = None
    for line in sorted(lines, key=lambda one: (one.came_on, one.sold_on)):
        if line.came_on != came:
            told_before, came = told, line.came_on
        total += line.lines
        if line.sold_on <= told_before and (line.came_on - line.sold_on).days > late_days:
            late += line.lines
        told = max(told, line.sold_on)
    return late, total


def _gaps(
    days: set[date], first: date, last: date | None, closed: tuple[set[int], set[date]]
) -> tuple[int, int]:
    """Working days without a sale between two days (ends included), and all working days."""
    if last is None or last < first:
        return 0, 0
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    working = [day for day in span if day.weekday() not in closed[0] and day not in closed[1]]
    return sum(day not in days for day in working), len(working)


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
