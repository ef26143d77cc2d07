"""Transfers: sent off, received, called back. One verb, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from inventory.selectors.facts import get_place, list_goods, party_at
from inventory.selectors.flows import FreeStock, Place, list_free_stock, list_godowns
from inventory.selectors.outcomes import last_bills
from inventory.services import (
    ReceiptLine,
    StockLine,
    dispatch_transfer,
    queue_export,
    recall_transfer,
    receive_transfer,
    reverse_export,
)
from reallocation.agent import revalue
from reallocation.contracts import (
    TRANSFER,
    ExecutionStatus,
    FreightBilled,
    LaneTerms,
    ReallocationExecuted,
    TransferPayload,
)
from reallocation.contracts import TransferLine as LoadLine
from reallocation.models import Transfer, TransferLine
from reallocation.selectors import credit_of, document_of, export_key, lane_between, loss_of
from vyapar.engine import registry
from vyapar.engine.contracts import ActionView
from vyapar.engine.models import Action
from vyapar.engine.services import emit, propose
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import PassedOver, Proposal
from vyapar.kernel.digest import plain, sha256_of
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.facts import CreditNote, MovementFacts
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _

#: Under full credit the invoice value is deemed open market value (Rule 28(1), second proviso).
VALUATION = "invoice_value"
#: A bill of more than so many times what was told is a slip of the finger.
MOST_FREIGHT = 20


def movement_facts(view: ActionView, at: datetime) -> MovementFacts:
    """A transfer in the terms of the law: valued at cost, by the registrations of both ends."""
    payload = TransferPayload.parse(view.payload)
    source, target = get_place(payload.source_location), get_place(payload.destination_location)
    goods = list_goods(
        (line.sku, line.batch, line.quantity, line.unit_cost_paise, 0) for line in payload.lines
    )
    return MovementFacts(
        source=party_at(source),
        destination=party_at(target),
        lines=goods,
        dispatch_date=ist_day(at),
        transit_days=payload.transit_days,
        distance_km=payload.distance_km,
        source_location=source.name,
        destination_location=target.name,
        destination_registered=target.registered,
        valuation=VALUATION,
        receiver_full_itc=target.territory.registration.full_itc,
    )


@transaction.atomic
def send_off(view: ActionView, *, actor: Actor, at: datetime) -> Transfer:
    """Dispatch the stock and issue its papers, all or nothing; a second call returns the same transfer."""
    sent = Transfer.objects.filter(action_id=view.id).first()
    if sent is not None:
        return sent
    payload = TransferPayload.parse(view.payload)
    facts = movement_facts(view, at)
    dispatch_transfer(
        view.id,
        [StockLine(line.sku, line.batch, line.quantity) for line in payload.lines],
        source=payload.source_location,
        destination=payload.destination_location,
        actor=actor,
        at=at,
    )
    papers = registry.paper_desk().issue(facts, key=view.key, actor=actor, at=at)
    transfer = Transfer.objects.create(
        action_id=view.id,
        action_number=view.number,
        recommendation_id=payload.recommendation_id,
        source=payload.source_location,
        source_name=facts.source_location,
        destination=payload.destination_location,
        destination_name=facts.destination_location,
        source_territory=payload.source_territory,
        target_territory=payload.target_territory,
        distance_km=payload.distance_km,
        cost_paise=payload.transportation_cost_paise,
        expected_revenue_paise=payload.expected_revenue_paise,
        net_paise=view.net_paise,
        documents=plain(papers),
        dispatched_at=at,
        due_date=ist_day(at) + timedelta(days=payload.transit_days),
    )
    _write_lines(transfer, payload, {(g.sku, g.batch): g.description for g in facts.lines})
    queue_export(document_of(transfer, payload, facts), action_id=view.id, actor=actor, at=at)
    return transfer


@transaction.atomic
def receive(
    transfer_id: int,
    counted: Mapping[tuple[str, str], tuple[int, int]],
    *,
    actor: Actor,
    at: datetime,
) -> Transfer:
    """Book a receipt: `(received, damaged)` pieces by `(sku, batch)`; what is left of each line is short.

    Closes the transfer and tells of it. `Invalid` names every line that does not add up; a line not
    counted counts as fully received.
    """
    transfer = _lock(transfer_id)
    if transfer.state != Transfer.State.DISPATCHED:
        raise Refused(
            _("this transfer is %(state)s already", state=coded(transfer.state)), code="not_on_its_way"
        )
    lines = list(transfer.lines.order_by("sku", "batch"))
    _count(lines, counted)
    for line in lines:
        line.save()
    receive_transfer(
        transfer.action_id,
        [ReceiptLine(n.sku, n.batch, n.received, n.damaged, n.short) for n in lines],
        destination=transfer.destination,
        actor=actor,
        at=at,
    )
    note = _credit(transfer, lines, actor, at)
    transfer.state, transfer.received_at, transfer.received_by = Transfer.State.RECEIVED, at, str(actor)
    transfer.save()
    _tell(transfer, lines, actor, at)
    if note is not None:
        queue_export(credit_of(transfer, note, at), action_id=transfer.action_id, actor=actor, at=at)
    if (loss := loss_of(transfer, lines, at)) is not None:
        queue_export(loss, action_id=transfer.action_id, actor=actor, at=at)
    return transfer


@transaction.atomic
def call_back(action_id: UUID, *, key: str, actor: Actor, at: datetime, reason: str) -> Transfer:
    """Undo a dispatch while the goods are on their way: stock returns, papers are withdrawn."""
    transfer = Transfer.objects.select_for_update().filter(action_id=action_id).first()
    if transfer is None:
        raise NotFound(_("nothing was sent under this action"), code="no_transfer")
    if transfer.state == Transfer.State.RECALLED:
        return transfer
    if transfer.state == Transfer.State.RECEIVED:
        raise Refused(_("the goods were received; send them back by a new transfer"), code="cannot_undo")
    recall_transfer(action_id, source=transfer.source, destination=transfer.destination, actor=actor, at=at)
    note = registry.paper_desk().withdraw(key, reason=reason, actor=actor, at=at).credited
    if note is not None:
        transfer.documents = [*transfer.documents, plain(note.paper)]
        back = credit_of(transfer, note, at, goods_come_back=True)
        queue_export(back, action_id=action_id, actor=actor, at=at)
    else:
        booked = export_key(transfer)
        reverse_export(booked, key=f"{booked}:recall", narration=reason, actor=actor, at=at)
    transfer.state = Transfer.State.RECALLED
    transfer.save(update_fields=["state", "documents"])
    return transfer


@transaction.atomic
def bill_freight(
    transfer_id: int, *, billed_paise: int, reference: str, actor: Actor, at: datetime
) -> Transfer:
    """Record what a transfer's carriage was billed at, without GST; billed again, the last bill holds.

    The next cycles learn from it. The same bill sent again changes nothing and tells nothing. `Refused`
    for a load that was called back.
    """
    transfer = _lock(transfer_id)
    faults = []
    if not 0 <= billed_paise <= MOST_FREIGHT * max(transfer.cost_paise, 1):
        most = _(
            "0 to %(most)s: check the bill",
            most=rupees(MOST_FREIGHT * max(transfer.cost_paise, 1)),
        )
        faults.append(Fault("out_of_range", most, "billed", value=rupees(billed_paise)))
    if not reference.strip():
        faults.append(Fault("required", _("the number of the carrier's bill"), "reference"))
    if faults:
        raise Invalid(_("the bill cannot be recorded"), code="bad_freight", faults=faults)
    if transfer.state == Transfer.State.RECALLED:
        raise Refused(
            _("this load was called back: it is no measure of what carriage costs"), code="recalled"
        )
    held = last_bills([transfer.action_id]).get(transfer.action_id)
    if held and (held.paise, held.reference) == (billed_paise, reference.strip()):
        return transfer
    emit(
        FreightBilled(
            recommendation_id=transfer.recommendation_id,
            told_paise=transfer.cost_paise,
            billed_paise=billed_paise,
            reference=reference.strip(),
        ),
        subject=f"transfer:{transfer.pk}",
        actor=actor,
        at=at,
        action_id=transfer.action_id,
    )
    return transfer


# --- parts ---------------------------------------------------------------------------------


def _write_lines(transfer: Transfer, payload: TransferPayload, names: Mapping[tuple[str, str], str]) -> None:
    TransferLine.objects.bulk_create(
        TransferLine(
            transfer=transfer,
            sku=line.sku,
            name=names[line.sku, line.batch],
            batch=line.batch,
            expiry_date=line.expiry_date,
            case_pack=line.case_pack,
            sent=line.quantity,
        )
        for line in payload.lines
    )


def _lock(transfer_id: int) -> Transfer:
    found = Transfer.objects.select_for_update().filter(pk=transfer_id).first()
    if found is None:
        raise NotFound(_("there is no such transfer"), code="no_such_transfer")
    return found


def _count(lines: Sequence[TransferLine], counted: Mapping[tuple[str, str], tuple[int, int]]) -> None:
    known = {(line.sku, line.batch) for line in lines}
    faults = [
        Fault(
            "no_such_line",
            _("%(sku)s batch %(batch)s is not on this transfer", sku=sku, batch=batch),
            "lines",
        )
        for sku, batch in sorted(set(counted) - known)
    ]
    for row, line in enumerate(lines, 1):
        received, damaged = counted.get((line.sku, line.batch), (line.sent, 0))
        if min(received, damaged) < 0 or received + damaged > line.sent:
            message = _(
                "%(sku)s batch %(batch)s: %(sent)s were sent", sku=line.sku, batch=line.batch, sent=line.sent
            )
            faults.append(Fault("does_not_add_up", message, f"lines[{row}]", row, f"{received}+{damaged}"))
            continue
        line.received, line.damaged = received, damaged
        line.short = line.sent - received - damaged
    if faults:
        raise Invalid(_("the receipt does not add up"), code="receipt", faults=faults)


def _credit(
    transfer: Transfer, lines: Sequence[TransferLine], actor: Actor, at: datetime
) -> CreditNote | None:
    """Between registrations what did not arrive whole is credited; the note joins the papers."""
    lacking = {(n.sku, n.batch): n.damaged + n.short for n in lines if n.damaged or n.short}
    if not lacking:
        return None
    reason = "Short or damaged on arrival: the goods supplied are found to be deficient."
    key = export_key(transfer)
    note = registry.paper_desk().credit(key, lacking, reason=reason, actor=actor, at=at)
    if note is not None:
        transfer.documents = [*transfer.documents, plain(note.paper)]
    return note


def _tell(transfer: Transfer, lines: Sequence[TransferLine], actor: Actor, at: datetime) -> None:
    arrived, sent = sum(n.received for n in lines), sum(n.sent for n in lines)
    status = ExecutionStatus.SUCCESS if arrived == sent else ExecutionStatus.PARTIAL
    emit(
        ReallocationExecuted(
            recommendation_id=transfer.recommendation_id,
            execution_status=status if arrived else ExecutionStatus.FAILED,
            actual_quantity=arrived,
            actual_cost_paise=transfer.cost_paise,
            compliance_documents=tuple(paper["number"] for paper in transfer.documents),
        ),
        subject=f"transfer:{transfer.pk}",
        actor=actor,
        at=at,
        action_id=transfer.action_id,
    )


# --- asked for from outside ----------------------------------------------------------------


def ask_for(
    sku: str,
    *,
    source_territory: str,
    target_territory: str,
    quantity: int,
    reason: str,
    actor: Actor,
    at: datetime,
) -> Action:
    """Propose a transfer that a person or an ERP asks for; it goes the way of every proposal.

    Takes the batches that expire first. Raises `Refused` when the free, sellable stock does not
    suffice or an open action stands on the lane, `NotFound` for what does not exist.
    """
    source, target = _godown(source_territory), _godown(target_territory)
    lane = lane_between(source, target)
    stock = list_free_stock(sku, source.code, ist_day(at) + timedelta(days=lane.transit_days))
    lines = _take(stock, quantity)
    draft = TransferPayload(
        recommendation_id=str(uuid4()),
        source_location=source.code,
        destination_location=target.code,
        source_territory=source_territory,
        target_territory=target_territory,
        lines=lines,
        terms=LaneTerms(
            trip_cost_paise=lane.trip_cost_paise,
            document_cost_paise=lane.document_cost_paise,
            freight_paise_per_kg=lane.freight_paise_per_kg,
            handling_paise_per_kg=0,
            tax_cash_bp=lane.tax_cash_bp,
            vehicle_weight_grams=lane.vehicle_weight_grams,
            vehicle_volume_cc=0,
        ),
        distance_km=lane.distance_km,
        transit_days=lane.transit_days,
        transportation_cost_paise=0,
        expected_revenue_paise=0,
        urgency_score=0.5,
    )
    worth = revalue(draft)
    answer = propose(
        Proposal(
            kind=TRANSFER,
            subject=draft.subject,
            title=_(
                "Move %(pieces)s of %(what)s from %(source)s to %(destination)s",
                pieces=ngettext("%(count)s piece", "%(count)s pieces", quantity),
                what=sku,
                source=source.name,
                destination=target.name,
            ),
            reason=reason or _("asked for by %(actor)s", actor=str(actor)),
            payload=worth.payload.as_plain(),
            value_paise=worth.value_paise,
            net_paise=worth.net_paise,
            quantity=worth.quantity,
            expires_at=at + timedelta(hours=48),
            confidence=0.5,
            urgency=0.5,
            evidence={"asked_by": actor.ref},
            alternatives=worth.alternatives,
        ),
        cycle=None,
        actor=actor,
        at=at,
        policy={"asked_by": actor.ref},
        policy_version=0,
        snapshot_digest=sha256_of(draft),
    )
    if isinstance(answer, PassedOver):
        raise Refused(answer.reason, code=answer.code)
    return answer


def _godown(territory: str) -> Place:
    for place in list_godowns():
        if place.territory == territory:
            return place
    raise NotFound(
        _("there is no godown in territory %(territory)s", territory=f"{territory!r}"),
        code="no_such_territory",
    )


def _take(stock: Sequence[FreeStock], quantity: int) -> tuple[LoadLine, ...]:
    lines, left = [], quantity
    for row in stock:
        pieces = min(left, row.free_pieces)
        if pieces > 0:
            left -= pieces
            lines.append(
                LoadLine(
                    sku=row.sku,
                    batch=row.batch,
                    quantity=pieces,
                    unit_cost_paise=row.cost_paise,
                    expected_price_paise=row.net_price_paise,
                    hold_price_paise=row.hold_paise,
                    surplus_pieces=row.free_pieces,
                    need_pieces=quantity,
                    case_pack=row.case_pack,
                    weight_grams=row.weight_grams,
                    volume_cc=row.volume_cc,
                    expiry_date=row.expiry_date,
                )
            )
    if left:
        raise Refused(
            _(
                "%(free)s of %(wanted)s pieces are free and live long enough",
                free=quantity - left,
                wanted=quantity,
            ),
            code="not_enough_stock",
        )
    return tuple(sorted(lines, key=lambda line: (line.sku, line.batch)))
