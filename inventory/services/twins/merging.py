"""Merging: the other of two becomes another name of the kept one, with all it has, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import KINDS, TwinsMerged
from inventory.models import Retailer, Sku, Twins
from inventory.selectors.twins import find_twins_of, list_twins
from inventory.services.cells import sums_follow
from inventory.services.staging import rows, run, take_every_turn, take_turns
from inventory.services.twins import moving
from inventory.services.twins.checking import check_names, check_outlets, check_skus, get_outlet, get_sku
from inventory.services.twins.consent import take_stricter
from inventory.services.twins.relations import How, columns
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid, Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as gettext

Row = TypeVar("Row", Retailer, Sku)
#: Table and key under which the last line of the ledger at a merge is kept: what is younger came since.
MARK = "inventory_movement", ["mark"]


@transaction.atomic
def merge_twins(*, kind: RecordKind, keep: str, other: str, actor: Actor, at: datetime) -> Twins:
    """Make `other` another name of `keep`: all it has goes there, and feeds that name it land there.

    Raises `Refused` with every reason when the two cannot be one, or when an open action concerns
    either, and changes nothing. `take_apart` undoes it.
    """
    if kind not in KINDS:
        raise Invalid(
            gettext("only retailers and SKUs have twins, not %(kind)s", kind=coded(kind)),
            code="no_twins_of_kind",
        )
    take_turns("twins")
    take_every_turn()
    check_names(kind, keep, other)
    twins = find_twins_of(kind, keep, other)
    if twins is None:  # a person knows of it what no look has found
        twins = Twins(kind=kind.value, kept=keep, other=other, likeness=0.0, found_at=at)
    before = str(twins.state)
    if before == Twins.State.MERGED:
        raise Refused(
            gettext("%(other)s is merged into %(kept)s already", other=twins.other, kept=twins.kept),
            code="already_merged",
        )
    mine: Merged = _Outlets(keep, other) if kind is RecordKind.RETAILERS else _Skus(keep, other)
    mine.check()
    twins.kept, twins.other, twins.state = keep, other, Twins.State.MERGED
    twins.decided_by, twins.decided_by_name, twins.decided_at = actor.ref, str(actor)[:160], at
    twins.save()
    twins.changes.all().delete()
    moving.trace(twins, MARK[0], MARK[1], {"last": _last_line()})
    twins.moved = {name: count for name, count in mine.merge(twins, actor, at).items() if count}
    twins.save(update_fields=["moved"])
    emit(
        TwinsMerged(kind.value, keep, other, twins.likeness, twins.moved), subject=subject_of(kind, keep),
        actor=actor, at=at, before={"state": before},
    )  # fmt: skip
    return twins


def merge_certain(*, actor: Actor, at: datetime) -> tuple[list[Twins], list[Refused]]:
    """Merge all pairs that wait and are certain, each in a transaction; those done, and the refusals."""
    done, refused = [], []
    for twins in list(list_twins().filter(certain=True)):
        try:
            done.append(
                merge_twins(
                    kind=RecordKind(twins.kind), keep=twins.kept, other=twins.other, actor=actor, at=at
                )
            )
        except Refused as error:
            refused.append(error)
    return done, refused


def subject_of(kind: str, code: str) -> str:
    """What events of twins are about."""
    return f"retailer:{code}" if kind == RecordKind.RETAILERS else f"sku:{code}"


def _last_line() -> int:
    return int(rows("SELECT coalesce(max(id), 0) FROM inventory_movement")[0][0])


class _Outlets:
    """Two outlets, one of which is to be the other's name."""

    def __init__(self, keep: str, other: str) -> None:
        self.kept, self.other = _both(get_outlet, keep, other)

    def check(self) -> None:
        check_outlets(self.kept, self.other)

    def merge(self, twins: Twins, actor: Actor, at: datetime) -> Mapping[str, int]:
        kept, other = self.kept, self.other
        moved: dict[str, int] = {}
        for table, column in columns("Retailer", How.MOVED):
            moved[table.removeprefix("inventory_")] = moving.move(twins, table, column, other.pk, kept.pk)
        moved["days"] = moving.rework(twins)
        for table, column in columns("Location", How.MOVED):
            name = table.removeprefix("inventory_")
            moved[name] = moving.move(twins, table, column, other.outlet_id, kept.outlet_id)
        moved["ledger lines"] = sum(
            moving.carry(twins, (batch, other.outlet_id), (batch, kept.outlet_id), actor=actor, at=at)
            for batch in _batches_at(other.outlet_id)
        )
        for table, column in columns("Retailer", How.FORGOTTEN):
            moving.forget(twins, table, column, other.pk)
        moved["consents withdrawn"] = take_stricter(twins, actor=actor, at=at)
        Retailer.objects.filter(pk=other.pk).update(active=False, updated_at=at)
        return moved


_SHARED = """
SELECT o.id, k.id FROM inventory_batch o JOIN inventory_batch k ON k.sku_id = %s AND k.number = o.number
WHERE o.sku_id = %s ORDER BY o.id
"""
_PLACES = "SELECT DISTINCT location_id FROM inventory_movement WHERE batch_id = %s ORDER BY 1"
_AT_PLACE = """
SELECT DISTINCT batch_id FROM inventory_position WHERE location_id = %s
UNION SELECT DISTINCT batch_id FROM inventory_movement WHERE location_id = %s ORDER BY 1
"""
_TOUCH = "UPDATE inventory_position SET changes = changes + 1, updated_at = %s WHERE sku_id = %s"
_STOCK = """
SELECT l.territory_id, sum(p.on_hand)::bigint FROM inventory_position p
JOIN inventory_location l ON l.id = p.location_id WHERE p.sku_id = %s GROUP BY 1 HAVING sum(p.on_hand) <> 0
"""


class _Skus:
    """Two SKUs, one of which is to be the other's name."""

    def __init__(self, keep: str, other: str) -> None:
        self.kept, self.other = _both(get_sku, keep, other)

    def check(self) -> None:
        check_skus(self.kept, self.other)

    def merge(self, twins: Twins, actor: Actor, at: datetime) -> Mapping[str, int]:
        """Batches go over with their ledger; of one that both have, its lines are booked over."""
        kept, other = self.kept.pk, self.other.pk
        moved = {"ledger lines": self._carry(twins, actor, at)}
        shared = [batch for batch, _ in rows(_SHARED, [kept, other])]
        left = f"AND {{}} <> ALL (ARRAY[{','.join(map(str, shared))}]::bigint[])"
        only = {
            "inventory_batch": left.format("id"), "inventory_position": left.format("batch_id"),
            "inventory_sku": f"AND id <> {kept}",
        }  # fmt: skip
        stock = rows(_STOCK, [other])
        for table, column in columns("Sku", How.MOVED):
            name = table.removeprefix("inventory_")
            moved[name] = moving.move(twins, table, column, other, kept, only.get(table, ""))
        self._drop_successor(twins)
        moved["days"] = moving.rework(twins, [other])
        with sums_follow([kept, other]):
            for table, column in columns("Sku", How.FORGOTTEN):
                moving.forget(twins, table, column, other)
        run(_TOUCH, [at, kept])
        changes = {(other, place): -pieces for place, pieces in stock}
        moving.tell(changes | {(kept, place): pieces for place, pieces in stock}, actor, at)
        Sku.objects.filter(pk=other).update(active=False, updated_at=at)
        return moved

    def _carry(self, twins: Twins, actor: Actor, at: datetime) -> int:
        lines = 0
        for mine, theirs in rows(_SHARED, [self.kept.pk, self.other.pk]):
            for table, column in columns("Batch", How.MOVED):
                moving.move(twins, table, column, mine, theirs)
            for (place,) in rows(_PLACES, [mine]):
                lines += moving.carry(twins, (mine, place), (theirs, place), actor=actor, at=at)
        return lines

    def _drop_successor(self, twins: Twins) -> None:
        """A SKU does not succeed itself."""
        if self.kept.replaced_by_id == self.other.pk:
            moving.trace(twins, "successor", [self.kept.pk], {"replaced_by_id": self.other.pk})
            Sku.objects.filter(pk=self.kept.pk).update(replaced_by=None)


Merged = _Outlets | _Skus


def _both(get: Callable[[str], Row], keep: str, other: str) -> tuple[Row, Row]:
    """Both rows, locked in one order whoever calls: the one to keep, then the other."""
    found = {code: get(code) for code in sorted((keep, other))}
    return found[keep], found[other]


def _batches_at(place: int) -> list[int]:
    return [batch for (batch,) in rows(_AT_PLACE, [place, place])]
