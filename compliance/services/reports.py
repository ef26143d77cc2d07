"""Period reports too long for one request: asked for, printed by a worker, kept for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from compliance.documents.period_report import build
from compliance.documents.render import render_period_report
from compliance.models import ReportFile
from compliance.selectors import collect_period, read_period, waiting_reports
from vyapar.engine.asked import ATTEMPTS, is_given_up, mine, taken
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor

State = ReportFile.State
FOLDER = "reports"
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
    with taken(waiting_reports(), report_id, clock()) as report:
        if report is None:
            return False
        if is_given_up(report):
            _settle(report, state=State.FAILED, reason=report.reason or "its worker was lost each time")
            return False
        return _print(report, clock)


def _print(report: ReportFile, clock: Callable[[], datetime]) -> bool:
    name = f"{FOLDER}/{report.pk}.pdf"
    try:
        content = render_period_report(
            build(collect_period(report.period, clock())), language=report.language
        )
        default_storage.delete(name)  # of a worker that died before it could say so
        name = default_storage.save(name, ContentFile(content))
    except Exception as error:
        failed = report.attempts >= ATTEMPTS
        _settle(
            report, state=State.FAILED if failed else State.WAITING, begun_at=None,
            reason=f"{type(error).__name__}: {error}"[:300],
        )  # fmt: skip
        raise
    digest = hashlib.sha256(content).hexdigest()
    return _settle(
        report, state=State.READY, ready_at=clock(), reason="", file=name, bytes=len(content), sha256=digest
    )


def _settle(report: ReportFile, **columns: Any) -> bool:
    return bool(mine(waiting_reports(), report).update(**columns))


def clear_reports(*, at: datetime) -> int:
    """Remove reports and their files that were asked for long ago; returns how many."""
    old = list(ReportFile.objects.filter(asked_at__lt=at - timedelta(days=KEPT_DAYS))[:50])
    for report in old:
        if report.file:
            default_storage.delete(report.file)
        report.delete()
    return len(old)
