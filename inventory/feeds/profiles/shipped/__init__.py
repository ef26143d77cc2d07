"""The profiles that come with the house: one JSON file for each system, and the generic one."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from inventory.feeds.profiles.generic import generic

_NAMES = ("tally", "marg", "busy", "erpnext", "sap_idoc", "sap_odata")


def _load(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    spec: dict[str, Any] = json.loads(text)
    return spec


#: By name; the generic one first: where profiles fit equally well, the earlier is taken.
SHIPPED: dict[str, dict[str, Any]] = {"generic": generic(), **{name: _load(name) for name in _NAMES}}
