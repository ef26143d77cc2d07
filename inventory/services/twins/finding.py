"""Looking for twins: pairs are offered once, and those that a person kept apart never again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import Likely
from inventory.likeness import find_outlet_twins, find_sku_twins
from inventory.models import Twins, TwinsLook
from inventory.selectors.twins import list_outlet_facts, list_sides, list_sku_facts
from inventory.services.staging import take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day

#: Looks are so far apart, however often masters change.
APART = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look for twins came to: pairs offered anew, still waiting, and no longer alike."""

    offered: int
    waiting: int
    withdrawn: int


@transaction.atomic
def find_twins(*, at: datetime, actor: Actor | None = None) -> Look:
    """Compare all active outlets and SKUs, and offer pairs that may be one.

    A pair that waits learns its new likeness, or goes when the two are no longer alike. A pair that a
    person decided on stays decided.
    """
    take_turns("twins")
    outlets, skus = list_outlet_facts(), list_sku_facts()
    offered = withdrawn = waiting = 0
    for kind, found in (
        (RecordKind.RETAILERS, find_outlet_twins(outlets)),
        (RecordKind.SKUS, find_sku_twins(skus)),
    ):
        fresh, gone = _keep(kind, found, at)
        offered, withdrawn = offered + fresh, withdrawn + gone
    waiting = Twins.objects.filter(state=Twins.State.OFFERED).count()
    TwinsLook.objects.create(at=at, outlets=len(outlets), skus=len(skus), offered=offered)
    if offered or withdrawn:
        append_audit(
            actor=actor or system("twins"), verb="TwinsOffered", subject="twins", at=at,
            after={"offered": offered, "withdrawn": withdrawn, "outlets": len(outlets), "skus": len(skus)},
        )  # fmt: skip
    return Look(offered, waiting, withdrawn)


def _keep(kind: RecordKind, found: Iterable[Likely], at: datetime) -> tuple[int, int]:
    """Write what was found of a kind; how many pairs are new and how many are no longer offered."""
    likely = {frozenset((one.one, one.two)): one for one in found}
    known = {frozenset((row.kept, row.other)): row for row in Twins.objects.filter(kind=kind.value)}
    gone = [row.pk for pair, row in known.items() if row.state == Twins.State.OFFERED and pair not in likely]
    Twins.objects.filter(pk__in=gone).delete()
    changed = []
    for pair, row in known.items():
        one = likely.get(pair)
        if one and row.state == Twins.State.OFFERED:
            row.likeness, row.reasons, row.certain = one.likeness, _plain(one), one.certain
            changed.append(row)
    Twins.objects.bulk_update(changed, ["likeness", "reasons", "certain"], batch_size=500)
    fresh = [one for pair, one in likely.items() if pair not in known]
    sides = list_sides(kind, {code for one in fresh for code in (one.one, one.two)}, ist_day(at))
    made = []
    for one in fresh:
        kept, other = one.one, one.two
        if sides[other].paise > sides[kept].paise:  # who buys more is likelier to be the one people use
            kept, other = other, kept
        made.append(Twins(kind=kind.value, kept=kept, other=other, likeness=one.likeness,
                          reasons=_plain(one), certain=one.certain, found_at=at))  # fmt: skip
    Twins.objects.bulk_create(made, batch_size=500)
    return len(made), len(gone)


def _plain(one: Likely) -> list[dict[str, object]]:
    return [asdict(reason) for reason in one.reasons]
