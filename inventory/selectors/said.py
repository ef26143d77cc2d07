"""What a person said before in the same words: said twice, it stands once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def find_said(standing: QuerySet[M], row: M, names: Sequence[str]) -> M | None:
    """The oldest of those that stand that agrees with `row`, which is not kept yet, in `names`. One query."""
    same = {name: getattr(row, name) for name in names}
    return standing.filter(**same).order_by("pk").first()
