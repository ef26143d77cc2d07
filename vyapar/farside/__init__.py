"""Calls to systems outside: time limits, bounded retries, circuit breakers, masked logs, honest errors."""
