"""Period reports too long for one request: asked for, printed by a worker, kept for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from compliance.documents.period_report import build
from compliance.documents.render import render_period_report
from compliance.models import ReportFile
from compliance.selectors import collect_period, read_period
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

State = ReportFile.State
FOLDER = "reports"
#: A printing that began this long ago and is not done lost its worker.
SILENCE = timedelta(minutes=30)
ATTEMPTS = 3
KEPT_DAYS = 30


@transaction.atomic
def ask_report(period: str, *, actor: Actor, at: datetime, language: str = "en") -> ReportFile:
    """Have the report of a month printed in a language; asked again while that is printed, it is that one.

    Raises `Invalid` for what is no month.
    """
    read_period(period)
    report, is_new = ReportFile.objects.get_or_create(
        period=period,
        language=language,
        state=State.WAITING,
        defaults={"asked_at": at, "asked_by": actor.ref},
    )
    if is_new:
        append_audit(actor=actor, verb="ReportAsked", subject=f"report:{period}", at=at)
    return report


def print_report(report_id: UUID, *, clock: Callable[[], datetime]) -> bool:
    """Print what was asked for and keep it; whether this call did. Twice is once, a dead worker's is redone.

    What fails is tried again by the next look at it, at most `ATTEMPTS` times, and then says why.
    """
    report = _take(report_id, clock())
    if report is None:
        return False
    try:
        content = render_period_report(
            build(collect_period(report.period, clock())), language=report.language
        )
        name = default_storage.save(f"{FOLDER}/{report.pk}.pdf", ContentFile(content))
    except Exception as error:
        report.reason = f"{type(error).__name__}: {error}"[:300]
        report.state = State.FAILED if report.attempts >= ATTEMPTS else State.WAITING
        report.begun_at = None
        report.save(update_fields=["reason", "state", "begun_at"])
        raise
    report.file, report.bytes, report.sha256 = name, len(content), hashlib.sha256(content).hexdigest()
    report.state, report.ready_at, report.reason = State.READY, clock(), ""
    report.save()
    return True


def clear_reports(*, at: datetime) -> int:
    """Remove reports and their files that were asked for long ago; returns how many."""
    old = list(ReportFile.objects.filter(asked_at__lt=at - timedelta(days=KEPT_DAYS))[:50])
    for report in old:
        if report.file:
            default_storage.delete(report.file)
        report.delete()
    return len(old)


@transaction.atomic
def _take(report_id: UUID, at: datetime) -> ReportFile | None:
    """The report, marked as begun; None when it is done, given up, or in another worker's hands."""
    report = ReportFile.objects.select_for_update().filter(pk=report_id, state=State.WAITING).first()
    if report is None or (report.begun_at is not None and report.begun_at > at - SILENCE):
        return None
    if report.attempts >= ATTEMPTS:
        report.state, report.reason = State.FAILED, report.reason or "its worker was lost each time"
        report.save(update_fields=["state", "reason"])
        return None
    report.begun_at, report.attempts = at, report.attempts + 1
    report.save(update_fields=["begun_at", "attempts"])
    return report
