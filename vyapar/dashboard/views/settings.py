"""Settings: business rules with the day they take effect, people, API keys."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from vyapar.dashboard.access import page, person
from vyapar.dashboard.board import settings_links
from vyapar.dashboard.views.keys import OVERLAPS
from vyapar.dashboard.views.rules import rule_of
from vyapar.engine import registry
from vyapar.engine.selectors import get_policy, list_policy_versions
from vyapar.gateway.scopes import SCOPES
from vyapar.gateway.selectors import list_keys
from vyapar.gateway.services.keys import LIFE, WARNING
from vyapar.kernel.calendar import ist_day
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
    fields = [rule_of(field, getattr(policy, field.name)) for field in dataclasses.fields(policy)]
    return {
        "agent": spec.name,
        "label": spec.label,
        "version": version,
        "fields": fields,
        "versions": list_policy_versions(spec.name)[:10],
    }
