"""Tests of the outgoing webhooks."""
