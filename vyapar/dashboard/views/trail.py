"""The trail: who did what, when and why; and whether the chain holds."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.engine.models import AuditEntry
from vyapar.engine.selectors import verify_audit
from vyapar.people.contracts import May


@page(May.AUDIT)
def audit(request: HttpRequest) -> HttpResponseBase:
    """Entries, newest first, by words, actor and day; with `verify`, the whole chain is checked."""
    return render(
        request,
        "dashboard/audit.html",
        {
            "page": Paginator(_rows(request), 50).get_page(request.GET.get("page")),
            "verdict": verify_audit() if "verify" in request.GET else None,
        },
    )


@page(May.AUDIT)
def audit_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The entries of the page's filter with their seals and what they changed."""
    heads = [
        _("Number"), _("When"), _("Who"), _("Whose sign"), _("What"), _("On what"), _("Why"),
        _("What changed"), _("Previous seal"), _("Seal"),
    ]  # fmt: skip
    return sheet(lines_of(_rows(request), _line), heads, form, name="trail", title=_("Trail"))


def _line(row: AuditEntry) -> list[Any]:
    return [
        row.seq, row.at, row.actor_name, row.actor_ref, row.verb, row.subject, row.reason, row.body,
        row.previous_seal, row.seal,
    ]  # fmt: skip


def _rows(request: HttpRequest) -> QuerySet[AuditEntry]:
    """What the query asks for, newest first."""
    words, actor = (request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("q", "actor"))
    rows = AuditEntry.objects.order_by("-seq")
    if words:
        rows = rows.filter(subject__icontains=words) | rows.filter(verb__icontains=words)
    return rows.filter(actor_ref__startswith=actor) if actor else rows
