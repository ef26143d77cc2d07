"""Reads of saved views."""

from __future__ import annotations

from django.db.models import Q

from inventory.models import SavedView


def list_views(page: str, user_id: int | None) -> list[SavedView]:
    """A person's own views of a page and those that others share, by name; for nobody what is shared."""
    mine_or_shared = Q(shared=True) if user_id is None else Q(user_id=user_id) | Q(shared=True)
    return list(SavedView.objects.filter(mine_or_shared, page=page).order_by("name", "pk"))


def find_view(view_id: int, user_id: int) -> SavedView | None:
    """A view as a person may see it: their own or a shared one."""
    return SavedView.objects.filter(Q(user_id=user_id) | Q(shared=True), pk=view_id).first()
