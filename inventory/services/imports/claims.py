"""One worker at a run at a time: claimed, kept alive, given back, taken up when its worker died."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from inventory.models import ImportRun
from inventory.services.imports.ending import fail
from inventory.services.imports.locks import lock_run
from vyapar.kernel.phrases import again, kept
from vyapar.kernel.phrases import phrase as _

#: A worker that lives and gave no word for so long hangs: another may take its run. A parcel takes seconds.
LEASE = timedelta(minutes=5)
#: How often a run is taken up without a parcel written in between, before it is called failed.
MOST_ATTEMPTS = 5

State = ImportRun.State
#: States in which a worker has something to do.
UNDER_WAY = (State.UPLOADED, State.CHECKING, State.WRITING, State.UNDOING)

Clock = Callable[[], datetime]


class Lost(Exception):
    """Somebody else has the run, or a person ended it: stop without a trace."""


@dataclass
class Claim:
    """A run that is ours. `stamp` changes with every sign of life; nobody else knows it."""

    run_id: UUID
    stamp: datetime
    clock: Clock

    def hold(self) -> ImportRun:
        """The run's row, locked, if it is still ours; raises `Lost`. Must run in a transaction."""
        run = lock_run(self.run_id)
        if run.claimed_at != self.stamp or run.state not in UNDER_WAY:
            raise Lost
        return run

    def beat(self, run: ImportRun, ahead: timedelta = timedelta()) -> None:
        """A sign of life; the caller saves the row that `hold` gave it. `ahead`: none comes for so long."""
        run.claimed_at = self.stamp = max(self.clock() + ahead, self.stamp + timedelta(microseconds=1))


@transaction.atomic
def claim(run_id: UUID, *, at: datetime, clock: Clock | None = None, alone: bool = False) -> Claim | None:
    """Take a run that is under way and that no living worker has; None when there is nothing to do.

    `alone`: the caller holds the run's sign of life, so whoever claimed it before is dead. A run that was
    taken up too often without getting further is failed here.
    """
    run = lock_run(run_id)
    waits = run.state == State.UPLOADED and (run.options.get("wait") or _follows_one_under_way(run))
    if run.state not in UNDER_WAY or waits or not is_free(run, at, alone=alone):
        return None
    if run.attempts >= MOST_ATTEMPTS:
        why = again(run.error, run.words) or _("its worker died each time")
        told = _("given up after %(count)s attempts at the same place: %(why)s", count=MOST_ATTEMPTS, why=why)
        fail(run, reason=told, at=at)
        return None
    run.attempts += 1
    ours = Claim(run.pk, at, clock or (lambda: at))
    ours.beat(run)
    run.save(update_fields=["attempts", "claimed_at"])
    return ours


def is_free(run: ImportRun, at: datetime, *, alone: bool) -> bool:
    """Whether a worker may take a run: of one that died at once the first time, then after longer waits."""
    if run.claimed_at is None or run.claimed_at < at - LEASE:
        return True
    return alone and (run.attempts <= 1 or run.claimed_at < at - timedelta(minutes=run.attempts - 1))


def _follows_one_under_way(run: ImportRun) -> bool:
    number = run.options.get("follows")
    return bool(number) and ImportRun.objects.filter(number=number, state__in=UNDER_WAY).exists()


@transaction.atomic
def let_go(ours: Claim, *, trouble: str) -> None:
    """Give a run back after an error that may pass; what the error said is kept until it goes on."""
    run = ours.hold()
    run.claimed_at = None
    run.error, run.words = kept(trouble, 500)
    run.save(update_fields=["claimed_at", "error", "words"])


def give_back(run: ImportRun) -> None:
    """Nobody's again; the caller saves."""
    run.claimed_at = None
