"""Keeping what the Prediction agent concludes: models, chances, causes, last days, stock at outlets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import polars as pl
from django.db import transaction
from django.db.models import Max

from inventory.agent.prediction import Outlook, PastOutlook, ShelfOutlook
from inventory.contracts import NEVER, NO_DAY
from inventory.models import RiskModel
from inventory.risk.cause import CAUSES, LargeBatches, evidence
from inventory.risk.keeping import curves, figures, packed
from inventory.risk.outlets import stands_there
from inventory.risk.predict import Learnt
from inventory.selectors.origins import LARGE
from inventory.selectors.outlook import OutlookBook, PastBook, ShelfBook
from inventory.services.cells import sums_follow
from inventory.services.staging import copy_columns, copy_frame, run, staged
from inventory.services.standing import keep_standing, recount_standing
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

_EPOCH = date(1970, 1, 1).toordinal()


_CHANCES = dict.fromkeys(("no_sale_30", "no_sale_60", "no_sale_90"), "double precision")
_ITEM_TYPES = {
    "sku_id": "bigint", "territory_id": "bigint", "cycle_id": "bigint", "as_of": "date", **_CHANCES,
    "method": "text", "reasons": "jsonb", "matrix": "text", "matrix_overall": "text",
    "value_share_bp": "integer", "demand_cv": "double precision",
}  # fmt: skip
_OUTLET_TYPES = {
    "retailer_id": "bigint", "sku_id": "bigint", "territory_id": "bigint", "cycle_id": "bigint",
    "as_of": "date", "last_bought_date": "date", "interval_days": "double precision", "orders": "integer",
    "pieces": "bigint", "probability": "double precision", "expected_quantity": "double precision",
    "expected_paise": "bigint", **_CHANCES,
}  # fmt: skip
_OVER_TYPES = dict.fromkeys(("cycle_id", "sku_id", "territory_id", "quantity", "packs"), "bigint")
_LARGE_TYPES = dict.fromkeys(("maker", "day", "batches"), "bigint")
_POSITION_TYPES = {
    "position_id": "bigint", "cycle_id": "bigint", "as_of": "date", "cause": "text", "second": "text",
    "confidence": "double precision", "evidence": "jsonb", "behind": "boolean", "expected_paise": "bigint",
    "p90_paise": "bigint", "last_claim_date": "date", "last_transfer_date": "date", "last_offer_date": "date",
    "last_donation_date": "date",
}  # fmt: skip
#: Where the past leaves its items and the shelves their overstock until the cycle closes.
_ITEMS, _OVER = "inventory_itemoutlook_fresh", "inventory_overstock_fresh"
_JOIN = """
INSERT INTO inventory_itemoutlook ({names}, overstock_quantity, overstock_packs)
SELECT {mine}, coalesce(o.quantity, 0), coalesce(o.packs, 0)
FROM {items} i LEFT JOIN {over} o USING (sku_id, territory_id, cycle_id)
WHERE i.cycle_id = %s ORDER BY i.sku_id, i.territory_id
"""
_DROP_POSITIONS = """
DELETE FROM inventory_positionoutlook o USING inventory_position p
WHERE p.id = o.position_id AND p.sku_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What Prediction found, beside the rows it was read from."""

    book: OutlookBook
    outcome: Outlook


@transaction.atomic
def keep_outlook(
    foreseen: Foreseen, *, cycle_id: int, actor: Actor, at: datetime, part: bool = False
) -> None:
    """Put everything a Prediction cycle found in the place of what was found before; models are kept for
    ever. What a `part` says of items waits for the others: see `publish_outlook`.
    """
    if not part:
        lay_out_outlook()
        run("DELETE FROM inventory_positionoutlook")
    book, found = foreseen.book, foreseen.outcome
    # shelves first: whoever writes items and the trail does it in this order
    if book.shelf is not None and found.shelf is not None:
        _keep_shelf(book.shelf, found.shelf, cycle_id)
    if book.past is not None and found.past is not None:
        _keep_past(book.past, found.past, cycle_id=cycle_id, actor=actor, at=at)
    if not part:
        publish_outlook(cycle_id=cycle_id)


@transaction.atomic
def lay_out_outlook(large: LargeBatches | None = None) -> None:
    """Empty tables for what the parts of a cycle say of items, and for parts the large batches of all."""
    run(f"DROP TABLE IF EXISTS {_ITEMS}, {_OVER}, {LARGE}")
    names = ", ".join(_ITEM_TYPES)
    run(f"CREATE TABLE {_ITEMS} AS SELECT {names} FROM inventory_itemoutlook WHERE false")  # noqa: S608
    whole = ", ".join(f"{name} {kind}" for name, kind in _OVER_TYPES.items())
    run(f"CREATE TABLE {_OVER} ({whole})")
    if large is not None:
        columns = {name: getattr(large, name) for name in _LARGE_TYPES}
        run(f"CREATE TABLE {LARGE} ({', '.join(f'{name} {kind}' for name, kind in _LARGE_TYPES.items())})")
        copy_columns(LARGE, columns, _LARGE_TYPES, large.batches.size)


@transaction.atomic
def publish_outlook(*, cycle_id: int) -> None:
    """Join what the parts of a cycle said of items, and let go of positions that none of them saw."""
    names = ", ".join(_ITEM_TYPES)
    mine = ", ".join(f"i.{name}" for name in _ITEM_TYPES)
    run("DELETE FROM inventory_itemoutlook")
    run(_JOIN.format(names=names, mine=mine, items=_ITEMS, over=_OVER), [cycle_id])
    run("DELETE FROM inventory_positionoutlook WHERE cycle_id <> %s", [cycle_id])
    run(f"DROP TABLE IF EXISTS {_ITEMS}, {_OVER}, {LARGE}")


def _keep_past(book: PastBook, found: PastOutlook, *, cycle_id: int, actor: Actor, at: datetime) -> None:
    stamp = {"cycle_id": pl.lit(cycle_id), "as_of": pl.lit(book.as_of)}
    for level, (learnt, why_not) in found.candidates.items():
        _keep_model(level, learnt, why_not, book, cycle_id=cycle_id, actor=actor, at=at)
    copy_frame(_ITEMS, _item_frame(book, found).with_columns(**stamp), _ITEM_TYPES)
    run("DELETE FROM inventory_outletstock")
    copy_frame("inventory_outletstock", _outlet_frame(book, found).with_columns(**stamp), _OUTLET_TYPES)
    keep_standing(actor=actor, at=at)
    recount_standing(book, actor=actor, at=at)


def _keep_shelf(shelf: ShelfBook, found: ShelfOutlook, cycle_id: int) -> None:
    stamp = {"cycle_id": pl.lit(cycle_id)}
    if shelf.part:
        run(_DROP_POSITIONS, [shelf.book.sku_ids.tolist()])
    positions = _position_frame(shelf, found).with_columns(**stamp, as_of=pl.lit(shelf.book.as_of))
    copy_frame("inventory_positionoutlook", positions, _POSITION_TYPES)
    copy_frame(_OVER, _over_frame(shelf, found).with_columns(**stamp), _OVER_TYPES)
    _keep_item_causes(shelf, found)


def _keep_model(
    level: str, learnt: Learnt, why_not: str, book: PastBook, *, cycle_id: int, actor: Actor, at: datetime
) -> None:
    last = RiskModel.objects.filter(level=level).aggregate(last=Max("version"))["last"] or 0
    if not why_not:
        RiskModel.objects.filter(level=level, in_force=True).update(in_force=False)
    told = figures(learnt)
    row = RiskModel.objects.create(
        level=level, version=last + 1, cycle_id=cycle_id, as_of=book.as_of, window_first=book.first,
        window_last=book.as_of - timedelta(days=1), rows=learnt.rows,
        method="ensemble" if any(one.ensemble for one in learnt.horizons) else "rule",
        metrics=told, reliability=curves(learnt), in_force=not why_not, why_not=why_not, body=packed(learnt),
    )  # fmt: skip
    append_audit(
        actor=actor, verb="RiskModelLearnt", subject=f"model:{level}:{row.version}", at=at,
        after={"in_force": row.in_force, "why_not": why_not, "metrics": told},
    )  # fmt: skip


# --- frames --------------------------------------------------------------------------------


def _item_frame(book: PastBook, found: PastOutlook) -> pl.DataFrame:
    cv = found.within.cv
    method = found.learnt["item"].horizons[-1].method
    return pl.DataFrame(
        {
            "sku_id": book.item_skus,
            "territory_id": book.item_territories,
            **_chances(found.item_chance),
            "method": [
                "rule" if why and why[0].topic == "never_sold" else method for why in found.item_reasons
            ],
            "reasons": [_json([asdict(one) for one in why]) for why in found.item_reasons],
            "matrix": [found.within.name(row) for row in range(cv.size)],
            "matrix_overall": [found.overall.name(row) for row in range(cv.size)],
            "value_share_bp": found.within.share_bp,
            "demand_cv": pl.Series(np.where(np.isfinite(cv), cv, np.nan)).fill_nan(None),
        }
    )


def _over_frame(shelf: ShelfBook, found: ShelfOutlook) -> pl.DataFrame:
    book, over = shelf.book, found.overstock
    frame = pl.DataFrame(
        {
            "sku_id": book.sku_ids[book.item_sku],
            "territory_id": book.territory_ids[book.item_territory],
            "quantity": over,
            "packs": over // shelf.case_pack,
        }
    )
    return frame.filter(pl.col("quantity") > 0)


def _position_frame(shelf: ShelfBook, found: ShelfOutlook) -> pl.DataFrame:
    caused = np.flatnonzero(found.caused)
    figures_, cause, second = (["{}"] * found.caused.size, *([""] * found.caused.size for _ in range(2)))
    for place, told in zip(caused.tolist(), evidence(shelf.facts, found.causes, caused), strict=True):
        figures_[place], cause[place] = _json(told), found.causes.name(place)
        second[place] = found.causes.second_name(place)
    return pl.DataFrame(
        {
            "position_id": shelf.book.position_ids,
            "cause": cause,
            "second": second,
            "confidence": np.where(found.caused, found.causes.confidence, 0.0),
            "evidence": figures_,
            "behind": found.causes.behind & found.caused,
            "expected_paise": found.expected_paise,
            "p90_paise": found.p90_paise,
            "last_claim_date": _days(found.last.claim),
            "last_transfer_date": _days(found.last.transfer),
            "last_offer_date": _days(found.last.offer),
            "last_donation_date": _days(found.last.donation),
        }
    )


def _outlet_frame(book: PastBook, found: PastOutlook) -> pl.DataFrame:
    stands, history = found.standing, book.history
    kept = np.flatnonzero(stands_there(stands))
    item = history.pair_item[kept]
    place = np.full(history.pairs, -1, np.int64)
    place[found.pair_rows] = np.arange(found.pair_rows.size)
    last = book.as_of.toordinal() - stands.idle_days[kept]
    return pl.DataFrame(
        {
            "retailer_id": book.outlet_ids[history.pair_outlet[kept]],
            "sku_id": book.item_skus[item],
            "territory_id": book.item_territories[item],
            "last_bought_date": _days(last),
            "interval_days": stands.interval_days[kept],
            "orders": stands.orders[kept],
            "pieces": stands.pieces[kept],
            "probability": stands.probability[kept],
            "expected_quantity": stands.expected[kept],
            "expected_paise": stands.expected_paise[kept],
            **_chances(found.pair_chance[place[kept]]),
        }
    )


_ITEM_CAUSES = """
UPDATE inventory_stockitem i SET cause = c.cause FROM {found} c
WHERE i.sku_id = c.sku_id AND i.territory_id = c.territory_id AND i.cause <> c.cause
"""


def _keep_item_causes(shelf: ShelfBook, found: ShelfOutlook) -> None:
    """The cause behind most of an item's value, beside its status."""
    book, names = shelf.book, [*CAUSES, ""]
    frame = pl.DataFrame(
        {
            "sku_id": book.sku_ids[book.item_sku],
            "territory_id": book.territory_ids[book.item_territory],
            "cause": [names[code] for code in found.item_cause.tolist()],
        }
    )
    types = {"sku_id": "bigint", "territory_id": "bigint", "cause": "text"}
    skus = book.sku_ids.tolist() if shelf.part else None
    with staged(frame, types) as table, sums_follow(skus):
        run(_ITEM_CAUSES.format(found=table))


def _chances(chance: Any) -> dict[str, Any]:
    return {f"no_sale_{days}": chance[:, place] for place, days in enumerate((30, 60, 90))}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _days(ordinals: Any) -> pl.Series:
    known = (ordinals > NEVER) & (ordinals < NO_DAY)
    days = pl.Series(np.where(known, ordinals - _EPOCH, 0).astype(np.int32)).cast(pl.Date)
    return pl.select(pl.when(pl.lit(pl.Series(known))).then(pl.lit(days))).to_series()
