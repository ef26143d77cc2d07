"""Claims on companies, and what they still credit, shared between the positions that may claim it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from inventory.contracts import NO_CAP
from inventory.contracts.arrays import Ints
from inventory.contracts.outcomes import ClaimState
from inventory.impact.rates import part
from inventory.models import Brand, Claim, Position
from inventory.selectors.claim_goods import with_goods
from inventory.selectors.columns import positions_of, read_columns
from vyapar.engine.models import AuditEntry
from vyapar.kernel.calendar import financial_year, financial_year_bounds
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _

# Pieces that stand on a claim, by position: those asked for and not refused that were not sent, destroyed or
# released, less what has left since otherwise than by sale, transfer or claim: goods that were claimed are
# written off. Those that a company credited without taking them are not claimed a second time.
_CLAIMED = """
SELECT p.id AS position_id, least(greatest(c.pieces - g.gone, 0), p.on_hand) AS pieces,
       p.on_hand, b.cost_paise, br.return_bp
FROM (SELECT o.batch_id, o.location_id, min(o.filed_at) AS since,
             sum(o.pieces - coalesce(s.pieces, 0)
                 - CASE WHEN o.stay IN ('destroyed', 'released') THEN o.stayed ELSE 0 END) AS pieces
      FROM inventory_claim o
      LEFT JOIN (SELECT claim_id, sum(pieces) AS pieces FROM inventory_claimsending
                 WHERE state <> 'called_back' GROUP BY 1) s ON s.claim_id = o.id
      WHERE o.state IN ('open', 'credited') GROUP BY 1, 2) c
JOIN inventory_position p ON p.batch_id = c.batch_id AND p.location_id = c.location_id
JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_brand br ON br.id = s.brand_id
CROSS JOIN LATERAL (SELECT coalesce(-sum(m.quantity), 0) AS gone FROM inventory_movement m
                    WHERE m.batch_id = c.batch_id AND m.location_id = c.location_id AND m.at >= c.since
                      AND m.quantity < 0 AND m.kind NOT IN ('sale', 'transfer_out', 'company_out')
                      AND left(m.reference, 6) <> 'claim-') g
"""
# Each position's claim by what was last found at risk of it, all that is free where it has expired or was
# never looked at, and none of what is claimed already; what is asked for counts towards the cap until it is
# refused, as far as it was credited. What is left of the cap goes to what expires first. The shares of one
# company never come to more than its cap, whichever part of a book reads them. Rounded half up, like what
# the way out is worth (`inventory.impact.rates.part`).
_ROOMS = """
WITH claimed AS ({claimed}), asked AS (
    SELECT brand_id, sum(CASE state WHEN 'open' THEN amount_paise * (pieces - void) / pieces
                                    WHEN 'credited' THEN credited_paise ELSE 0 END) AS paise
    FROM inventory_claim WHERE filed_on BETWEEN %s AND %s GROUP BY 1)
SELECT id, greatest(least(room - (through - claim), claim), 0)
FROM (SELECT id, room, claim, sum(claim) OVER (PARTITION BY brand_id ORDER BY expiry_date NULLS LAST, id)
      AS through
      FROM (SELECT p.id, s.brand_id, b.expiry_date, br.claim_cap_paise
                - CASE WHEN br.claimed_year = %s THEN br.claimed_paise ELSE 0 END
                - coalesce(a.paise, 0) AS room,
                   CASE WHEN br.return_days IS NULL OR b.expiry_date IS NULL
                             OR b.expiry_date + br.return_days >= %s
                        THEN round(least(CASE WHEN r.position_id IS NULL OR b.expiry_date < %s
                                        THEN p.on_hand - p.reserved ELSE r.at_risk_quantity END,
                                   p.on_hand - coalesce(k.pieces, 0))
                             * b.cost_paise * br.return_bp / 10000.0)
                        ELSE 0 END AS claim
            FROM inventory_brand br JOIN inventory_sku s ON s.brand_id = br.id
            JOIN inventory_position p ON p.sku_id = s.id AND p.on_hand > 0
            JOIN inventory_batch b ON b.id = p.batch_id
            LEFT JOIN inventory_batchrisk r ON r.position_id = p.id
            LEFT JOIN claimed k ON k.position_id = p.id LEFT JOIN asked a ON a.brand_id = br.id
            WHERE br.claim_cap_paise IS NOT NULL AND br.return_bp > 0) each) run
ORDER BY id
"""


def claim_rooms(today: date, position_ids: Ints) -> Ints:
    """(positions,), paise that the company still credits for each; `NO_CAP` where nothing bounds it.

    What is claimed already cannot be claimed again, under a cap or without one.
    """
    year = financial_year(today)
    values = [*financial_year_bounds(today), year, today, today]
    found = read_columns(_ROOMS.format(claimed=_CLAIMED), {"id": "int", "room": "int"}, values)
    rooms = np.full(position_ids.size, NO_CAP, dtype=np.int64)
    if found["id"].size:
        at = positions_of(found["id"], position_ids)
        rooms[at >= 0] = found["room"][at[at >= 0]]
    claimed = read_columns(_CLAIMED, dict.fromkeys(_CLAIMED_COLUMNS, "int"))
    if claimed["id"].size:
        left = part((claimed["on_hand"] - claimed["pieces"]) * claimed["cost"], claimed["share"])
        at = positions_of(claimed["id"], position_ids)
        rooms[at >= 0] = np.minimum(rooms[at >= 0], left[at[at >= 0]])
    return rooms


_CLAIMED_COLUMNS = ("id", "pieces", "on_hand", "cost", "share")


def claimed_at(position_id: int) -> int:
    """Pieces of a position that stand on a claim."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pieces FROM ({_CLAIMED}) c WHERE position_id = %s",  # noqa: S608
            [position_id],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Claimable:
    """What can be claimed of a batch at a place: `free` pieces that stand there and on no claim, what the
    company's terms credit for them (`credit_paise`, as far as `room` of its cap goes), until which day.
    """

    company: str
    return_bp: int
    free: int
    credit_paise: int
    room: int | None
    until: date | None

    def is_open(self, today: date) -> bool:
        """Whether the company takes a claim today, by what is known of its terms."""
        return self.return_bp > 0 and (self.until is None or today <= self.until) and self.room != 0


def find_claimable(sku: str, batch: str, location: str, today: date) -> Claimable | None:
    """What can be claimed of a batch; None where it does not stand."""
    spots = Position.objects.select_related("batch__sku__brand")
    spot = spots.filter(sku__code=sku, batch__number=batch, location__code=location, on_hand__gt=0).first()
    if spot is None:
        return None
    brand, free = spot.batch.sku.brand, max(spot.on_hand - claimed_at(spot.pk), 0)
    room = next((one.room for one in list_companies(today) if one.brand.pk == brand.pk), None)
    credit = int(part(free * spot.batch.cost_paise, brand.return_bp))
    days, expiry = brand.return_days, spot.batch.expiry_date
    return Claimable(
        company=brand.name, return_bp=brand.return_bp, free=free, room=room,
        credit_paise=credit if room is None else min(credit, room),
        until=None if days is None or expiry is None else expiry + timedelta(days=days),
    )  # fmt: skip


def list_claims(state: str = "", company: str = "", sku: str = "") -> QuerySet[Claim]:
    """Claims with their goods and places, the latest first."""
    rows = Claim.objects.select_related("brand", "batch__sku", "location__territory")
    wanted = {"state": state, "brand__name": company, "batch__sku__code": sku}
    return rows.filter(**{name: text for name, text in wanted.items() if text}).order_by(
        "-filed_on", "-filed_at", "pk"
    )


def get_claim(claim_id: int) -> Claim:
    """One claim with its goods and place; `NotFound` when there is none of that id."""
    found = with_goods(list_claims()).filter(pk=claim_id).first()
    if found is None:
        raise NotFound(_("there is no such claim"), code="no_such_claim")
    return found


@dataclass(frozen=True, slots=True)
class Correction:
    """An answer that was corrected later: what it had been, who corrected it, when and why."""

    at: datetime
    by: str
    credited_paise: int
    reason: str


def list_corrections(claim_id: int) -> list[Correction]:
    """Answers of a claim that were corrected, the first one first: as the trail keeps them."""
    rows = AuditEntry.objects.filter(subject=f"claim:{claim_id}", verb="ClaimAnswerCorrected")
    return [
        Correction(row.at, row.actor_name, json.loads(row.body)["before"]["credited_paise"], row.reason)
        for row in rows.order_by("seq")
    ]


def find_same(
    *, sku: str, batch: str, location: str, pieces: int, amount_paise: int, filed_on: date, reference: str
) -> Claim | None:
    """The claim on record that says just this; one that was withdrawn is none."""
    goods = {"batch__sku__code": sku, "batch__number": batch, "location__code": location}
    rows = Claim.objects.filter(**goods, pieces=pieces, amount_paise=amount_paise, filed_on=filed_on)
    return rows.filter(reference=reference.strip()).exclude(state=ClaimState.WITHDRAWN.value).first()


def list_answered(since: date) -> list[Claim]:
    """Claims that companies answered since a day, in the order in which they were filed."""
    told = (ClaimState.CREDITED.value, ClaimState.REFUSED.value)
    rows = Claim.objects.filter(state__in=told, answered_on__gte=since)
    return list(rows.select_related("brand").order_by("filed_on", "pk"))


@dataclass(frozen=True, slots=True)
class Company:
    """What a company was asked and what it gave. Money in paise.

    Of the financial year: `typed`, claimed elsewhere; `asked` here and not refused, as far as it was
    credited; `room`, what its cap still leaves (None: no cap). Of all time: claims `open`, `credited`,
    `refused`; `answered_paise` asked for in those that were answered, `credited_paise` given;
    `days`, the middle one of those until it credited.
    """

    brand: Brand
    typed: int
    asked: int
    room: int | None
    open: int
    credited: int
    refused: int
    answered_paise: int
    credited_paise: int
    days: int | None

    @property
    def share_bp(self) -> int | None:
        """Share of what was answered that it credited."""
        return self.credited_paise * 10_000 // self.answered_paise if self.answered_paise else None


#: `Claim.due_paise` of a row.
_DUE = F("amount_paise") * (F("pieces") - F("void")) / F("pieces")


def list_companies(today: date) -> list[Company]:
    """Companies that take goods back or were ever asked to, by name. Four queries."""
    year, bounds = financial_year(today), financial_year_bounds(today)
    sums = Claim.objects.values("brand_id").annotate(
        waiting=Count("pk", filter=Q(state="open")), credited=Count("pk", filter=Q(state="credited")),
        refused=Count("pk", filter=Q(state="refused")),
        answered=Sum(_DUE, filter=Q(state__in=("credited", "refused"))),
        given=Sum("credited_paise"),
        asked=Sum(_DUE, filter=Q(state="open", filed_on__range=bounds)),
        got=Sum("credited_paise", filter=Q(filed_on__range=bounds)),
    )  # fmt: skip
    by_brand: dict[int, Any] = {row["brand_id"]: row for row in sums.order_by()}
    days = _days()
    brands = Brand.objects.filter(Q(return_bp__gt=0) | Q(pk__in=list(by_brand))).order_by("name")
    return [_company(one, by_brand.get(one.pk, {}), days.get(one.pk), year) for one in brands]


def _company(brand: Brand, sums: Mapping[str, int | None], days: int | None, year: str) -> Company:
    typed = brand.claimed_paise if brand.claimed_year == year else 0
    asked = (sums.get("asked") or 0) + (sums.get("got") or 0)
    cap = brand.claim_cap_paise
    return Company(
        brand=brand, typed=typed, asked=asked, room=None if cap is None else max(cap - typed - asked, 0),
        open=sums.get("waiting") or 0, credited=sums.get("credited") or 0, refused=sums.get("refused") or 0,
        answered_paise=sums.get("answered") or 0, credited_paise=sums.get("given") or 0, days=days,
    )  # fmt: skip


def _days() -> dict[int, int]:
    """The middle one of the days until each company credited, by its id."""
    found: dict[int, list[int]] = {}
    rows = Claim.objects.filter(state="credited").values_list("brand_id", "filed_on", "answered_on")
    for brand, filed, answered in rows:
        if answered is not None:
            found.setdefault(brand, []).append((answered - filed).days)
    return {brand: int(median(days)) for brand, days in found.items()}
