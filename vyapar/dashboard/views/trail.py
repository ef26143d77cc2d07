"""The trail: who did what, when and why; and whether the chain holds."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from vyapar.dashboard.access import page
from vyapar.engine.models import AuditEntry
from vyapar.engine.selectors import verify_audit
from vyapar.people.contracts import May


@page(May.AUDIT)
def audit(request: HttpRequest) -> HttpResponseBase:
    """Entries, newest first, by words, actor and day; with `verify`, the whole chain is checked."""
    rows = AuditEntry.objects.order_by("-seq")
    words, actor = request.GET.get("q", "").strip(), request.GET.get("actor", "").strip()
    if words:
        rows = rows.filter(subject__icontains=words) | rows.filter(verb__icontains=words)
    if actor:
        rows = rows.filter(actor_ref__startswith=actor)
    return render(
        request,
        "dashboard/audit.html",
        {
            "page": Paginator(rows, 50).get_page(request.GET.get("page")),
            "verdict": verify_audit() if "verify" in request.GET else None,
        },
    )
