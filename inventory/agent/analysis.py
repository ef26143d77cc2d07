"""The Analysis agent: what will be asked for, by methods that earned their place."""

from __future__ import annotations

import numpy as np

from inventory.contracts.demand import DemandSnapshot
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting import PATTERNS, Forecast, forecast
from vyapar.kernel.decision import Decision, PassedOver
from vyapar.kernel.phrases import phrase as _


def decide(snapshot: DemandSnapshot, policy: AnalysisPolicy) -> Decision:
    """A decision whose outcome is the `Forecast` of every series; it proposes nothing.

    Passed over are the methods that lost to naive, pattern by pattern, and the back-test itself when
    history was too short for one. `counts` has series in all and by pattern.
    """
    found = forecast(snapshot, policy)
    counts = {"series": len(found.series_keys), "scored": _scored(found)}
    numbers = np.bincount(found.pattern, minlength=len(PATTERNS)).tolist()
    counts |= {pattern.value: number for pattern, number in zip(PATTERNS, numbers, strict=True)}
    return Decision(passed_over=_passed_over(found), outcome=found, counts=counts)


def _scored(found: Forecast) -> int:
    return max((score.rows for score in found.scores if score.method == "chosen"), default=0)


def _passed_over(found: Forecast) -> tuple[PassedOver, ...]:
    if not found.scores and found.series_keys:
        reason = _("history is too short for a back-test; recent means stand unproven")
        return (PassedOver("method:all", "no_back_test", reason),)
    figures = {(score.pattern, score.method): score.metrics() for score in found.scores}
    return tuple(
        PassedOver(
            f"method:{pattern}",
            "lost_to_naive",
            _(
                "%(method)s did worse than naive on %(pattern)s series; naive is used",
                method=method,
                pattern=pattern,
            ),
            figures.get((pattern, method), {}),
        )
        for pattern, method in found.lost
    )
