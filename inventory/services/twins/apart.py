"""Taking apart what was merged, exactly, and keeping apart what never was one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import TwinsKeptApart, TwinsTakenApart
from inventory.models import Retailer, Sku, Twins
from inventory.selectors.twins import get_twins
from inventory.services.cells import sums_follow
from inventory.services.staging import rows, run, take_every_turn, take_turns
from inventory.services.twins import moving
from inventory.services.twins.checking import get_outlet, get_sku, list_corrected, open_actions
from inventory.services.twins.consent import give_back
from inventory.services.twins.merging import MARK, subject_of
from inventory.services.twins.relations import How, columns
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import coded, listed
from vyapar.kernel.phrases import phrase as _

_SHOWN = 20


@transaction.atomic
def take_apart(twins_id: int, *, actor: Actor, at: datetime) -> Twins:
    """Undo a merge: both names mean what they meant, and each has again what it had.

    Sales that came by the other's name since go to it as well. Raises `Refused` that lists everything
    that has come to depend on the merge, and changes nothing. The pair waits again for a decision.
    """
    take_turns("twins")
    take_every_turn()
    twins = get_twins(twins_id, for_update=True)
    if twins.state != Twins.State.MERGED:
        raise Refused(_("these two are not merged"), code="not_merged")
    if ties := list_ties(twins):
        message = _(
            "%(other)s cannot be taken out of %(kept)s: %(why)s",
            other=twins.other, kept=twins.kept, why=listed([one.message for one in ties[:5]]),
        )  # fmt: skip
        raise Refused(message, code="twins_have_ties", faults=ties)
    restore = _restore_outlets if twins.kind == RecordKind.RETAILERS else _restore_skus
    restored = {name: count for name, count in restore(twins, actor, at).items() if count}
    twins.state, twins.moved = Twins.State.OFFERED, {}
    twins.decided_by, twins.decided_by_name, twins.decided_at = actor.ref, str(actor)[:160], at
    twins.save()
    twins.changes.all().delete()
    emit(
        TwinsTakenApart(twins.kind, twins.kept, twins.other, restored),
        subject=subject_of(twins.kind, twins.kept), actor=actor, at=at,
    )  # fmt: skip
    return twins


@transaction.atomic
def keep_apart(twins_id: int, *, actor: Actor, at: datetime) -> Twins:
    """Say that two are two: they are never offered again. A merge is taken apart before."""
    twins = get_twins(twins_id, for_update=True)
    if twins.state == Twins.State.KEPT_APART:
        return twins
    if twins.state == Twins.State.MERGED:
        raise Refused(
            _("%(other)s is merged into %(kept)s; undo that first", other=twins.other, kept=twins.kept),
            code="already_merged",
        )
    twins.state = Twins.State.KEPT_APART
    twins.decided_by, twins.decided_by_name, twins.decided_at = actor.ref, str(actor)[:160], at
    twins.save()
    emit(
        TwinsKeptApart(twins.kind, twins.kept, twins.other), subject=subject_of(twins.kind, twins.kept),
        actor=actor, at=at,
    )  # fmt: skip
    return twins


# --- what depends on it ------------------------------------------------------------------------------

# Lines since the merge at what it moved. Its own lines and those of other merges are none.
_SINCE = """
SELECT s.code || ' batch ' || b.number || ' at ' || l.code, m.kind, sum(abs(m.quantity))::bigint
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_sku s ON s.id = b.sku_id JOIN inventory_location l ON l.id = m.location_id
WHERE m.id > %s AND m.reference NOT LIKE 'twins:%%' AND m.reference NOT LIKE 'apart:%%' AND (
    m.batch_id IN (SELECT (key ->> 0)::bigint FROM inventory_twinschange
                   WHERE twins_id = %s AND "table" = 'inventory_batch')
    OR (m.batch_id, m.location_id) IN (
        SELECT (key ->> 2)::bigint, (key ->> 3)::bigint FROM inventory_twinschange
        WHERE twins_id = %s AND "table" = 'inventory_movement' AND jsonb_array_length(key) = 4))
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT {shown}
"""


def list_ties(twins: Twins) -> list[Fault]:
    """Everything that has come to depend on a merge, each with what to do; empty when it can be undone."""
    faults = list(_merged_on(twins))
    faults += _came_since(twins)
    mark = twins.changes.filter(table=MARK[0], key=MARK[1]).first()
    last = mark.before["last"] if mark else 0
    for name, kind, pieces in rows(_SINCE.format(shown=_SHOWN), [last, twins.pk, twins.pk]):
        message = _(
            "%(name)s: %(pieces)s pieces moved since (%(kind)s); nobody can say whose they were",
            name=name,
            pieces=pieces,
            kind=coded(kind),
        )
        faults.append(Fault("moved_since", message, "stock", value=name))
    if twins.kind == RecordKind.RETAILERS:
        places = Retailer.objects.filter(retailer_id__in=[twins.kept, twins.other])
        held = list(places.values_list("outlet__code", flat=True))
        return faults + open_actions([twins.kept, twins.other, *held], held)
    codes = [twins.kept, twins.other]
    return [*faults, *list_corrected(codes), *open_actions(codes, codes)]


def _merged_on(twins: Twins) -> Iterator[Fault]:
    later = Twins.objects.filter(kind=twins.kind, state=Twins.State.MERGED, other=twins.kept)
    for row in later:
        message = _(
            "%(other)s was merged into %(kept)s since; undo that first", other=row.other, kept=row.kept
        )
        yield Fault("merged_since", message, "kept", value=row.kept)


def _came_since(twins: Twins) -> Iterator[Fault]:
    """What came by the other's name and cannot be given back: pieces were taken out of joint stock."""
    came: dict[str, int] = {}
    for change in twins.changes.filter(key__contains=["since"]):
        if change.table != "inventory_sale":
            came[change.table] = came.get(change.table, 0) + int(change.before["rows"])
        elif twins.kind == RecordKind.SKUS:
            came["sales"] = came.get("sales", 0) + 1
    for kind, count in sorted(came.items()):
        message = _(
            "%(count)s rows of %(kind)s came by the name %(other)s since, and are booked at %(kept)s",
            count=count,
            kind=coded(kind.removeprefix("inventory_")),
            other=twins.other,
            kept=twins.kept,
        )
        yield Fault("came_since", message, kind, value=twins.other)


# --- as it was ---------------------------------------------------------------------------------------


def _restore_outlets(twins: Twins, actor: Actor, at: datetime) -> dict[str, int]:
    pair = {code: get_outlet(code) for code in sorted((twins.kept, twins.other))}
    kept, other = pair[twins.kept], pair[twins.other]
    restored = {"ledger lines": _carry_back(twins, actor, at)}
    for table, column in columns("Location", How.MOVED):
        restored[table.removeprefix("inventory_")] = moving.move_back(twins, table, column, kept.outlet_id)
    for table, column in columns("Retailer", How.MOVED):
        restored[table.removeprefix("inventory_")] = moving.move_back(twins, table, column, kept.pk)
    restored["days"] = moving.rework(twins)
    for table, _column in columns("Retailer", How.FORGOTTEN):
        moving.recall(twins, table)
    restored["consents"] = give_back(twins, actor=actor, at=at)
    Retailer.objects.filter(pk=other.pk).update(active=True, updated_at=at)
    return restored


_STOCK = """
SELECT l.territory_id, sum(p.on_hand)::bigint FROM inventory_twinschange c
JOIN inventory_position p ON p.id = (c.key ->> 0)::bigint
JOIN inventory_location l ON l.id = p.location_id
WHERE c.twins_id = %s AND c."table" = 'inventory_position' GROUP BY 1 HAVING sum(p.on_hand) <> 0
"""
_TOUCH = "UPDATE inventory_position SET changes = changes + 1, updated_at = %s WHERE sku_id = ANY(%s)"
_LOTS = """
SELECT DISTINCT (c.key ->> 0)::bigint, (c.key ->> 2)::bigint FROM inventory_twinschange c
WHERE c.twins_id = %s AND c."table" = 'inventory_movement' AND jsonb_array_length(c.key) = 4
"""


def _restore_skus(twins: Twins, actor: Actor, at: datetime) -> dict[str, int]:
    pair = {code: get_sku(code) for code in sorted((twins.kept, twins.other))}
    kept, other = pair[twins.kept].pk, pair[twins.other].pk
    stock = rows(_STOCK, [twins.pk])
    restored = {"ledger lines": _carry_back(twins, actor, at)}
    for _mine, theirs in rows(_LOTS, [twins.pk]):
        for table, column in columns("Batch", How.MOVED):
            moving.move_back(twins, table, column, theirs)
    for table, column in columns("Sku", How.MOVED):
        restored[table.removeprefix("inventory_")] = moving.move_back(twins, table, column, kept)
    for change in twins.changes.filter(table="successor"):
        Sku.objects.filter(pk=kept, replaced_by=None).update(replaced_by_id=change.before["replaced_by_id"])
    restored["days"] = moving.rework(twins, [kept, other])
    with sums_follow([kept, other]):
        for table, _column in columns("Sku", How.FORGOTTEN):
            moving.recall(twins, table)
    run(_TOUCH, [at, [kept, other]])
    changes = {(kept, place): -pieces for place, pieces in stock}
    moving.tell(changes | {(other, place): pieces for place, pieces in stock}, actor, at)
    Sku.objects.filter(pk=other).update(active=True, updated_at=at)
    return restored


def _carry_back(twins: Twins, actor: Actor, at: datetime) -> int:
    lines = 0
    for change in twins.changes.filter(table="inventory_movement").exclude(key=MARK[1]).order_by("-pk"):
        batch, place, to_batch, to_place = change.key
        lines += moving.carry_back(
            twins, (batch, place), (to_batch, to_place), change.before, actor=actor, at=at
        )
    return lines
