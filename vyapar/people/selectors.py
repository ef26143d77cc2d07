"""Reads about people."""

from __future__ import annotations

from collections.abc import Iterable

from vyapar.people.contracts import Role
from vyapar.people.models import User


def list_people(roles: Iterable[Role] = ()) -> list[User]:
    """Active accounts, optionally of some roles, in a stable order."""
    people = User.objects.filter(is_active=True)
    wanted = [role.value for role in roles]
    if wanted:
        people = people.filter(role__in=wanted)
    return list(people.order_by("pk"))
