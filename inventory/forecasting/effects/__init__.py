"""What moves demand beside its own past: festivals, prices, days, what leaves, what follows and what is new.

Each effect is learnt from history and kept where it does no harm.
"""

from inventory.forecasting.effects.festivals import Festival, list_festivals
from inventory.forecasting.effects.lineage import Lineage, lineage_of
from inventory.forecasting.effects.newcomers import Goods, Newcomers, newcomers_of
from inventory.forecasting.effects.offered import on_offer
from inventory.forecasting.effects.paid import paid_by_week
from inventory.forecasting.effects.prices import Prices, prices_of
from inventory.forecasting.effects.rests import rests_on
from inventory.forecasting.effects.standing import Effects, FestivalEffect, effects_of
from inventory.forecasting.effects.told import EffectTold
from inventory.forecasting.effects.weekdays import Weekdays, weekdays_of

__all__ = [
    "EffectTold",
    "Effects",
    "Festival",
    "FestivalEffect",
    "Goods",
    "Lineage",
    "Newcomers",
    "Prices",
    "Weekdays",
    "effects_of",
    "lineage_of",
    "list_festivals",
    "newcomers_of",
    "on_offer",
    "paid_by_week",
    "prices_of",
    "rests_on",
    "weekdays_of",
]
