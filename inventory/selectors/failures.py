"""What the reasons of failures were made of: events tell of them in English, rows keep their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.models import Export, Feed, ImportRun

Words = Sequence[Mapping[str, Any]]


def feed_failure(code: str) -> Words:
    """The words of a feed's last error; none where it has none or there is no such feed."""
    return Feed.objects.filter(code=code).values_list("words", flat=True).first() or ()


def import_failure(number: int) -> Words:
    """The words of why an import, by its number, could not go on."""
    return ImportRun.objects.filter(number=number).values_list("words", flat=True).first() or ()


def export_failure(key: str, feed: str, *, name: str = "reason") -> Words:
    """The words of why the books refused a document, or, as `last_error`, why it did not get there."""
    kept = Export.objects.filter(key=key, feed__code=feed).values_list("words", flat=True).first()
    return (kept or {}).get(name) or ()
