"""What a worker does with a run: the step that its state asks for, and what becomes of errors."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, IntegerField, OuterRef
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from inventory.models import ImportRun
from inventory.services.imports.checking import check_claimed
from inventory.services.imports.claims import UNDER_WAY, Claim, Clock, Lost, claim, is_free, let_go
from inventory.services.imports.ending import fail, keep_undo_refused, undo_run
from inventory.services.imports.journal import asker
from inventory.services.imports.writing import write_claimed
from vyapar.kernel.errors import Refused, Unavailable, VyaparError
from vyapar.kernel.phrases import Phrase, listed
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.holding import holding, is_held, list_held, number_of

State = ImportRun.State
#: Faults quoted in the reason of a failure.
_QUOTED = 3


def drive(run_id: UUID, *, at: datetime, clock: Clock | None = None) -> bool:
    """One step of a run: check, some parcels, or undo. True when another step should follow at once.

    What is refused fails the run with its reason; what may pass leaves it to be taken up again, as
    does any other error, which is raised. A run that somebody else has is left alone.
    """
    with holding("import") as sign:
        ours = claim(run_id, at=at, clock=clock, alone=sign.take(number_of(str(run_id))))
        return ours is not None and _try_step(ours, at)


def _try_step(ours: Claim, at: datetime) -> bool:
    try:
        return _step(ours, at)
    except Lost:
        return False
    except Exception as error:
        with suppress(Lost):
            _settle_error(ours, error)
        if isinstance(error, VyaparError):
            return False
        raise


def _settle_error(ours: Claim, error: Exception) -> None:
    if isinstance(error, VyaparError) and not isinstance(error, Unavailable):
        _refuse(ours, error)
    elif isinstance(error, VyaparError):
        let_go(ours, trouble=error.message)
    else:
        let_go(ours, trouble=f"{type(error).__name__}: {error}")


def list_takeable(at: datetime) -> list[UUID]:
    """Runs under way that no living worker has: new ones, and those whose worker died."""
    first = ImportRun.objects.filter(
        number=Cast(KeyTextTransform("follows", OuterRef("options")), IntegerField()), state__in=UNDER_WAY
    )
    under_way = (
        ImportRun.objects.filter(state__in=UNDER_WAY)
        .exclude(state=State.UPLOADED, options__contains={"wait": True})
        .exclude(Exists(first), state=State.UPLOADED)
    )
    held = list_held("import")
    return [
        run.pk for run in under_way.order_by("number")[:100] if is_free(run, at, alone=not _has(run, held))
    ]


def _has(run: ImportRun, held: frozenset[int]) -> bool:
    return is_held(number_of(str(run.pk)), held)


def find_follower(run_id: UUID) -> UUID | None:
    """The run that waited for this one, which is not under way any more, to begin."""
    run = ImportRun.objects.filter(pk=run_id).exclude(state__in=UNDER_WAY).first()
    if run is None:
        return None
    waiting = ImportRun.objects.filter(options__contains={"follows": run.number}, state=State.UPLOADED)
    return waiting.values_list("pk", flat=True).first()


def _step(ours: Claim, at: datetime) -> bool:
    run = ImportRun.objects.get(pk=ours.run_id)
    if run.state in (State.UPLOADED, State.CHECKING):
        if run.options.get("write") and run.options.get("check") is False:
            return _skip_check(ours)
        return check_claimed(ours, at=at).state == State.WRITING
    if run.state == State.WRITING:
        return write_claimed(ours, actor=asker(run), at=at).state == State.WRITING
    undo_run(run.pk, actor=asker(run), at=at)
    return False


@transaction.atomic
def _skip_check(ours: Claim) -> bool:
    run = ours.hold()
    run.state, run.claimed_at, run.attempts = State.WRITING, None, 0
    run.save(update_fields=["state", "claimed_at", "attempts"])
    return True


def _refuse(ours: Claim, error: VyaparError) -> None:
    with transaction.atomic():
        run = ours.hold()
        if run.state != State.UNDOING:
            fail(run, reason=_reason(error), at=ours.clock())
            return
    refusal = error if isinstance(error, Refused) else Refused(error.message)
    keep_undo_refused(run.pk, refusal=refusal, at=ours.clock())


def _reason(error: VyaparError) -> Phrase:
    said = [error.message]
    for one in error.faults[:_QUOTED]:
        if one.message not in said[0]:
            where = [_("row %(row)s", row=one.row)] if one.row else []
            said.append(listed([*where, *filter(None, [one.field]), one.message], ": "))
    return listed(said)
