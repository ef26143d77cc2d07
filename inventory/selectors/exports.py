"""Reads of what goes back to the books: lines of documents, lists for pages and the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Count, Min, Q, QuerySet

from inventory.contracts.exports import read_document
from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.feeds import SYSTEMS
from inventory.models import Batch, Export, Feed, Location
from vyapar.kernel.errors import Invalid, NotFound
from vyapar.kernel.facts import CreditNote
from vyapar.kernel.money import half_up
from vyapar.kernel.phrases import phrase as gettext


def export_lines(wanted: Iterable[tuple[str, str, int, int, int]]) -> tuple[ExportLine, ...]:
    """Lines for `(sku, batch, pieces, paise a piece without GST, tax on the line)`, in that order.

    `NotFound` names the first batch that does not exist. Two queries however many lines.
    """
    asked = list(wanted)
    found = Batch.objects.select_related("sku").filter(
        sku__code__in={sku for sku, *_ in asked}, number__in={batch for _, batch, *_ in asked}
    )
    batches = {(row.sku.code, row.number): row for row in found}
    return tuple(_line(batches, *one) for one in asked)


def _line(
    batches: dict[tuple[str, str], Batch], sku: str, batch: str, pieces: int, unit: int, tax: int
) -> ExportLine:
    row = batches.get((sku, batch))
    if row is None:
        raise NotFound(
            gettext("there is no batch %(batch)s of %(sku)s", batch=f"{batch!r}", sku=f"{sku!r}"),
            code="no_such_batch",
        )
    return ExportLine(
        sku=sku,
        name=row.sku.name,
        batch=batch,
        quantity=pieces,
        unit_paise=unit,
        amount_paise=unit * pieces,
        hsn=row.sku.hsn,
        uqc=row.sku.uqc,
        mrp_paise=row.mrp_paise,
        expiry_date=row.expiry_date,
        tax_paise=tax,
    )


def lost_lines(lost: Iterable[tuple[str, str, int]]) -> tuple[ExportLine, ...]:
    """Lines for `(sku, batch, pieces)` that left the books for good: at cost, the tax being the input
    tax credit that was taken on them and is to be reversed (s.17(5)(h) CGST Act)."""
    asked = [one for one in lost if one[2] > 0]
    found = Batch.objects.filter(
        sku__code__in={sku for sku, *_ in asked}, number__in={batch for _, batch, _ in asked}
    )
    known = {
        (sku, number): (cost, itc)
        for sku, number, cost, itc in found.values_list("sku__code", "number", "cost_paise", "itc_paise")
    }
    rows = [(sku, batch, pieces, *known.get((sku, batch), (0, 0))) for sku, batch, pieces in asked]
    return export_lines((sku, batch, pieces, cost, itc * pieces) for sku, batch, pieces, cost, itc in rows)


def credited_lines(note: CreditNote) -> tuple[ExportLine, ...]:
    """Lines of a credit note of ours, each at its value and tax as they were issued."""
    priced = export_lines((n.sku, n.batch, n.quantity, 0, n.tax_paise) for n in note.lines)
    values = [n.taxable_paise for n in note.lines]
    return tuple(
        replace(line, amount_paise=value, unit_paise=half_up(Decimal(value) / line.quantity))
        for line, value in zip(priced, values, strict=True)
    )


def round_off_of(papers: Iterable[Mapping[str, Any]]) -> int:
    """Round-off of papers as they were kept, in paise; those kept before it was told have none."""
    return sum(int(paper.get("round_off_paise", 0)) for paper in papers)


def gstins_of(*codes: str) -> tuple[str, ...]:
    """The registrations under which locations stand, in the order of their codes; empty when unknown."""
    rows = Location.objects.filter(code__in=codes).values_list("code", "territory__registration__gstin")
    known = dict(rows)
    return tuple(known.get(code, "") for code in codes)


def list_exports(*, state: str = "", feed: str = "", words: str = "") -> QuerySet[Export]:
    """Documents with their feeds, those changed last first."""
    rows = Export.objects.select_related("feed").order_by("-updated_at", "-pk")
    if state:
        rows = rows.filter(state=state)
    if feed:
        rows = rows.filter(feed__code=feed)
    if words:
        rows = rows.filter(Q(number__icontains=words) | Q(key__icontains=words))
    return rows


def get_export(key: str, feed: str = "") -> Export:
    """A document by its key; `feed` says at which system, where several took it."""
    rows = list_exports(feed=feed).filter(key=key)
    found = list(rows[:2])
    if not found:
        raise NotFound(gettext("no document %(key)s is exported", key=f"{key!r}"), code="no_such_export")
    if len(found) > 1:
        raise Invalid(gettext("several systems took this document: say which feed"), code="which_feed")
    return found[0]


def list_exports_of(action_id: UUID) -> list[Export]:
    """What an action sent to the books, oldest first."""
    return list(Export.objects.select_related("feed").filter(action_id=action_id).order_by("pk"))


def count_exports() -> dict[str, int]:
    """How many documents stand in each state."""
    return {row["state"]: row["n"] for row in Export.objects.values("state").annotate(n=Count("pk"))}


def count_to_look_at() -> int:
    """Documents that wait for a person: rejected, given up, or waiting to be taken as a file."""
    given_up = Q(state__in=["queued", "locked"], next_try_at__isnull=True, file="")
    return Export.objects.filter(Q(state="rejected") | given_up).count()


def is_pushed(feed: Feed) -> bool:
    """Whether a feed's system is handed documents by a call; others take them as files, or not at all."""
    system = SYSTEMS.get(feed.system)
    return system is not None and system.push is not None and system.pushes(feed.settings)


def takes(feed: Feed, kind: ExportKind) -> bool:
    """Whether documents of a kind can get to a feed's system, by a call or as a file."""
    system = SYSTEMS.get(feed.system)
    if system is None or kind not in system.exports:
        return False
    return is_pushed(feed) or system.write is not None


@dataclass(frozen=True, slots=True)
class Taker:
    """A feed that takes documents, and what waits for it. `is_by_file` when people carry the file."""

    code: str
    name: str
    waiting: int
    is_by_file: bool
    has_file: bool


def list_takers() -> list[Taker]:
    """Feeds that can take documents, by name."""
    waiting = dict(
        Export.objects.filter(state="queued").values_list("feed_id").annotate(n=Count("pk")).order_by()
    )
    return [
        Taker(
            feed.code,
            feed.name,
            waiting.get(feed.pk, 0),
            not is_pushed(feed),
            SYSTEMS[feed.system].write is not None,
        )
        for feed in Feed.objects.filter(active=True).order_by("name")
        if any(takes(feed, kind) for kind in ExportKind)
    ]


@dataclass(frozen=True, slots=True)
class Lock:
    """A file that somebody took and that is not answered yet."""

    token: UUID
    feed: str
    file: str
    documents: int
    locked_by: str
    locked_at: object


def list_locks(limit: int = 50) -> list[Lock]:
    """Files with unanswered documents, newest first."""
    rows = (
        Export.objects.filter(state="locked")
        .exclude(file="")
        .filter(lock_token__isnull=False)
        .values("lock_token", "feed__name", "file", "locked_by")
        .annotate(n=Count("pk"), at=Min("locked_at"))
        .order_by("-at")
    )
    return [
        Lock(UUID(str(r["lock_token"])), r["feed__name"], r["file"], r["n"], r["locked_by"], r["at"])
        for r in rows[:limit]
    ]


def read_lock(token: UUID) -> tuple[str, bytes]:
    """A locked file as it was written: name and content."""
    path = Export.objects.filter(lock_token=token).exclude(file="").values_list("file", flat=True).first()
    if path is None or not default_storage.exists(path):
        raise NotFound(gettext("there is no file of this lock"), code="no_such_lock")
    with default_storage.open(path) as kept:
        return path.rsplit("/", 1)[-1], kept.read()


def documents_of(token: UUID) -> tuple[ExportDocument, ...]:
    """The documents in a locked file, in their order there."""
    rows = Export.objects.filter(lock_token=token).exclude(file="").order_by("pk")
    found = tuple(read_document(row.document) for row in rows)
    if not found:
        raise NotFound(gettext("there is no file of this lock"), code="no_such_lock")
    return found
