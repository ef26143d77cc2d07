"""What a distributor has decided: thresholds, weights and rates, flat and validated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn

from inventory.contracts.channels import (
    DEFAULT_CHANNEL,
    ONLINE,
    ONLINE_LIFE_DAYS,
    ONLINE_LIFE_SHARE_BP,
    LifeRules,
    TradeChannel,
)
from inventory.contracts.quality import LIMITS, MARKS, WEIGHTS, Grade
from vyapar.engine.wire import camel
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

_CHANNELS = tuple(channel.value for channel in TradeChannel)
#: The parts of the dead-stock score, and the points each can give unless the distributor differs.
SCORE_WEIGHTS = {"movement": 35, "cover": 25, "trend": 10, "expiry": 20, "breadth": 10}


@dataclass(frozen=True, slots=True)
class MoneyRates:
    """What keeping, moving and giving up stock costs. Rates in basis points, money in paise.

    - `carrying_rate_bp`, `opportunity_rate_bp`: of cost, per year.
    - `disposal_paise_per_kg`: the destroyer's charge; `local_freight_paise_per_kg`: to him, to a
      charity, or to the company's collection point.
    - `handling_paise_per_piece`: picking and packing of what leaves other than by ordinary sale.
    - `document_paise`: papers of one consignment; `message_paise`: messages of one offer.
    - `discount_bp`: off the net price; `discount_sell_through_bp`: share of what is at risk that an
      offer at that discount clears; `discount_days`: how long it runs; `discount_rungs_bp`: further
      discounts to look at; `discount_response_bp`: share of plain demand that each percent off adds,
      until the forecast has learnt it from past prices.
    - `claim_success_bp`, `claim_days`: chance that the company accepts a claim, days until it pays.
    - `moved_sales_bp`: share of what should sell where a transfer leads that does.
    - `residual_bp`: worth, as a share of cost, of a piece that is still here when `coverDaysDead`
      have passed and has not expired.
    - `donate_minimum_life_days`: life a charity wants; `tax_lock_days`: how long tax paid on a
      transfer to another registration is out of pocket.
    """

    carrying_rate_bp: int = 1_800
    opportunity_rate_bp: int = 1_200
    disposal_paise_per_kg: int = 800
    local_freight_paise_per_kg: int = 300
    handling_paise_per_piece: int = 20
    document_paise: int = 5_000
    message_paise: int = 4_000
    discount_bp: int = 2_000
    discount_sell_through_bp: int = 5_000
    discount_days: int = 21
    discount_rungs_bp: tuple[int, ...] = (1_000, 3_000, 4_000)
    discount_response_bp: int = 250
    claim_success_bp: int = 6_500
    claim_days: int = 60
    moved_sales_bp: int = 10_000
    residual_bp: int = 2_000
    donate_minimum_life_days: int = 7
    tax_lock_days: int = 45

    def __post_init__(self) -> None:
        whole = [f.name for f in dataclasses.fields(MoneyRates) if f.type == "int"]
        check_ranges(self, {name: _money_range(name) for name in whole})
        if len(self.discount_rungs_bp) > 8 or not all(
            _is_whole(n, 1, 10_000) for n in self.discount_rungs_bp
        ):
            _refuse("discount_rungs_bp", _("must be at most eight discounts of 1 to 10000 each"))


@dataclass(frozen=True, slots=True)
class MonitoringPolicy(MoneyRates):
    """The distributor's own thresholds. Every threshold includes the day or figure it names.

    - Stock is *dead* when it has been here `dead_stock_threshold` days or more and either has not
      sold for that many days or more, or covers `cover_days_dead` days of demand or more.
    - It is *slow-moving* when it is not dead, has been here `slow_moving_threshold` days or more and
      has not sold for that many days or more, or covers `cover_days_slow` days or more.
    - `age_bands`, `expiry_bands`: days at which the bands of the page of batches end, by how long stock has
      been here and by how long it lasts; the last band has no end.
    - A batch is near expiry when at most `expiry_horizon_days` are left to its last day of sale.
    - `minimum_life_at_sale_days`: per trade channel, days of life a piece must have left when it is sold;
      `general_trade` holds for channels that have none of their own.
    - `minimum_life_share_bp`: per trade channel, share of a batch's whole life that is enough where it comes
      to fewer days; without the day of manufacture the days hold.
    - `score_weights`: points of each part of the dead-stock score; they add up to 100.
    - `passed_over_limit`: how many items looked at and left alone are told one by one.
    - `quality_weights`: marks of 100 that each figure of data quality can cost; `quality_limits`: the
      share, in basis points of what was looked at, at which they are all lost; `quality_marks`: the
      fewest marks of each grade. Agents do not act alone on places graded `quality_gate` or worse.
    - `late_entry_days`: a sale that comes more days after its day is back-dated.
    - `learning`: whether what came of earlier predictions corrects offers, claims, transfers and chances.
    - `steps_down`: whether agents wait for a person again once predictions no longer fit what happens.
    - `closed_weekdays` (Monday is 0) and `holidays` (ISO days): nobody brings files then, and the age
      of what is uploaded does not count them.
    """

    dead_stock_threshold: int = 60
    slow_moving_threshold: int = 30
    cover_days_slow: int = 90
    cover_days_dead: int = 180
    expiry_horizon_days: int = 90
    age_bands: tuple[int, ...] = (30, 60, 90, 180)
    expiry_bands: tuple[int, ...] = (30, 60, 90)
    minimum_life_at_sale_days: Mapping[str, int] = field(
        default_factory=lambda: {DEFAULT_CHANNEL: 30, **dict.fromkeys(ONLINE, ONLINE_LIFE_DAYS)},
        metadata={"keys": _CHANNELS},
    )
    minimum_life_share_bp: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys(ONLINE, ONLINE_LIFE_SHARE_BP), metadata={"keys": _CHANNELS}
    )
    score_weights: Mapping[str, int] = field(default_factory=lambda: dict(SCORE_WEIGHTS))
    passed_over_limit: int = 50
    quality_weights: Mapping[str, int] = field(default_factory=lambda: dict(WEIGHTS))
    quality_limits: Mapping[str, int] = field(default_factory=lambda: dict(LIMITS))
    quality_marks: Mapping[str, int] = field(default_factory=lambda: dict(MARKS))
    quality_gate: str = Grade.D.value
    late_entry_days: int = 3
    learning: bool = True
    steps_down: bool = True
    closed_weekdays: tuple[int, ...] = (6,)
    holidays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        MoneyRates.__post_init__(self)
        days = dict.fromkeys(("dead_stock_threshold", "slow_moving_threshold"), (1, 3_650))
        cover = dict.fromkeys(("cover_days_slow", "cover_days_dead"), (1, 730))
        rest = {"expiry_horizon_days": (1, 730), "passed_over_limit": (0, 10_000), "late_entry_days": (0, 60)}
        check_ranges(self, days | cover | rest)
        _check_order(self, "slow_moving_threshold", "dead_stock_threshold")
        _check_order(self, "cover_days_slow", "cover_days_dead")
        _check_lives(self)
        weights = self.score_weights
        if set(weights) != set(SCORE_WEIGHTS) or not all(_is_whole(n, 0, 100) for n in weights.values()):
            _refuse(
                "score_weights",
                _("needs whole points for %(names)s", names=", ".join(SCORE_WEIGHTS)),
            )
        if sum(weights.values()) != 100:
            _refuse("score_weights", _("must add up to 100"))
        for name in ("age_bands", "expiry_bands"):
            if not is_bands(getattr(self, name)):
                _refuse(name, _("must be one to eight rising numbers of days, 1 to 3650 each"))
        _check_quality(self)

    @property
    def life_rules(self) -> LifeRules:
        """With how much life left each trade channel still takes goods."""
        return LifeRules(self.minimum_life_at_sale_days, self.minimum_life_share_bp)

    def minimum_life(self, channel: str, whole_days: int | None = None) -> int:
        """As `LifeRules.least`."""
        return self.life_rules.least(channel, whole_days)


@dataclass(frozen=True, slots=True)
class AnalysisPolicy:
    """How demand is forecast.

    - `horizon_weeks`: weeks ahead; `back_test_origins` (2 or more) past days from which the agent
      forecasts `back_test_weeks` that it already knows.
    - A series is *new* until it could be sold for `new_days`, *silent* when nothing was asked for in
      the last `silent_days` on which it could be; `adi_threshold` and `cv2_threshold` part smooth,
      erratic, intermittent and lumpy.
    - `seasonal`: whether last year's season may be used where it wins.
    """

    horizon_weeks: int = 13
    back_test_origins: int = 6
    back_test_weeks: int = 4
    new_days: int = 56
    silent_days: int = 364
    adi_threshold: float = 1.32
    cv2_threshold: float = 0.49
    seasonal: bool = True

    def __post_init__(self) -> None:
        ranges = {
            "horizon_weeks": (1, 26),
            "back_test_origins": (2, 13),
            "back_test_weeks": (1, 13),
            "new_days": (7, 365),
            "silent_days": (28, 3_650),
            "adi_threshold": (1, 100),
            "cv2_threshold": (0, 100),
        }
        check_ranges(self, ranges)


def is_bands(days: Any) -> bool:
    """Whether these are days at which bands may end: one to eight, rising, 1 to 3650 each."""
    is_short = isinstance(days, list | tuple) and 0 < len(days) <= 8
    whole = is_short and all(_is_whole(day, 1, 3_650) for day in days)
    return whole and sorted(set(days)) == list(days)


def check_ranges(policy: Any, ranges: Mapping[str, tuple[int, int]]) -> None:
    """`Invalid` with one fault, under its API name, for each field outside its range (ends included)."""
    kinds = {item.name: item.type for item in dataclasses.fields(policy)}
    faults = [
        Fault(
            "out_of_range",
            _("must be %(low)s to %(high)s", low=low, high=high),
            camel(name),
            value=str(value),
        )
        for name, (low, high) in ranges.items()
        if not _is_within(value := getattr(policy, name), low, high)
        or (kinds[name] == "int" and not isinstance(value, int))
    ]
    if faults:
        what = listed([listed([fault.field, fault.message], " ") for fault in faults], "; ")
        raise Invalid(listed([type(policy).__name__, what], ": "), code="bad_policy", faults=faults)


def _money_range(name: str) -> tuple[int, int]:
    if name.endswith("_bp"):
        return 0, 10_000
    return (0, 730) if name.endswith("_days") else (0, 10_000_000)


def _is_within(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and _is_within(value, low, high)


def _check_quality(policy: MonitoringPolicy) -> None:
    for name, top in (("quality_weights", 100), ("quality_limits", 100_000)):
        told = getattr(policy, name)
        if set(told) != set(WEIGHTS) or not all(_is_whole(n, 0, top) for n in told.values()):
            _refuse(
                name,
                _("needs whole numbers, 0 to %(top)s, for %(names)s", top=top, names=", ".join(WEIGHTS)),
            )
    marks = [policy.quality_marks.get(one, -1) for one in MARKS]
    if set(policy.quality_marks) != set(MARKS) or not all(_is_whole(n, 0, 100) for n in marks):
        _refuse("quality_marks", _("needs whole marks, 0 to 100, for %(names)s", names=", ".join(MARKS)))
    if sorted(marks, reverse=True) != marks:
        _refuse("quality_marks", _("must fall from A to D"))
    if policy.quality_gate not in set(Grade):
        _refuse("quality_gate", _("must be one of %(known)s", known=", ".join(Grade)))
    if not all(_is_whole(n, 0, 6) for n in policy.closed_weekdays):
        _refuse("closed_weekdays", _("must be 0 (Monday) to 6 (Sunday)"))
    if not all(_is_day(text) for text in policy.holidays):
        _refuse("holidays", _("must be days such as 2026-11-08"))


def _check_lives(policy: MonitoringPolicy) -> None:
    lives, shares = policy.minimum_life_at_sale_days, policy.minimum_life_share_bp
    for name in ("minimum_life_at_sale_days", "minimum_life_share_bp"):
        if not set(getattr(policy, name)) <= set(_CHANNELS):
            _refuse(name, _("knows the channels %(known)s", known=", ".join(_CHANNELS)))
    if DEFAULT_CHANNEL not in lives or not all(_is_whole(n, 0, 730) for n in lives.values()):
        _refuse(
            "minimum_life_at_sale_days",
            _("needs %(channel)s, and 0 to 730 days each", channel=DEFAULT_CHANNEL),
        )
    if not all(_is_whole(n, 1, 10_000) for n in shares.values()):
        _refuse("minimum_life_share_bp", _("must be 1 to 10000 each"))


def _is_day(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(text).isoformat() == text)
    except (TypeError, ValueError):
        return False


def _check_order(policy: Any, smaller: str, larger: str) -> None:
    if getattr(policy, smaller) > getattr(policy, larger):
        _refuse(smaller, _("must not be above %(larger)s", larger=camel(larger)))


def _refuse(name: str, message: str) -> NoReturn:
    fault = Fault("out_of_range", message, camel(name))
    raise Invalid(listed([camel(name), message], " "), code="bad_policy", faults=[fault])
