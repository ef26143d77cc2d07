"""Feeds that are fetched, and feeds that send by themselves: set up, checked, pulled, taken in."""

from inventory.services.pulls.events import LARGEST_EVENT, list_awaited, receive_event, take_in_events
from inventory.services.pulls.pulling import LEASE, Pulled, due_pulls, pull
from inventory.services.pulls.setup import check_feed, pull_soon, set_up_feed, switch_feed

__all__ = [
    "LARGEST_EVENT",
    "LEASE",
    "Pulled",
    "check_feed",
    "due_pulls",
    "list_awaited",
    "pull",
    "pull_soon",
    "receive_event",
    "set_up_feed",
    "switch_feed",
    "take_in_events",
]
