"""Real wholesale demand re-dressed as Indian distributors, with stock whose fate is known."""

from inventory.feeds.demonstration.generate import DEFAULT_SEED, generate
from inventory.feeds.demonstration.scale import Month, Scaled, scale
from inventory.feeds.demonstration.shapes import DemoData, Distributor, Ledger, Masters

__all__ = [
    "DEFAULT_SEED",
    "DemoData",
    "Distributor",
    "Ledger",
    "Masters",
    "Month",
    "Scaled",
    "generate",
    "scale",
]
