"""Compliance: may we, with which papers."""
