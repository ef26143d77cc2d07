"""What people say that past demand counts as, set and withdrawn; what was sold stays as it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from inventory.models import DailyDemand, DemandAdjustment, Sku, Territory
from inventory.selectors.adjustments import find_in_the_way, list_adjustments
from inventory.selectors.demand import HISTORY_DAYS
from inventory.selectors.said import find_said
from inventory.services.staging import take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused

#: Days that one correction may span: a quarter. Pieces above this are a slip of the finger.
MOST_DAYS, MOST_PIECES = 92, 10**9
#: Two corrections that agree in these say the same.
_ALIKE = ("sku", "territory", "from_date", "to_date", "counts_as", "reason", "actor_ref")


@transaction.atomic
def set_adjustment(
    *,
    sku: str,
    from_date: date,
    to_date: date,
    counts_as: int,
    reason: str,
    actor: Actor,
    at: datetime,
    territory: str = "",
) -> DemandAdjustment:
    """Say what past days, both included, count as: pieces in all, in a territory or in all of them together.

    Forecasts read it from the next cycle on. What somebody says that stands already, in the same words, is
    said once: the one that stands is returned. `Invalid` names each field that is missing, unknown or out of
    range; `Refused` when another in force speaks of one of the days there.
    """
    why = " ".join(reason.split())
    goods = Sku.objects.filter(code=sku).first()
    place = Territory.objects.filter(code=territory).first() if territory else None
    faults = _faults(from_date, to_date, counts_as, why, ist_day(at))
    if goods is None:
        faults.append(Fault("unknown", _("give one that is known"), "sku", value=sku[:60]))
    if territory and place is None:
        faults.append(Fault("unknown", _("give one that is known"), "territory", value=territory[:60]))
    if goods is not None and not faults and not _sold(goods, place).exists():
        faults.append(Fault("never_sold", _("nothing was ever sold there"), "sku", value=sku[:60]))
    if faults or goods is None:
        raise Invalid(_("The correction cannot be made so"), code="bad_adjustment", faults=faults)
    take_turns("demand adjustments")
    sold = _sold(goods, place).filter(day__gte=from_date, day__lte=to_date)
    row = DemandAdjustment(
        sku=goods, territory=place, from_date=from_date, to_date=to_date, counts_as=counts_as, reason=why,
        sold_pieces=sold.aggregate(sold=Sum("quantity"))["sold"] or 0, actor_ref=actor.ref, made_at=at,
    )  # fmt: skip
    if (standing := find_said(list_adjustments(in_force=True), row, _ALIKE)) is not None:
        return standing
    other = find_in_the_way(goods.pk, place.pk if place else None, from_date, to_date)
    if other is not None:
        message = _(
            "correction %(number)d of %(first)s to %(last)s already says what these days count as: "
            "withdraw it first"
        ) % {"number": other.pk, "first": other.from_date, "last": other.to_date}
        raise Refused(message, code="already_adjusted")
    row.save()
    _tell("DemandAdjusted", row, actor, at)
    return row


@transaction.atomic
def withdraw_adjustment(adjustment_id: int, *, actor: Actor, at: datetime) -> DemandAdjustment:
    """Take a correction back: the days count as sold again. `NotFound`; `Refused` when it was before."""
    rows = DemandAdjustment.objects.select_related("sku", "territory").select_for_update(of=("self",))
    row = rows.filter(pk=adjustment_id).first()
    if row is None:
        raise NotFound(_("there is no such correction"), code="no_such_adjustment")
    if row.withdrawn_at:
        raise Refused(_("the correction was withdrawn before"), code="already_withdrawn")
    row.withdrawn_at, row.withdrawn_by = at, actor.ref
    row.save(update_fields=["withdrawn_at", "withdrawn_by"])
    _tell("DemandAdjustmentWithdrawn", row, actor, at)
    return row


def _sold(sku: Sku, territory: Territory | None) -> QuerySet[DailyDemand]:
    rows = DailyDemand.objects.filter(sku=sku)
    return rows if territory is None else rows.filter(territory=territory)


def _faults(first: date, last: date, counts_as: int, reason: str, today: date) -> list[Fault]:
    faults = []
    if last < first or last >= today or first < today - timedelta(days=HISTORY_DAYS):
        message = _("days must be in order, before today, and within the last two years")
        faults.append(Fault("bad_days", message, "toDate", value=last.isoformat()))
    elif (last - first).days >= MOST_DAYS:
        message = _("at most %(days)d days at once") % {"days": MOST_DAYS}
        faults.append(Fault("bad_days", message, "toDate", value=last.isoformat()))
    if not 0 <= counts_as <= MOST_PIECES:
        message = _("whole pieces, none or more")
        faults.append(Fault("out_of_range", message, "countsAs", value=str(counts_as)))
    if not 0 < len(reason) <= 300:
        faults.append(Fault("no_reason", _("say why, in 1 to 300 letters"), "reason"))
    return faults


def _tell(verb: str, row: DemandAdjustment, actor: Actor, at: datetime) -> None:
    append_audit(
        actor=actor, verb=verb, subject=f"adjustment:{row.pk}", at=at,
        after={
            "sku": row.sku.code, "territory": row.territory.code if row.territory else "",
            "from": row.from_date.isoformat(), "to": row.to_date.isoformat(), "sold": row.sold_pieces,
            "counts_as": row.counts_as, "reason": row.reason,
        },
    )  # fmt: skip
