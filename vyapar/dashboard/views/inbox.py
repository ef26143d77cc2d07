"""The inbox: one action at a time, with what, why, how much and what else; decided in seconds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, back, page, person
from vyapar.dashboard.board import panel, strips
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import sign
from vyapar.engine import registry, services
from vyapar.engine.models import Action, Transition
from vyapar.engine.selectors import (
    count_actions,
    get_action,
    judge_quality,
    list_actions,
    list_audit,
    list_transitions,
)
from vyapar.engine.services.actions import preview_edit
from vyapar.gateway.speech import say
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.lifecycle import Status
from vyapar.people.contracts import May

PER_PAGE = 25
#: Names of the inbox's tabs and what stands on each.
TABS: dict[str, tuple[Status, ...]] = {
    "waiting": (Status.PROPOSED,),
    "on_its_way": (Status.APPROVED, Status.AUTO_APPROVED, Status.EXECUTING),
    "done": (Status.EXECUTED,),
    "failed": (Status.FAILED,),
    "closed": (Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN, Status.ROLLED_BACK),
}


@page()
def inbox(request: HttpRequest) -> HttpResponseBase:
    """Actions by tab, kind and words, most urgent first."""
    tab, rows = _wanted(request)
    counts, now = count_actions(), timezone.now()
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    quality = judge_quality(shown, now)
    return render(
        request,
        "dashboard/inbox.html",
        {
            "tab": tab,
            "tabs": {
                name: sum(states.get(s.value, 0) for states in counts.values() for s in statuses)
                for name, statuses in TABS.items()
            },
            "kinds": registry.kinds(),
            "page": shown,
            "rows": [(one, quality.get(one.pk)) for one in shown],
            "now": now,
        },
    )


@page()
def inbox_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The actions of a tab and filter, each with what it is worth and who decided."""
    tab, rows = _wanted(request)
    labels = {kind.name: str(kind.label) for kind in registry.kinds()}
    heads = [
        _("Number"), _("Kind"), _("Title"), _("On what"), _("Status"), _("Why"), _("Pieces"),
        _("Value, ₹"), _("Net, ₹"), _("Discount, %"), _("Confidence"), _("Agent"), _("Proposed"),
        _("Expires"), _("Decided by"), _("Decided"), _("Finished"), _("Error"),
    ]  # fmt: skip

    def line(row: Action) -> list[Any]:
        return [
            row.number, labels.get(row.kind, row.kind), spoken(row, "title"), row.subject,
            str(sign(row.status).label), spoken(row, "reason"), row.quantity, rupees(row.value_paise),
            rupees(row.net_paise), row.discount_bp / 100, round(row.confidence, 3), row.agent,
            row.proposed_at, row.expires_at, row.decided_by_name, row.decided_at, row.finished_at,
            row.last_error,
        ]  # fmt: skip

    return sheet(lines_of(rows, line), heads, form, name=f"inbox-{tab}", title=_("Inbox"))


def _wanted(request: HttpRequest) -> tuple[str, QuerySet[Action]]:
    """The tab that is asked for and its actions by kind and words."""
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    rows = list_actions(statuses=TABS[tab], kind=request.GET.get("kind", "").replace("\x00", ""))
    words = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    if words:
        rows = rows.filter(title__icontains=words)
    return tab, rows if tab == "waiting" else rows.order_by("-updated_at")


@page()
def action(request: HttpRequest, action_id: UUID) -> HttpResponseBase:
    """One action, whole."""
    return render(request, "dashboard/action.html", _action_context(get_action(action_id)))


def _action_context(row: Action) -> dict[str, Any]:
    view, kind = row.view(), registry.kind(row.kind)
    shown = panel(row.kind)
    return {
        "action": row,
        "kind": kind,
        "panel": shown,
        "panel_context": dict(shown.context(view)) if shown else {},
        "strips": strips(view),
        "transitions": [_step(step, row) for step in list_transitions(row.pk)],
        "remarks": row.remarks.order_by("id"),
        "record": getattr(row, "record", None),
        "trail": list_audit(subject=f"action:{row.number}", limit=50),
        "now": timezone.now(),
        "can_undo": _can_undo(row),
        "undo_note": kind.undo_note,
    }


def _step(step: Transition, row: Action) -> dict[str, Any]:
    """A step of the action's life; the agent's own reason is said as the action says it."""
    reason = spoken(row, "reason") if step.reason == row.reason else spoken(step, "reason")
    return {"target": step.target, "actor": step.actor_name, "at": step.at, "reason": reason}


def _can_undo(row: Action) -> bool:
    status = Status(row.status)
    in_window = status in (Status.APPROVED, Status.AUTO_APPROVED)
    return in_window or (status is Status.EXECUTED and registry.kind(row.kind).undo is not None)


@page(May.DECIDE)
@require_POST
def decide(request: HttpRequest, action_id: UUID, verb: str) -> HttpResponseBase:
    """Approve, reject, ask or undo."""
    actor, now = person(request).actor, timezone.now()
    words = request.POST.get("reason", "")
    seen = _seen(request)
    verbs = {
        "approve": (
            lambda: services.approve(action_id, actor=actor, at=now, seen_version=seen, reason=words),
            _("Approved. It is carried out when its undo window is over."),
        ),
        "reject": (
            lambda: services.reject(action_id, actor=actor, at=now, reason=words, seen_version=seen),
            _("Rejected. The agent keeps your reason."),
        ),
        "ask": (
            lambda: services.ask(action_id, words, actor=actor, at=now),
            _("Your question stands on the action."),
        ),
        "undo": (
            lambda: services.undo(action_id, actor=actor, at=now, reason=words),
            _("Undone."),
        ),
        "retry": (
            lambda: services.retry(action_id, actor=actor, at=now),
            _("It is tried again."),
        ),
    }
    run, done = verbs[verb]
    attempt(request, run, done)
    if verb in ("ask", "undo", "retry"):
        return redirect("dashboard:action", action_id)
    return back(request, "dashboard:inbox")


def _seen(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdigit() else None


@page(May.DECIDE)
@require_POST
def edit(request: HttpRequest, action_id: UUID) -> HttpResponseBase:
    """Show what an edit would do, or keep it."""
    row = get_action(action_id)
    shown = panel(row.kind)
    if shown is None or shown.read_edits is None:
        messages.error(request, _("This kind of action cannot be edited."))
        return redirect("dashboard:action", action_id)
    try:
        changes = shown.read_edits(row.view(), request.POST)
        if "preview" in request.POST:
            after = preview_edit(action_id, changes, timezone.now())
            context = {"action": row, "before": row.view(), "after": after}
            return render(request, "dashboard/_edit_effect.html", context)
        services.edit(
            action_id, changes, actor=person(request).actor, at=timezone.now(), seen_version=_seen(request)
        )
        messages.success(request, _("Changed and recalculated. Approve it when it is right."))
    except VyaparError as error:
        if "preview" in request.POST:
            return render(request, "dashboard/_edit_effect.html", {"action": row, "error": error})
        messages.error(request, say(error.message))
    return redirect("dashboard:action", action_id)


@page(May.DECIDE)
@require_POST
def bulk(request: HttpRequest) -> HttpResponseBase:
    """Approve or reject several; each is its own transaction and says so when it could not be."""
    actor, now, verb = person(request).actor, timezone.now(), request.POST.get("verb", "")
    reason = request.POST.get("reason", "")
    done, refused = 0, []
    for text in request.POST.getlist("action"):
        try:
            if verb == "approve":
                services.approve(UUID(text), actor=actor, at=now, reason=reason)
            else:
                services.reject(UUID(text), actor=actor, at=now, reason=reason)
            done += 1
        except VyaparError as error:
            refused.append(say(error.message))
        except ValueError as error:
            refused.append(str(error))
    messages.success(request, _("%(count)d decided.") % {"count": done})
    for sentence in refused[:5]:
        messages.error(request, sentence)
    return back(request, "dashboard:inbox")
