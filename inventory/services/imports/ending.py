"""Ways a run ends other than well: failed, cancelled, undone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from inventory.contracts.imports import ImportFailed, ImportUndone
from inventory.models import ImportRun
from inventory.services import landing
from inventory.services.imports.journal import ask, asker, note_step, subject_of, with_reason
from inventory.services.imports.locks import lock_run
from inventory.services.imports.reconciling import settle_state
from vyapar.engine.services import append_audit, emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import coded, kept
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: What may still be called off, and what may be undone: whatever has parcels in the tables.
OPEN = (State.UPLOADED, State.CHECKING, State.CHECKED, State.WRITING)
UNDOABLE = (State.WRITTEN, State.RECONCILED, State.CANCELLED, State.FAILED)
#: Letters of a reason that the trail keeps.
_TOLD = 200
#: How many blockers one refusal carries.
_SHOWN = 50


def fail(run: ImportRun, *, reason: str, at: datetime) -> None:
    """End a run that cannot go on; what it has written stands. The row must be locked."""
    run.state, run.finished_at, run.claimed_at = State.FAILED, at, None
    run.error, run.words = kept(reason, 500)
    note_step(run, _("failed: %(reason)s", reason=reason), at)
    run.save()
    told = _("import %(number)s: %(reason)s", number=run.number, reason=reason)
    run.feed.last_error, run.feed.words = kept(told, 500)
    run.feed.updated_at = at
    run.feed.save(update_fields=["last_error", "words", "updated_at"])
    payload = ImportFailed(str(run.pk), run.number, run.feed.code, run.title, reason[:500], run.parts.count())
    short = reason if len(reason) <= _TOLD else reason[:_TOLD]  # whole, it keeps its words
    emit(payload, subject=subject_of(run), actor=asker(run), at=at, reason=short)


@transaction.atomic
def cancel_run(run_id: UUID, *, actor: Actor, at: datetime, reason: str = "") -> ImportRun:
    """Call a run off. One that is being written stops after the parcel it is at; what is in stays in.

    Raises `Refused` when it has ended already.
    """
    run = lock_run(run_id)
    if run.state not in OPEN:
        raise Refused(
            _("import %(run)s has ended: %(state)s", run=run.number, state=coded(run.state)), code="has_ended"
        )
    note_step(run, with_reason(_("%(who)s asked to cancel it", who=str(actor)), reason), at)
    run.cancel_asked = True
    if run.state == State.WRITING and run.claimed_at is not None:
        run.save(update_fields=["log", "cancel_asked"])
    else:
        stop(run, actor=actor, at=at)
    return run


def stop(run: ImportRun, *, actor: Actor, at: datetime) -> None:
    """Call a run off between parcels. The row must be locked."""
    run.state, run.finished_at, run.claimed_at = State.CANCELLED, at, None
    written = run.parts.count()
    note_step(run, _("cancelled after %(written)s parcels", written=written), at)
    run.save()
    append_audit(
        actor=actor, verb="ImportCancelled", subject=subject_of(run), at=at, after={"parcels": written}
    )


@transaction.atomic
def ask_undo(run_id: UUID, *, actor: Actor, at: datetime, reason: str = "") -> ImportRun:
    """Have what a run wrote taken back by a worker. Raises `Refused` with what stands in the way."""
    run = lock_run(run_id)
    _check_undo(run)
    ask(run, actor)
    run.state, run.attempts, run.claimed_at = State.UNDOING, 0, None
    note_step(run, with_reason(_("%(who)s asked to undo it", who=str(actor)), reason), at)
    run.save()
    append_audit(actor=actor, verb="ImportUndoAsked", subject=subject_of(run), at=at, reason=reason)
    return run


@transaction.atomic
def undo_run(run_id: UUID, *, actor: Actor, at: datetime) -> ImportRun:
    """Take back exactly what a run wrote, in one transaction.

    Raises `Refused` with a fault for each thing that depends on it since; nothing is changed then.
    """
    run = lock_run(run_id)
    if run.state != State.UNDOING:
        _check_undo(run)
    taken = landing.take_back(run, actor=actor, at=at)
    if taken.blockers:
        raise _blocked(run, taken.blockers)
    run.state, run.finished_at, run.claimed_at = State.UNDONE, at, None
    run.error, run.words = "", []
    undone = {name: int(count) for name, count in taken.undone.items()}
    counted = ", ".join(f"{n} {name}" for name, n in undone.items())
    note_step(run, _("undone: %(counts)s", counts=counted) if counted else _("undone: nothing"), at)
    run.save()
    payload = ImportUndone(str(run.pk), run.number, run.feed.code, run.title, undone)
    emit(payload, subject=subject_of(run), actor=actor, at=at)
    return run


def keep_undo_refused(run_id: UUID, *, refusal: Refused, at: datetime) -> None:
    """Put a run whose undo was refused in the worker back to what it was, and say why."""
    with transaction.atomic():
        run = lock_run(run_id)
        if run.state != State.UNDOING:
            return
        run.state, run.claimed_at = settle_state(run), None
        run.error, run.words = kept(refusal.message, 500)
        note_step(run, _("not undone: %(why)s", why=refusal.message), at)
        run.save()


def _check_undo(run: ImportRun) -> None:
    if run.state not in UNDOABLE or not run.parts.exists():
        raise Refused(_("import %(run)s has nothing to undo", run=run.number), code="nothing_to_undo")
    blockers = landing.list_blockers(run)
    if blockers:
        raise _blocked(run, blockers)


def _blocked(run: ImportRun, blockers: object) -> Refused:
    faults = [Fault("depends_on_it", str(one), "run") for one in list(blockers)[:_SHOWN]]  # type: ignore[call-overload]
    message = _("import %(number)s cannot be undone: something since depends on it", number=run.number)
    return Refused(message, code="depends_on_it", faults=faults)
