"""Demand distributions per SKU and territory, by methods that have to beat naive on a back-test."""

from inventory.forecasting.backtest import BacktestScore
from inventory.forecasting.forecast import Forecast, forecast
from inventory.forecasting.patterns import PATTERNS, Pattern

__all__ = ["PATTERNS", "BacktestScore", "Forecast", "Pattern", "forecast"]
