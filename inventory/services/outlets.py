"""What a person says of an outlet: its trade channel, and how much life it wants goods to have."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.contracts import TradeChannel
from inventory.models import Retailer
from inventory.selectors.sales import get_retailer
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid

#: Longest life that anybody may want, in days.
MOST_LIFE_DAYS = 730


@transaction.atomic
def set_outlet_terms(
    retailer_id: str, *, trade_channel: str, minimum_life_days: int | None, actor: Actor, at: datetime
) -> Retailer:
    """Keep an outlet's trade channel and its own least life; None where its channel's rule holds.

    Scores rest on it from the next cycle on, offers and sales at once. The next import that names either
    says it anew. `Invalid` names each field; `NotFound` for an outlet that is not ours. What stands already
    leaves no trace.
    """
    row = Retailer.objects.select_for_update().get(pk=get_retailer(retailer_id).pk)
    faults = []
    if trade_channel not in set(TradeChannel):
        message = _("choose one of %(known)s") % {"known": ", ".join(TradeChannel)}
        faults.append(Fault("unknown", message, "trade_channel", value=trade_channel[:40]))
    if minimum_life_days is not None and not 0 <= minimum_life_days <= MOST_LIFE_DAYS:
        message = _("give whole days, 0 to %(most)s") % {"most": MOST_LIFE_DAYS}
        faults.append(Fault("days", message, "minimum_life_days", value=str(minimum_life_days)[:40]))
    if faults:
        raise Invalid(_("The outlet's terms cannot be kept"), code="bad_terms", faults=faults)
    before = _told(row)
    row.trade_channel, row.minimum_life_days = trade_channel, minimum_life_days
    if _told(row) == before:
        return row
    row.save(update_fields=["trade_channel", "minimum_life_days", "updated_at"])
    append_audit(
        actor=actor, verb="OutletTermsSet", subject=f"retailer:{retailer_id}", at=at, before=before,
        after=_told(row),
    )  # fmt: skip
    return row


def _told(row: Retailer) -> dict[str, object]:
    return {"trade_channel": row.trade_channel, "minimum_life_days": row.minimum_life_days}
