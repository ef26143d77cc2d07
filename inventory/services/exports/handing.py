"""Handing documents over: claim, call with no transaction open, settle. In doubt, the far side is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction

from inventory.contracts.exports import ExportGivenUp, read_document
from inventory.contracts.feeds import Acknowledged, ExportDocument
from inventory.feeds import SYSTEMS, Access, System
from inventory.models import Export, Feed
from inventory.selectors.exports import is_pushed
from inventory.services.exports.acknowledging import record_answer
from inventory.services.exports.order import Standing, standing_of
from inventory.services.exports.queueing import cancel
from vyapar.engine.services import append_audit, emit
from vyapar.farside.resilience import CIRCUIT_OPEN, breakers
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.errors import NotFound, NotNow, Refused, Rejected, Unavailable, VyaparError
from vyapar.kernel.phrases import coded, kept
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema

log = structlog.get_logger(__name__)

State = Export.State
MAX_ATTEMPTS = 8
_BACKOFF_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200)
#: A hand-over without a word for this long was cut off; it is then asked about.
LEASE = timedelta(minutes=5)
#: A document whose predecessor is not with the books yet looks again after this long.
TURN = timedelta(seconds=30)
CLERK = system("exports")


@dataclass(frozen=True, slots=True)
class _Claim:
    pk: int
    token: UUID
    document: ExportDocument
    access: Access
    far_side: System
    in_doubt: bool


def list_due_exports(at: datetime, limit: int = 50) -> list[int]:
    """Documents that systems take by a call and whose time has come, in the order of their queueing."""
    pushed = [feed.pk for feed in Feed.objects.filter(active=True) if is_pushed(feed)]
    rows = Export.objects.filter(
        feed_id__in=pushed,
        state__in=[State.QUEUED, State.LOCKED],
        next_try_at__lte=at,
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def hand_over(export_id: int, *, at: datetime) -> bool:
    """Hand one document over to its system; True when the system has it now.

    Safe to call any number of times and by any number of workers. A call that was cut off, or whose
    outcome nobody knows, stays locked; the next one asks the far side by key before it repeats
    anything. A failure is kept on the document and tried again, bounded.
    """
    claim = _claim(export_id, at)
    if claim is None:
        return False
    try:
        answer = breakers(settings.REDIS_URL).call(
            f"export:{claim.access.code}", current_schema(), _call, claim
        )
    except Unavailable as error:
        _put_off(claim, error, at)
    except Refused as error:
        _settle(claim, Acknowledged(False, reason=error.message), at)
    except VyaparError as error:
        _note(claim, error, at)
    except Exception as error:
        log.exception("export_broke", key=claim.document.key)
        what = _("%(error)s while handing it over", error=type(error).__name__)
        _put_off(claim, Unavailable(what, code="broke", outcome_unknown=True), at)
    else:
        _settle(claim, answer, at)
        return answer.accepted
    return False


def _call(claim: _Claim) -> Acknowledged:
    if claim.in_doubt and claim.far_side.find is not None:
        found = claim.far_side.find(claim.access, claim.document)
        if found is not None:
            return found
    assert claim.far_side.push is not None
    return claim.far_side.push(claim.access, claim.document)


@transaction.atomic
def retry_export(export_id: int, *, reason: str, actor: Actor, at: datetime) -> Export:
    """Put a document in line again that was rejected or given up; a person says why."""
    row = Export.objects.select_for_update().filter(pk=export_id).first()
    if row is None:
        raise NotFound(_("there is no such export"), code="no_such_export")
    if not row.can_be_retried:
        raise Refused(
            _("this document is %(state)s; there is nothing to try again", state=coded(row.state)),
            code="not_rejected",
        )
    if row.state == State.REJECTED:
        row.state, row.file, row.lock_token, row.locked_at, row.locked_by = State.QUEUED, "", None, None, ""
    row.attempts, row.next_try_at, row.reason, row.last_error, row.updated_at = 0, at, "", "", at
    row.words = {}
    row.save()
    append_audit(
        actor=actor,
        verb="ExportRetried",
        subject=f"export:{row.key}",
        at=at,
        after={"feed": row.feed.code},
        reason=reason,
        action_id=row.action_id,
    )
    return row


# --- claim ---------------------------------------------------------------------------------


@transaction.atomic
def _claim(export_id: int, at: datetime) -> _Claim | None:
    row = (
        Export.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("feed")
        .filter(pk=export_id, state__in=[State.QUEUED, State.LOCKED], next_try_at__lte=at)
        .first()
    )
    if row is None or row.file:
        return None
    if not is_pushed(row.feed) or not row.feed.active:
        return None
    far_side = SYSTEMS[row.feed.system]
    in_doubt = row.state == State.LOCKED
    if not in_doubt and not _may_go(row, at):
        return None
    row.state, row.lock_token, row.locked_at, row.locked_by = State.LOCKED, uuid4(), at, str(CLERK)
    row.attempts, row.next_try_at, row.updated_at = row.attempts + 1, at + LEASE, at
    row.save()
    feed = row.feed
    access = Access(
        code=feed.code,
        tenant=current_schema(),
        settings=feed.settings,
        secrets=feed.secrets,
        sandbox=feed.sandbox,
        redis_url=settings.REDIS_URL,
    )
    return _Claim(row.pk, row.lock_token, read_document(row.document), access, far_side, in_doubt)


def _may_go(row: Export, at: datetime) -> bool:
    standing = standing_of(row)
    if standing is Standing.VOID:
        cancel(row, "the books never had what it takes back", actor=CLERK, at=at)
    elif standing is Standing.WAIT:
        row.next_try_at = at + TURN
        row.save(update_fields=["next_try_at"])
    return standing is Standing.GO


# --- settle --------------------------------------------------------------------------------


def _mine(claim: _Claim) -> Export | None:
    """The row, locked, while it is still this claim's: not answered by others, not claimed anew."""
    rows = Export.objects.select_for_update().filter(pk=claim.pk, state=State.LOCKED, lock_token=claim.token)
    return rows.first()


@transaction.atomic
def _settle(claim: _Claim, answer: Acknowledged, at: datetime) -> None:
    row = _mine(claim)
    if row is not None:
        record_answer(row, answer, actor=CLERK, at=at)


@transaction.atomic
def _put_off(claim: _Claim, error: Unavailable, at: datetime) -> None:
    """Down or slow. With the outcome unknown it stays locked, so that it is asked about first."""
    row = _mine(claim)
    if row is None:
        return
    not_tried = error.code == CIRCUIT_OPEN or isinstance(error, NotNow)
    if not_tried:
        row.attempts -= 1
    if not (error.outcome_unknown or claim.in_doubt):
        row.state, row.lock_token, row.locked_at, row.locked_by = State.QUEUED, None, None, ""
    _try_later(row, error, at)


@transaction.atomic
def _note(claim: _Claim, error: VyaparError, at: datetime) -> None:
    """Declined for a person to mend (`Rejected`), or ours to mend (`Misconfigured`)."""
    row = _mine(claim)
    if row is None:
        return
    if isinstance(error, Rejected):
        record_answer(row, Acknowledged(False, reason=error.message), actor=CLERK, at=at)
        return
    if not claim.in_doubt:
        row.state, row.lock_token, row.locked_at, row.locked_by = State.QUEUED, None, None, ""
    _try_later(row, error, at)


def _try_later(row: Export, error: VyaparError, at: datetime) -> None:
    asked = error.retry_after if isinstance(error, Unavailable) else 0
    wait = max(_BACKOFF_SECONDS[min(row.attempts, len(_BACKOFF_SECONDS)) - 1], asked)
    row.last_error, row.words["last_error"] = kept(error.message, 500)
    row.updated_at = at
    row.next_try_at = at + timedelta(seconds=wait)
    log.warning("export_put_off", key=row.key, error=error.message, wait=wait)
    if row.attempts >= MAX_ATTEMPTS:
        row.next_try_at = None
        emit(
            ExportGivenUp(row.key, row.kind, row.feed.code, error.message),
            subject=f"export:{row.key}",
            actor=CLERK,
            at=at,
            action_id=row.action_id,
            reason=error.message,
        )
    row.save()
