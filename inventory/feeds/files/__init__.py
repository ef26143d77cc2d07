"""Files as people and systems hand them over: CSV, workbooks, NDJSON, JSON and Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory.feeds.files.exports import KINDS, write
from inventory.feeds.files.limits import Limits
from inventory.feeds.files.sniff import SUFFIXES
from inventory.feeds.files.source import File
from inventory.feeds.system import System


def open_file(path: Path, options: Mapping[str, Any]) -> File:
    """The file as a source; see `File` for the options and what is raised."""
    return File(path, options)


SYSTEM = System(
    "files",
    _("Files: CSV, Excel, JSON, Parquet"),
    open=open_file,
    write=write,
    exports=KINDS,
    suffixes=SUFFIXES,
)

__all__ = ["SYSTEM", "File", "Limits", "open_file"]
