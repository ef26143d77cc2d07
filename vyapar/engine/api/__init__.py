"""The spine's doors: actions, events, business rules, the trail, the stop button."""

from vyapar.engine.api.actions import (
    ActionApprove,
    ActionAsk,
    ActionEdit,
    ActionList,
    ActionOne,
    ActionReject,
    ActionUndo,
)
from vyapar.engine.api.readiness import GoLive, ObserveAgain, ReadinessDoor
from vyapar.engine.api.reading import check_text, read, read_after, read_text
from vyapar.engine.api.records import EventList, TrailCreate, TrailList, trail_out
from vyapar.engine.api.rules import BusinessRules, Stop

__all__ = [
    "ActionApprove",
    "ActionAsk",
    "ActionEdit",
    "ActionList",
    "ActionOne",
    "ActionReject",
    "ActionUndo",
    "BusinessRules",
    "EventList",
    "GoLive",
    "ObserveAgain",
    "ReadinessDoor",
    "Stop",
    "TrailCreate",
    "TrailList",
    "check_text",
    "read",
    "read_after",
    "read_text",
    "trail_out",
]
