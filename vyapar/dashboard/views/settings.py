"""Settings: business rules with the day they take effect, people, API keys."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import settings_links
from vyapar.dashboard.rule_words import rule_words
from vyapar.dashboard.views.keys import OVERLAPS
from vyapar.engine import registry, services
from vyapar.engine.selectors import get_policy, list_policy_versions
from vyapar.gateway.scopes import SCOPES
from vyapar.gateway.selectors import list_keys
from vyapar.gateway.services.keys import LIFE, WARNING
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.people.contracts import May
from vyapar.people.selectors import list_people


@page()
def settings(request: HttpRequest) -> HttpResponseBase:
    """All rules as they stand, and who may call us."""
    now = timezone.now()
    return render(
        request,
        "dashboard/settings.html",
        {
            "rules": [_rules_of(spec) for spec in registry.agents()],
            "people": list_people(),
            "keys": list_keys(),
            "links": [link for link in settings_links() if person(request).may(link.needs)],
            "scopes": list(May),
            "scope_parts": [scope for scope in SCOPES if ":" in scope],
            "overlaps": OVERLAPS,
            "key_end": ist_day(now + LIFE),
            "warned": now + WARNING,
            "now": now,
            "today": ist_day(now),
            "new_key": request.session.pop("new_key", None),
        },
    )


def _rules_of(spec: Any) -> dict[str, Any]:
    policy, version = get_policy(spec.name)
    fields = [_rule(field, getattr(policy, field.name)) for field in dataclasses.fields(policy)]
    return {
        "agent": spec.name,
        "label": spec.label,
        "version": version,
        "fields": fields,
        "versions": list_policy_versions(spec.name)[:10],
    }


def _rule(field: dataclasses.Field[Any], value: Any) -> dict[str, Any]:
    """One rule as the page shows it; tables and lists can be read here and changed by the API."""
    words = rule_words(field.name, field.metadata.get("label", ""), field.metadata.get("help", ""))
    told = plain(value)
    return {
        "name": field.name,
        "label": words.label,
        "help": words.help,
        "value": told,
        "switch": isinstance(value, bool),
        "pairs": list(told.items()) if isinstance(told, dict) else None,
        "items": told if isinstance(told, list) else None,
        "editable": isinstance(value, int | float | str),
    }


@page(May.RULES)
@require_POST
def set_rules(request: HttpRequest, agent: str) -> HttpResponseBase:
    """A new version of one agent's rules."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.set_policy(
            agent,
            _read_rules(agent, request),
            effective_date=date.fromisoformat(request.POST.get("effective_date") or ist_day(now).isoformat()),
            actor=actor,
            at=now,
            reason=request.POST.get("reason", ""),
        ),
        _("Kept. The rule takes effect on its day."),
    )
    return redirect("dashboard:settings")


def _read_rules(agent: str, request: HttpRequest) -> dict[str, Any]:
    policy, _version = get_policy(agent)
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(policy):
        now = getattr(policy, field.name)
        text = request.POST.get(field.name)
        if text is None or not isinstance(now, int | float | str):
            continue
        value = _like(now, text, field.name)
        if value != now:
            changes[field.name] = value
    if not changes:
        raise Invalid(_("Nothing was changed"), code="nothing_changed")
    return changes


def _like(now: Any, text: str, name: str) -> Any:
    try:
        if isinstance(now, bool):
            return text in ("on", "true", "1")
        return type(now)(text)
    except ValueError as error:
        fault = Fault("not_a_number", _("write a number"), name, value=text[:40])
        raise Invalid(name, code="not_a_number", faults=[fault]) from error
