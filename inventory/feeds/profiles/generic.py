"""The profile of canonical names: our own exports, and files that use the usual names. Pure."""

from __future__ import annotations

from typing import Any

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.fields import FieldSpec, Form
from inventory.feeds.canonical.table import FIELDS
from inventory.feeds.profiles.words import names_of

_DAYS = {Form.DAY, Form.LAST_DAY, Form.INSTANT, Form.END_OF_DAY}


def generic() -> dict[str, Any]:
    """The spec: one table for each kind, each field under every name it is known by."""
    return {
        "version": 1,
        "name": "generic",
        "label": "Canonical names",
        "tables": [_table(kind, specs) for kind, specs in FIELDS.items()],
    }


def _table(kind: RecordKind, specs: tuple[FieldSpec, ...]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for spec in specs:
        columns[spec.name] = _rule(kind, spec)
        if spec.form is Form.MONEY:
            columns[f"{spec.name}_paise"] = [f"{spec.name}_paise", f"{spec.api}Paise"]
    return {
        "name": kind.value,
        "needs": [_needed(kind, spec) for spec in specs if spec.required],
        "gives": [{"kind": kind.value, "columns": columns}],
    }


def _needed(kind: RecordKind, spec: FieldSpec) -> list[str]:
    names = list(names_of(kind, spec.name))
    return [*names, f"{spec.name}_paise"] if spec.form is Form.MONEY else names


def _rule(kind: RecordKind, spec: FieldSpec) -> Any:
    names = list(names_of(kind, spec.name))
    return {"from": names, "date": "dmy"} if spec.form in _DAYS else names
