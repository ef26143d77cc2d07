"""What a distributor has decided of scores that predict, of classes of goods and of stock at outlets."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.contracts.policy import check_ranges
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

#: Days ahead for which the chance of no sale is told.
HORIZONS = (30, 60, 90)
#: What a score is of: a SKU in a territory, or a SKU at an outlet.
LEVELS = ("item", "outlet")


@dataclass(frozen=True, slots=True)
class PredictionPolicy:
    """How the chance of no sale is learnt, and by which cut-offs goods are sorted.

    - With less than `least_days` of history, or fewer than `least_cases` positions that sold and as
      many that did not among those learnt from, a plain rule stands in for what would be learnt.
    - `sample_rows`: rows learnt from at most, per level and horizon.
    - `relearn_days`: how old what was learnt may grow before it is learnt anew.
    - ABC: the goods that make the first `a_share_bp` of sales value are A, up to `b_share_bp` B. XYZ:
      weekly demand that varies by at most `x_cv` times its mean is X, at most `y_cv` Y. FSN: sold on
      `fast_weeks_bp` of weeks or more is fast, on none non-moving.
    - An outlet's stock counts as standing when it did not order again for `overdue_intervals` times
      the interval in which it would have.
    """

    least_days: int = 180
    least_cases: int = 200
    sample_rows: int = 60_000
    relearn_days: int = 7
    a_share_bp: int = 8_000
    b_share_bp: int = 9_500
    x_cv: float = 0.5
    y_cv: float = 1.0
    fast_weeks_bp: int = 5_000
    overdue_intervals: float = 2.0

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[int, int]] = {
            "least_days": (120, 730), "least_cases": (50, 100_000), "sample_rows": (1_000, 2_000_000),
            "relearn_days": (1, 90), "a_share_bp": (1, 9_999), "b_share_bp": (2, 10_000), "x_cv": (0, 10),
            "y_cv": (0, 10), "fast_weeks_bp": (1, 10_000), "overdue_intervals": (1, 10),
        }  # fmt: skip
        check_ranges(self, ranges)
        for low, high in (("a_share_bp", "b_share_bp"), ("x_cv", "y_cv")):
            if getattr(self, low) > getattr(self, high):
                fault = Fault(
                    "out_of_range",
                    _("must not be above %(high)s", high=high),
                    low,
                    value=str(getattr(self, low)),
                )
                raise Invalid(
                    _("%(low)s must not be above %(high)s", low=low, high=high),
                    code="bad_policy",
                    faults=[fault],
                )
