"""The sums of each day kept small: what stock was worth and at risk, by every cut, and what was lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from inventory.models import ImpactDaily
from inventory.selectors.cells import DAY_SUMS, day_params
from inventory.selectors.impact import CUTS, MEASURES, scored_last
from inventory.services.staging import run
from vyapar.engine.selectors import latest_cycle
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

#: Sums that were kept on their day and have moved since are kept again after so long.
KEEP_AGAIN = timedelta(hours=1)
_KEEP = """
INSERT INTO inventory_impactdaily (day, kept_at, {cuts}, {measures})
SELECT %s, %s, {cuts}, {sums} FROM ({cells}) n GROUP BY {cuts}
""".format(
    cuts=", ".join(CUTS),
    measures=", ".join(MEASURES),
    sums=", ".join(f"sum({name})::bigint" for name in MEASURES),
    cells=DAY_SUMS,
)


@transaction.atomic
def keep_impact(*, actor: Actor, at: datetime) -> int:
    """Keep the sums of the day that was scored last, in place of those kept earlier on it; returns how
    many cells they have. Without a score there is nothing to keep.
    """
    day = scored_last()
    if day is None:
        return 0
    ImpactDaily.objects.filter(day=day).delete()
    kept = run(_KEEP, [day, at, *day_params(day)])
    append_audit(
        actor=actor, verb="ImpactKept", subject=f"impact:{day.isoformat()}", at=at, after={"cells": kept}
    )
    return kept


def is_impact_due() -> bool:
    """Whether a day was scored whose sums are not kept yet."""
    day = scored_last()
    return day is not None and not ImpactDaily.objects.filter(day=day).exists()


def is_impact_old(at: datetime) -> bool:
    """Whether the sums that were kept of the day have stood for `KEEP_AGAIN`, and agents were at work since:
    causes are found after the first scores, and what is carried out moves stock all day long.
    """
    day = scored_last()
    kept = ImpactDaily.objects.filter(day=day).aggregate(at=Max("kept_at"))["at"] if day else None
    if kept is None or at - kept < KEEP_AGAIN:
        return False
    done = [latest_cycle(agent) for agent in ("monitoring", "prediction")]
    return any(one is not None and one.finished_at is not None and one.finished_at > kept for one in done)
