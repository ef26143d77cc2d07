"""The two minds of the inventory: Monitoring watches stock, Analysis forecasts demand."""

from inventory.agent import analysis, monitoring

__all__ = ["analysis", "monitoring"]
