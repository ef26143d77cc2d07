"""Writes of the webhooks: one verb, one transaction."""

from vyapar.webhooks.services.endpoints import (
    add_endpoint,
    change_endpoint,
    remove_endpoint,
    rotate_secret,
)
from vyapar.webhooks.services.queueing import enqueue, replay_delivery, replay_since
from vyapar.webhooks.services.telling import ping, tell

__all__ = [
    "add_endpoint",
    "change_endpoint",
    "enqueue",
    "ping",
    "remove_endpoint",
    "replay_delivery",
    "replay_since",
    "rotate_secret",
    "tell",
]
