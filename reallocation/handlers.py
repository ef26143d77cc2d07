"""Hangs the Reallocation agent, its kind of action and its pages; tells of opportunities."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.selectors.facts import list_goods
from reallocation import executors
from reallocation.agent import ReallocationPolicy, decide
from reallocation.contracts import TRANSFER, ComplianceStatus, TransferPayload
from reallocation.engine.account import opportunities
from reallocation.models import Transfer
from reallocation.selectors import count_transfers, find_transfer_of, take_snapshot
from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem, Panel
from vyapar.engine import registry
from vyapar.engine.contracts import ActionView, AgentSpec, EventView, Subscriber, Tally
from vyapar.engine.selectors import get_action
from vyapar.engine.services import emit
from vyapar.kernel.actor import agent
from vyapar.kernel.errors import Invalid

#: Monitoring looks every minute; plans for trucks are not remade that often.
REST_SECONDS = 900


def tell_opportunity(event: EventView) -> None:
    """A transfer was proposed: one `ReallocationOpportunity` per SKU, compliant or to be reviewed."""
    if event.payload["kind"] != TRANSFER or event.action_id is None:
        return
    action = get_action(event.action_id)
    blocked = any(f["severity"] in ("block", "warn") for f in event.payload["findings"])
    status = ComplianceStatus.REQUIRES_REVIEW if blocked else ComplianceStatus.COMPLIANT
    payload = TransferPayload.parse(action.payload)
    for opportunity in opportunities(payload, status):
        emit(
            opportunity,
            subject=payload.subject,
            actor=agent("reallocation"),
            at=event.at,
            action_id=action.pk,
            audited=False,
        )


def panel_context(view: ActionView) -> dict[str, Any]:
    """What the inbox shows of a transfer."""
    payload = TransferPayload.parse(view.payload)
    goods = list_goods((n.sku, n.batch, n.quantity, 0, 0) for n in payload.lines)
    return {
        "transfer": payload,
        "lines": [(line, good.description) for line, good in zip(payload.lines, goods, strict=True)],
        "sent": find_transfer_of(view.id),
    }


def read_edits(view: ActionView, form: Any) -> dict[str, Any]:
    """The edit form's quantities, field `quantity:<sku>:<batch>`, as the kind's changes."""
    quantities = []
    for line in TransferPayload.parse(view.payload).lines:
        text = form.get(f"quantity:{line.sku}:{line.batch}")
        if text is None:
            continue
        if not text.strip().isdigit():
            raise Invalid(gettext("Write a whole number of pieces"), code="not_whole")
        quantities.append({"sku": line.sku, "batch": line.batch, "quantity": int(text)})
    return {"quantities": quantities}


def count_on_the_way() -> int:
    """Transfers whose goods are on their way."""
    return Transfer.objects.filter(state=Transfer.State.DISPATCHED).count()


def register() -> None:
    """Hang everything of this app in the registry and on the board."""
    registry.hang(
        AgentSpec(
            name="reallocation",
            label=_("Reallocation"),
            policy=ReallocationPolicy,
            take_snapshot=take_snapshot,
            decide=decide,
            after=("monitoring",),
            rest=REST_SECONDS,
        )
    )
    registry.hang(executors.KIND)
    registry.hang(Subscriber("reallocation.tell_opportunity", "ActionProposed", tell_opportunity))
    registry.hang(Tally("transfers", count_transfers))
    board.hang(NavItem("reallocation:transfers", _("Transfers"), "truck", 30, count=count_on_the_way))
    board.hang(
        Panel(
            TRANSFER,
            "reallocation/panel.html",
            panel_context,
            edit_template="reallocation/edit.html",
            read_edits=read_edits,
        )
    )
