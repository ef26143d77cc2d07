"""Tally: its XML exports read, a running one pulled and written back to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory.contracts.feeds import ExportKind, Source
from inventory.feeds.system import System
from inventory.feeds.tally.export import write
from inventory.feeds.tally.pull import check, fetch
from inventory.feeds.tally.push import find, push
from inventory.feeds.tally.source import TallySource


def open_export(path: Path, options: Mapping[str, Any]) -> Source:
    """An XML export of Tally, or a file that `fetch` made; see `TallySource` for the options."""
    return TallySource(path, options)


SYSTEM = System(
    code="tally",
    label=_("Tally"),
    open=open_export,
    fetch=fetch,
    check=check,
    write=write,
    push=push,
    find=find,
    exports=frozenset(ExportKind),
    suffixes=(".xml",),
)

__all__ = ["SYSTEM"]
