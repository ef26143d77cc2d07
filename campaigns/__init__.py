"""Liquidation: what to offer, to whom, at what price, in which words; what it earned."""
