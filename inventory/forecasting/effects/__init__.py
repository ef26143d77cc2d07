"""What moves demand beside its own past: festivals, learnt from history and kept where they do no harm."""

from inventory.forecasting.effects.festivals import Festival, list_festivals
from inventory.forecasting.effects.standing import Effects, FestivalEffect, effects_of

__all__ = ["Effects", "Festival", "FestivalEffect", "effects_of", "list_festivals"]
