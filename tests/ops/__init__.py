"""Tests of how the house is run."""
