"""What systems push at our doors: rows in JSON, NDJSON or CSV, read in one go or piece by piece."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.feeds.push.blocks import HEAD, check_start, count_rows
from inventory.feeds.push.forms import Form, Table, read_table, under_which
from inventory.feeds.push.source import Pushed, read_rows
from inventory.feeds.system import System

SYSTEM = System("push", _("Pushes at the API"), open=Pushed)

__all__ = [
    "HEAD",
    "SYSTEM",
    "Form",
    "Pushed",
    "Table",
    "check_start",
    "count_rows",
    "read_rows",
    "read_table",
    "under_which",
]
