"""Bodies that systems send by themselves: proved, kept, answered at once; taken in by a run later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from inventory.feeds import System
from inventory.models import Feed, FeedEvent, ImportRun
from inventory.services.imports import open_run
from inventory.services.imports.storage import drop_file
from inventory.services.pulls.reaching import access_of, system_of
from vyapar.farside.signatures import Scheme, verify
from vyapar.kernel.actor import system as system_actor
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Forbidden, Invalid
from vyapar.kernel.phrases import phrase as _

TAKER = system_actor("events")
#: Bytes of one body at most.
LARGEST_EVENT = 1 << 20
#: Events of one run at most, and their bytes in all.
_MOST, _MOST_BYTES = 500, 32 << 20


class Unsigned(Forbidden):
    """The body is not from whom it should be; nothing more is said."""

    status = 401


def receive_event(code: str, *, body: bytes, headers: Mapping[str, str], at: datetime) -> bool:
    """Keep a body that proves to be the feed's; False when its id was kept before.

    Settings: `event_scheme`, `event_header`, `event_id_header`, and `event_does`: `take` (rows or
    documents are in the body) or `pull` (it only says that there is news). Secrets: `event_secret`,
    and `event_secret_old` while it is being changed. Raises `Unsigned` for everything else, unknown
    feeds included: who has no secret learns nothing.
    """
    feed = Feed.objects.filter(code=code, active=True).first()
    known = feed.settings if feed else {}
    secrets = feed.secrets if feed else {"event_secret": "nobody's"}
    scheme = Scheme(
        str(known.get("event_scheme") or "hmac_sha256"),
        str(known.get("event_header") or "X-Signature"),
        str(known.get("event_id_header") or ""),
    )
    live = (secrets.get("event_secret", ""), secrets.get("event_secret_old", ""))
    signed = verify(scheme, body, headers, live, at)
    if feed is None or signed is None:
        raise Unsigned(_("the signature is not right"), code="unsigned")
    if known.get("event_does") == "pull":
        return Feed.objects.filter(pk=feed.pk).update(next_pull_at=at) > 0
    _event, made = FeedEvent.objects.get_or_create(
        feed=feed, event_id=signed.event_id, defaults={"body": body, "received_at": at}
    )
    return made


def list_awaited() -> list[int]:
    """Feeds with events that wait for a run."""
    waiting = FeedEvent.objects.filter(run=None, refused="", feed__active=True)
    return list(waiting.order_by("feed_id").values_list("feed_id", flat=True).distinct()[:20])


def take_in_events(feed_id: int, *, at: datetime) -> ImportRun | None:
    """Open a run for what waits, oldest first; None when nothing does or somebody else is at it.

    A body that cannot be read is kept with the reason and holds up no other.
    """
    run: ImportRun | None = None
    try:
        with transaction.atomic(), TemporaryDirectory(prefix="events-") as folder:
            feed = Feed.objects.select_for_update(skip_locked=True).filter(pk=feed_id, active=True).first()
            events = _waiting(feed) if feed else []
            if feed is None or not events:
                return None
            path = Path(folder) / "events.ndjson"
            good = _gather(feed, system_of(feed), events, path)
            if not good:
                return None
            title = f"{feed.code} events {at.astimezone(IST):%Y-%m-%d %H.%M.%S}.ndjson"
            run = open_run(
                feed=feed, content=path, title=title, options={"write": True}, actor=TAKER,
                at=at, again=True,
            )  # fmt: skip
            FeedEvent.objects.filter(pk__in=[one.pk for one in good]).update(run=run)
            return run
    except BaseException:
        if run is not None:
            drop_file(run.file)
        raise


def _waiting(feed: Feed) -> list[FeedEvent]:
    events: list[FeedEvent] = []
    size = 0
    for event in FeedEvent.objects.filter(feed=feed, run=None, refused="").order_by("pk")[:_MOST]:
        size += len(event.body)
        if events and size > _MOST_BYTES:
            break
        events.append(event)
    return events


def _gather(feed: Feed, system: System, events: list[FeedEvent], path: Path) -> list[FeedEvent]:
    """Those that could be written into the file; the others are marked."""
    access = access_of(feed)
    while events:
        if system.gather is None:
            return _refuse(
                events, "this kind of feed takes no bodies: have events only say that there is news"
            )
        try:
            system.gather(access, [bytes(one.body) for one in events], path)
        except Invalid as error:
            row = error.faults[0].row if error.faults else None
            bad = events[row - 1 : row] if row else events
            _refuse(bad, error.message)
            events = [one for one in events if one not in bad]
            continue
        return events
    return []


def _refuse(events: list[FeedEvent], reason: str) -> list[FeedEvent]:
    FeedEvent.objects.filter(pk__in=[one.pk for one in events]).update(refused=reason[:300])
    return []
