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

from inventory.agent.prediction import Outlook
from inventory.contracts import NEVER, NO_DAY
from inventory.models import RiskModel
from inventory.risk.cause import CAUSES, evidence
from inventory.risk.keeping import curves, figures, packed
from inventory.risk.outlets import stands_there
from inventory.risk.predict import Learnt
from inventory.selectors.outlook import OutlookBook
from inventory.services.cells import sums_follow
from inventory.services.staging import copy_frame, run, staged
from inventory.services.standing import keep_standing, recount_standing
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What Prediction found, beside the rows it was read from."""

    book: OutlookBook
    outcome: Outlook


@transaction.atomic
def keep_outlook(foreseen: Foreseen, *, cycle_id: int, actor: Actor, at: datetime) -> int:
    """Put everything a Prediction cycle found in the place of what was found before; models are kept for
    ever. Returns the outlet positions kept.
    """
    stamp = {"cycle_id": pl.lit(cycle_id), "as_of": pl.lit(foreseen.book.stock.as_of)}
    for level, (learnt, why_not) in foreseen.outcome.candidates.items():
        _keep_model(level, learnt, why_not, foreseen.book, cycle_id=cycle_id, actor=actor, at=at)
    for table, frame in (
        ("inventory_itemoutlook", _item_frame(foreseen)),
        ("inventory_positionoutlook", _position_frame(foreseen)),
        ("inventory_outletstock", outlets := _outlet_frame(foreseen)),
    ):
        run(f"DELETE FROM {table}")  # noqa: S608 - one of the three names above
        copy_frame(table, frame.with_columns(**stamp))
    _keep_item_causes(foreseen)
    keep_standing(actor=actor, at=at)
    recount_standing(foreseen.book, actor=actor, at=at)
    return outlets.height


def _keep_model(
    level: str, learnt: Learnt, why_not: str, book: OutlookBook, *, cycle_id: int, actor: Actor, at: datetime
) -> None:
    last = RiskModel.objects.filter(level=level).aggregate(last=Max("version"))["last"] or 0
    if not why_not:
        RiskModel.objects.filter(level=level, in_force=True).update(in_force=False)
    told = figures(learnt)
    row = RiskModel.objects.create(
        level=level, version=last + 1, cycle_id=cycle_id, as_of=book.stock.as_of, window_first=book.first,
        window_last=book.stock.as_of - timedelta(days=1), rows=learnt.rows,
        method="ensemble" if any(one.ensemble for one in learnt.horizons) else "rule",
        metrics=told, reliability=curves(learnt), in_force=not why_not, why_not=why_not, body=packed(learnt),
    )  # fmt: skip
    append_audit(
        actor=actor, verb="RiskModelLearnt", subject=f"model:{level}:{row.version}", at=at,
        after={"in_force": row.in_force, "why_not": why_not, "metrics": told},
    )  # fmt: skip


# --- frames --------------------------------------------------------------------------------


def _item_frame(foreseen: Foreseen) -> pl.DataFrame:
    book, found = foreseen.book, foreseen.outcome
    over = np.zeros(book.item_skus.size, np.int64)
    over[book.stock_item] = found.overstock
    packs = np.ones(book.item_skus.size, np.int64)
    packs[book.stock_item] = book.case_pack
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
            "overstock_quantity": over,
            "overstock_packs": over // packs,
        }
    )


def _position_frame(foreseen: Foreseen) -> pl.DataFrame:
    book, found = foreseen.book, foreseen.outcome
    caused = found.caused.tolist()
    figures_ = [
        _json(evidence(book.facts, found.causes, place)) if mine else "{}"
        for place, mine in enumerate(caused)
    ]
    return pl.DataFrame(
        {
            "position_id": book.book.position_ids,
            "cause": [found.causes.name(place) if mine else "" for place, mine in enumerate(caused)],
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


def _outlet_frame(foreseen: Foreseen) -> pl.DataFrame:
    book, found = foreseen.book, foreseen.outcome
    stands, history = found.standing, book.history
    kept = np.flatnonzero(stands_there(stands))
    item = history.pair_item[kept]
    place = np.full(history.pairs, -1, np.int64)
    place[found.pair_rows] = np.arange(found.pair_rows.size)
    last = book.stock.today - stands.idle_days[kept]
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


def _keep_item_causes(foreseen: Foreseen) -> None:
    """The cause behind most of an item's value, beside its status."""
    book, names = foreseen.book.book, [*CAUSES, ""]
    frame = pl.DataFrame(
        {
            "sku_id": book.sku_ids[book.item_sku],
            "territory_id": book.territory_ids[book.item_territory],
            "cause": [names[code] for code in foreseen.outcome.item_cause.tolist()],
        }
    )
    types = {"sku_id": "bigint", "territory_id": "bigint", "cause": "text"}
    with staged(frame, types) as table, sums_follow(None):
        run(_ITEM_CAUSES.format(found=table))


def _chances(chance: Any) -> dict[str, Any]:
    return {f"no_sale_{days}": chance[:, place] for place, days in enumerate((30, 60, 90))}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _days(ordinals: Any) -> pl.Series:
    known = (ordinals > NEVER) & (ordinals < NO_DAY)
    days = pl.Series(np.where(known, ordinals - _EPOCH, 0).astype(np.int32)).cast(pl.Date)
    return pl.select(pl.when(pl.lit(pl.Series(known))).then(pl.lit(days))).to_series()
