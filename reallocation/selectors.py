"""Reads of transfers, and the snapshot that the Reallocation agent looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import permutations
from math import ceil
from typing import Any

from django.db.models import Count, QuerySet, Sum

from inventory.contracts.exports import LOST
from inventory.contracts.feeds import ExportDocument, ExportKind
from inventory.contracts.outcomes import UNCHANGED, Factor
from inventory.selectors.exports import credited_lines, export_lines, lost_lines, round_off_of
from inventory.selectors.facts import get_place, party_at, tax_on
from inventory.selectors.flows import (
    AtRisk,
    Place,
    list_at_risk,
    list_godowns,
    list_lacking,
    road_km,
)
from inventory.selectors.outcomes import current_learnt
from reallocation.agent import LaneRow, NeedRow, ReallocationPolicy, ReallocationSnapshot, SurplusRow
from reallocation.contracts import TRANSFER, TransferPayload
from reallocation.models import Transfer, TransferLine
from reallocation.rules import Freight
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import NotFound
from vyapar.kernel.facts import CreditNote, MovementFacts
from vyapar.kernel.phrases import phrase as _

#: Days ahead for which a place is held to need stock.
NEED_DAYS = 28


def take_snapshot(as_of: datetime, policy: ReallocationPolicy) -> ReallocationSnapshot | None:
    """Surplus, needs and lanes on a day; None while nothing is at risk anywhere."""
    today = ist_day(as_of)
    at_risk = list_at_risk(today)
    places = list_godowns()
    if not at_risk or len(places) < 2:
        return None
    lacking = list_lacking({row.sku for row in at_risk}, today, NEED_DAYS)
    learnt = moved_learnt()
    sold = learnt.get(Factor.MOVED_SALES, UNCHANGED)
    return ReallocationSnapshot(
        as_of=as_of,
        surplus=tuple(_surplus(row, today) for row in at_risk),
        needs=tuple(
            NeedRow(
                sku=row.sku,
                territory=row.territory,
                location=row.location,
                need_pieces=row.pieces,
                net_price_paise=row.net_price_paise * sold // UNCHANGED,
                daily_mean=row.daily_mean,
                dispersion=row.dispersion,
            )
            for row in lacking
        ),
        lanes=tuple(as_learnt(lane_between(one, other), learnt) for one, other in permutations(places, 2)),
        location_names={place.code: place.name for place in places},
        territory_names={place.territory: place.territory_name for place in places},
        sku_names={row.sku: row.name for row in at_risk},
        learnt=learnt,
    )


def moved_learnt() -> dict[str, int]:
    """What earlier transfers came to, in basis points by name; nothing where learning is switched off."""
    policy, _version = get_policy("monitoring")
    names = (Factor.MOVED_SALES, Factor.MOVED_DAYS, Factor.MOVED_FREIGHT)
    return {name: bp for name, bp in current_learnt().items() if policy.learning and name in names}


def as_learnt(lane: LaneRow, learnt: Mapping[str, int]) -> LaneRow:
    """A way as earlier transfers have shown it: longer or dearer than its tariff says."""
    freight, days = (learnt.get(name, UNCHANGED) for name in (Factor.MOVED_FREIGHT, Factor.MOVED_DAYS))
    return replace(
        lane,
        trip_cost_paise=(lane.trip_cost_paise * freight + UNCHANGED // 2) // UNCHANGED,
        freight_paise_per_kg=(lane.freight_paise_per_kg * freight + UNCHANGED // 2) // UNCHANGED,
        transit_days=(lane.transit_days * days + UNCHANGED // 2) // UNCHANGED,
    )


def document_of(transfer: Transfer, payload: TransferPayload, facts: MovementFacts) -> ExportDocument:
    """A dispatched transfer as the books need it: at cost, with the tax of its paper on each line."""
    papers = [paper["number"] for paper in transfer.documents]
    tax = {(goods.sku, goods.batch): tax_on(goods, facts) for goods in facts.lines}
    is_supply = facts.source.gstin != facts.destination.gstin
    return ExportDocument(
        kind=ExportKind.TRANSFER,
        key=export_key(transfer),
        number=papers[0] if papers else f"{TRANSFER}-{transfer.action_number}",
        at=transfer.dispatched_at,
        lines=export_lines(
            (n.sku, n.batch, n.quantity, n.unit_cost_paise, tax[n.sku, n.batch]) for n in payload.lines
        ),
        source=transfer.source,
        target=transfer.destination,
        narration=f"Stock moved from {transfer.source_name} to {transfer.destination_name}",
        round_off_paise=round_off_of(transfer.documents) if is_supply else 0,
        extra={
            "papers": papers,
            "source_gstin": facts.source.gstin,
            "target_gstin": facts.destination.gstin,
            "due_date": transfer.due_date.isoformat(),
        },
    )


def loss_of(transfer: Transfer, lines: Iterable[TransferLine], at: datetime) -> ExportDocument | None:
    """What did not arrive whole, as the books need it; None when everything did."""
    lost = [(line.sku, line.batch, line.damaged + line.short) for line in lines]
    goods = lost_lines(lost)
    if not goods:
        return None
    key = export_key(transfer)
    return ExportDocument(
        kind=ExportKind.REVERSAL,
        key=f"{key}:loss",
        number=f"{TRANSFER}-{transfer.action_number}",
        at=at,
        lines=goods,
        source=transfer.destination,
        narration="Short or damaged on arrival; the credit taken on it is reversed",
        refers_to=key,
        extra={"reason": LOST, "papers": [paper["number"] for paper in transfer.documents]},
    )


def credit_of(
    transfer: Transfer, note: CreditNote, at: datetime, *, goods_come_back: bool = False
) -> ExportDocument:
    """A credit note over a transfer's invoice as the books need it, line by line as it was issued."""
    key = export_key(transfer)
    return ExportDocument(
        kind=ExportKind.CREDIT_NOTE,
        key=f"{key}:credit",
        number=note.paper.number,
        at=at,
        lines=credited_lines(note),
        source=transfer.destination,
        target=transfer.source,
        party=transfer.destination,
        narration=f"Credit note over {note.invoice}",
        round_off_paise=note.paper.round_off_paise,
        refers_to=key,
        extra={
            "papers": [note.paper.number],
            "invoice": note.invoice,
            "goods_come_back": goods_come_back,
            "source_gstin": party_at(get_place(transfer.source)).gstin,
            "target_gstin": party_at(get_place(transfer.destination)).gstin,
        },
    )


def export_key(transfer: Transfer) -> str:
    """The key of a transfer's document in the books: that of its execution."""
    return f"{TRANSFER}:{transfer.action_id}"


def _surplus(row: AtRisk, today: date) -> SurplusRow:
    moved = row.last_transfer_date
    return SurplusRow(
        sku=row.sku,
        territory=row.territory,
        location=row.location,
        batch=row.batch,
        surplus_pieces=row.free_pieces,
        location_pieces=max(row.usable_pieces, row.free_pieces),
        daily_mean=row.daily_mean,
        days_to_expiry=row.days_to_expiry,
        unit_cost_paise=row.cost_paise,
        hold_price_paise=row.hold_paise,
        case_pack=row.case_pack,
        weight_grams=row.weight_grams,
        volume_cc=row.volume_cc,
        dead_stock_score=row.score,
        received_by_transfer_days_ago=(today - moved).days if moved else None,
    )


def lane_between(one: Place, other: Place, freight: Freight = Freight()) -> LaneRow:
    """The way from one godown to another at a tariff."""
    km = road_km(one, other)
    same = one.gstin == other.gstin
    return LaneRow(
        source_location=one.code,
        destination_location=other.code,
        distance_km=km,
        transit_days=ceil(km / freight.km_per_day),
        trip_cost_paise=freight.pickup_paise,
        document_cost_paise=freight.document_paise,
        freight_paise_per_kg=freight.per_kg(km),
        vehicle_weight_grams=freight.vehicle_kg * 1000,
        same_gstin=same,
        tax_cash_bp=0 if same else freight.tax_cash_bp,
    )


def get_transfer(transfer_id: int) -> Transfer:
    """One transfer; `NotFound` when there is none of that id."""
    found = Transfer.objects.filter(pk=transfer_id).first()
    if found is None:
        raise NotFound(_("there is no such transfer"), code="no_such_transfer")
    return found


def find_transfer_of(action_id: Any) -> Transfer | None:
    """The transfer that an action sent off, if it did."""
    return Transfer.objects.filter(action_id=action_id).first()


def list_transfers(state: str = "", words: str = "") -> QuerySet[Transfer]:
    """Transfers, newest first, with pieces sent and received."""
    rows = Transfer.objects.annotate(
        pieces=Sum("lines__sent"), arrived=Sum("lines__received"), line_count=Count("lines")
    )
    if state:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(source_name__icontains=words) | rows.filter(destination_name__icontains=words)
    return rows.order_by("-dispatched_at", "-pk")


def list_lines(loads: QuerySet[Transfer]) -> QuerySet[TransferLine]:
    """The lines of some transfers with them, the newest load first."""
    rows = TransferLine.objects.filter(transfer__in=loads.order_by().values("pk")).select_related("transfer")
    return rows.order_by("-transfer__dispatched_at", "-transfer", "sku", "batch")


def sum_flows() -> list[tuple[str, str, int]]:
    """Pieces ever sent from one location to another, by lane."""
    rows = TransferLine.objects.values("transfer__source", "transfer__destination").annotate(n=Sum("sent"))
    return sorted((row["transfer__source"], row["transfer__destination"], row["n"]) for row in rows)


def count_transfers() -> dict[str, Any]:
    """Transfers, pieces and expected gain by state."""
    rows = Transfer.objects.values("state").annotate(n=Count("pk"), net=Sum("net_paise"))
    return {row["state"]: {"transfers": row["n"], "net_paise": row["net"]} for row in rows}


def list_overdue(today: date) -> list[Transfer]:
    """Goods that should have been received by now."""
    return list(Transfer.objects.filter(state=Transfer.State.DISPATCHED, due_date__lt=today))
