"""What goes to the books: who takes what, files under a lock, answers, what needs a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.feeds.files.exports import write_xlsx
from inventory.models import Export
from inventory.selectors.exports import (
    count_exports,
    count_to_look_at,
    documents_of,
    list_exports,
    list_exports_of,
    list_locks,
    list_takers,
    read_lock,
)
from inventory.services.exports import (
    acknowledge,
    acknowledge_file,
    lock_exports,
    release_exports,
    retry_export,
)
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import NavItem, Strip
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.engine.contracts import ActionView
from vyapar.gateway.renderers import attachment
from vyapar.gateway.speech import say
from vyapar.kernel.errors import Invalid, VyaparError
from vyapar.people.contracts import May

PER_PAGE = 25
#: Largest file of answers that is read.
MOST_BYTES = 5 * 1024 * 1024


@page()
def exports(request: HttpRequest) -> HttpResponseBase:
    """Documents by state and feed, changed last first."""
    state, rows = _wanted(request)
    counts = count_exports()
    return render(
        request,
        "inventory/exports/exports.html",
        {
            "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
            "state": state,
            "states": [(one, counts.get(one, 0)) for one in Export.State.values],
            "takers": list_takers(),
            "locks": list_locks(),
        },
    )


@page()
def exports_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The documents of the page's filter with what the books said of them."""
    heads = [
        _("Number"), _("Kind"), _("Key"), _("Feed"), _("State"), _("Number in the books"), _("Reason"),
        _("Attempts"), _("Last error"), _("Made"), _("Changed"), _("Answered"), _("Answered by"),
        _("Simulated"),
    ]  # fmt: skip
    return sheet(
        lines_of(_wanted(request)[1], _line), heads, form, name="to-the-books", title=_("To the books")
    )


def _line(row: Export) -> list[Any]:
    return [
        row.number, plain(row.kind), row.key, row.feed.name, str(sign(row.state, "export").label),
        row.acknowledged_number, spoken(row, "reason"), row.attempts, spoken(row, "last_error"),
        row.created_at, row.updated_at,
        row.acknowledged_at, row.acknowledged_by, "SIMULATED" if row.simulated else "",
    ]  # fmt: skip


def _wanted(request: HttpRequest) -> tuple[str, QuerySet[Export]]:
    """The state that is asked for, and the documents that fit."""
    text = {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("state", "feed", "q")
    }
    state = text["state"] if text["state"] in Export.State.values else ""
    return state, list_exports(state=state, feed=text["feed"], words=text["q"])


@page(May.FEED)
@require_POST
def lock(request: HttpRequest, feed: str) -> HttpResponseBase:
    """Take what waits for a feed as a file."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: lock_exports(feed, actor=actor, at=now),
        _("The file is written; its documents are locked until the books answer."),
    )
    return redirect("inventory:exports")


@page(May.FEED)
def download(request: HttpRequest, token: UUID, form: str) -> HttpResponseBase:
    """A locked file in its own format, or its documents as a workbook to read."""
    name, body = read_lock(token) if form == "file" else write_xlsx(documents_of(token))
    return attachment(body, name)


@page(May.FEED)
@require_POST
def release(request: HttpRequest, token: UUID) -> HttpResponseBase:
    """Put the documents of a file back in line."""
    actor, now, reason = person(request).actor, timezone.now(), request.POST.get("reason", "")
    attempt(
        request,
        lambda: release_exports(token, reason=reason, actor=actor, at=now),
        _("They wait again."),
    )
    return redirect("inventory:exports")


@page(May.FEED)
@require_POST
def answer(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """Keep what the books said of one document."""
    row = list_exports().filter(pk=export_id).first()
    if row is None:
        messages.error(request, _("There is no such document."))
        return redirect("inventory:exports")
    actor, now = person(request).actor, timezone.now()
    accepted = request.POST.get("verb") == "accepted"
    words = request.POST.get("words", "")
    attempt(
        request,
        lambda: acknowledge(
            row.key,
            accepted=accepted,
            number=words if accepted else "",
            reason="" if accepted else words,
            feed=row.feed.code,
            actor=actor,
            at=now,
        ),
        _("The answer is kept."),
    )
    return redirect("inventory:exports")


@page(May.FEED)
@require_POST
def answers(request: HttpRequest, feed: str) -> HttpResponseBase:
    """Keep the answers of a file."""
    try:
        said = acknowledge_file(
            _content(request.FILES.get("file")), feed=feed, actor=person(request).actor, at=timezone.now()
        )
    except VyaparError as error:
        messages.error(request, say(error.message))
        return redirect("inventory:exports")
    messages.success(
        request,
        _("%(taken)d answers kept, %(unchanged)d were known.")
        % {"taken": said.taken, "unchanged": said.unchanged},
    )
    for fault in said.faults[:10]:
        where = _("Row %(row)s, %(field)s: %(message)s")
        messages.error(
            request, where % {"row": fault.row, "field": fault.field, "message": say(fault.message)}
        )
    return redirect("inventory:exports")


def _content(file: Any) -> bytes:
    if not isinstance(file, UploadedFile):
        raise Invalid(_("Choose a file"), code="no_file")
    if (file.size or 0) > MOST_BYTES:
        raise Invalid(_("The file is larger than 5 MB"), code="too_large")
    content: bytes = file.read()
    return content


@page(May.OPERATE)
@require_POST
def retry(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """Try a rejected document, or one that was given up, again."""
    actor, now, reason = person(request).actor, timezone.now(), request.POST.get("reason", "")
    attempt(
        request,
        lambda: retry_export(export_id, reason=reason, actor=actor, at=now),
        _("It waits again."),
    )
    return redirect("inventory:exports")


def strip_of(view: ActionView) -> dict[str, Any] | None:
    """What an action sent to the books, for its page."""
    rows = list_exports_of(view.id)
    return {"exports": rows} if rows else None


def hang_shell() -> None:
    """Hang the page and the strip on an action's page."""
    board.hang(
        NavItem(
            "inventory:exports", gettext_lazy("To the books"), "upload", 72, May.READ, count=count_to_look_at
        )
    )
    board.hang(Strip("inventory.exports", "inventory/exports/strip.html", 10, strip_of))
