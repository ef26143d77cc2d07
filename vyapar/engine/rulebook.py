"""Policies as the design document's `businessRules`: camelCase names without unit suffixes. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from vyapar.engine.wire import camel
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _


def api_name(field: dataclasses.Field[Any]) -> str:
    """A policy field's name at the API: its `api` metadata, or its own name in camelCase."""
    return str(field.metadata.get("api") or camel(field.name))


def business_rules(policies: Mapping[str, Any]) -> dict[str, Any]:
    """All rules in one flat object; a name that two agents use is the same rule to both."""
    rules: dict[str, Any] = {}
    for policy in policies.values():
        for field in dataclasses.fields(policy):
            rules[api_name(field)] = plain(getattr(policy, field.name))
    return rules


def read_changes(policy: type, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes by API name as changes by field name; `Invalid` names what is unknown or mistyped."""
    by_name = {api_name(f): f for f in dataclasses.fields(policy)}
    defaults = plain(policy())
    faults, values = [], {}
    for name, value in changes.items():
        field = by_name.get(name)
        if field is None:
            faults.append(Fault("unknown_field", _("no such rule"), name))
        elif not _fits(value, defaults[field.name]):
            faults.append(
                Fault("wrong_type", _("not the kind of value this rule takes"), name, value=str(value)[:60])
            )
        else:
            values[field.name] = value
    if faults or not values:
        raise Invalid(_("these rules cannot be set"), code="bad_rules", faults=faults)
    return values


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    return isinstance(value, type(default))
