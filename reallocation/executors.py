"""Carrying out and undoing transfers; holding their cartons while they are open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.services import StockLine, release, reserve
from reallocation import services
from reallocation.agent import revalue as recalculate
from reallocation.contracts import TRANSFER, TransferPayload
from reallocation.models import Transfer
from vyapar.engine.contracts import ActionKind, ActionView, Receipt, Revalued
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.facts import MovementFacts
from vyapar.kernel.phrases import phrase as gettext


def facts(view: ActionView) -> MovementFacts:
    """The movement as it would be today."""
    return services.movement_facts(view, timezone.now())


def hold(view: ActionView, actor: Actor, at: datetime) -> None:
    """Hold every piece the transfer would move."""
    payload = TransferPayload.parse(view.payload)
    lines = [StockLine(n.sku, n.batch, n.quantity, payload.source_location) for n in payload.lines]
    reserve(view.id, lines, actor=actor, at=at)


def let_go(view: ActionView, actor: Actor, at: datetime) -> None:
    """Free whatever it still holds."""
    release(view.id, actor=actor, at=at)


def execute(view: ActionView, actor: Actor, at: datetime) -> Receipt:
    """Dispatch with papers; the receipt of the goods follows days later."""
    return _receipt(services.send_off(view, actor=actor, at=at))


def reconcile(view: ActionView) -> Receipt | None:
    """Whether the goods have left already."""
    sent = Transfer.objects.filter(action_id=view.id).first()
    return _receipt(sent) if sent else None


def undo(view: ActionView, actor: Actor, at: datetime) -> Receipt:
    """Call the goods back while they are on their way."""
    services.call_back(view.id, key=view.key, actor=actor, at=at, reason=gettext("transfer called back"))
    return Receipt("success", gettext("the goods were called back and their papers cancelled"))


def _receipt(transfer: Transfer) -> Receipt:
    numbers = [paper["number"] for paper in transfer.documents]
    return Receipt(
        "success",
        gettext(
            "dispatched from %(source)s to %(destination)s with %(papers)s",
            source=transfer.source_name,
            destination=transfer.destination_name,
            papers=", ".join(numbers),
        ),
        {"transfer": transfer.pk, "documents": transfer.documents},
    )


def revalue(view: ActionView, changes: Mapping[str, Any]) -> Revalued:
    """`{"quantities": [{"sku", "batch", "quantity"}]}`: other pieces on some lines; 0 drops one."""
    asked = changes.get("quantities")
    if not isinstance(asked, list | tuple):
        fault = Fault("not_a_list", gettext("a list of {sku, batch, quantity}"), "quantities")
        raise Invalid(gettext("quantities cannot be read"), code="transfer_edit", faults=[fault])
    quantities = {}
    for row, item in enumerate(asked, 1):
        if not isinstance(item, Mapping) or not {"sku", "batch", "quantity"} <= set(item):
            fault = Fault("not_a_line", gettext("write sku, batch and quantity"), f"quantities[{row}]", row)
            raise Invalid(gettext("quantities cannot be read"), code="transfer_edit", faults=[fault])
        quantities[str(item["sku"]), str(item["batch"])] = item["quantity"]
    new = recalculate(TransferPayload.parse(view.payload), quantities)
    return Revalued(
        payload=new.payload.as_plain(),
        value_paise=new.value_paise,
        net_paise=new.net_paise,
        quantity=new.quantity,
        alternatives=new.alternatives,
    )


KIND = ActionKind(
    name=TRANSFER,
    label=_("Transfer"),
    agent="reallocation",
    default_autonomy={
        "mode": "auto_within_limits",
        "max_value_paise": 2_500_000,
        "max_quantity": 5_000,
        "max_discount_bp": 0,
        "min_confidence": 0.6,
        "undo_seconds": 600,
        "daily_cap_paise": 10_000_000,
    },
    facts=facts,
    hold=hold,
    let_go=let_go,
    execute=execute,
    reconcile=reconcile,
    revalue=revalue,
    edits=("quantities",),
    undo=undo,
    undo_note=_("Can be called back until the goods are received; papers are then cancelled."),
)
