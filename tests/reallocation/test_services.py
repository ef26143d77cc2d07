"""Transfers on the real database: sent off, received, called back, refused without a trace."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from compliance.models import Paper, Series
from inventory.models import Movement, Reservation
from inventory.selectors.outcomes import last_bills, list_bills
from inventory.services import check_positions, outcomes
from reallocation import services
from reallocation.contracts import FreightBilled
from reallocation.models import Transfer
from tests.builders import AT, OWNER, World, add_batch, build_world, propose_transfer, transfer_payload
from vyapar.engine.models import Action, AuditEntry, Event
from vyapar.engine.services import carry_out, emit
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.kernel.lifecycle import Status

pytestmark = pytest.mark.usefixtures("in_alpha")

LATER = AT + timedelta(hours=1)


@pytest.fixture
def world(in_alpha: None) -> World:
    return build_world()


def send(world: World, *lines: tuple[str, str, int], target: str = "NAGPUR") -> tuple[Action, Transfer]:
    action = propose_transfer(transfer_payload(world, *lines, target=target))
    return action, services.send_off(action.view(), actor=OWNER, at=LATER)


def test_sending_off_moves_the_stock_and_issues_the_paper(world: World) -> None:
    action, transfer = send(world, ("BIS-100", "B1", 100), ("TEA-250", "B1", 40))
    home, away = world.position(), world.position(place="NAGPUR")
    assert (home.on_hand, home.reserved) == (500, 0)
    assert (away.on_hand, away.in_transit) == (0, 100)
    assert [(line.sku, line.sent) for line in transfer.lines.order_by("sku")] == [
        ("BIS-100", 100),
        ("TEA-250", 40),
    ]
    paper = Paper.objects.get(key=action.key)
    assert [p["number"] for p in transfer.documents] == [paper.number]
    assert paper.action_id == action.pk
    assert Event.objects.filter(name="DocumentIssued", action_id=action.pk).count() == 1
    assert check_positions() == []


def test_a_lane_inside_one_registration_takes_a_challan_without_tax(world: World) -> None:
    action, _ = send(world)
    paper = Paper.objects.get(key=action.key)
    assert (paper.kind, paper.tax_paise) == ("delivery_challan", 0)
    assert paper.gstin == paper.party_gstin


def test_a_lane_between_registrations_takes_a_tax_invoice_with_igst(world: World) -> None:
    action, _ = send(world, ("BIS-100", "B1", 100), ("DET-1KG", "B1", 10), target="BENGALURU")
    paper = Paper.objects.get(key=action.key)
    assert (paper.kind, paper.gstin[:2], paper.party_gstin[:2]) == ("tax_invoice", "27", "29")
    totals = paper.data["totals"]
    # 100 x 60.00 at 5 % and 10 x 70.00 at 18 %, valued at cost: 300.00 + 126.00
    assert (totals["igst_paise"], totals["cgst_paise"], totals["sgst_paise"]) == (42_600, 0, 0)
    assert paper.taxable_paise == 670_000


def test_numbers_follow_one_another_in_each_series(world: World) -> None:
    actions = []
    for target in ("NAGPUR", "BENGALURU"):
        for _ in range(3):
            action, _transfer = send(world, ("BIS-100", "B1", 10), target=target)
            Action.objects.filter(pk=action.pk).update(status=Status.EXECUTED.value)
            actions.append(action)
    for series in Series.objects.all():
        assert list(series.papers.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3]
        assert series.last_sequence == 3
    assert Series.objects.count() == 2


def test_sending_off_twice_is_once(world: World) -> None:
    action, first = send(world)
    again = services.send_off(action.view(), actor=OWNER, at=LATER + timedelta(hours=1))
    assert again.pk == first.pk
    assert (Transfer.objects.count(), Paper.objects.count()) == (1, 1)
    assert world.position().on_hand == 500
    assert world.position(place="NAGPUR").in_transit == 100


def test_a_refused_dispatch_leaves_no_trace_and_no_gap(world: World) -> None:
    send(world, ("TEA-250", "B1", 10))
    Action.objects.update(status=Status.EXECUTED.value)
    action = propose_transfer(transfer_payload(world))
    Reservation.objects.filter(action_id=action.pk).update(quantity=40)
    before = (Movement.objects.count(), Event.objects.count(), Transfer.objects.count())
    with pytest.raises(Refused, match="still holds 40"):
        services.send_off(action.view(), actor=OWNER, at=LATER)
    assert (Movement.objects.count(), Event.objects.count(), Transfer.objects.count()) == before
    Reservation.objects.filter(action_id=action.pk).update(quantity=100)
    services.send_off(action.view(), actor=OWNER, at=LATER)
    assert list(Paper.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2]


def test_a_paper_that_the_law_refuses_brings_the_stock_back_and_takes_no_number(world: World) -> None:
    """The dispatch is written before the paper is asked for: all of it must go when the paper fails."""
    action = propose_transfer(transfer_payload(world, target="BENGALURU"))
    world.territories["BENGALURU"].registration.__class__.objects.filter(state_code="29").update(active=False)
    with pytest.raises(Refused, match="not active"):
        services.send_off(action.view(), actor=OWNER, at=LATER)
    home = world.position()
    assert (home.on_hand, home.reserved) == (600, 100)
    assert (Paper.objects.count(), Series.objects.count(), Transfer.objects.count()) == (0, 0, 0)
    assert not Movement.objects.filter(action_id=action.pk).exists()


def test_a_short_and_damaged_receipt_adds_up_and_is_told_as_partial(world: World) -> None:
    action, transfer = send(world, ("BIS-100", "B1", 100), ("TEA-250", "B1", 40))
    services.receive(transfer.pk, {("BIS-100", "B1"): (90, 6)}, actor=OWNER, at=AT + timedelta(days=2))
    line = transfer.lines.get(sku="BIS-100")
    assert (line.received, line.damaged, line.short) == (90, 6, 4)
    assert line.sent == line.received + line.damaged + line.short
    assert transfer.lines.get(sku="TEA-250").received == 40
    away = world.position(place="NAGPUR")
    assert (away.on_hand, away.in_transit) == (90, 0)
    told = Event.objects.get(name="ReallocationExecuted")
    assert told.payload["executionStatus"] == "partial"
    assert told.payload["actualQuantity"] == 130
    assert told.payload["complianceDocuments"] == [Paper.objects.get(key=action.key).number]
    assert told.action_id == action.pk
    assert check_positions() == []


@pytest.mark.parametrize(
    ("counted", "status", "arrived"), [({}, "success", 100), ({("BIS-100", "B1"): (0, 0)}, "failed", 0)]
)
def test_a_receipt_says_whether_all_or_nothing_arrived(world, counted, status, arrived) -> None:
    _, transfer = send(world)
    services.receive(transfer.pk, counted, actor=OWNER, at=AT + timedelta(days=2))
    told = Event.objects.get(name="ReallocationExecuted")
    assert (told.payload["executionStatus"], told.payload["actualQuantity"]) == (status, arrived)
    assert world.position(place="NAGPUR").on_hand == arrived


@pytest.mark.parametrize(
    "counted",
    [
        {("BIS-100", "B1"): (90, 11)},
        {("BIS-100", "B1"): (-1, 0)},
        {("BIS-100", "B9"): (1, 0)},
    ],
)
def test_a_receipt_that_does_not_add_up_changes_nothing(world: World, counted) -> None:
    _, transfer = send(world)
    events = Event.objects.count()
    with pytest.raises(Invalid, match="does not add up"):
        services.receive(transfer.pk, counted, actor=OWNER, at=AT + timedelta(days=2))
    transfer.refresh_from_db()
    assert (transfer.state, Event.objects.count()) == ("dispatched", events)
    assert world.position(place="NAGPUR").in_transit == 100


def test_a_transfer_is_received_once(world: World) -> None:
    _, transfer = send(world)
    services.receive(transfer.pk, {}, actor=OWNER, at=AT + timedelta(days=2))
    with pytest.raises(Refused, match="Received already"):
        services.receive(transfer.pk, {}, actor=OWNER, at=AT + timedelta(days=2))
    assert world.position(place="NAGPUR").on_hand == 100
    with pytest.raises(NotFound):
        services.receive(10**9, {}, actor=OWNER, at=LATER)


def test_calling_back_restores_the_stock_and_cancels_the_paper(world: World) -> None:
    action, transfer = send(world)
    for _ in range(2):
        services.call_back(action.pk, key=action.key, actor=OWNER, at=LATER, reason="wrong godown")
    transfer.refresh_from_db()
    assert transfer.state == "recalled"
    assert (world.position().on_hand, world.position(place="NAGPUR").in_transit) == (600, 0)
    paper = Paper.objects.get(key=action.key)
    assert (paper.state, paper.cancelled_reason) == ("cancelled", "wrong godown")
    assert Event.objects.filter(name="DocumentCancelled").count() == 1
    assert check_positions() == []


def test_a_cancelled_number_is_never_given_again(world: World) -> None:
    action, _ = send(world)
    services.call_back(action.pk, key=action.key, actor=OWNER, at=LATER, reason="wrong godown")
    Action.objects.update(status=Status.ROLLED_BACK.value)
    send(world)
    assert list(Paper.objects.order_by("sequence").values_list("sequence", "state")) == [
        (1, "cancelled"),
        (2, "issued"),
    ]


def test_received_goods_cannot_be_called_back(world: World) -> None:
    action, transfer = send(world)
    services.receive(transfer.pk, {}, actor=OWNER, at=AT + timedelta(days=2))
    with pytest.raises(Refused, match="new transfer"):
        services.call_back(action.pk, key=action.key, actor=OWNER, at=LATER, reason="too late")
    assert Paper.objects.get(key=action.key).state == "issued"
    with pytest.raises(NotFound):
        services.call_back(
            propose_transfer(transfer_payload(world, target="BENGALURU")).pk,
            key="transfer:none",
            actor=OWNER,
            at=LATER,
            reason="never sent",
        )


def test_the_engine_carries_a_transfer_out_and_undoes_it(world: World) -> None:
    from vyapar.engine.services import approve, undo

    action = propose_transfer(transfer_payload(world))
    if action.status == Status.PROPOSED:
        approve(action.pk, actor=OWNER, at=AT)
    done = carry_out(action.pk, at=LATER)
    assert done.status == Status.EXECUTED, done.last_error
    assert done.receipt["data"]["transfer"] == Transfer.objects.get().pk
    undone = undo(action.pk, actor=OWNER, at=LATER)
    assert undone.status == Status.ROLLED_BACK
    home = world.position()
    assert (home.on_hand, home.reserved) == (600, 0)


def test_what_is_asked_for_takes_the_batch_that_expires_first(world: World) -> None:
    from tests.builders import receive_stock

    add_batch(world, "BIS-100", "B0", expires_in=60)
    receive_stock(world, "BIS-100", "B0", 30)
    action = services.ask_for(
        "BIS-100",
        source_territory="PUNE",
        target_territory="NAGPUR",
        quantity=50,
        reason="a fair in Nagpur",
        actor=OWNER,
        at=AT,
    )
    assert [(n["batch"], n["quantity"]) for n in action.payload["lines"]] == [("B0", 30), ("B1", 20)]
    assert world.position(batch="B0").reserved == 30
    with pytest.raises(Refused):
        services.ask_for(
            "BIS-100",
            source_territory="PUNE",
            target_territory="NAGPUR",
            quantity=50,
            reason="",
            actor=OWNER,
            at=AT,
        )


# --- credit notes --------------------------------------------------------------------------------


def test_goods_that_do_not_arrive_whole_between_registrations_are_credited(world: World) -> None:
    action, transfer = send(world, ("BIS-100", "B1", 100), ("DET-1KG", "B1", 10), target="BENGALURU")
    services.receive(transfer.pk, {("BIS-100", "B1"): (90, 6)}, actor=OWNER, at=AT + timedelta(days=2))
    invoice = Paper.objects.get(key=action.key)
    note = Paper.objects.get(kind="credit_note")
    assert (note.number, note.gstin, note.party_gstin) == (
        "CN/27/2627/00001",
        invoice.gstin,
        invoice.party_gstin,
    )
    # 10 x 60.00 at 5 %: only what was short or damaged
    assert (note.taxable_paise, note.tax_paise, note.total_paise) == (60_000, 3_000, 63_000)
    assert (note.action_id, note.data["refers_to"]) == (action.pk, [invoice.number])
    transfer.refresh_from_db()
    assert [paper["number"] for paper in transfer.documents] == [invoice.number, note.number]
    told = Event.objects.get(name="ReallocationExecuted")
    assert told.payload["complianceDocuments"] == [invoice.number, note.number]


@pytest.mark.parametrize(("target", "counted"), [("NAGPUR", {("BIS-100", "B1"): (90, 6)}), ("BENGALURU", {})])
def test_no_credit_note_without_tax_or_without_a_lack(world: World, target, counted) -> None:
    _, transfer = send(world, target=target)
    services.receive(transfer.pk, counted, actor=OWNER, at=AT + timedelta(days=2))
    assert not Paper.objects.filter(kind="credit_note").exists()


def test_a_call_back_in_a_later_month_credits_the_invoice_instead_of_cancelling_it(world: World) -> None:
    action, transfer = send(world, target="BENGALURU")
    services.call_back(
        transfer.action_id, key=action.key, actor=OWNER, at=AT + timedelta(days=31), reason="road closed"
    )
    invoice, note = Paper.objects.get(key=action.key), Paper.objects.get(kind="credit_note")
    assert invoice.state == "issued"
    assert (note.total_paise, note.tax_paise) == (invoice.total_paise, invoice.tax_paise)
    assert world.position().on_hand == 600


def test_what_the_carrier_billed_is_on_record_and_five_bills_teach(world: World) -> None:
    _, transfer = send(world)
    with pytest.raises(Invalid) as told:
        services.bill_freight(transfer.pk, billed_paise=-1, reference=" ", actor=OWNER, at=LATER)
    assert {fault.field for fault in told.value.faults} == {"billed", "reference"}
    assert last_bills([transfer.action_id]) == {}
    for paise in (transfer.cost_paise * 2, transfer.cost_paise * 3 // 2):
        services.bill_freight(transfer.pk, billed_paise=paise, reference="LR-7", actor=OWNER, at=LATER)
    bill = last_bills([transfer.action_id])[transfer.action_id]
    assert (bill.paise, bill.reference) == (transfer.cost_paise * 3 // 2, "LR-7"), "the last bill holds"
    assert list_bills(ist_day(AT)) == [(transfer.cost_paise, transfer.cost_paise * 3 // 2)]
    assert "moved_freight" not in outcomes.learn(actor=OWNER, at=LATER), "one bill is no experience"
    for _ in range(4):
        emit(
            FreightBilled("r", told_paise=10_000, billed_paise=15_000, reference="LR"), subject="transfer:x",
            actor=OWNER, at=LATER, action_id=uuid4(),
        )  # fmt: skip
    factor = outcomes.learn(actor=OWNER, at=LATER)["moved_freight"]
    assert factor == pytest.approx(12_500, abs=1)  # (5 + 5 x 1.5) / (5 + 5)
    assert AuditEntry.objects.filter(verb="FreightBilled", subject=f"transfer:{transfer.pk}").count() == 2
