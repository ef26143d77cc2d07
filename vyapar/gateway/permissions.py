"""What the caller may do: each view says what it needs, roles and scopes say who has it."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from vyapar.people.contracts import May


class HasScope(BasePermission):
    """Asks the caller's role or key for `view.needs`: a May, or one per method."""

    message = "your role or key does not allow this"

    def has_permission(self, request: Request, view: Any) -> bool:
        caller: Any = request.user
        if not getattr(caller, "is_authenticated", False):
            return False
        needs = getattr(view, "needs", May.READ)
        if isinstance(needs, dict):
            needs = needs.get(request.method, May.READ)
        return bool(caller.may(needs))
