"""Settings: business rules with the day they take effect, people, API keys."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import settings_links
from vyapar.dashboard.views.keys import OVERLAPS
from vyapar.dashboard.views.rules import Typed, keep_rules, rule_of
from vyapar.engine import registry
from vyapar.engine.selectors import get_policy, list_policy_versions
from vyapar.gateway.scopes import SCOPES
from vyapar.gateway.selectors import list_keys
from vyapar.gateway.services.keys import LIFE, WARNING
from vyapar.gateway.speech import say
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid
from vyapar.people.contracts import May
from vyapar.people.selectors import list_people

#: What a fault calls the day from which rules are in force.
_DAY = ("effective_date", "effectiveDate")


@page()
def settings(request: HttpRequest) -> HttpResponseBase:
    """All rules as they stand, and who may call us."""
    return _show(request)


@page(May.RULES)
@require_POST
def set_rules(request: HttpRequest, agent: str) -> HttpResponseBase:
    """A new version of one agent's rules; refused, they stand on the page as they were typed."""
    actor, now = person(request).actor, timezone.now()
    faults: list[Fault] = []

    def keep() -> None:
        try:
            keep_rules(agent, request.POST, actor=actor, at=now)
        except Invalid as error:
            faults.extend(error.faults)
            raise

    if attempt(request, keep, _("Kept. The rule takes effect on its day.")):
        return redirect("dashboard:settings")
    return _show(request, Typed(agent, request.POST.dict(), faults))


def _show(request: HttpRequest, typed: Typed | None = None) -> HttpResponseBase:
    now = timezone.now()
    return render(
        request,
        "dashboard/settings.html",
        {
            "rules": [_rules_of(spec, typed) for spec in registry.agents()],
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
        status=422 if typed else 200,
    )


def _rules_of(spec: Any, typed: Typed | None) -> dict[str, Any]:
    policy, version = get_policy(spec.name)
    fields = [rule_of(field, getattr(policy, field.name)) for field in dataclasses.fields(policy)]
    mine = typed if typed and typed.agent == spec.name else None
    if mine:
        fields = [mine.over(field) for field in fields]
    return {
        "typed": mine and mine.posted,
        "day_errors": [say(fault.message) for fault in mine.faults if fault.field in _DAY] if mine else [],
        "agent": spec.name,
        "label": spec.label,
        "version": version,
        "fields": fields,
        "versions": list_policy_versions(spec.name)[:10],
    }
