"""Shapes of saved views at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.models import SavedView


class SavedViewOut(serializers.Serializer[Any]):
    """A page's filters under a name. `mine`: the caller may rename and remove it."""

    id = serializers.IntegerField()
    page = serializers.ChoiceField(SavedView.Page.values)
    name = serializers.CharField()
    query = serializers.CharField(help_text="what stands behind the ? of the page's address")
    shared = serializers.BooleanField()
    mine = serializers.BooleanField()
    madeAt = serializers.DateTimeField()


class SavedViewList(serializers.Serializer[Any]):
    """Views by name."""

    results = SavedViewOut(many=True)


class SavedViewIn(serializers.Serializer[Any]):
    """A view to be kept; one of the same name is replaced."""

    page = serializers.ChoiceField(SavedView.Page.values)
    name = serializers.CharField(max_length=200)
    query = serializers.CharField(max_length=500, allow_blank=True)
    shared = serializers.BooleanField(default=False)


class SavedViewName(serializers.Serializer[Any]):
    """The new name of a view."""

    name = serializers.CharField(max_length=200)


def saved_view_out(row: SavedView, user_id: int | None) -> dict[str, Any]:
    """The outside form of a view, as a person sees it, or a key (None)."""
    return {
        "id": row.pk,
        "page": row.page,
        "name": row.name,
        "query": row.query,
        "shared": row.shared,
        "mine": row.user_id == user_id,
        "madeAt": row.made_at,
    }
