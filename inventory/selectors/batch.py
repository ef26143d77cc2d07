"""One batch in full: where it stands, how it came and went, what was claimed for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDate

from inventory.models import Batch, Claim, Movement, PurchaseLine, Reservation
from inventory.selectors.sku import BatchRow, list_batch_rows
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _

#: Weeks of its life that are told at most, the last ones.
WEEKS = 104


@dataclass(frozen=True, slots=True)
class BatchDetail:
    """Everything a page about a batch shows.

    - `places`: where pieces of it stand or are on their way to, territory by territory.
    - `moved`: (kind of movement, signed pieces) over its whole life, the largest first. They add up to what
      stands at `places`; what is on the road left one place and has not come to the other.
    - `weeks`: (first day, pieces in our places at the end of the week), from the week in which it first
      moved to the running one, at most `WEEKS` of them.
    - `held_by`: actions that hold pieces of it or have moved some.
    """

    batch: Batch
    places: tuple[BatchRow, ...]
    moved: tuple[tuple[str, int], ...]
    weeks: tuple[tuple[date, int], ...]
    purchases: tuple[PurchaseLine, ...]
    claims: tuple[Claim, ...]
    held_by: frozenset[UUID]

    @property
    def first_came(self) -> date | None:
        """Day on which what stands here first came to us; None where nothing does."""
        days = [place.first_receipt_date for place in self.places if place.first_receipt_date]
        return min(days, default=None)


def get_batch(sku: str, number: str, today: date) -> BatchDetail:
    """A batch by its SKU's code and its number; `NotFound` when there is none. A fixed number of queries."""
    rows = Batch.objects.select_related("sku__brand", "sku__category")
    batch = rows.filter(sku__code=sku, number=number).first()
    if batch is None:
        raise NotFound(
            _("there is no batch %(batch)s of SKU %(sku)s", batch=f"{number!r}", sku=f"{sku!r}"),
            code="no_such_batch",
        )
    ledger = (
        Movement.objects.filter(batch=batch)
        .annotate(day=TruncDate("at", tzinfo=IST))
        .values_list("day", "kind")
        .annotate(pieces=Sum("quantity"))
        .order_by("day", "kind")
    )
    days = list(ledger)
    moved: dict[str, int] = {}
    for _day, kind, pieces in days:
        moved[kind] = moved.get(kind, 0) + pieces
    reserved = Reservation.objects.filter(position__batch=batch).values_list("action_id", flat=True)
    carried = Movement.objects.filter(batch=batch).values_list("action_id", flat=True).distinct()
    purchases = PurchaseLine.objects.filter(batch=batch).select_related("location")
    claims = Claim.objects.filter(batch=batch).select_related("location").order_by("-filed_on", "-pk")
    return BatchDetail(
        batch=batch,
        places=list_batch_rows(batch.sku, batch),
        moved=tuple(sorted(moved.items(), key=lambda one: (-abs(one[1]), one[0]))),
        weeks=_weeks([(day, pieces) for day, _kind, pieces in days], today),
        purchases=tuple(purchases.order_by("invoice_date", "pk")),
        claims=tuple(claims),
        held_by=frozenset(reserved) | frozenset(one for one in carried if one is not None),
    )


def list_batch_ledger(batch: Batch) -> QuerySet[Movement]:
    """The ledger of a batch with its places, newest first."""
    return Movement.objects.filter(batch=batch).select_related("location").order_by("-at", "-pk")


def _weeks(days: list[tuple[date, int]], today: date) -> tuple[tuple[date, int], ...]:
    """Stock at the end of each week; weeks begin on the weekday of tomorrow, so that the last is whole."""
    if not days:
        return ()
    ahead = today + timedelta(days=1)
    count = max(-(-(ahead - days[0][0]).days // 7), 1)
    ends = [0] * count
    for day, pieces in days:
        ends[min(max(count - 1 - (today - day).days // 7, 0), count - 1)] += pieces
    stands, found = 0, []
    for number, pieces in enumerate(ends):
        stands += pieces
        found.append((ahead - timedelta(days=7 * (count - number)), stands))
    return tuple(found[-WEEKS:])
