"""Journeys through the whole running house: web, worker, beat, relay, Postgres, Valkey, far sides."""
