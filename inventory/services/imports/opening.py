"""A file comes in: kept, sealed, known again when it was there before; how it is read is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from inventory.feeds import SYSTEMS
from inventory.models import Feed, ImportRun, MappingProfile
from inventory.services.imports.journal import ask, note_step, subject_of, with_reason
from inventory.services.imports.locks import lock_run
from inventory.services.imports.storage import Kept, drop_file, keep_file
from inventory.services.staging import take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

State = ImportRun.State
#: Runs of these states do not count when the same file comes again.
GONE = (State.CANCELLED, State.FAILED, State.UNDONE)
#: Options that say who goes on and when, not how the file is read.
_MANNERS = frozenset({"write", "wait", "check", "follows"})


def open_run(
    *,
    feed: Feed,
    content: IO[bytes] | Path,
    title: str,
    options: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    profile: MappingProfile | None = None,
    again: bool = False,
) -> ImportRun:
    """Keep a file and open a run for it; nothing is read yet.

    The same bytes from the same feed, read the same way, are answered with the earlier run, `known`
    set on it, unless that one was cancelled, failed or undone, or `again` asks for another reading.
    Options: those of the system's `open`, and `write` (goes on to write without a click), `check`
    (False: straight to writing), `wait` (a person still chooses), `follows` (the number of an import that
    must come to its end, or to a person, before this one begins). Raises `TooLarge` or `Invalid`.
    """
    system = SYSTEMS.get(feed.system)
    if system is None or system.open is None:
        fault = Fault("cannot_open", _("choose a feed whose system reads files"), "feed", value=feed.code)
        raise Invalid(_("%(feed)s does not read files", feed=feed.name), code="cannot_open", faults=[fault])
    title = Path(title.replace("\x00", "")).name[:200] or "file"
    kept = keep_file(content, title)
    try:
        return _open(feed, kept, title, dict(options), profile or feed.profile, actor, at, again)
    except BaseException:
        drop_file(kept.name)
        raise


@transaction.atomic
def _open(
    feed: Feed, kept: Kept, title: str, options: dict[str, Any], profile: MappingProfile | None,
    actor: Actor, at: datetime, again: bool,
) -> ImportRun:  # fmt: skip
    take_turns("imports")
    earlier = None if again else _find_earlier(feed, kept.digest, options, profile)
    if earlier is not None:
        drop_file(kept.name)
        earlier.known = True
        return earlier
    number = (ImportRun.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    run = ImportRun(
        number=number, feed=feed, title=title, file=kept.name, digest=kept.digest, profile=profile,
        options=options, bytes_total=kept.size, started_by=actor.ref, started_by_name=str(actor)[:160],
        created_at=at,
    )  # fmt: skip
    note_step(
        run,
        _(
            "%(title)s taken in by %(who)s, %(size)s bytes",
            title=title,
            who=str(actor),
            size=f"{kept.size:,}",
        ),
        at,
    )
    run.save(force_insert=True)
    append_audit(
        actor=actor, verb="ImportOpened", subject=subject_of(run), at=at,
        after={"feed": feed.code, "title": title, "sha256": kept.digest, "bytes": kept.size},
    )  # fmt: skip
    return run


def _find_earlier(
    feed: Feed, digest: str, options: Mapping[str, Any], profile: MappingProfile | None
) -> ImportRun | None:
    """The run that took the same file in the same way. One that waits for choices is always meant."""
    same = ImportRun.objects.filter(feed=feed, digest=digest).exclude(state__in=GONE).order_by("number")
    wanted = _reading(options)
    for run in same:
        if run.options.get("wait") or options.get("wait"):
            return run
        if _reading(run.options) == wanted and run.profile_id == (profile.pk if profile else None):
            return run
    return None


def _reading(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key not in _MANNERS and value not in ("", None)}


@transaction.atomic
def arrange_run(
    run_id: UUID,
    *,
    options: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    profile: MappingProfile | None = None,
) -> ImportRun:
    """Say how a file is read, and have it checked. Allowed until something of it is written."""
    run = lock_run(run_id)
    if run.state not in (State.UPLOADED, State.CHECKED, State.FAILED, State.CANCELLED) or run.parts.exists():
        raise Refused(
            _("import %(run)s is past choosing: %(state)s", run=run.number, state=coded(run.state)),
            code="past_choosing",
        )
    run.options = {**run.options, **options, "wait": False}
    run.profile, run.state, run.attempts, run.claimed_at = profile, State.UPLOADED, 0, None
    run.error, run.finished_at, run.cancel_asked, run.checks, run.coverage = "", None, False, {}, []
    run.words = []
    run.rows_read = run.bytes_read = 0
    note_step(run, with_reason(_("%(who)s chose how to read it", who=str(actor)), str(profile or "")), at)
    run.save()
    return run


@transaction.atomic
def begin_write(run_id: UUID, *, actor: Actor, at: datetime) -> ImportRun:
    """Have a checked run written by a worker; a failed or cancelled one goes on where it stopped.

    Raises `Refused` for any other.
    """
    run = lock_run(run_id)
    resumed = run.state in (State.FAILED, State.CANCELLED) and run.parts.exists()
    if run.state != State.CHECKED and not resumed:
        raise Refused(
            _("import %(run)s is not ready to be written: %(state)s", run=run.number, state=coded(run.state)),
            code="not_checked",
        )
    ask(run, actor)
    run.state, run.attempts, run.claimed_at, run.cancel_asked = State.WRITING, 0, None, False
    run.error, run.words, run.finished_at = "", [], None
    run.options = {**run.options, "wait": False}
    if not resumed:
        run.rows_read = run.bytes_read = 0
    note_step(run, _("%(who)s has it written", who=str(actor)), at)
    run.save()
    append_audit(actor=actor, verb="ImportWriteAsked", subject=subject_of(run), at=at)
    return run
