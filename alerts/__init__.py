"""Alerts: who must know, how urgently, by which channel, until someone acts."""
