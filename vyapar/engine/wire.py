"""How a payload looks outside: camelCase names, money as decimal strings of rupees. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from vyapar.kernel.digest import plain
from vyapar.kernel.money import rupees

_MONEY = "_paise"


def camel(name: str) -> str:
    """`dead_stock_score` -> `deadStockScore`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def outward(value: Any) -> Any:
    """A dataclass or mapping in the outside form, all the way down.

    A field named `…_paise` loses the suffix and becomes a decimal string of rupees.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            key: item
            for f in dataclasses.fields(value)
            for key, item in [_pair(f.name, getattr(value, f.name))]
        }
    if isinstance(value, Mapping):
        return {key: item for k, v in value.items() for key, item in [_pair(str(k), v)]}
    if isinstance(value, list | tuple):
        return [outward(item) for item in value]
    return plain(value)


def _pair(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith(_MONEY) and isinstance(value, int):
        return camel(name.removesuffix(_MONEY)), rupees(value)
    return camel(name), outward(value)
