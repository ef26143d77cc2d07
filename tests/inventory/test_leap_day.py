"""The 29th of February: every agent's cycle on it, on the days beside it, and a year later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.models import Alert
from inventory.models import BatchRisk, DemandForecast
from inventory.services import ingest_sales
from tests.builders import MACHINE, TODAY, add_batch, build_world, receive_stock
from vyapar.engine import registry
from vyapar.engine.models import Cycle
from vyapar.engine.services import run_cycle
from vyapar.kernel.calendar import ist_day

LEAP = date(2028, 2, 29)
ORDER = ("analysis", "monitoring", "prediction", "reallocation", "liquidation", "compliance", "alerts")
#: The first and the last quarter of an hour of the Indian day, and noon.
INSTANTS = (
    datetime(2028, 2, 28, 18, 45, tzinfo=UTC),
    datetime(2028, 2, 29, 6, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 18, 15, tzinfo=UTC),
)
AFTER = (datetime(2028, 3, 1, 6, 30, tzinfo=UTC), datetime(2029, 2, 28, 6, 30, tzinfo=UTC))


@pytest.fixture
def sold(in_alpha) -> None:
    """Stock that runs out on the day after the leap day, sales up to the day before it and a year earlier."""
    world = build_world()
    days = (date(2028, 3, 1) - TODAY).days
    add_batch(world, "BIS-100", "LEAP", expires_in=days)
    receive_stock(world, "BIS-100", "LEAP", 5_000)
    lines = [
        {
            "transaction_id": f"L-{before}", "line": 1, "retailer_id": "R001", "sku": "BIS-100",
            "quantity": 2, "unit_price_paise": 8_500, "territory": None,
            "timestamp": f"{LEAP - timedelta(days=before)}T11:00:00+05:30",
        }
        for before in (*range(1, 60), *range(366, 380))
    ]  # fmt: skip
    report = ingest_sales(lines, actor=MACHINE, at=INSTANTS[0], source="tests", history=True)
    assert report.accepted == len(lines), report.faults


def test_every_agent_goes_through_the_leap_day_and_counts_its_days_right(sold) -> None:
    assert set(ORDER) <= {spec.name for spec in registry.agents()}
    for at in (*INSTANTS, *AFTER):
        for agent in ORDER:
            run_cycle(agent, at, at=at)
        failed = Cycle.objects.exclude(state="done").values_list("agent", "as_of", "error")
        assert not failed, list(failed)
        if at in INSTANTS:
            assert ist_day(at) == LEAP
            assert set(DemandForecast.objects.values_list("as_of", flat=True)) == {LEAP}
            risk = BatchRisk.objects.get(position__batch__number="LEAP")
            assert risk.at_risk_quantity > 4_000, "one day is left, and two a day are sold"


def test_what_expires_the_day_after_is_an_alert_of_one_day(sold) -> None:
    for agent in ("analysis", "monitoring", "alerts"):
        run_cycle(agent, INSTANTS[1], at=INSTANTS[1])
    found = Alert.objects.get(cause="expiring")
    assert "the nearest expires in 1 day." in found.detail
    assert found.urgency == "critical"
