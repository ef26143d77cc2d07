"""Reads of saved views."""

from __future__ import annotations

from django.db.models import Q

from inventory.models import SavedView


def list_views(page: str, user_id: int) -> list[SavedView]:
    """A person's own views of a page and those that others share, by name."""
    mine_or_shared = Q(user_id=user_id) | Q(shared=True)
    return list(SavedView.objects.filter(mine_or_shared, page=page).order_by("name", "pk"))
