"""The log that a run keeps for people, and who is asking."""

from __future__ import annotations

from datetime import datetime

from inventory.models import ImportRun
from vyapar.kernel.actor import Actor, ActorKind
from vyapar.kernel.phrases import Phrase, kept, listed

#: Entries of a log at most; the first and the last ones say the most.
_MOST = 200


def note_step(run: ImportRun, what: str, at: datetime) -> None:
    """Add a sentence, with its words where it has any, to the run's log; the caller saves."""
    entries = [*run.log, [at.isoformat(), *kept(what, 400)]]
    run.log = entries if len(entries) <= _MOST else [*entries[: _MOST // 2], *entries[-_MOST // 2 :]]


def with_reason(what: Phrase, reason: str) -> Phrase:
    """What was done, and why where somebody said so."""
    return listed([what, reason], ": ") if reason else what


def subject_of(run: ImportRun) -> str:
    """The run's name in events and in the trail."""
    return f"import:{run.number}"


def ask(run: ImportRun, actor: Actor) -> None:
    """Keep who asked for the step that begins: the worker acts in their name."""
    run.asked_by, run.asked_by_name = actor.ref, str(actor)[:160]


def asker(run: ImportRun) -> Actor:
    """Who asked for the step under way."""
    ref = run.asked_by or run.started_by
    name = run.asked_by_name if run.asked_by else run.started_by_name
    kind, _, ident = ref.partition(":")
    kinds: dict[str, ActorKind] = {"user": "user", "agent": "agent", "key": "key"}
    return Actor(kinds.get(kind, "system"), ident or ref, "" if name == ref else name)
