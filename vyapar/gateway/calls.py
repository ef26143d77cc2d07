"""What a door notes about a call while it answers; the middleware keeps it when the answer is out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(slots=True)
class Noted:
    """What only the door knows of a call."""

    caller: str = ""
    caller_name: str = ""
    code: str = ""
    rows_out: int = 0


def note_answer(request: HttpRequest, caller: Any, answer: Any) -> None:
    """Note who called, how many rows went out, and the code of a problem."""
    actor = caller.actor if getattr(caller, "is_authenticated", False) else None
    data = getattr(answer, "data", None)
    noted = Noted(actor.ref, str(actor)) if actor else Noted()
    if isinstance(data, dict):
        if answer.status_code >= 400:
            noted.code = str(data.get("code", ""))
        results = data.get("results")
        noted.rows_out = len(results) if isinstance(results, list) else 0
    request.noted = noted  # type: ignore[attr-defined]


def noted_of(request: HttpRequest) -> Noted:
    """What was noted, empty when no door was reached."""
    noted: Noted = getattr(request, "noted", None) or Noted()
    return noted
