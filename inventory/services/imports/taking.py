"""One parcel taken in: earlier selves of its vouchers go first, then its rows land. Written or only tried."""

from __future__ import annotations

from datetime import datetime

from inventory.contracts.feeds import Landed, Parcel, RecordKind
from inventory.models import ImportRun
from inventory.services.imports.rows import with_unread
from inventory.services.imports.tallies import tally_unbought
from inventory.services.imports.vouchers import Parted, keep_selves, part_selves
from inventory.services.landing import land
from inventory.services.staging import take_trail, take_turns
from vyapar.kernel.actor import Actor


def take_parcel(run: ImportRun, parcel: Parcel, *, actor: Actor, at: datetime) -> tuple[Parted, Landed]:
    """Land a parcel's rows, in the caller's transaction; what became of those of `parted.parcel`."""
    name = f"{run.feed.code}#{run.number}"
    if any(told is not None for told in (parcel.selves, parcel.bare, parcel.whole)):
        take_turns("vouchers")
    parted = part_selves(run, parcel)
    if parted.withdrawn:  # several landings in one transaction: all turns in the order of everybody
        take_turns("sales")
        take_turns("masters")
        take_trail()
    for kind, rows in parted.withdrawn.items():
        if kind is RecordKind.PURCHASES:
            tally_unbought(run, rows)
        land(kind, rows, source=name, actor=actor, at=at, run=run)
    mine = parted.parcel
    landed = with_unread(mine, land(mine.kind, mine.rows, source=name, actor=actor, at=at, run=run))
    keep_selves(run, parted)
    return parted, landed
