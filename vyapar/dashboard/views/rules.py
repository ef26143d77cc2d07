"""Business rules on the settings' page: single values, lists and tables, read from its form."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from vyapar.dashboard.rule_words import rule_words
from vyapar.dashboard.templatetags.words import plain as said
from vyapar.engine import services
from vyapar.engine.selectors import get_policy
from vyapar.engine.wire import camel
from vyapar.gateway.speech import say
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed

#: Rows that a form may bring for one table or list; more is not a person's typing.
MOST = 400
#: What a switch sends that is on.
ON = ("on", "true", "1")


def rule_of(field: dataclasses.Field[Any], value: Any) -> dict[str, Any]:
    """One rule as the page shows it: `pairs` of a table, `line` of a list, else `value`."""
    words = rule_words(field.name, field.metadata.get("label", ""), field.metadata.get("help", ""))
    told = plain(value)
    return {
        "name": field.name,
        "label": words.label,
        "help": say(words.help),
        "value": told,
        "switch": isinstance(value, bool),
        "pairs": [(key, told.get(key)) for key in _keys(field, told)] if isinstance(told, dict) else None,
        "line": ", ".join(map(str, told)) if isinstance(told, list) else None,
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed into one agent's rules when they were refused, and what was wrong with it."""

    agent: str
    posted: Mapping[str, str]
    faults: Sequence[Fault]

    def over(self, rule: dict[str, Any]) -> dict[str, Any]:
        """A rule as it was typed over what stands, with its own faults as `errors`."""
        name = rule["name"]
        told: dict[str, Any] = {
            "errors": [say(fault.message) for fault in self.faults if fault.field == name]
        }
        if rule["pairs"] is not None:
            told["pairs"] = [(key, self.posted.get(f"{name}.{key}", value)) for key, value in rule["pairs"]]
        elif name in self.posted:
            text = self.posted[name]
            told |= {"line": text} if rule["line"] is not None else {"value": text}
            told |= {"value": text in ON} if rule["switch"] else {}
        return rule | told


def keep_rules(agent: str, posted: Mapping[str, str], *, actor: Actor, at: datetime) -> None:
    """A new version of one agent's rules from its form; `Invalid` names each rule by its field."""
    rules, _version = get_policy(agent)
    changes = read_rules(rules, posted)
    day = _day(posted.get("effective_date", ""), ist_day(at))
    try:
        services.set_policy(
            agent, changes, effective_date=day, actor=actor, at=at, reason=posted.get("reason", "")
        )
    except Invalid as error:
        raise in_words(error, rules) from error


def in_words(error: Invalid, rules: Any) -> Invalid:
    """A refusal by an agent's own checks, with the rules' names as the page has them, not as the code has."""
    names = {camel(field.name): field.name for field in dataclasses.fields(rules)}
    if not any(fault.field in names for fault in error.faults):
        return error
    labels = {code: said(str(rule_words(name, "", "").label)) for code, name in names.items()}
    known = re.compile(r"\b(" + "|".join(sorted(names, key=len, reverse=True)) + r")\b")

    def words(fault: Fault) -> str:
        told = known.sub(lambda found: f"“{labels[found[1]]}”", say(fault.message))
        return _at(names.get(fault.field, ""), told)

    faults = [
        dataclasses.replace(fault, message=words(fault), field=names.get(fault.field, fault.field))
        for fault in error.faults
    ]
    return Invalid(_("These rules cannot be kept"), code=error.code, faults=faults)


def read_rules(policy: Any, posted: Mapping[str, str]) -> dict[str, Any]:
    """What a form changes of a policy, by field; `Invalid` names every place that cannot be read.

    A list stands in one field, parted by commas. A table has a field `<rule>.<key>` for each of its
    keys; one left empty takes its key away. Keys that a table may have stand in `keys` of its metadata.
    """
    changes: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in dataclasses.fields(policy):
        now = getattr(policy, field.name)
        try:
            value = _read(field, now, posted)
        except Invalid as error:
            faults += error.faults
            continue
        if value is not None and value != plain(now):
            changes[field.name] = value
    if faults:
        raise Invalid(_("These rules cannot be kept"), code="not_a_number", faults=faults)
    if not changes:
        raise Invalid(_("Nothing was changed"), code="nothing_changed")
    return changes


def _read(field: dataclasses.Field[Any], now: Any, posted: Mapping[str, str]) -> Any:
    """The value of a rule in a form; None where the form does not have it."""
    if isinstance(now, Mapping):
        return _table(field.name, now, _keys(field, now), posted)
    text = posted.get(field.name)
    if text is None:
        return None
    if isinstance(now, Sequence) and not isinstance(now, str):
        # an empty list does not show of what kind its entries are, its type does
        kind = int if "int" in str(field.type) else float if "float" in str(field.type) else str
        parts = [part.strip() for part in text.replace(";", ",").split(",")]
        return [_like(kind, part, field.name) for part in parts[:MOST] if part]
    if isinstance(now, bool):
        return text in ON
    return _like(type(now), text, field.name)


def _keys(field: dataclasses.Field[Any], now: Mapping[str, Any]) -> list[str]:
    """Keys of a table: those it may have in their order, then others that it has."""
    return list(dict.fromkeys((*field.metadata.get("keys", ()), *now)))


def _table(
    name: str, now: Mapping[str, Any], keys: Sequence[str], posted: Mapping[str, str]
) -> dict[str, Any] | None:
    given = {key: text.strip() for key, text in list(posted.items())[:MOST] if key.startswith(f"{name}.")}
    if not given:
        return None
    kind = type(next(iter(now.values()), 0))
    return {
        key: now[key] if (text := given.get(f"{name}.{key}")) is None else _like(kind, text, key, name)
        for key in keys
        if given.get(f"{name}.{key}", None if key in now else "") != ""
    }


def _like(kind: type, text: str, name: str, within: str = "") -> Any:
    try:
        return kind(text.strip())
    except ValueError as error:
        message = _at(within, _at(name, _("write a number, not “%(text)s”") % {"text": text[:40]}))
        fault = Fault("not_a_number", message, within or name, value=text[:40])
        raise Invalid(message, code="not_a_number", faults=[fault]) from error


def _at(name: str, message: str) -> str:
    """A sentence with the rule's own name before it."""
    return listed([said(str(rule_words(name, "", "").label)), message], ": ") if name else message


def _day(text: str, today: date) -> date:
    """The day in a date field; today where it is empty."""
    try:
        return date.fromisoformat(text) if text else today
    except ValueError as error:
        fault = Fault("bad_day", _("choose a day"), "effective_date", value=text[:40])
        raise Invalid(_("These rules cannot be kept"), code="bad_day", faults=[fault]) from error
