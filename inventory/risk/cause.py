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
_OVER_BUY = CAUSES.index("over_buy")
#: Below this no rule has said enough.
LEAST = 0.35
#: What a batch of the same shelf says counts for so much: it stands in the way.
_BEHIND = 0.9
#: Days of demand that an ordinary order brings at most, and those from which it is surely too many; both
#: beyond half a case, because nobody orders less than a case.
_ORDINARY_DAYS, _SURELY_DAYS = 50.0, 100.0
#: Fewer days of sales before goods came do not tell what was asked for.
_FEW_DAYS = 28
_FAR = 10_000_000
#: Log-odds that a cause is right: to begin with, for its score, for the next one's, and where it is an order
#: too large, because what could be expected is but estimated; the most that is told.
_SURE, _MOST_SURE = (-2.4, 11.7, -4.3, -2.1), 0.95
#: Share of its life that goods have left when they come as they should.
_FRESH = 0.6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CauseFacts:
    """What is known of each batch at each place, (positions,); days are ordinals, pieces whole.

    - `item`: number of its SKU and territory; `received_day` of the largest receipt, `ordered` pieces of the
      SKU that came there that day (0: no receipt is known), `case_pack`: the fewest that can be ordered;
      `received` pieces of the batch that came in all, `on_hand`, `returned` pieces that outlets brought
      back to it.
    - `opened`: it stood there when the books began; `moved`: it came to another place and was moved here.
      What a fact says of "here" is meant of the place to which it came, before it was moved.
    - `daily_before`: pieces per day sold of the item in the 60 days before it came; `expected_daily`: pieces
      per day that could be expected then; `daily_since` from then to today, `daily_lately` in the last 60 of
      those days; `daily_elsewhere`: the most that any other territory sold per day before it came;
      `ever_before`: whether the item had sold here at all by then; `known_days`: days of sales before it came
      that the book knows. Of `opened` goods with too few of those, before and since meet 60 days after the
      beginning.
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
    ordered: Ints
    case_pack: Ints
    on_hand: Ints
    returned: Ints
    daily_before: Floats
    expected_daily: Floats
    daily_since: Floats
    daily_lately: Floats
    daily_elsewhere: Floats
    ever_before: Flags
    known_days: Ints
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
    opened: Flags
    moved: Flags

    def __post_init__(self) -> None:
        floats = {"daily_before", "expected_daily", "daily_since", "daily_lately", "daily_elsewhere"}
        flags = {"ever_before", "opened", "moved"}
        columns = {
            name: Column(
                ("positions",),
                np.float64 if name in floats else np.bool_ if name in flags else np.int64,
                low=None,
            )
            for name in self.__slots__
            if name != "today"
        }
        settle(self, {"positions": len(self.item)}, columns)

    @property
    def order_days(self) -> Floats:
        """(positions,) days of the demand that could be expected that the order brought."""
        return _days_of(self.ordered, self.expected_daily)


def beyond_days(ordered: Ints, case_pack: Ints, expected_daily: Floats) -> Floats:
    """(n,) days of expected demand that an order brought beyond half a case."""
    return _days_of(np.maximum(ordered - case_pack / 2, 0.0), expected_daily)


def _days_of(pieces: Floats | Ints, daily: Floats) -> Floats:
    return np.asarray(np.minimum(pieces / np.maximum(daily, 1 / 60), 9_999.0))


@dataclass(frozen=True, slots=True, eq=False)
class LargeBatches:
    """How many batches of too many days came of a maker on a day: (rows,) `maker`, `day` and `batches`, one
    row for each that had any.
    """

    maker: Ints
    day: Ints
    batches: Ints


def large_batches(maker: Ints, received_day: Ints, days: Floats) -> LargeBatches:
    """Batches, (n,) each, whose orders brought too many `days` (see `beyond_days`), by maker and day."""
    large = np.flatnonzero(days >= _ORDINARY_DAYS)
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
    `second`: (positions,) the next that says enough, `UNCLEAR` where none does; `confidence`:
    (positions,) 0 to 1, how often the strongest is right: see `_sure`. `behind`: (positions,) whether the
    cause is that of another batch on the same shelf, and `source`: (positions,) which one's, its own without.
    """

    scores: Floats
    cause: NDArray[np.int64]
    second: NDArray[np.int64]
    confidence: Floats
    behind: Flags
    source: NDArray[np.int64]

    def name(self, position: int) -> str:
        return CAUSES[int(self.cause[position])]

    def second_name(self, position: int) -> str:
        """Empty where no other cause says enough."""
        found = int(self.second[position])
        return "" if found == UNCLEAR else CAUSES[found]


def causes(facts: CauseFacts) -> Causes:
    """The strongest cause of each batch; one without its own takes that of the shelf it stands on."""
    own = np.zeros((facts.item.size, len(CAUSES)))
    for name, rule in _RULES.items():
        own[:, CAUSES.index(name)] = np.clip(rule(facts), 0.0, 1.0)
    leader = _leaders(facts, own)
    shelf = np.take_along_axis(own, leader, axis=0) * _CLOGS * _BEHIND
    scores = np.maximum(own, shelf)
    strongest = scores.argmax(axis=1)
    rows = np.arange(facts.item.size)
    top = scores[rows, strongest]
    rest = scores.copy()
    rest[rows, strongest] = 0.0
    nearest = rest.max(axis=1, initial=0.0)
    rest[strongest == CAUSES.index("scheme_push"), _OVER_BUY] = 0.0  # it goes without saying
    next_one = rest.argmax(axis=1)
    clear = top >= LEAST
    cause = np.where(clear, strongest, UNCLEAR)
    behind = clear & (own[rows, strongest] < shelf[rows, strongest])
    return Causes(
        scores=scores,
        cause=cause,
        second=np.where(clear & (rest[rows, next_one] >= LEAST), next_one, UNCLEAR),
        confidence=np.where(clear, _sure(top, nearest, strongest == _OVER_BUY), 0.0),
        behind=behind,
        source=np.where(behind, leader[rows, strongest], rows),
    )


def _sure(top: Floats, rest: Floats, over: Flags) -> Floats:
    """(positions,) how often a cause is right whose score is `top` and the next one's is `rest`; `over`:
    whether it is an order too large.

    Fitted to the causes that were planted in demonstrations (docs/demonstration.md); never more than
    `_MOST_SURE`, because books of others know causes that nobody planted.
    """
    start, mine, others, doubt = _SURE
    odds = start + mine * top + others * rest + doubt * over
    return np.asarray(np.minimum(1.0 / (1.0 + np.exp(-odds)), _MOST_SURE))


def evidence(facts: CauseFacts, found: Causes, positions: NDArray[np.intp]) -> list[dict[str, int | float]]:
    """The figures that the cause of each of some batches rests on, by name, in their order; those of the
    batch that stands in the way where it is that one's. Shares of a piece have three decimals.
    """
    told: list[dict[str, int | float]] = [{} for _ in range(positions.size)]
    for code, cause in enumerate(CAUSES):
        rows = np.flatnonzero(found.cause[positions] == code)
        names = _EVIDENCE[cause]
        whose = found.source[positions[rows]]
        columns = [_figures(np.asarray(getattr(facts, name))[whose]) for name in names]
        for row, *figures in zip(rows.tolist(), *columns, strict=True):
            told[row] = dict(zip(names, figures, strict=True))
    return told


def _figures(values: NDArray[Any]) -> list[int | float]:
    if values.dtype.kind in "bi":
        values = values.astype(np.int64)
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
    strange = (facts.daily_before <= 0) & (facts.daily_elsewhere > 0) & (facts.known_days >= _FEW_DAYS)
    share = facts.daily_since / np.maximum(facts.daily_elsewhere, 1e-9)
    sure = np.where(facts.ever_before, 0.85, 0.92)
    return np.where(strange, sure - np.minimum(share, 1.0) * 0.8, 0.0)


def _short_dated(facts: CauseFacts) -> Floats:
    """It came with less life than it should; surest when more came than could be expected to sell in it."""
    dated = (facts.shelf_days < NO_DAY) & (facts.life_days < NO_DAY)
    short = 1.0 - facts.life_days / np.maximum(facts.shelf_days, 1) / _FRESH
    sells = facts.expected_daily * np.maximum(facts.life_days - facts.minimum_life, 0)
    many = facts.ordered > sells
    shorter = np.clip(short * 2, 0.0, 1.0)
    score = np.where(many, 0.82 + 0.13 * shorter, 0.5 + 0.26 * shorter)
    return np.where(dated & (short > 0) & (facts.ordered > 0), score, 0.0)


def _too_many(facts: CauseFacts) -> Floats:
    """(positions,) 0 to 1: how surely more days of demand came than an order brings, on top of as many pieces
    at most that stood here.
    """
    most = beyond_days(facts.ordered, facts.case_pack, facts.expected_daily)
    stood = _days_of(np.clip(facts.stock_before, 0, facts.ordered), facts.expected_daily)
    known = (facts.expected_daily > 0) & (facts.known_days >= _FEW_DAYS) & (facts.ordered > 0)
    share = (most + stood - _ORDINARY_DAYS) / (_SURELY_DAYS - _ORDINARY_DAYS)
    return np.where(known, np.clip(share, 0.0, 1.0), 0.0)


def _over_buy(facts: CauseFacts) -> Floats:
    """More days of demand came than an order brings."""
    return 0.72 * _too_many(facts)


def _scheme_push(facts: CauseFacts) -> Floats:
    """An order too large on the last days of a quarter, with others of its maker."""
    many = _too_many(facts)
    at_end = np.abs(facts.days_to_quarter_end) <= 2
    return np.where(at_end & (many > 0), 0.72 * many + np.where(facts.pressed >= 2, 0.08, 0.04), 0.0)


def _old_tax(facts: CauseFacts) -> Floats:
    """It came under another rate of GST, so its printed price and its credit are of another time."""
    known = (facts.tax_bp_then >= 0) & (facts.tax_bp_now >= 0)
    return np.where(known & (facts.tax_bp_then != facts.tax_bp_now), 0.5, 0.0)


def _returned(facts: CauseFacts) -> Floats:
    """What stands here is what outlets brought back."""
    share = np.clip(facts.returned / np.maximum(facts.on_hand, 1), 0.0, 1.0)
    return np.where(facts.on_hand > 0, 0.87 * share**3, 0.0)


def _demand_fell(facts: CauseFacts) -> Floats:
    """An ordinary order, after which less was asked for than before, or than could be expected."""
    hoped = np.maximum(facts.daily_before, facts.expected_daily)
    fall = 1.0 - np.minimum(facts.daily_since, facts.daily_lately) / np.maximum(hoped, 1e-9)
    score = (0.28 + 0.35 * np.clip(fall, 0.0, 1.0)) * (1.0 - _too_many(facts))
    return np.where((hoped > 0) & (fall > 0.15), score, 0.0)


_RULES = {
    "old_mrp": _old_mrp, "delisted": _delisted, "wrong_territory": _wrong_territory,
    "short_dated": _short_dated, "scheme_push": _scheme_push, "over_buy": _over_buy,
    "old_tax": _old_tax, "returned": _returned,
    "demand_fell": _demand_fell,
}  # fmt: skip
_EVIDENCE: dict[str, tuple[str, ...]] = {
    "old_mrp": ("mrp_paise", "mrp_now_paise"),
    "delisted": ("delisted_day", "received_day", "received"),
    "wrong_territory": ("daily_elsewhere", "daily_since", "received", "ordered", "moved"),
    "short_dated": ("life_days", "shelf_days", "ordered", "expected_daily", "moved"),
    "scheme_push": (
        "order_days", "ordered", "expected_daily", "stock_before", "days_to_quarter_end", "pressed", "moved",
    ),
    "over_buy": ("order_days", "ordered", "expected_daily", "stock_before", "moved"),
    "old_tax": ("tax_bp_then", "tax_bp_now"),
    "returned": ("returned", "on_hand"),
    "demand_fell": (
        "daily_before", "expected_daily", "daily_since", "daily_lately", "received", "opened", "moved",
    ),
    "unclear": ("received", "on_hand", "daily_before", "daily_since", "opened", "moved"),
}  # fmt: skip
#: (causes,) whether a batch that lies there for it stands in the way of others of its item.
_CLOGS = np.isin(CAUSES, ("old_mrp", "wrong_territory", "short_dated", "scheme_push", "over_buy"))


def _leaders(facts: CauseFacts, own: Floats) -> NDArray[np.int64]:
    """(positions, causes): the batch of the same item whose score is the strongest; of equals the one with
    most on hand, then the oldest.
    """
    found = np.zeros(own.shape, np.int64)
    if facts.item.size == 0:
        return found
    for cause in np.flatnonzero(_CLOGS):
        order = np.lexsort((facts.ordered, facts.received_day, -facts.on_hand, -own[:, cause], facts.item))
        found[:, cause] = order[np.searchsorted(facts.item[order], facts.item)]
    return found
