"""Rows that an import set aside: what is wrong, corrected in place, driven again, dropped, as files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import FIELDS
from inventory.feeds.files.writing import CSV, XLSX
from inventory.models import QuarantinedRow
from inventory.selectors.imports import (
    count_quarantined,
    get_quarantined,
    get_run,
    list_fault_codes,
    list_quarantined,
)
from inventory.serializers.imports import fault_out
from inventory.serializers.quarantine import quarantine_file
from inventory.services import imports
from inventory.views.import_words import field_hint, field_label, field_of, kind_words
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.gateway.renderers import attachment
from vyapar.gateway.speech import say
from vyapar.kernel.errors import VyaparError
from vyapar.people.contracts import May

PER_PAGE = 20
_FIELD = "field:"
_STATES = ("waiting", "open", "corrected", "taken", "dropped", "all")


@page()
def quarantine(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Rows of a run that were not taken, with what is wrong with each field."""
    run = get_run(run_id)
    state = request.GET.get("state", "waiting")
    state, code = state if state in _STATES else "waiting", request.GET.get("code", "")
    words = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    rows = list_quarantined(run, state=state, code=code, words=words)
    counts = count_quarantined(run)
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "inventory/data/quarantine.html",
        {
            "run": run,
            "page": shown,
            "rows": [row_context(row) for row in shown],
            "counts": counts,
            "tabs": _tabs(state, counts),
            "codes": [(one, plain(one)) for one in list_fault_codes(run)],
            "code": code,
            "state": state,
            "chips": [{"name": "code", "label": plain(code)}] if code else [],
            "settled": run.state in ("written", "reconciled"),
            "corrected": counts.get("corrected", 0),
        },
    )


def row_context(row: QuarantinedRow) -> dict[str, Any]:
    """A row as its card shows it: wrong fields first, then those with a value, then what may be added."""
    faults: dict[str, list[str]] = {}
    for one in map(fault_out, row.faults):
        faults.setdefault(field_of(row.kind, one.get("field", "")), []).append(one["message"])
    names = [spec.name for spec in FIELDS[RecordKind(row.kind)]]
    wrong = [name for name in names if name in faults]
    filled = [
        name for name in names if name not in faults and (row.values.get(name) or row.corrected.get(name))
    ]
    rest = [name for name in names if name not in wrong and name not in filled]
    return {
        "row": row,
        "kind": kind_words(row.kind),
        "wrong": [_field(row, name, faults[name]) for name in wrong],
        "filled": [_field(row, name) for name in filled],
        "rest": [_field(row, name) for name in rest],
        "other": [message for name, said in faults.items() if name not in names for message in said],
        "raw": next((one["value"] for one in row.faults if one.get("value")), "") if not row.values else "",
        "editable": row.state in (QuarantinedRow.State.OPEN, QuarantinedRow.State.CORRECTED),
    }


def _field(row: QuarantinedRow, name: str, faults: list[str] | None = None) -> dict[str, Any]:
    came = row.values.get(name, "")
    return {
        "name": name,
        "label": field_label(name),
        "came": came,
        "value": row.corrected.get(name, came),
        "changed": name in row.corrected,
        "faults": faults or [],
        "hint": field_hint(row.kind, name),
    }


def _tabs(state: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    waiting = counts.get("open", 0) + counts.get("corrected", 0)
    shown = [("waiting", _("Waiting"), waiting)]
    shown += [
        (name, str(sign(name, "quarantine").label), counts.get(name, 0)) for name in ("taken", "dropped")
    ]
    return [
        {"label": label, "url": f"?state={name}", "active": state == name, "count": count}
        for name, label, count in shown
    ]


@page(May.FEED)
@require_POST
def correct(request: HttpRequest, row_id: int) -> HttpResponseBase:
    """Keep what a person wrote into a row; with `drive` it is tried at once."""
    row, actor, now = get_quarantined(row_id), person(request).actor, timezone.now()
    values = {
        key.removeprefix(_FIELD): str(text) for key, text in request.POST.items() if key.startswith(_FIELD)
    }
    error = ""
    try:
        imports.correct_row(row_id, values=values, actor=actor, at=now)
        if "drive" in request.POST:
            done = imports.drive_again(row.run_id, actor=actor, at=now, rows=[row_id])
            error = "" if done.taken else _("It is still not right.")
    except VyaparError as refusal:
        error = say(refusal.message)
    if not getattr(request, "htmx", False):
        if error:
            messages.error(request, error)
        return redirect("inventory:import_quarantine", row.run_id)
    context = {**row_context(get_quarantined(row_id)), "error": error, "settled": True}
    return render(request, "inventory/data/_row.html", context)


@page(May.FEED)
@require_POST
def drop(request: HttpRequest, row_id: int) -> HttpResponseBase:
    """Leave a row out for good."""
    row, actor, now = get_quarantined(row_id), person(request).actor, timezone.now()
    done = _("Row %(row)s is left out; the reconciliation names it as the cause.") % {"row": row.row}
    attempt(request, lambda: imports.drop_row(row_id, actor=actor, at=now), done)
    return redirect("inventory:import_quarantine", row.run_id)


@page(May.FEED)
@require_POST
def drive(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Land what was corrected; or, of a page's rows, all that wait: what they lacked may be there now."""
    actor, now = person(request).actor, timezone.now()
    rows = [int(one) for one in request.POST.getlist("row") if one.isdecimal()] or None
    try:
        done = imports.drive_again(run_id, actor=actor, at=now, rows=rows)
    except VyaparError as error:
        messages.error(request, say(error.message))
        return redirect("inventory:import_quarantine", run_id)
    if done.taken:
        taken = ngettext("%(n)d row was taken.", "%(n)d rows were taken.", done.taken) % {"n": done.taken}
        messages.success(request, taken)
    if done.wrong:
        wrong = ngettext("%(n)d row is still not right.", "%(n)d rows are still not right.", done.wrong)
        messages.warning(request, wrong % {"n": done.wrong})
    return redirect("inventory:import_quarantine", run_id)


@page()
def export(request: HttpRequest, run_id: UUID, form: str) -> HttpResponse:
    """The rows that wait as a file with a column that says why."""
    name, body = quarantine_file(get_run(run_id), form)
    return attachment(body, name, CSV if form == "csv" else XLSX)
