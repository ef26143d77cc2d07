"""What every page knows: the distributor, the pages this person may see, whether all is stopped."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from vyapar.dashboard.board import nav
from vyapar.engine.selectors import list_halts
from vyapar.people.contracts import May
from vyapar.people.models import User
from vyapar.tenancy.here import is_public


def house(request: HttpRequest) -> dict[str, Any]:
    """Context of the shell; nothing for the public host and for people who have not signed in."""
    person = getattr(request, "user", None)
    if is_public():
        return {}
    distributor = getattr(request, "tenant", None)
    if not isinstance(person, User):
        return {"distributor": distributor}
    halts = list_halts()
    return {
        "distributor": distributor,
        "sandbox": bool(distributor and distributor.sandbox),
        "nav": _nearest([_item(entry, request) for entry in nav() if person.may(entry.needs)]),
        "halted": [halt.kind for halt in halts],
        "halts": halts,
        "may": {permission.value: person.may(permission) for permission in May},
    }


def _nearest(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where one page's address begins with another's, only the nearer one is where we are."""
    here = max((item for item in items if item["active"]), key=lambda item: len(item["url"]), default=None)
    return [{**item, "active": item is here} for item in items]


def _item(entry: Any, request: HttpRequest) -> dict[str, Any]:
    url = reverse(entry.url_name)
    here = request.path == url or (url != "/" and request.path.startswith(url))
    return {
        "label": entry.label,
        "url": url,
        "icon": entry.icon,
        "active": here,
        "count": entry.count() if entry.count else None,
        "on_phone": entry.on_phone,
    }
