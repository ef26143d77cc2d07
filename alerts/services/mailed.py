"""Reports by mail: those for people outside are set here; these and the lists are sent, stopped, tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from alerts.models import MailedReport
from alerts.services.lists import fill_list, language_of, reader_of
from alerts.services.report_texts import write_report
from alerts.services.timing import next_time, time_faults
from alerts.services.weekly import LANGUAGES, TEMPLATE
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused, VyaparError
from vyapar.kernel.phrases import phrase as gettext
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import SERVICE, Letter
from vyapar.messaging.selectors import get_account
from vyapar.messaging.services import queue
from vyapar.tenancy.links import read, sign
from vyapar.tenancy.selectors import address_of

log = structlog.get_logger(__name__)

#: So many reports a distributor may have sent; one more is refused.
MOST = 50
#: Written at one look, each in a transaction of its own; the next look takes the rest.
_AT_ONCE = 50
#: A report is not sent by hand again before this.
_REST = timedelta(minutes=1)
_PURPOSE = "alerts.mailed-report"


@transaction.atomic
def set_mailed_report(
    *, kind: str, email: str, name: str, language: str, weekday: int, hour: int, actor: Actor, at: datetime
) -> MailedReport:
    """Have a report sent to an address on a weekday (0 is Monday, 7 every day) at an hour in India.

    The same report to the same address is changed, not doubled. `Invalid` names every field that
    makes no sense; an address whose reader stopped this report gets it no more: `Refused`.
    """
    email, name = email.strip().lower(), " ".join(name.replace("\x00", "").split())
    faults = _faults(kind, email, name, language, weekday, hour)
    if faults:
        raise Invalid(_("The report cannot be sent so"), code="mailed_report", faults=faults)
    same: dict[str, Any] = {"kind": kind, "email": email, "user_id": None}
    before = MailedReport.objects.select_for_update().filter(**same).first()
    if before is not None and before.stopped_by_reader:
        raise Refused(_("Whoever reads mail there stopped this report"), code="report_stopped_by_reader")
    others = MailedReport.objects.filter(next_at__isnull=False, user_id__isnull=True)
    if before is None and others.count() >= MOST:
        raise Refused(_("No more than %(n)d reports can be sent") % {"n": MOST}, code="too_many_reports")
    when = {
        "name": name, "language": language, "weekday": weekday, "hour": hour,
        "next_at": next_time(at, weekday, hour), "set_by": actor.ref,
        "set_by_name": actor.name or actor.ref,
    }  # fmt: skip
    report, _new = MailedReport.objects.update_or_create(**same, defaults=when)
    append_audit(
        actor=actor, verb="MailedReportSet", subject=f"report:{report.pk}", at=at,
        after={"kind": kind, "email": email, "weekday": weekday, "hour": hour, "language": language},
    )  # fmt: skip
    return report


@transaction.atomic
def stop_mailed_report(report_id: int, *, actor: Actor, at: datetime) -> None:
    """Send a report no more."""
    report = _get(report_id)
    report.next_at = None
    report.save(update_fields=["next_at"])
    _note("MailedReportStopped", report, actor, at)


@transaction.atomic
def stop_reports_to(token: str, *, at: datetime) -> None:
    """What the reader's own link does: this report never goes to this address again. `NotFound`."""
    report = report_of_token(token)
    report.next_at, report.stopped_by_reader = None, True
    report.save(update_fields=["next_at", "stopped_by_reader"])
    reader = Actor("system", f"reader:{report.pk}", report.name or report.email)
    _note("MailedReportStoppedByReader", report, reader, at)


@transaction.atomic
def send_report_now(report_id: int, *, actor: Actor, at: datetime) -> None:
    """Send a report at once, for trying; its own time stays. `Refused` without a mail account."""
    report = _get(report_id)
    if report.next_at is None:
        raise Refused(_("This report was stopped: set it again first"), code="report_stopped")
    if get_account(Channel.EMAIL) is None:
        raise Refused(_("No e-mail account is set up: set it up under Channels"), code="no_mail_account")
    if report.sent_at is not None and at - report.sent_at < _REST:
        raise Refused(_("It was sent a moment ago: wait a minute"), code="sent_just_now")
    letter = _letter(report, f"now:{uuid4()}", at)
    if letter.refusal:
        raise Refused(letter.refusal, code="report_not_made")
    queue([letter], actor=actor, at=at)
    report.sent_at = at
    report.save(update_fields=["sent_at"])
    _note("MailedReportSent", report, actor, at)


@transaction.atomic
def resume_mailed_report(report_id: int, *, user_id: int | None, actor: Actor, at: datetime) -> None:
    """Send a stopped report again at its own time.

    What its reader stopped, only they resume (`user_id`); with a reader outside nobody does: `Refused`.
    """
    report = _get(report_id)
    if report.stopped_by_reader and (report.user_id is None or report.user_id != user_id):
        raise Refused(_("Whoever reads mail there stopped this report"), code="report_stopped_by_reader")
    report.next_at, report.stopped_by_reader = _next(report, at), False
    report.save(update_fields=["next_at", "stopped_by_reader"])
    _note("MailedReportResumed", report, actor, at)


def send_mailed_reports(at: datetime) -> int:
    """Send every report that is due, once; returns how many were taken.

    One that was due while nothing ran is sent late, and once however many times were missed. Without
    a mail account they wait. Each is a transaction of its own: its mail is taken and its next time set
    together or not at all, whenever a worker dies, and one that cannot be written holds up no other.
    """
    if get_account(Channel.EMAIL) is None:
        return 0
    sent = 0
    while sent < _AT_ONCE and _send_next(at):
        sent += 1
    return sent


@transaction.atomic
def _send_next(at: datetime) -> bool:
    rows = MailedReport.objects.select_for_update(skip_locked=True).filter(next_at__lte=at)
    report = rows.order_by("next_at", "pk").first()
    if report is None:
        return False
    letter = _letter(report, (report.next_at or at).isoformat(), at)
    report.sent_at, report.next_at = (report.sent_at if letter.refusal else at), _next(report, at)
    report.save(update_fields=["sent_at", "next_at"])
    queue([letter], actor=system("mailed-report"), at=at)
    return True


def report_of_token(token: str) -> MailedReport:
    """The report that a reader's link names. `NotFound` for what is no link of ours."""
    number = read(token, purpose=_PURPOSE)
    return _get(number if isinstance(number, int) else 0)


# --- parts ---------------------------------------------------------------------------------


def _note(verb: str, report: MailedReport, actor: Actor, at: datetime) -> None:
    """What was done to a report, in the trail."""
    kept = {"kind": report.kind, "email": report.email}
    if report.kind == MailedReport.Kind.LIST:
        kept = {"kind": report.kind, "listing": report.listing, "to": f"user:{report.user_id}"}
    append_audit(actor=actor, verb=verb, subject=f"report:{report.pk}", at=at, after=kept)


def _get(report_id: int) -> MailedReport:
    report = MailedReport.objects.select_for_update().filter(pk=report_id).first()
    if report is None:
        raise NotFound(_("there is no such report"), code="no_such_report")
    return report


def _faults(kind: str, email: str, name: str, language: str, weekday: int, hour: int) -> list[Fault]:
    faults = []
    if kind not in MailedReport.Kind.values or kind == MailedReport.Kind.LIST:
        faults.append(Fault("kind", _("choose a report"), "kind", value=kind[:40]))
    try:
        validate_email(email)
    except ValidationError:
        faults.append(Fault("email", _("write an e-mail address"), "email", value=email[:80]))
    if len(name) > 120:
        faults.append(Fault("name", _("at most 120 letters"), "name"))
    if language not in LANGUAGES:
        faults.append(Fault("language", _("choose a language"), "language", value=language[:10]))
    if weekday == MailedReport.MONTHLY:
        faults.append(Fault("weekday", _("choose a day of the week"), "weekday", value=str(weekday)))
    return faults + time_faults(weekday, hour)


def _next(report: MailedReport, at: datetime) -> datetime:
    return next_time(at, report.weekday, report.hour, report.day)


def _letter(report: MailedReport, occasion: str, at: datetime) -> Letter:
    """The report's mail; with a refusal when it cannot be written, which is kept in its stead."""
    try:
        with transaction.atomic():
            return (
                _list_letter(report, occasion, at) if report.user_id else _text_letter(report, occasion, at)
            )
    except VyaparError as error:
        refusal = error.message
    except Exception:
        log.exception("mailed_report_failed", report=report.pk)
        refusal = gettext("It could not be written; whoever runs this installation finds why in the log")
    return replace(_envelope(report, occasion, report.language or "en"), refusal=refusal)


def _text_letter(report: MailedReport, occasion: str, at: datetime) -> Letter:
    with override(report.language):
        end = _("%(who)s has this report sent to you. Stop it: %(address)s") % _who_and_stop(report)
    letter = _envelope(report, occasion, report.language)
    text = tuple(write_report(report.kind, report.language, at, end))
    return replace(letter, ways=((Channel.EMAIL, report.email),), parameters=text)


def _list_letter(report: MailedReport, occasion: str, at: datetime) -> Letter:
    reader = reader_of(report)
    with override(language_of(reader)):
        words = (
            _("You have this list sent to yourself. Stop it: %(address)s")
            if report.set_by == reader.actor.ref
            else _("%(who)s has this list sent to you. Stop it: %(address)s")
        )
        end = words % _who_and_stop(report)
    letter, filled = _envelope(report, occasion, language_of(reader)), fill_list(report, reader, at, end)
    ways = ((Channel.EMAIL, reader.email),)
    return replace(letter, ways=ways, parameters=(filled.subject, filled.body), enclosures=filled.files)


def _who_and_stop(report: MailedReport) -> dict[str, str]:
    token = sign(report.pk, purpose=_PURPOSE)
    return {"who": report.set_by_name, "address": address_of(f"/alerts/reports/stop?who={token}")}


def _envelope(report: MailedReport, occasion: str, language: str) -> Letter:
    return Letter(
        key=f"report:{report.pk}:{occasion}",
        party=f"user:{report.user_id}" if report.user_id else f"report:{report.pk}",
        ways=(),
        template=TEMPLATE,
        language=language,
        parameters=(),
        purpose=SERVICE,
        origin=report.origin,
    )
