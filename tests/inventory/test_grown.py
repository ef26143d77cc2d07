"""A history that is taken in during the day is forecast from at once, and a usual day waits for the night."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest

from inventory import handlers
from inventory.models import DemandForecast, ImportRun
from inventory.selectors.grown import find_growth
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.test_imports import OWNER, book, checked, sale, sales, written
from vyapar.engine.models import Cycle
from vyapar.engine.services import run_cycle
from vyapar.engine.tasks import run_cycle as task

__all__ = ["book"]
pytestmark = pytest.mark.usefixtures("in_alpha", "own_media", "book")
LATER = NOW + timedelta(minutes=1)


def analysed(minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    Cycle.objects.create(agent="analysis", as_of=at, claimed_at=at, finished_at=at, state="done")


def test_the_first_history_and_what_doubles_it_are_news_and_a_usual_day_is_not() -> None:
    written(sales(*(sale(n) for n in range(40))))
    assert find_growth(LATER) is None, "the first forecasts come by themselves"
    analysed(-5)
    assert find_growth(LATER) == NOW
    analysed(1)
    assert find_growth(NOW + timedelta(minutes=2)) is None, "it is known now"
    day = checked(sales(sale(100)), "day.csv")
    imports.write_run(day.pk, actor=OWNER, at=NOW + timedelta(minutes=3))
    ImportRun.objects.filter(pk=day.pk).update(finished_at=NOW + timedelta(minutes=3))
    assert find_growth(NOW + timedelta(minutes=4)) is None, "one line in forty"
    more = checked(sales(sale(101), sale(102)), "more.csv")
    assert find_growth(NOW + timedelta(minutes=4)) is None
    ended = imports.write_run(more.pk, actor=OWNER, at=NOW + timedelta(minutes=4))
    ImportRun.objects.filter(pk=more.pk).update(finished_at=NOW + timedelta(minutes=4))
    assert find_growth(NOW + timedelta(minutes=5)) == NOW + timedelta(minutes=4), "three in forty"
    ImportRun.objects.filter(pk=ended.pk).update(state="undoing")
    assert find_growth(NOW + timedelta(minutes=5)) is None, "not while an import is under way"


def test_the_forecasts_are_made_of_what_came_in_and_once() -> None:
    analysed(-5)
    assert not DemandForecast.objects.exists()
    written(sales(*(sale(n) for n in range(40))).replace(b"2026-11-20", b"2026-08-20"))
    with patch.object(task, "apply_async") as asked:
        handlers.tend_forecasts(LATER)
    ((agent, as_of),) = asked.call_args.args
    cycle = run_cycle(agent, NOW, at=LATER)
    assert as_of == NOW.isoformat()
    assert cycle is not None
    assert DemandForecast.objects.filter(sku__code="S1", territory__code="MUM").exists()
    assert run_cycle(agent, NOW, at=LATER) is None, "asked twice, done once"
    with patch.object(task, "apply_async") as asked:
        handlers.tend_forecasts(NOW + timedelta(minutes=2))
    assert not asked.called
