"""Takeouts as jobs: asked for, made by a worker with signs of life, kept for a while, fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.files import File
from django.core.files.storage import default_storage

from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import NotFound, Refused, VyaparError
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.room import is_no_room, no_room
from vyapar.ops.takeout.pack import FOLDER, take_out
from vyapar.tenancy.selectors import current_distributor

#: Finished ones that are kept; older ones make room.
KEPT = 3
#: A worker without a sign of life for this long was cut off.
SILENCE = timedelta(minutes=5)
_RUNNING = "takeout:running"
_REMEMBERED_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Job:
    """How far a takeout is. `state` is queued, running, done, failed or cut_off."""

    id: str
    state: str
    at: datetime
    asked_by: str
    beat: datetime
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
    job = Job(str(uuid4()), "queued", at, str(actor), at)
    if not cache.add(_RUNNING, job.id, timeout=int(SILENCE.total_seconds())):
        raise Refused(_("a takeout is being made; wait until it is done"), code="takeout_running")
    _keep(job)
    append_audit(actor=actor, verb="TakeoutAsked", subject=f"takeout:{job.id}", at=at)
    return job


def make(job_id: str, *, clock: Callable[[], datetime]) -> None:
    """Make the takeout that was asked for; called again after a crash it starts anew, done it is done."""
    job = get(UUID(job_id), clock())
    if job.state in ("done", "failed") or not _mine(job_id):
        return

    def tell(done: int, total: int, what: str) -> None:
        cache.touch(_RUNNING, int(SILENCE.total_seconds()))
        _keep(_moved(job, state="running", beat=clock(), done=done, total=total, what=what))

    try:
        _make(job, tell, clock)
    except Exception as error:
        _keep(_moved(job, state="failed", beat=clock(), error=_failed(error)))
        raise
    finally:
        cache.delete(_RUNNING)


def _failed(error: Exception) -> str:
    error = no_room() if is_no_room(error) else error
    said = error.message if isinstance(error, VyaparError) else str(error)[:300]
    return listed([type(error).__name__, said], ": ")


def _make(job: Job, tell: Callable[[int, int, str], None], clock: Callable[[], datetime]) -> None:
    at = clock()
    name = f"{current_distributor().slug}-{at.astimezone(IST):%Y%m%d-%H%M%S}.zip"
    settings.HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.HOME, prefix="takeout-") as folder:
        path = Path(folder) / name
        taken = take_out(path, at=at, tell=tell)
        with path.open("rb") as content:
            kept = default_storage.save(f"{FOLDER}/{name}", File(content))
        size = path.stat().st_size
    now = clock()
    append_audit(
        actor=system("takeout"),
        verb="TakeoutMade",
        subject=f"takeout:{job.id}",
        at=now,
        after={"file": kept, "rows": taken.rows, "bytes": size, "breaks": len(taken.chain_breaks)},
    )
    breaks = len(taken.chain_breaks)
    _keep(_moved(job, state="done", beat=now, file=kept, rows=taken.rows, bytes=size, breaks=breaks, what=""))
    for old in list_kept()[KEPT:]:
        default_storage.delete(f"{FOLDER}/{old.name}")


def get(job_id: UUID, at: datetime) -> Job:
    """How far a takeout of the last week is."""
    job = cache.get(_key(str(job_id)))
    if not isinstance(job, Job):
        raise NotFound(_("there is no such takeout, or it is more than a week old"), code="no_such_takeout")
    silent = job.state in ("queued", "running") and at - job.beat > SILENCE
    return _moved(job, state="cut_off") if silent else job


def current(at: datetime) -> Job | None:
    """The takeout that was asked for last, if the house remembers one."""
    latest = cache.get("takeout:latest")
    try:
        return get(UUID(str(latest)), at) if latest else None
    except NotFound:
        return None


def list_kept() -> list[Kept]:
    """Finished takeouts, newest first."""
    if not default_storage.exists(FOLDER):
        return []
    names = sorted(default_storage.listdir(FOLDER)[1], reverse=True)
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


def _mine(job_id: str) -> bool:
    """Whether the one takeout at a time is this one; after a crash it takes its place again."""
    seconds = int(SILENCE.total_seconds())
    return bool(cache.add(_RUNNING, job_id, timeout=seconds)) or cache.get(_RUNNING) == job_id


def _key(job_id: str) -> str:
    return f"takeout:job:{job_id}"


def _keep(job: Job) -> None:
    cache.set(_key(job.id), job, timeout=_REMEMBERED_SECONDS)
    cache.set("takeout:latest", job.id, timeout=_REMEMBERED_SECONDS)


def _moved(job: Job, **changes: Any) -> Job:
    values = {name: getattr(job, name) for name in Job.__slots__}
    return Job(**{**values, **changes})
