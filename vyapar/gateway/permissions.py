"""What the caller may do: each view says what it needs, roles and scopes say who has it."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from vyapar.gateway.models import ApiKey
from vyapar.people.contracts import May


class HasScope(BasePermission):
    """Asks the caller's role or key for `view.needs`: a May, or one per method.

    A view with a `part` (`sales`) is content with a key that holds only that part (`feed:sales`).
    """

    message = "your role or key does not allow this"

    def has_permission(self, request: Request, view: Any) -> bool:
        caller: Any = request.user
        if not getattr(caller, "is_authenticated", False):
            return False
        needs = getattr(view, "needs", May.READ)
        if isinstance(needs, dict):
            needs = needs.get(request.method, May.READ)
        if isinstance(caller, ApiKey):
            return caller.may(needs, str(getattr(view, "part", "") or ""))
        return bool(caller.may(needs))


def scopes_of(caller: Any) -> frozenset[str]:
    """All that a person or a key may hand on: their own."""
    if isinstance(caller, ApiKey):
        return frozenset(caller.scopes)
    return frozenset(may.value for may in May if caller.may(may))
