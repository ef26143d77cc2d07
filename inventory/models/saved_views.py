"""Views of pages that people saved: a name for an address's query."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SavedView(models.Model):
    """A query of a page under a name; its owner's alone, or everybody's once it is shared."""

    class Page(models.TextChoices):
        STOCK = "stock"
        PIVOT = "pivot"

    page = models.CharField(max_length=8, choices=Page.choices)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    user_id = models.BigIntegerField()
    shared = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "user_id", "name"], name="saved_view_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.page}: {self.name}"
