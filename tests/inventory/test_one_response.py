"""One response to a lower price: what the forecast learnt is what money and campaigns count with."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from campaigns.contracts import CampaignPolicy
from campaigns.selectors import take_learnt, with_response
from inventory.agent.learnt import with_learnt
from inventory.contracts import MonitoringPolicy
from inventory.impact.lots import Lots
from inventory.impact.response import offer_sold
from inventory.models import ForecastModel
from inventory.selectors.outcomes import current_learnt
from inventory.selectors.responses import find_response, find_response_bp

POLICY = MonitoringPolicy()


def trained(figure: float, *, stands: bool = True, cycle: int = 1) -> None:
    ForecastModel.objects.create(
        cycle_id=cycle, as_of=date(2026, 11, cycle), version="v", data_from=date(2025, 11, 1),
        data_to=date(2026, 10, 31), series=3, plan={}, promoted=True, reason="",
        effects=[
            {"festival": "diwali", "stands": True},
            {"effect": "price", "figure": figure, "seen": 40, "stands": stands, "reason": "tested"},
        ],
    )  # fmt: skip


@pytest.mark.usefixtures("in_alpha")
def test_before_anything_was_learnt_the_owners_figures_hold() -> None:
    assert find_response() is None
    trained(7.0, stands=False)
    assert find_response_bp() is None
    assert with_learnt(POLICY, current_learnt()) is POLICY
    assert take_learnt(CampaignPolicy()) == {}
    assert with_response(CampaignPolicy()).elasticity == 2.5


@pytest.mark.usefixtures("in_alpha")
def test_what_the_last_training_learnt_is_what_money_and_campaigns_count_with() -> None:
    trained(2.0)
    trained(4.014, cycle=2)
    assert with_learnt(POLICY, current_learnt()).discount_response_bp == 400
    expected = take_learnt(CampaignPolicy(rungs_bp=(500, 1_000)))
    assert expected == {"500": pytest.approx(1.2007), "1000": pytest.approx(1.4014)}


@pytest.mark.usefixtures("in_alpha")
def test_a_distributor_who_wants_no_learning_keeps_his_own_figure() -> None:
    trained(4.0)
    unlearning = MonitoringPolicy(learning=False)
    assert with_learnt(unlearning, current_learnt()) is unlearning


def test_an_offer_where_plain_demand_is_strong_sells_by_the_learnt_response() -> None:
    count = np.array([1_000])
    zero, no = np.array([0]), np.array([False])
    lots = Lots(
        quantity=count, days=np.array([21]), perishes=no, expired=no, life_days=np.array([90]), cost=count,
        price=count, itc=zero, grams=zero, held_sold=np.array([600]), moved_sold=zero, moved_days=zero,
        moved_paise_per_kg=np.array([-1]), crosses=no, return_bp=zero, return_open=no,
    )  # fmt: skip
    learning = with_learnt(POLICY, {"price_response": 400})
    own, learnt = (offer_sold(lots, rates, 1_000, 0)[0] for rates in (POLICY, learning))
    assert (own, learnt) == (750, 840)
