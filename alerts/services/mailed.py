"""Reports that the owner has sent to others by mail: the accountant, the company's man, a partner."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from alerts.models import MailedReport
from alerts.services.report_texts import write_report
from alerts.services.weekly import LANGUAGES, TEMPLATE
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import next_daily, next_weekly
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import SERVICE, Letter
from vyapar.messaging.selectors import get_account
from vyapar.messaging.services import queue
from vyapar.tenancy.links import read, sign
from vyapar.tenancy.selectors import address_of

#: So many reports a distributor may have sent; one more is refused.
MOST = 50
#: Written at one look; the next look takes the rest.
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
    before = MailedReport.objects.select_for_update().filter(kind=kind, email=email).first()
    if before is not None and before.stopped_by_reader:
        raise Refused(_("Whoever reads mail there stopped this report"), code="report_stopped_by_reader")
    if before is None and MailedReport.objects.filter(next_at__isnull=False).count() >= MOST:
        raise Refused(_("No more than %(n)d reports can be sent") % {"n": MOST}, code="too_many_reports")
    when = {
        "name": name, "language": language, "weekday": weekday, "hour": hour,
        "next_at": next_time(at, weekday, hour), "set_by": actor.ref,
        "set_by_name": actor.name or actor.ref,
    }  # fmt: skip
    report, _new = MailedReport.objects.update_or_create(kind=kind, email=email, defaults=when)
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
    queue([_letter(report, f"now:{uuid4()}", at)], actor=actor, at=at)
    report.sent_at = at
    report.save(update_fields=["sent_at"])
    _note("MailedReportSent", report, actor, at)


@transaction.atomic
def send_mailed_reports(at: datetime) -> int:
    """Send every report that is due, once; returns how many.

    One that was due while nothing ran is sent late, and once however many times were missed. Without
    a mail account they wait.
    """
    rows = MailedReport.objects.select_for_update(skip_locked=True).filter(next_at__lte=at).order_by("pk")
    due = list(rows[:_AT_ONCE])
    if not due or get_account(Channel.EMAIL) is None:
        return 0
    letters = [_letter(report, (report.next_at or at).isoformat(), at) for report in due]
    for report in due:
        report.sent_at, report.next_at = at, next_time(at, report.weekday, report.hour)
    MailedReport.objects.bulk_update(due, ["sent_at", "next_at"])
    queue(letters, actor=system("mailed-report"), at=at)
    return len(due)


def next_time(after: datetime, weekday: int, hour: int) -> datetime:
    """When a report is due next."""
    if weekday == MailedReport.DAILY:
        return next_daily(after, hour)
    return next_weekly(after, weekday, hour)


def report_of_token(token: str) -> MailedReport:
    """The report that a reader's link names. `NotFound` for what is no link of ours."""
    number = read(token, purpose=_PURPOSE)
    return _get(number if isinstance(number, int) else 0)


# --- parts ---------------------------------------------------------------------------------


def _note(verb: str, report: MailedReport, actor: Actor, at: datetime) -> None:
    """What was done to a report, in the trail."""
    kept = {"kind": report.kind, "email": report.email}
    append_audit(actor=actor, verb=verb, subject=f"report:{report.pk}", at=at, after=kept)


def _get(report_id: int) -> MailedReport:
    report = MailedReport.objects.select_for_update().filter(pk=report_id).first()
    if report is None:
        raise NotFound(_("there is no such report"), code="no_such_report")
    return report


def _faults(kind: str, email: str, name: str, language: str, weekday: int, hour: int) -> list[Fault]:
    faults = []
    if kind not in MailedReport.Kind.values:
        faults.append(Fault("kind", _("choose a report"), "kind", value=kind[:40]))
    try:
        validate_email(email)
    except ValidationError:
        faults.append(Fault("email", _("write an e-mail address"), "email", value=email[:80]))
    if len(name) > 120:
        faults.append(Fault("name", _("at most 120 letters"), "name"))
    if language not in LANGUAGES:
        faults.append(Fault("language", _("choose a language"), "language", value=language[:10]))
    if not 0 <= weekday <= MailedReport.DAILY:
        faults.append(Fault("weekday", _("choose a day of the week"), "weekday", value=str(weekday)))
    if not 0 <= hour <= 23:
        faults.append(Fault("hour", _("choose an hour from 0 to 23"), "hour", value=str(hour)))
    return faults


def _letter(report: MailedReport, occasion: str, at: datetime) -> Letter:
    token = sign(report.pk, purpose=_PURPOSE)
    with override(report.language):
        end = _("%(who)s has this report sent to you. Stop it: %(address)s") % {
            "who": report.set_by_name, "address": address_of(f"/alerts/reports/stop?who={token}"),
        }  # fmt: skip
    return Letter(
        key=f"report:{report.pk}:{occasion}",
        party=f"report:{report.pk}",
        ways=((Channel.EMAIL, report.email),),
        template=TEMPLATE,
        language=report.language,
        parameters=tuple(write_report(report.kind, report.language, at, end)),
        purpose=SERVICE,
        origin=f"mailed-report:{report.pk}",
    )
