"""Doors of the inventory at the API."""
