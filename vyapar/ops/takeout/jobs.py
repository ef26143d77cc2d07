"""Takeouts as jobs: asked for, made by a worker with signs of life, kept for a while, fetched."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from redis.exceptions import RedisError

from vyapar.engine.asked import is_at_work, is_given_up, mine, taken
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import NotFound, Refused, VyaparError
from vyapar.kernel.phrases import again, kept, listed
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.room import is_no_room, no_room
from vyapar.ops.takeout.models import Takeout
from vyapar.ops.takeout.pack import FOLDER, Taken, take_out
from vyapar.tenancy.selectors import current_distributor

State = Takeout.State
#: Finished ones that are kept; older ones make room.
KEPT = 3
#: How long a takeout is remembered once it is done or failed.
REMEMBERED = timedelta(days=7)
#: No worker is at one takeout for so long; a folder that old belongs to one that was killed.
ABANDONED = timedelta(days=1)
#: Seconds between two words about how far it is.
_TELL_SECONDS = 0.5
_TOLD_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Job:
    """How far a takeout is. `state` is queued, running, cut_off (its worker was lost, another one takes it
    up), done or failed. `done`, `total` and `what` are zero and empty where nothing is known of it.
    """

    id: str
    state: str
    at: datetime
    asked_by: str
    done: int = 0
    total: int = 0
    what: str = ""
    file: str = ""
    rows: int = 0
    bytes: int = 0
    breaks: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished takeout in the storage."""

    name: str
    bytes: int
    at: datetime


def start(*, actor: Actor, at: datetime) -> Job:
    """Ask for a takeout; `Refused` while one is being made."""
    try:
        with transaction.atomic():
            row = Takeout.objects.create(asked_at=at, asked_by=str(actor)[:200])
            append_audit(actor=actor, verb="TakeoutAsked", subject=f"takeout:{row.pk}", at=at)
    except IntegrityError as error:
        if "takeout_being_made_once" not in str(error):
            raise
        raise Refused(_("a takeout is being made; wait until it is done"), code="takeout_running") from error
    return _job(row)


def waiting() -> QuerySet[Takeout]:
    """Takeouts that were asked for and are neither made nor failed."""
    return Takeout.objects.filter(state=State.WAITING)


def make(job_id: UUID, *, clock: Callable[[], datetime]) -> None:
    """Make the takeout that was asked for; called again after a crash it starts anew, done it is done."""
    with taken(waiting(), job_id, clock()) as row:
        if row is None:
            return
        _discard(_folder(row))
        if is_given_up(row):
            _fail(row, _("its worker was lost each time: see the workers' log, and the memory they have"))
            return
        try:
            _make(row, clock)
        except Exception as error:
            _fail(row, _why(error))
            raise


def _why(error: Exception) -> str:
    error = no_room() if is_no_room(error) else error
    said = error.message if isinstance(error, VyaparError) else str(error)[:300]
    return listed([type(error).__name__, said], ": ")


def _fail(row: Takeout, why: str) -> None:
    text, words = kept(why, 400)
    mine(waiting(), row).update(state=State.FAILED, error=text, words=words)


def _make(row: Takeout, clock: Callable[[], datetime]) -> None:
    name, folder = _name(row), _folder(row)
    folder.mkdir(parents=True)
    try:
        path = folder / name
        made = take_out(path, at=clock(), tell=_teller(row))
        default_storage.delete(f"{FOLDER}/{name}")  # of a worker that died before it could say so
        with path.open("rb") as content:
            stored = default_storage.save(f"{FOLDER}/{name}", File(content))
        size = path.stat().st_size
    finally:
        _discard(folder)
    _finish(row, stored, size, made, clock())
    for old in list_kept()[KEPT:]:
        default_storage.delete(f"{FOLDER}/{old.name}")


@transaction.atomic
def _finish(row: Takeout, stored: str, size: int, made: Taken, at: datetime) -> None:
    breaks = len(made.chain_breaks)
    done = {"state": State.DONE, "file": stored, "rows": made.rows, "bytes": size, "breaks": breaks}
    if not mine(waiting(), row).update(**done):
        raise Refused(_("another worker has made the takeout meanwhile"), code="taken_over")
    append_audit(
        actor=system("takeout"),
        verb="TakeoutMade",
        subject=f"takeout:{row.pk}",
        at=at,
        after={"file": stored, "rows": made.rows, "bytes": size, "breaks": breaks},
    )


def get(job_id: UUID) -> Job:
    """How far a takeout of the last week is."""
    row = Takeout.objects.filter(pk=job_id).first()
    if row is None:
        raise NotFound(_("there is no such takeout, or it is more than a week old"), code="no_such_takeout")
    return _job(row)


def current() -> Job | None:
    """The takeout that was asked for last, if one is remembered."""
    row = Takeout.objects.order_by("-asked_at").first()
    return _job(row) if row else None


def clear(at: datetime) -> None:
    """Forget takeouts of long ago, and remove half-made ones that their workers could not."""
    Takeout.objects.exclude(state=State.WAITING).filter(asked_at__lt=at - REMEMBERED).delete()
    for folder in settings.HOME.glob("takeout-*"):
        with suppress(FileNotFoundError):  # its worker is done with it
            if folder.stat().st_mtime < (at - ABANDONED).timestamp():
                _discard(folder)


def list_kept() -> list[Kept]:
    """Finished takeouts, newest first."""
    if not default_storage.exists(FOLDER):
        return []
    unfinished = {_name(row) for row in waiting()}  # stored, and its worker died before it could say so
    names = sorted(set(default_storage.listdir(FOLDER)[1]) - unfinished, reverse=True)
    paths = [(name, f"{FOLDER}/{name}") for name in names if name.endswith(".zip")]
    return [
        Kept(name, default_storage.size(path), default_storage.get_created_time(path)) for name, path in paths
    ]


def fetch(name: str, *, actor: Actor, at: datetime) -> Any:
    """A finished takeout, opened; that somebody fetched it is kept in the trail."""
    if name not in {kept.name for kept in list_kept()}:
        raise NotFound(_("there is no such takeout any more"), code="no_such_takeout")
    append_audit(actor=actor, verb="TakeoutFetched", subject=f"takeout:{name}", at=at)
    return default_storage.open(f"{FOLDER}/{name}")


# --- parts ---------------------------------------------------------------------------------


def _job(row: Takeout) -> Job:
    done, total, what = _told(row) if row.state == State.WAITING else (0, 0, "")
    return Job(
        id=str(row.pk), state=_state(row), at=row.asked_at, asked_by=row.asked_by, done=done, total=total,
        what=what, file=row.file, rows=row.rows, bytes=row.bytes, breaks=row.breaks,
        error=again(row.error, row.words),
    )  # fmt: skip


def _state(row: Takeout) -> str:
    if row.state != State.WAITING:
        return row.state
    if row.begun_at is None:
        return "queued"
    return "running" if is_at_work(row) else "cut_off"


def _teller(row: Takeout) -> Callable[[int, int, str], None]:
    """Tells now and then how far it is: in the cache, since the packing's own transaction only reads. A
    cache that is away or forgets takes nothing else with it.
    """
    last = 0.0

    def tell(done: int, total: int, what: str) -> None:
        nonlocal last
        if time.monotonic() - last < _TELL_SECONDS and done < total:
            return
        last = time.monotonic()
        with suppress(RedisError):
            cache.set(_key(row), (done, total, what), timeout=_TOLD_SECONDS)

    return tell


def _told(row: Takeout) -> tuple[int, int, str]:
    try:
        return cache.get(_key(row)) or (0, 0, "")
    except RedisError:
        return 0, 0, ""


def _key(row: Takeout) -> str:
    return f"takeout:told:{row.pk}:{row.attempts}"


def _name(row: Takeout) -> str:
    return f"{current_distributor().slug}-{row.asked_at.astimezone(IST):%Y%m%d-%H%M%S}.zip"


def _folder(row: Takeout) -> Path:
    """Where it is packed; the same for whoever takes it up again."""
    return Path(settings.HOME) / f"takeout-{row.pk}"


def _discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
