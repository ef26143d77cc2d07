"""Pages' lists as files by mail: to whom, which, when; what a mail brings; the link of a larger file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext, override

from alerts.models import MailedReport
from alerts.services.timing import next_time, time_faults
from alerts.services.weekly import LANGUAGES
from inventory.selectors.saved_views import find_view
from vyapar.dashboard import board
from vyapar.dashboard.board import Listing
from vyapar.dashboard.sheets import Written, write
from vyapar.dashboard.templatetags.figures import day_text
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.contracts import Attachment
from vyapar.people.models import User
from vyapar.people.selectors import list_people
from vyapar.tenancy.links import read, sign
from vyapar.tenancy.selectors import address_of, current_distributor

#: So many lists a distributor may have sent; one more is refused.
MOST = 200
#: Bytes of all files of one mail; base64 makes a third more of them, and relays take 10 MB and more.
MOST_BYTES = 5_000_000
#: How long the link of a file that is larger is good.
LINK_FOR = timedelta(days=7)
_PURPOSE = "alerts.list-file"


class Wish(NamedTuple):
    """What is to be sent and when: a list with its query, or a saved view, which says both itself.

    `form`: xlsx, csv or both; `weekday`: 0 is Monday, 7 every day, 8 the `day` (1 to 28) of each month;
    `hour` in India.
    """

    listing: str
    query: str
    view_id: int | None
    form: str
    weekday: int
    day: int | None
    hour: int


class Filled(NamedTuple):
    """What a mail of a list says and brings."""

    subject: str
    body: str
    files: tuple[Attachment, ...]


@transaction.atomic
def set_mailed_list(
    wish: Wish, *, people: Sequence[int], user_id: int | None, for_others: bool, actor: Actor, at: datetime
) -> list[MailedReport]:
    """Have a list sent to accounts here, each in its own language and to its own address.

    `user_id` is who sets it (None: a key), `for_others` whether they may choose anybody but themselves.
    The same list to the same person is changed, not doubled. `Invalid` names every field that makes no
    sense and everybody who cannot be sent it; `Refused` where its reader stopped it: only they can set
    it again.
    """
    if wish.view_id is not None:
        view = find_view(wish.view_id, user_id or 0)
        wish = wish._replace(listing=view.page if view else "", query="")
    listing = board.listing(wish.listing)
    known = {one.pk: one for one in list_people()}
    faults = _faults(wish, listing) + _people_faults(people, known, listing, wish, user_id, for_others)
    if faults or listing is None:
        raise Invalid(_("The list cannot be sent so"), code="mailed_list", faults=faults)
    return [_set(wish, known[pk], user_id, actor, at) for pk in dict.fromkeys(people)]


def _set(wish: Wish, person: User, user_id: int | None, actor: Actor, at: datetime) -> MailedReport:
    same: dict[str, Any] = {
        "kind": MailedReport.Kind.LIST, "user_id": person.pk, "listing": wish.listing, "query": wish.query,
        "view_id": wish.view_id,
    }  # fmt: skip
    before = MailedReport.objects.select_for_update().filter(**same).first()
    if before is not None and before.stopped_by_reader and person.pk != user_id:
        text = _("%(who)s stopped this list; only they can have it sent again", who=_name(person))
        raise Refused(text, code="list_stopped_by_reader")
    if before is None and MailedReport.objects.filter(next_at__isnull=False).count() >= MOST:
        raise Refused(_("No more than %(n)s lists can be sent", n=MOST), code="too_many_lists")
    report, _new = MailedReport.objects.update_or_create(
        **same,
        defaults={
            "form": wish.form, "weekday": wish.weekday, "day": wish.day, "hour": wish.hour,
            "next_at": next_time(at, wish.weekday, wish.hour, wish.day), "stopped_by_reader": False,
            "set_by": actor.ref, "set_by_name": actor.name or actor.ref, "name": _name(person)[:120],
        },
    )  # fmt: skip
    append_audit(
        actor=actor, verb="MailedReportSet", subject=f"report:{report.pk}", at=at,
        after={
            "kind": "list", "listing": wish.listing, "query": wish.query, "view": wish.view_id or 0,
            "to": f"user:{person.pk}", "form": wish.form, "weekday": wish.weekday, "day": wish.day or 0,
            "hour": wish.hour,
        },
    )  # fmt: skip
    return report


def reader_of(report: MailedReport) -> User:
    """The account a list goes to, as it is now. `Refused` for one that left, that may not see the
    list or has no e-mail address.
    """
    listing = board.listing(report.listing)
    reader = User.objects.filter(pk=report.user_id or 0, is_active=True).first()
    if reader is None:
        raise Refused(_("the account it went to is gone or closed"), code="reader_gone")
    if listing is None or not reader.may(listing.needs):
        raise Refused(_("the account it goes to may not see this list"), code="reader_may_not")
    if not reader.email:
        raise Refused(_("%(who)s has no e-mail address", who=_name(reader)), code="reader_without_mail")
    return reader


def language_of(reader: User) -> str:
    """The language of a reader's mails."""
    return reader.language if reader.language in LANGUAGES else "en"


def list_title(report: MailedReport) -> str:
    """What a list is called: the saved view's name, else the list's own, in the language in force."""
    view = find_view(report.view_id, report.user_id or 0) if report.view_id else None
    listing = board.listing(report.listing)
    return view.name if view else str(listing.label) if listing else report.listing


def fill_list(report: MailedReport, reader: User, at: datetime, end: str) -> Filled:
    """A list as it stands: the words of its mail, with its files or, where they are too large, links.

    `Refused` when its saved view is gone or the reader may not see it, `NotFound` where the page itself
    has nothing to show.
    """
    with override(language_of(reader)):
        listing, query = _asked(report, reader)
        title = list_title(report)
        said, files, room = [], [], MOST_BYTES
        for form in _forms(report):
            written = write(listing.read(QueryDict(query)), form)
            with written.content as content:
                if written.size <= room:
                    files.append(Attachment(written.name, written.kind, content.read()))
                    said.append(gettext("Attached: %(name)s") % {"name": written.name})
                    room -= written.size
                else:
                    said.append(_linked(report, written, form, at))
        subject = f"{current_distributor().name}: {title}"
        page = address_of(reverse(listing.page) + (f"?{query}" if query else ""))
        body = "\n\n".join(
            [subject, "\n".join(said), gettext("Its page: %(address)s") % {"address": page}, end]
        )
        return Filled(subject, body, tuple(files))


def file_of_token(token: str) -> Written:
    """The file that a link names, as the list stands now. `NotFound` for no link of ours or one too old;
    `Refused` when the reader may not see it any more. The caller closes its content.
    """
    found = read(token, purpose=_PURPOSE, within=LINK_FOR)
    number, form = found if isinstance(found, list) and len(found) == 2 else (0, "")
    report = MailedReport.objects.filter(pk=number, kind=MailedReport.Kind.LIST).first()
    if report is None or form not in ("xlsx", "csv"):
        raise NotFound(_("this link is not valid any more"), code="no_such_file")
    reader = reader_of(report)
    with override(language_of(reader)):
        listing, query = _asked(report, reader)
        return write(listing.read(QueryDict(query)), form)


# --- parts ---------------------------------------------------------------------------------


def _asked(report: MailedReport, reader: User) -> tuple[Listing, str]:
    listing = board.listing(report.listing)
    if listing is None:
        raise Refused(_("this list is not made any more"), code="no_such_list")
    if report.view_id is None:
        return listing, report.query
    view = find_view(report.view_id, reader.pk)
    if view is None:
        raise Refused(_("the saved view was removed, or is not shared any more"), code="view_gone")
    return listing, view.query


def _linked(report: MailedReport, written: Written, form: str, at: datetime) -> str:
    link = address_of(reverse("alerts:list_file") + f"?what={sign([report.pk, form], purpose=_PURPOSE)}")
    return gettext(
        "%(name)s is too large for a mail: %(size)s MB. Take it as it then stands, until %(day)s: %(address)s"
    ) % {
        "name": written.name, "size": f"{written.size / 1_000_000:.1f}",
        "day": day_text(ist_day(at + LINK_FOR)), "address": link,
    }  # fmt: skip


def _forms(report: MailedReport) -> tuple[str, ...]:
    return ("xlsx", "csv") if report.form == MailedReport.Form.BOTH else (report.form,)


def _name(person: User) -> str:
    return person.get_full_name() or person.username


def _faults(wish: Wish, listing: Listing | None) -> list[Fault]:
    faults = time_faults(wish.weekday, wish.hour, wish.day)
    if listing is None and wish.view_id is not None:
        faults.append(Fault("view", _("there is no such saved view"), "view", value=str(wish.view_id)))
    elif listing is None:
        faults.append(Fault("listing", _("choose a list"), "listing", value=wish.listing[:20]))
    if len(wish.query) > 500 or "\x00" in wish.query:
        faults.append(Fault("query", _("these filters are too long to keep"), "query"))
    if wish.form not in MailedReport.Form.values:
        faults.append(Fault("form", _("choose Excel, CSV or both"), "form", value=wish.form[:10]))
    return faults


def _people_faults(
    people: Sequence[int], known: dict[int, User], listing: Listing | None, wish: Wish, user_id: int | None,
    for_others: bool,
) -> list[Fault]:  # fmt: skip
    faults = [] if people else [Fault("people", _("choose to whom it goes"), "people")]
    for pk in people:
        person, message = known.get(pk), ""
        if person is None or (pk != user_id and not for_others):
            message = _("there is nobody of that number whom you may have sent it")
        elif not person.email:
            message = _("%(who)s has no e-mail address", who=_name(person))
        elif listing and not person.may(listing.needs):
            message = _("%(who)s may not see this list", who=_name(person))
        elif wish.view_id is not None and find_view(wish.view_id, pk) is None:
            message = _("%(who)s does not see this saved view: share it first", who=_name(person))
        if message:
            faults.append(Fault("person", message, "people", value=str(pk)))
    return faults
