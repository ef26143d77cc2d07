"""Reads of the door: consent, funnels, breakers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Prefetch, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from vyapar.farside.resilience import BreakerState
from vyapar.farside.resilience import breaker_states as states_of
from vyapar.kernel.calendar import ist_day
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import ConsentRow
from vyapar.messaging.models import ChannelAccount, Consent, Enclosure, Message, Template
from vyapar.tenancy.here import current_schema


def consented(parties: Iterable[str], purpose: str) -> set[tuple[str, str]]:
    """`(party, channel)` pairs whose latest word on this purpose is a yes."""
    latest = (
        Consent.objects.filter(party__in=list(parties), purpose=purpose)
        .order_by("party", "channel", "-at", "-id")
        .distinct("party", "channel")
        .values_list("party", "channel", "granted")
    )
    return {(party, channel) for party, channel, granted in latest if granted}


def count_consenting(purpose: str, prefix: str = "") -> int:
    """Parties, of those whose names begin so, who may be written to by some channel on a purpose."""
    latest = (
        Consent.objects.filter(purpose=purpose, party__startswith=prefix)
        .order_by("party", "channel", "-at", "-id")
        .distinct("party", "channel")
        .values_list("party", "granted")
    )
    return len({party for party, granted in latest if granted})


def count_recent(parties: Iterable[str], since: datetime, purpose: str) -> dict[str, int]:
    """How many messages of a purpose each person was sent or is about to be sent since an instant."""
    rows = (
        Message.objects.filter(party__in=list(parties), purpose=purpose, queued_at__gte=since)
        .exclude(status__in=[Message.Status.SKIPPED, Message.Status.FAILED])
        .values("party")
        .annotate(n=Count("pk"))
    )
    return {row["party"]: row["n"] for row in rows}


def find_template(name: str, channel: Channel, language: str) -> Template | None:
    """The approved template in that language, else in English, else None."""
    for wanted in dict.fromkeys((language, "en")):
        found = Template.objects.filter(
            name=name, channel=channel.value, language=wanted, status="APPROVED"
        ).first()
        if found is not None:
            return found
    return None


def funnel(origin: str) -> dict[str, int]:
    """From letters to answers, for one origin: counts that only ever narrow, and the cost."""
    rows = Message.objects.filter(origin=origin)
    figures: dict[str, Any] = rows.aggregate(
        queued=Count("pk", filter=~Q(status=Message.Status.SKIPPED)),
        skipped=Count("pk", filter=Q(status=Message.Status.SKIPPED)),
        waiting=Count("pk", filter=Q(status__in=[Message.Status.QUEUED, Message.Status.SENDING])),
        unknown=Count("pk", filter=Q(status=Message.Status.UNKNOWN)),
        sent=Count("pk", filter=Q(sent_at__isnull=False)),
        delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
        read=Count("pk", filter=Q(read_at__isnull=False)),
        clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
        replied=Count("pk", filter=Q(replied_at__isnull=False)),
        failed=Count("pk", filter=Q(status=Message.Status.FAILED)),
        cost_paise=Sum("cost_paise"),
    )
    return {name: int(value or 0) for name, value in figures.items()}


def list_messages(origin: str) -> QuerySet[Message]:
    """Messages of an origin, for the recipients' list."""
    return Message.objects.filter(origin=origin).select_related("template").order_by("queued_at", "pk")


def list_newest(origins: Sequence[str], each: int) -> list[Message]:
    """The newest `each` messages of every origin, newest first, with what was enclosed but not its bytes."""
    place = Window(RowNumber(), partition_by="origin", order_by=[F("queued_at").desc(), F("pk").desc()])
    rows = Message.objects.filter(origin__in=origins).annotate(place=place).filter(place__lte=each)
    files = Prefetch("enclosures", Enclosure.objects.defer("content").order_by("pk"))
    return list(rows.order_by("-queued_at", "-pk").prefetch_related(files))


def get_account(channel: Channel) -> ChannelAccount | None:
    """The account for a channel, if one is set up."""
    return ChannelAccount.objects.filter(channel=channel.value).first()


def list_accounts() -> list[ChannelAccount]:
    """All accounts by channel."""
    return list(ChannelAccount.objects.order_by("channel"))


def find_known_words(rows: Iterable[ConsentRow]) -> set[ConsentRow]:
    """Those of some words that stand in the ledger already: same party, channel, purpose, day and answer."""
    given = list(rows)
    kept = Consent.objects.filter(party__in={row.party for row in given}).values_list(
        "party", "channel", "purpose", "granted", "at"
    )
    said = {(party, way, purpose, granted, ist_day(at)) for party, way, purpose, granted, at in kept}
    return {
        row
        for row in given
        if (row.party, row.channel.value, row.purpose, row.granted, ist_day(row.at)) in said
    }


def list_consent(party: str) -> list[Consent]:
    """A person's words, latest first."""
    return list(Consent.objects.filter(party=party).order_by("-at", "-id"))


def breaker_states() -> tuple[BreakerState, ...]:
    """Circuit breakers of this distributor, as any worker last left them."""
    return states_of(current_schema(), settings.REDIS_URL)


def stale_unknown(at: datetime) -> QuerySet[Message]:
    """Messages whose hand-over was cut off a while ago and which nobody has heard of since."""
    return Message.objects.filter(
        Q(status=Message.Status.SENDING, called_at__isnull=False) | Q(status=Message.Status.UNKNOWN),
        next_try_at__lte=at - timedelta(minutes=2),
    )


def never_called(at: datetime) -> QuerySet[Message]:
    """Messages that a worker took a while ago and has not called a far side for."""
    return Message.objects.filter(
        status=Message.Status.SENDING, called_at=None, next_try_at__lte=at - timedelta(minutes=2)
    )
