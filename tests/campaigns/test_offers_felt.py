"""From a campaign to the forecast and back: told through the outbox, lifted on its days, withdrawn, gone."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from campaigns import services
from inventory.contracts import AnalysisPolicy
from inventory.forecasting import forecast
from inventory.models import DailyDemand, Offer, Sku
from inventory.selectors.demand import take_demand_snapshot
from tests.builders import (
    AT,
    OWNER,
    TODAY,
    build_world,
    campaign_payload,
    deliver_all,
    open_channels,
    propose_campaign,
)
from vyapar.engine.models import Event

pytestmark = pytest.mark.usefixtures("in_alpha")

POLICY = AnalysisPolicy()
SKUS, WEEKS = 40, 80
#: SIMULATED: what each per cent off brings more of, in the history that is planted.
RESPONSE = 3.0


def plant(world) -> None:
    """SIMULATED: forty SKUs that sell on two days of each week, in one week of eight 10 to 30 % off."""
    chance = np.random.default_rng(7)
    first = Sku.objects.get(code="BIS-100")
    others = [
        Sku(
            code=f"FELT-{n}", name=f"Felt {n}", brand=first.brand, category=first.category, hsn=first.hsn,
            mrp_paise=first.mrp_paise, trade_price_paise=first.trade_price_paise, cost_paise=first.cost_paise,
            weight_grams=1, case_pack=1,
        )
        for n in range(SKUS - 1)
    ]  # fmt: skip
    skus = [first, *Sku.objects.bulk_create(others)]
    off = np.where(chance.random((SKUS, WEEKS)) < 1 / 8, chance.choice([0.1, 0.2, 0.3], (SKUS, WEEKS)), 0.0)
    off[:, -6:] = 0.0
    sold = chance.poisson(30 * (1 + RESPONSE * off))
    monday = TODAY - timedelta(days=7 * WEEKS)
    paid = sold * 1_000 * (1 - off)
    DailyDemand.objects.bulk_create(
        DailyDemand(
            sku=sku, territory=world.territories["PUNE"], day=monday + timedelta(days=7 * week + ago),
            quantity=sold[row, week], revenue_paise=int(paid[row, week]), lines=1,
        )
        for row, sku in enumerate(skus) for week in range(WEEKS) for ago in (2, 5)
    )  # fmt: skip


def foreseen() -> np.ndarray:
    """(weeks,), pieces of BIS-100 that the forecast expects, by the books as they stand."""
    snapshot = take_demand_snapshot(AT, POLICY)
    assert snapshot is not None
    row = next(n for n, key in enumerate(snapshot.series_keys) if key[0] == "BIS-100")
    return forecast(snapshot, POLICY).weekly_mean[row]


def test_an_offer_that_is_announced_lifts_the_forecast_of_its_days_until_it_is_withdrawn():
    world = build_world()
    open_channels()
    plant(world)
    plain = foreseen()
    days = {"starts_on": TODAY + timedelta(days=7), "ends_on": TODAY + timedelta(days=13)}
    action = propose_campaign(campaign_payload(world, ("R001",), **days))
    services.start(action.view(), actor=OWNER, at=AT)
    np.testing.assert_array_equal(foreseen(), plain)  # told, and not yet heard
    deliver_all()
    offer = Offer.objects.get()
    lifted = foreseen()
    assert lifted[1] > 1.05 * plain[1], "the week of the offer"
    assert lifted[1] - plain[1] <= offer.pieces
    np.testing.assert_allclose(np.delete(lifted, 1), np.delete(plain, 1))
    services.stop(action.pk, actor=OWNER, at=AT)
    deliver_all()
    assert Event.objects.filter(name="OfferWithdrawn").count() == 1
    np.testing.assert_array_equal(foreseen(), plain)
