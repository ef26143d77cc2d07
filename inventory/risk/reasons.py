"""Why a position's chance is what it is: what each thing known moves, against the typical position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.risk.features import LOOK_BACK, Features
from inventory.risk.predict import Learnt, columns

#: Columns that say one thing together, and the figure that is told of it.
TOPICS: dict[str, tuple[str, ...]] = {
    "silence": ("wait", "idle", "idle_own", "gap_share"),
    "orders": ("orders_30", "orders_90", "orders_180", "pieces_90", "last_pieces", "age"),
    "trend": ("trend",),
    "outlets": ("outlets_recent", "outlets_kept"),
    "goods": ("item_idle", "item_orders_90", "item_outlets_recent", "item_outlets_kept", "item_reordered"),
    "shop": ("shop_idle", "shop_idle_own", "shop_calls_90", "shop_breadth"),
    "season": ("same_season", "season", "group_active"),
    "cover": ("cover",),
    "delisted": ("delisted",),
}
#: Figures that a topic's sentence needs, by column.
FIGURES: dict[str, tuple[str, ...]] = {
    "silence": ("idle", "idle_own"),
    "orders": ("orders_90", "orders_365"),
    "trend": ("orders_90",),
    "outlets": ("outlets_recent", "outlets_usual"),
    "goods": ("item_idle", "item_outlets_recent"),
    "shop": ("shop_idle", "shop_calls_90"),
    "season": ("same_season",),
    "cover": ("cover",),
    "delisted": ("delisted",),
}
#: Fewer points of a hundred are not worth a sentence, nor are more sentences than these.
_LEAST, _MOST = 0.01, 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that moves a chance: `points` of a hundred, against the typical position; the figures of
    its sentence by name.
    """

    topic: str
    points: float
    figures: dict[str, float]


def reasons(learnt: Learnt, known: Features, days: int) -> list[tuple[Reason, ...]]:
    """For each row the topics that move its chance most, up or down, the largest first.

    What a topic moves: the chance as it is, less the chance were the topic's columns those of the
    typical position. By rule, silence and orders are all that counts, so they are told as they are.
    """
    horizon = next(one for one in learnt.horizons if one.days == days)
    rows = known.rows.size
    if horizon.ensemble is None:
        told = {name: np.full(rows, np.nan) for name in ("silence", "orders")}
        return [tuple(_reason(name, 0.0, known, row) for name in told) for row in range(rows)]
    names = list(columns(learnt.level))
    here = horizon.ensemble.chance(known.table)
    moved = {}
    for topic, of in TOPICS.items():
        places = [names.index(name) for name in of if name in names]
        if not places:
            continue
        table = known.table.copy()
        table[:, places] = learnt.typical[places]
        moved[topic] = here - horizon.ensemble.chance(table)
    return [_ranked(moved, known, row) for row in range(rows)]


def _ranked(moved: dict[str, Floats], known: Features, row: int) -> tuple[Reason, ...]:
    order = sorted(moved, key=lambda topic: (-abs(float(moved[topic][row])), topic))
    kept = [topic for topic in order if abs(float(moved[topic][row])) >= _LEAST][:_MOST]
    return tuple(_reason(topic, 100.0 * float(moved[topic][row]), known, row) for topic in kept)


def _reason(topic: str, points: float, known: Features, row: int) -> Reason:
    figures = {
        name: round(float(known.plain[name][row]), 2)
        for name in FIGURES[topic]
        if name in known.plain and np.isfinite(known.plain[name][row])
    }
    if known.plain[f"orders_{LOOK_BACK}"][row] < 2:
        figures.pop("idle_own", None)  # an interval is its own from two orders on; until then it is assumed
    return Reason(topic, round(points, 1), figures)
