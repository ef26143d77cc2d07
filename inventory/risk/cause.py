"""Why a batch lies where it lies: rules that each weigh their own evidence, and the strongest of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Column, Flags, Floats, Ints, settle
from inventory.contracts.stock import NO_DAY

#: Causes, in the order in which ties are broken; the last is said when no rule speaks up.
CAUSES = (
    "old_mrp", "delisted", "wrong_territory", "short_dated", "scheme_push", "over_buy", "old_tax",
    "returned", "demand_fell", "unclear",
)  # fmt: skip
UNCLEAR = CAUSES.index("unclear")
#: Below this no rule has said enough.
LEAST = 0.35
#: What a batch of the same shelf says counts for so much: it stands in the way.
_BEHIND = 0.85
#: Days of demand that an ordinary order brings at most, and those from which it is surely too many.
_ORDINARY_DAYS, _SURELY_DAYS = 75.0, 150.0
_FAR = 10_000_000
#: Share of its life that goods have left when they come as they should.
_FRESH = 0.6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CauseFacts:
    """What is known of each batch at each place, (positions,); days are ordinals, pieces whole.

    - `item`: number of its SKU and territory; `received_day` when it first came, `received` pieces that
      came, `on_hand`, `returned` pieces that outlets brought back to it.
    - `daily_before`: pieces per day sold of the item in the 60 days before it came; `daily_since` from
      then to today; `daily_elsewhere`: the most that any other territory sold per day before it came;
      `ever_before`: whether the item had sold here at all by then.
    - `stock_before`: pieces of the item that stood here when it came.
    - `life_days`: from receipt to expiry, `shelf_days` of the SKU (`NO_DAY`: does not expire);
      `minimum_life`: days of life a piece must have when it is sold.
    - `mrp_paise` printed on it and `mrp_now_paise` of the SKU; `delisted_day` (`NO_DAY`: current).
    - `tax_bp_then`, `tax_bp_now`: GST on the day it came and today, -1 where the table is silent.
    - `pressed`: batches of the same maker that came within two days of it in such quantities;
      `days_to_quarter_end`: from receipt to the nearest end of a quarter.
    """

    today: int
    item: Ints
    received_day: Ints
    received: Ints
    on_hand: Ints
    returned: Ints
    daily_before: Floats
    daily_since: Floats
    daily_elsewhere: Floats
    ever_before: Flags
    stock_before: Ints
    life_days: Ints
    shelf_days: Ints
    minimum_life: Ints
    mrp_paise: Ints
    mrp_now_paise: Ints
    delisted_day: Ints
    tax_bp_then: Ints
    tax_bp_now: Ints
    pressed: Ints
    days_to_quarter_end: Ints

    def __post_init__(self) -> None:
        floats = {"daily_before", "daily_since", "daily_elsewhere"}
        columns = {
            name: Column(
                ("positions",),
                np.float64 if name in floats else np.bool_ if name == "ever_before" else np.int64,
                low=None,
            )
            for name in self.__slots__
            if name != "today"
        }
        settle(self, {"positions": len(self.item)}, columns)

    @property
    def order_days(self) -> Floats:
        """(positions,) days of the demand before it that the batch brought."""
        return np.asarray(np.minimum(self.received / np.maximum(self.daily_before, 1 / 60), 9_999.0))


@dataclass(frozen=True, slots=True, eq=False)
class LargeBatches:
    """How many batches of too many days came of a maker on a day: (rows,) `maker`, `day` and `batches`, one
    row for each that had any.
    """

    maker: Ints
    day: Ints
    batches: Ints


def large_batches(maker: Ints, received_day: Ints, order_days: Floats) -> LargeBatches:
    """Batches, (n,) each, that brought too many days of demand, counted by maker and day."""
    large = np.flatnonzero(order_days >= _ORDINARY_DAYS)
    found, count = np.unique(maker[large] * _FAR + received_day[large], return_counts=True)
    return LargeBatches(found // _FAR, found % _FAR, count)


def pressed(maker: Ints, received_day: Ints, large: LargeBatches) -> Ints:
    """(positions,) batches of the same maker, each of too many days, that came within two days of it."""
    code = large.maker * _FAR + large.day
    order = np.argsort(code)
    found, count = code[order], large.batches[order]
    near = np.zeros(maker.size, np.int64)
    mine = maker * _FAR + received_day
    for shift in range(-2, 3):
        place = np.minimum(np.searchsorted(found, mine + shift), max(found.size - 1, 0))
        if found.size:
            near += np.where(found[place] == mine + shift, count[place], 0)
    return near


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """`scores`: (positions, causes) 0 to 1, columns as `CAUSES`; `cause`: (positions,) the strongest;
    `confidence`: (positions,) its score, less what speaks for the next. `behind`: (positions,) whether
    the cause is that of another batch on the same shelf.
    """

    scores: Floats
    cause: NDArray[np.int64]
    confidence: Floats
    behind: Flags

    def name(self, position: int) -> str:
        return CAUSES[int(self.cause[position])]


def causes(facts: CauseFacts) -> Causes:
    """The strongest cause of each batch; one without its own takes that of the shelf it stands on."""
    own = np.zeros((facts.item.size, len(CAUSES)))
    for name, rule in _RULES.items():
        own[:, CAUSES.index(name)] = np.clip(rule(facts), 0.0, 1.0)
    shelf = _shelf(facts, own)
    scores = np.maximum(own, shelf * _BEHIND)
    strongest = scores.argmax(axis=1)
    rows = np.arange(facts.item.size)
    top = scores[rows, strongest]
    rest = scores.copy()
    rest[rows, strongest] = 0.0
    clear = top >= LEAST
    confidence = np.where(clear, top * (1.0 - 0.5 * rest.max(axis=1, initial=0.0)), 0.0)
    return Causes(
        scores=scores,
        cause=np.where(clear, strongest, UNCLEAR),
        confidence=confidence,
        behind=clear & (own[rows, strongest] < shelf[rows, strongest] * _BEHIND),
    )


def evidence(facts: CauseFacts, found: Causes, positions: NDArray[np.intp]) -> list[dict[str, int | float]]:
    """The figures that the cause of each of some batches rests on, by name, in their order; of its own batch,
    not the shelf's. Shares of a piece have three decimals.
    """
    told: list[dict[str, int | float]] = [{} for _ in range(positions.size)]
    for code, cause in enumerate(CAUSES):
        rows = np.flatnonzero(found.cause[positions] == code)
        names = _EVIDENCE[cause]
        columns = [_figures(np.asarray(getattr(facts, name))[positions[rows]]) for name in names]
        for row, *figures in zip(rows.tolist(), *columns, strict=True):
            told[row] = dict(zip(names, figures, strict=True))
    return told


def _figures(values: NDArray[Any]) -> list[int | float]:
    if values.dtype.kind == "i":
        found: list[int | float] = values.tolist()
        return found
    return [int(one) if one.is_integer() else round(one, 3) for one in values.tolist()]


# --- the rules -----------------------------------------------------------------------------


def _old_mrp(facts: CauseFacts) -> Floats:
    """A higher price is printed on it than on what comes now."""
    dearer = facts.mrp_paise / np.maximum(facts.mrp_now_paise, 1) - 1.0
    return np.where((facts.mrp_now_paise > 0) & (dearer > 0.005), 0.8 + np.minimum(dearer * 2, 0.18), 0.0)


def _delisted(facts: CauseFacts) -> Floats:
    """Its maker has stopped making it; surest when it came shortly before."""
    gone = facts.delisted_day <= facts.today
    late = facts.delisted_day - facts.received_day <= 120
    return np.where(gone, np.where(late, 0.93, 0.88), 0.0)


def _wrong_territory(facts: CauseFacts) -> Floats:
    """Nobody here asked for it in the 60 days before it came, it sells elsewhere, and not here still; surest
    when it had never sold here.
    """
    strange = (facts.daily_before <= 0) & (facts.daily_elsewhere > 0)
    share = facts.daily_since / np.maximum(facts.daily_elsewhere, 1e-9)
    sure = np.where(facts.ever_before, 0.85, 0.92)
    return np.where(strange, sure - np.minimum(share, 1.0) * 0.8, 0.0)


def _short_dated(facts: CauseFacts) -> Floats:
    """It came with less life than it should, and more of it than sells in that time."""
    dated = (facts.shelf_days < NO_DAY) & (facts.life_days < NO_DAY)
    short = 1.0 - facts.life_days / np.maximum(facts.shelf_days, 1) / _FRESH
    sells = facts.daily_before * np.maximum(facts.life_days - facts.minimum_life, 0)
    many = facts.received > sells
    score = 0.55 + 0.4 * np.clip(short * 2, 0.0, 1.0)
    return np.where(dated & (short > 0), np.where(many, score, score - 0.3), 0.0)


def _over_buy(facts: CauseFacts) -> Floats:
    """It brought more days of demand than an order does, on top of what stood here."""
    days = facts.order_days
    score = (days - _ORDINARY_DAYS) / (_SURELY_DAYS - _ORDINARY_DAYS)
    return np.where(facts.daily_before > 0, np.clip(score, 0.0, 1.0) * 0.8, 0.0)


def _scheme_push(facts: CauseFacts) -> Floats:
    """An order too large on the last days of a quarter, with others of its maker."""
    bought = _over_buy(facts)
    at_end = np.abs(facts.days_to_quarter_end) <= 2
    return np.where(at_end & (bought > 0), bought + np.where(facts.pressed >= 2, 0.15, 0.05), 0.0)


def _old_tax(facts: CauseFacts) -> Floats:
    """It came under another rate of GST, so its printed price and its credit are of another time."""
    known = (facts.tax_bp_then >= 0) & (facts.tax_bp_now >= 0)
    return np.where(known & (facts.tax_bp_then != facts.tax_bp_now), 0.5, 0.0)


def _returned(facts: CauseFacts) -> Floats:
    """What stands here is what outlets brought back."""
    share = facts.returned / np.maximum(facts.on_hand, 1)
    return np.where(facts.on_hand > 0, np.where(share >= 1.0, 0.72, np.minimum(share, 1.0) * 0.4), 0.0)


def _demand_fell(facts: CauseFacts) -> Floats:
    """An ordinary order, after which less was asked for than before."""
    fall = 1.0 - facts.daily_since / np.maximum(facts.daily_before, 1e-9)
    ordinary = facts.order_days < _SURELY_DAYS
    score = 0.3 + 0.4 * np.clip(fall, 0.0, 1.0)
    return np.where(ordinary & (facts.daily_before > 0) & (fall > 0.15), score, 0.0)


_RULES = {
    "old_mrp": _old_mrp, "delisted": _delisted, "wrong_territory": _wrong_territory,
    "short_dated": _short_dated, "scheme_push": _scheme_push, "over_buy": _over_buy,
    "old_tax": _old_tax, "returned": _returned,
    "demand_fell": _demand_fell,
}  # fmt: skip
_EVIDENCE: dict[str, tuple[str, ...]] = {
    "old_mrp": ("mrp_paise", "mrp_now_paise"),
    "delisted": ("delisted_day", "received_day", "received"),
    "wrong_territory": ("daily_elsewhere", "daily_since", "received"),
    "short_dated": ("life_days", "shelf_days", "received", "daily_before"),
    "scheme_push": ("order_days", "received", "daily_before", "days_to_quarter_end", "pressed"),
    "over_buy": ("order_days", "received", "daily_before"),
    "old_tax": ("tax_bp_then", "tax_bp_now"),
    "returned": ("returned", "on_hand"),
    "demand_fell": ("daily_before", "daily_since", "received"),
    "unclear": ("received", "on_hand", "daily_before", "daily_since"),
}


def _shelf(facts: CauseFacts, own: Floats) -> Floats:
    """(positions, causes): the strongest score of any batch of the item, for causes that clog a shelf."""
    if facts.item.size == 0:
        return own
    items = int(facts.item.max()) + 1
    most = np.zeros((items, len(CAUSES)))
    for name in ("old_mrp", "wrong_territory", "short_dated", "scheme_push", "over_buy"):
        place = CAUSES.index(name)
        np.maximum.at(most[:, place], facts.item, own[:, place])
    return most[facts.item]
