"""Tests of the reallocation app."""
