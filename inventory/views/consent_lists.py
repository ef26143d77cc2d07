"""Consent of many outlets at once: a file or a pasted list, checked and shown before it is written."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import uuid4

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from inventory.feeds.files.lists import LIMITS, read_list
from inventory.models import Retailer
from inventory.services.consents import COLUMNS, MOST_ROWS, Row, check_consents, write_consents
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import SettingsLink
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Invalid, Unavailable, VyaparError
from vyapar.messaging.contracts import Channel
from vyapar.people.contracts import May

PREVIEW, FAULTS = 20, 50
#: A checked list waits this long for its writing.
_WAITS = 3_600
_DEFAULTS = ("channel", "word", "date", "source", "proof")
LABELS = {
    Channel.WHATSAPP: gettext_lazy("WhatsApp"),
    Channel.SMS: gettext_lazy("SMS"),
    Channel.EMAIL: gettext_lazy("E-mail"),
}
_FIELDS = {
    "outlet": gettext_lazy("Outlet"), "channel": gettext_lazy("Channel"), "word": gettext_lazy("Word"),
    "date": gettext_lazy("Date"), "source": gettext_lazy("How it was given"), "proof": gettext_lazy("Proof"),
}  # fmt: skip


@page(May.RULES)
def consents(request: HttpRequest) -> HttpResponseBase:
    """The form; a list that is sent is checked, shown, and kept until it is written."""
    if request.method != "POST":
        return _shown(request, {"date": ist_day(timezone.now()).strftime("%d-%m-%Y"), "word": "yes"})
    given = {name: request.POST.get(name, "").replace("\x00", "").strip()[:600] for name in _DEFAULTS}
    given["channel"] = ",".join(way.value for way in Channel if way.value in request.POST.getlist("channel"))
    text = request.POST.get("list", "").replace("\x00", "")
    try:
        content, name = _sent(request, text)
        rows = read_list(content, name, COLUMNS, MOST_ROWS)
        defaults = {name: value for name, value in given.items() if value}
        check = check_consents(rows, defaults, at=timezone.now())
    except VyaparError as error:
        return _shown(request, {**given, "list": text[:200_000]}, error=error)
    token = str(uuid4())
    try:
        cache.set(_key(request, token), (rows, defaults), _WAITS)
    except RedisError:
        return _shown(request, {**given, "list": text[:200_000]}, error=_away())
    return _shown(request, {**given, "list": text[:200_000]}, check=check, token=token)


@page(May.RULES)
@require_POST
def write(request: HttpRequest) -> HttpResponseBase:
    """Write a list as it was checked; it is checked again, for outlets may have gone since."""
    actor, now, key = person(request).actor, timezone.now(), _key(request, request.POST.get("token", "")[:40])
    done: list[int] = []

    def run() -> None:
        try:
            kept: tuple[list[Row], dict[str, str]] | None = cache.get(key)
        except RedisError:
            raise _away() from None
        if kept is None:
            raise Invalid(_("The list was checked too long ago: check it again"), code="list_gone")
        written, _check = write_consents(*kept, actor=actor, at=now)
        with suppress(RedisError):  # written twice it adds nothing
            cache.delete(key)
        done.append(written)

    if attempt(request, run, _("The list is on record.")):
        n = done[0]
        text = ngettext("%(n)d new word was kept.", "%(n)d new words were kept.", n) % {"n": n}
        attempt(request, lambda: None, text)
    return redirect("inventory:consents")


@page(May.RULES)
def form_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A list of every outlet with empty columns to fill in."""
    lines = lines_of(Retailer.objects.order_by("retailer_id"), lambda one: [one.retailer_id, one.name])
    heads = ["outlet", "name", "channel", "word", "date", "source", "proof"]
    filled = ([*line, "", "", "", "", ""] for line in lines)
    return sheet(filled, heads, form, name="consents-to-fill-in", title=_("Consents"))


def hang_consents() -> None:
    """Hang the page under the settings."""
    note = gettext_lazy("What outlets said about offers, taken in from a list with its proof.")
    board.hang(SettingsLink("inventory:consents", gettext_lazy("Consents"), note, "check", 16))


# --- parts ---------------------------------------------------------------------------------


def _sent(request: HttpRequest, text: str) -> tuple[bytes, str]:
    """The content of the file or of the text; `Invalid` when there is neither or it is too large."""
    file = request.FILES.get("file")
    if isinstance(file, UploadedFile):
        if (file.size or 0) > LIMITS.file:
            raise Invalid(_("The file is larger than 5 MB"), code="too_large")
        content: bytes = file.read()
        return content, file.name or "list.csv"
    if not text.strip():
        raise Invalid(_("Choose a file or paste a list"), code="no_list")
    return text.encode(), "list.csv"


def _away() -> Unavailable:
    """What is said while a checked list has nowhere to wait."""
    return Unavailable(
        _("Checked lists cannot be kept just now; nothing was written: send the list again in a minute"),
        code="store_away",
    )


def _key(request: HttpRequest, token: str) -> str:
    return f"inventory:consents:{person(request).pk}:{token}"


def _shown(request: HttpRequest, given: dict[str, Any], **found: Any) -> HttpResponseBase:
    check, error, on = found.get("check"), found.get("error"), given.get("channel", "").split(",")
    context = {
        **found,
        "given": given,
        "channels": [(way.value, label, way.value in on) for way, label in LABELS.items()],
        "counts": [(LABELS[way], yes, no) for way, yes, no in check.counts] if check else (),
        "preview": [(one, LABELS[one.channel]) for one in check.words[:PREVIEW]] if check else (),
        "left": max(len(check.words) - PREVIEW, 0) if check else 0,
        "faults": [(one, _FIELDS[one.field]) for one in check.faults[:FAULTS]] if check else (),
        "more_faults": max(len(check.faults) - FAULTS, 0) if check else 0,
        "columns": list(_FIELDS.items()),
        "most": MOST_ROWS,
    }
    status = 200 if error is None else 503 if isinstance(error, Unavailable) else 422
    return render(request, "inventory/consents.html", context, status=status)
