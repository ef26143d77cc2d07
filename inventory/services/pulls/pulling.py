"""A pull: claim the feed, fetch with no transaction open, then runs and cursor in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef

from inventory.contracts.pulls import FeedHalted
from inventory.feeds import Access, Fetched, System
from inventory.models import Feed, ImportRun
from inventory.selectors.pullers import LOCK, list_pulled
from inventory.services.imports import open_run
from inventory.services.imports.storage import drop_file
from inventory.services.pulls.reaching import access_of, breaker_name, feed_breakers, system_of
from vyapar.engine.services import emit
from vyapar.farside.http import masked
from vyapar.farside.resilience import CIRCUIT_OPEN
from vyapar.kernel.actor import system as system_actor
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Misconfigured, Refused, Unavailable, VyaparError
from vyapar.kernel.phrases import kept
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema

log = structlog.get_logger(__name__)

PULLER = system_actor("pulls")
#: A worker that has had a feed for so long without an end is taken for hung; what it still brings is dropped.
#: One that died is known at once, for its lock went with it: its feed is pulled again after a short wait.
LEASE = timedelta(minutes=15)
#: The first wait after a failure; it doubles, up to the longest.
_FIRST_WAIT, _LONGEST_WAIT = 60, 3_600

State = ImportRun.State
_UNDER_WAY = (State.UPLOADED, State.CHECKING, State.WRITING, State.UNDOING)
_WELL = (State.RECONCILED, State.WRITTEN)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of a pull. `outcome`: brought, nothing, busy, failed; `runs` are numbers of imports.

    `busy`: somebody else has the feed, it is switched off, or an import of it is under way. `more`
    says that the next pull should follow at once.
    """

    outcome: str
    runs: tuple[int, ...] = ()
    run_ids: tuple[str, ...] = ()
    more: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Claim:
    feed_id: int
    stamp: datetime
    access: Access
    system: System
    cursor: Mapping[str, Any]
    breaker: str


class _Lost(Exception):
    """The lease ran out and somebody else has the feed: what was fetched is dropped."""


def due_pulls(at: datetime) -> list[int]:
    """Feeds whose time has come and that nobody has; those whose last import is under way wait."""
    due = Feed.objects.filter(active=True, next_pull_at__lte=at).exclude(_busy())
    names = ("pk", "pull_claimed_at", "failed_pulls")
    found = list(due.order_by("next_pull_at").only(*names))
    alive = list_pulled() if any(feed.pull_claimed_at for feed in found) else frozenset()
    return [feed.pk for feed in found if _is_free(feed, feed.pk in alive, at)][:20]


def _is_free(feed: Feed, alive: bool, at: datetime) -> bool:
    """Whether nobody has the feed: its worker came to an end, died a while ago, or hangs."""
    if feed.pull_claimed_at is None:
        return True
    # what killed one worker may kill the next: not at once, and ever later
    dead = timedelta(seconds=_FIRST_WAIT * 2 ** min(feed.failed_pulls, 10))
    return feed.pull_claimed_at <= at - (LEASE if alive else min(dead, LEASE))


def _busy() -> Exists:
    return Exists(ImportRun.objects.filter(feed=OuterRef("pk"), state__in=_UNDER_WAY))


def pull(feed_id: int, *, at: datetime) -> Pulled:
    """Fetch what is new and open runs for it. Never raises what a far side or a setting is to blame for.

    Safe to call any number of times and by any number of workers. The cursor moves in the transaction
    that opens the runs: a worker that dies leaves both as they were. A failure is kept on the feed and
    tried again later; one that a person must mend stops the feed's pulls and says so once.
    """
    with _lock(feed_id) as alone:
        return _pull(feed_id, at, alone)


def _pull(feed_id: int, at: datetime, alone: bool) -> Pulled:
    claim = _claim(feed_id, at, alone)
    if claim is None:
        return Pulled("busy")
    try:
        with TemporaryDirectory(prefix="pull-") as folder:
            waiting = _settle(claim)
            fetched = _fetch(claim, waiting, Path(folder))
            return _keep(claim, fetched, waiting, at)
    except _Lost:
        log.warning("pull_lost", feed=claim.access.code)
        return Pulled("busy")
    except VyaparError as error:
        return _fail(claim, error, at)
    except Exception as error:
        _fail(claim, Unavailable(_("%(error)s while pulling", error=type(error).__name__), code="broke"), at)
        raise


@contextmanager
def _lock(feed_id: int) -> Iterator[bool]:
    """Hold the sign that a worker lives and is at the feed; False where another worker holds it.

    It goes with the connection if we are killed.
    """
    keys: list[str | int] = [current_schema(), feed_id]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({LOCK})", keys)
        (ours,) = cursor.fetchone()
    try:
        yield bool(ours)
    finally:
        if ours:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({LOCK})", keys)


@transaction.atomic
def _claim(feed_id: int, at: datetime, alone: bool) -> _Claim | None:
    feed = Feed.objects.select_for_update().filter(pk=feed_id, active=True).exclude(_busy()).first()
    if feed is None or not _is_free(feed, not alone, at) or not (alone or feed.pull_claimed_at):
        return None
    system = system_of(feed)
    if system.fetch is None:
        return None
    if feed.pull_claimed_at is not None:
        feed.failed_pulls = min(feed.failed_pulls + 1, 30)
    feed.pull_claimed_at = at
    feed.save(update_fields=["pull_claimed_at", "failed_pulls"])
    return _Claim(feed.pk, at, access_of(feed), system, dict(feed.cursor), breaker_name(feed))


def _settle(claim: _Claim) -> dict[str, int]:
    """Tell the far side of files whose runs have ended; those that have not, by name."""
    waiting: dict[str, int] = dict(claim.cursor.get("waiting") or {})
    if claim.system.settle is None or not waiting:
        return waiting
    states = dict(ImportRun.objects.filter(number__in=waiting.values()).values_list("number", "state"))
    for name, number in list(waiting.items()):
        state = states.get(number, State.CANCELLED)
        if state in _UNDER_WAY or state == State.CHECKED:
            continue
        claim.system.settle(claim.access, name, number, state in _WELL)
        del waiting[name]
    return waiting


def _fetch(claim: _Claim, waiting: Mapping[str, int], folder: Path) -> Fetched:
    """What the far side brought; an outage counts for the feed's breaker even if some of it came."""
    came: list[Fetched] = []

    def call() -> None:
        assert claim.system.fetch is not None
        cursor = {**claim.cursor, **({"waiting": dict(waiting)} if "waiting" in claim.cursor else {})}
        came.append(claim.system.fetch(claim.access, cursor, folder))
        if came[0].error is not None:
            raise came[0].error

    try:
        feed_breakers().call(claim.breaker, current_schema(), call)
    except VyaparError:
        if not came:
            raise
    return came[0]


def _keep(claim: _Claim, fetched: Fetched, waiting: dict[str, int], at: datetime) -> Pulled:
    runs: list[ImportRun] = []
    try:
        with transaction.atomic():
            feed = _hold(claim)
            refused = _open(feed, claim, fetched, waiting, runs, at)
            cursor = {key: value for key, value in fetched.cursor.items() if key != "waiting"}
            feed.cursor = {**cursor, **({"waiting": waiting} if waiting else {})}
            error = fetched.error or refused
            more = not fetched.complete and fetched.error is None
            _end(feed, error, more=more, nothing=not runs, at=at)
    except BaseException:
        for run in runs:  # the transaction forgets the run; the storage would not forget its file
            drop_file(run.file)
        raise
    numbers, ids = tuple(run.number for run in runs), tuple(str(run.pk) for run in runs)
    outcome = "brought" if runs else "failed" if error else "nothing"
    return Pulled(outcome, numbers, ids, more, error.message if error else "")


def _open(
    feed: Feed, claim: _Claim, fetched: Fetched, waiting: dict[str, int], runs: list[ImportRun], at: datetime
) -> VyaparError | None:
    """Runs for the files; what cannot even be kept (empty, too large) is set aside and told."""
    refused: VyaparError | None = None
    opens_with = {key: feed.settings[key] for key in ("opens_with",) if feed.settings.get(key)}
    local = at.astimezone(IST)
    for number, path in enumerate(fetched.files):
        name = fetched.names[number] if fetched.names else ""
        title = name or f"{feed.code} {local:%Y-%m-%d %H.%M}{path.suffix}"
        options = {"write": True, **opens_with}
        if runs:  # masters before what names them: files of one pull are taken in one after the other
            options["follows"] = runs[-1].number
        try:
            # what was pulled is news even if its bytes were there before: prices go up and down again
            run = open_run(
                feed=feed, content=path, title=title, options=options, actor=PULLER, at=at, again=not name
            )
        except Refused as error:
            if not name or claim.system.settle is None:
                raise
            claim.system.settle(claim.access, name, 0, False)
            refused = error
            continue
        if name:
            waiting[name] = run.number
        if not getattr(run, "known", False):
            runs.append(run)
    return refused


def _hold(claim: _Claim) -> Feed:
    """The feed's row, locked, if it is still ours; `_Lost` otherwise."""
    feed = Feed.objects.select_for_update().get(pk=claim.feed_id)
    if feed.pull_claimed_at != claim.stamp:
        raise _Lost
    return feed


def _fail(claim: _Claim, error: VyaparError, at: datetime) -> Pulled:
    try:
        with transaction.atomic():
            _end(_hold(claim), error, more=False, nothing=True, at=at)
    except _Lost:
        return Pulled("busy")
    return Pulled("failed", error=error.message)


def _end(feed: Feed, error: VyaparError | None, *, more: bool, nothing: bool, at: datetime) -> None:
    """Give the feed back: when it is pulled next, and what it says of this time."""
    feed.pull_claimed_at = None
    if error is None:
        feed.failed_pulls, feed.last_error, feed.words = 0, "", []
        if more:
            feed.next_pull_at = at
        else:
            feed.next_pull_at = at + timedelta(seconds=feed.every_seconds) if feed.every_seconds else None
            if nothing:  # that there is no news is news: the data are as fresh as now
                feed.last_ok_at = at
    else:
        _note_failure(feed, error, at)
    feed.updated_at = at
    feed.save()


def _note_failure(feed: Feed, error: VyaparError, at: datetime) -> None:
    said = masked(error.message, tuple(value for value in feed.secrets.values() if len(value) > 3))
    reason, words = kept(error.message if said == error.message else said, 500)
    if isinstance(error, Unavailable):
        if error.code != CIRCUIT_OPEN:
            feed.failed_pulls = min(feed.failed_pulls + 1, 30)
        wait = min(_FIRST_WAIT * 2 ** max(feed.failed_pulls - 1, 0), _LONGEST_WAIT)
        feed.next_pull_at = at + timedelta(seconds=max(wait, error.retry_after))
    else:
        halts = isinstance(error, Misconfigured) or not feed.every_seconds
        feed.next_pull_at = None if halts else at + timedelta(seconds=feed.every_seconds)
        if halts and feed.last_error != reason:
            emit(
                FeedHalted(feed.code, feed.name, reason, error.code),
                subject=f"feed:{feed.code}", actor=PULLER, at=at,
            )  # fmt: skip
    feed.last_error, feed.words = reason, words
