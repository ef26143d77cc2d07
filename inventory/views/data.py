"""The data page: feeds, files in, their history; one import from its check to its reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.contracts.feeds import RecordKind
from inventory.forms import UploadForm, system_for
from inventory.models import ImportRun
from inventory.selectors.imports import (
    RunFilter,
    count_quarantined,
    count_waiting,
    get_run,
    list_feeds,
    list_parts,
    list_runs,
    list_totals,
)
from inventory.serializers.imports import fault_out
from inventory.services import imports
from inventory.tasks import drive_import
from inventory.views.import_words import (
    cause_words,
    field_label,
    field_of,
    kind_words,
    steps,
    warning_words,
)
from inventory.views.onboarding import hang_onboarding
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import NavItem
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import sign
from vyapar.engine.asked import wake
from vyapar.gateway.speech import say
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.phrases import again
from vyapar.people.contracts import May

State = ImportRun.State
PER_PAGE = 20
#: States in which something happens by itself, and the page looks again.
MOVING = (State.UPLOADED, State.CHECKING, State.WRITING, State.UNDOING)


@page()
def data(request: HttpRequest) -> HttpResponseBase:
    """Feeds with how fresh they are, the door for files, and what came in before."""
    wanted = _wanted(request)
    feeds = list_feeds(timezone.now())
    return render(
        request,
        "inventory/data/data.html",
        {
            "feeds": feeds,
            "form": UploadForm(),
            "page": Paginator(list_runs(wanted), PER_PAGE).get_page(request.GET.get("page")),
            "wanted": wanted,
            "states": [(value, sign(value, "import").label) for value in State.values],
            "chips": _chips(wanted, feeds),
            "waiting": count_waiting(),
        },
    )


def _wanted(request: HttpRequest) -> RunFilter:
    text = {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("q", "feed", "state")
    }
    return RunFilter(
        words=text["q"], feed=text["feed"], state=text["state"] if text["state"] in State.values else ""
    )


@page()
def imports_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The imports of the page's filter, with what became of their rows."""
    heads = [
        _("Number"), _("Feed"), _("What came in"), _("State"), _("Rows read"), _("Taken"), _("Changed"),
        _("Known already"), _("Rejected"), _("Bytes"), _("Begun"), _("Finished"), _("By"), _("Error"),
    ]  # fmt: skip
    return sheet(
        lines_of(list_runs(_wanted(request)), _line), heads, form, name="imports", title=_("Imports")
    )


def _line(run: ImportRun) -> list[Any]:
    names = ("accepted", "updated", "duplicates", "rejected")
    sums = [sum(int(kind.get(name, 0)) for kind in run.counts.values()) for name in names]
    return [
        run.number, run.feed.name, run.title, str(sign(run.state, "import").label), run.rows_read, *sums,
        run.bytes_total, run.created_at, run.finished_at, run.started_by_name, spoken(run, "error"),
    ]  # fmt: skip


@page(May.FEED)
@require_POST
def upload(request: HttpRequest) -> HttpResponseBase:
    """Keep a file and go on to choosing how it is read."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect("inventory:data")
    file, actor = form.cleaned_data["file"], person(request).actor
    try:
        code = form.cleaned_data["feed"] or system_for(file.name)
        feed = imports.feed_for(code, actor=actor, at=timezone.now())
        run = imports.open_run(
            feed=feed, content=file, title=file.name, options={"wait": True}, actor=actor, at=timezone.now(),
            again="again" in request.POST,
        )  # fmt: skip
    except VyaparError as error:
        messages.error(request, say(error.message))
        return redirect("inventory:data")
    if run.known:
        text = _("This very file came in before: it is import %(number)s.") % {"number": run.number}
        messages.info(request, text)
    return redirect("inventory:import", run.pk)


@page()
def one_import(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """One import, as far as it is."""
    run = get_run(run_id)
    if run.state == State.UPLOADED and run.options.get("wait") and person(request).may(May.FEED):
        return redirect("inventory:import_mapping", run.pk)
    return render(request, "inventory/data/import.html", _context(run, request))


@page()
def progress(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """How far an import is; when it has come to rest the whole page is loaded again."""
    run = get_run(run_id)
    if run.state not in MOVING:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "inventory/data/_progress.html", {"run": run, "moving": True})


def _told(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Faults or notes, each with its field as people call it."""
    told = []
    for one in found:
        kind, name = one.get("kind", ""), one.get("field", "")
        known = field_of(kind, name) if kind in set(RecordKind) else name
        told.append({**one, **fault_out(one), "label": field_label(known)})
    return told


def _context(run: ImportRun, request: HttpRequest) -> dict[str, Any]:
    kind, differing = request.GET.get("kind", ""), request.GET.get("all") != "1"
    totals = list_totals(run, kind=kind, differing=differing)
    shown = Paginator(totals, PER_PAGE).get_page(request.GET.get("page"))
    kept = run.reconciliation
    quarantined = count_quarantined(run)
    return {
        "run": run,
        "moving": run.state in MOVING,
        "steps": steps(run),
        "counts": _counts(run.counts or run.checks.get("counts", {})),
        "warnings": [warning_words(one) for one in run.checks.get("warnings", ())],
        "faults": _told(run.checks.get("faults", ())[:60]),
        "fault_count": run.checks.get("fault_count", 0),
        "by_code": list(run.checks.get("by_code", {}).items())[:12],
        "notes": _told(run.checks.get("notes", ())[:20]),
        "note_count": sum(run.checks.get("notes_by_code", {}).values()),
        "preview": _preview(run.checks.get("preview", {})),
        "kinds": [{**one, "label": kind_words(one["kind"])} for one in kept.get("kinds", ())],
        "causes": [
            {**one, "label": kind_words(one["kind"]), "words": cause_words(one["code"])}
            for one in kept.get("causes", ())
        ],
        "totals": shown,
        "totals_shown": [_total(one) for one in shown],
        "differing": differing,
        "quarantined": quarantined,
        "waiting": quarantined.get("open", 0) + quarantined.get("corrected", 0),
        "parts": list_parts(run).count(),
        "can": _can(run, quarantined),
        "log": [{"at": at, "what": say(again(what, *words[:1]))} for at, what, *words in reversed(run.log)],
    }


def _can(run: ImportRun, quarantined: dict[str, int]) -> dict[str, bool]:
    """What may be done with a run now."""
    written = run.parts.exists()
    ended = run.state in (State.FAILED, State.CANCELLED)
    return {
        "write": run.state == State.CHECKED,
        "resume": ended and written,
        "choose": run.state in (State.CHECKED, State.FAILED, State.CANCELLED) and not written,
        "cancel": run.state in (State.CHECKING, State.CHECKED, State.WRITING, State.UPLOADED),
        "undo": written and (ended or run.state in (State.WRITTEN, State.RECONCILED)),
    }


def _total(total: Any) -> dict[str, Any]:
    """A total with its causes in words; `open` when they do not explain all of its difference."""
    pieces = total.off_pieces - sum(cause["pieces"] for cause in total.causes)
    paise = total.off_paise - sum(cause["paise"] for cause in total.causes)
    return {
        "total": total,
        "kind": kind_words(total.kind),
        "causes": list(dict.fromkeys(cause_words(cause["code"]) for cause in total.causes)),
        "open": pieces != 0 or abs(paise) > imports.TOLERATED_PAISE,
    }


def _counts(counts: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    return [{"kind": kind, "label": kind_words(kind), **one} for kind, one in counts.items()]


def _preview(preview: dict[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    shown = []
    for kind, rows in preview.items():
        names = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[(name, row.get(name, "")) for name in names] for row in rows]
        if rows:
            heads = [field_label(name) for name in names]
            shown.append({"label": kind_words(kind), "names": heads, "rows": cells})
    return shown


def _chips(wanted: RunFilter, feeds: list[Any]) -> list[dict[str, str]]:
    names = {row.feed.code: row.feed.name for row in feeds}
    found = []
    if wanted.feed:
        found.append({"name": "feed", "label": names.get(wanted.feed, wanted.feed)})
    if wanted.state:
        found.append({"name": "state", "label": State(wanted.state).label})
    return found


@page(May.FEED)
@require_POST
def decide(request: HttpRequest, run_id: UUID, verb: str) -> HttpResponseBase:
    """Have an import written, called off, undone, or compared again."""
    actor, now, why = person(request).actor, timezone.now(), request.POST.get("reason", "")[:200]
    verbs: dict[str, tuple[Callable[[], Any], str, bool]] = {
        "write": (
            lambda: imports.begin_write(run_id, actor=actor, at=now),
            _("It is being written; you may leave this page."), True,
        ),
        "cancel": (
            lambda: imports.cancel_run(run_id, actor=actor, at=now, reason=why),
            _("Called off. What is in stays in until you undo it."), False,
        ),
        "undo": (
            lambda: imports.ask_undo(run_id, actor=actor, at=now, reason=why),
            _("It is being undone."), True,
        ),
        "reconcile": (
            lambda: imports.reconcile(run_id, actor=actor, at=now),
            _("Compared again."), False,
        ),
    }  # fmt: skip
    run, done, work = verbs[verb]
    if attempt(request, run, done) and work:
        wake(drive_import, str(run_id))
    return redirect("inventory:import", run_id)


def hang_data() -> None:
    """Hang the page and the first steps on the board."""
    hang_onboarding()
    board.hang(NavItem("inventory:data", gettext_lazy("Data"), "data", 60, count=count_waiting))
