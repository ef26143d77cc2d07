"""Predictions kept, set against what happened, and learnt from: one verb each, once a day."""

from inventory.services.outcomes.drifting import find_drift
from inventory.services.outcomes.learning import learn
from inventory.services.outcomes.noting import note_predictions
from inventory.services.outcomes.settling import settle_predictions
from inventory.services.outcomes.stepping import ask_again

__all__ = ["ask_again", "find_drift", "learn", "note_predictions", "settle_predictions"]
