"""Tests of what the law says."""
