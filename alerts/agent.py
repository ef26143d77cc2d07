"""The alerts' mind: which standing conditions somebody must know of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from alerts.contracts import Condition
from alerts.rules import FIGURES, AlertPolicy
from vyapar.kernel.decision import Decision
from vyapar.kernel.money import short
from vyapar.kernel.phrases import Phrase, listed, together
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _


@dataclass(frozen=True, slots=True)
class Expiring:
    """At-risk stock of one territory that expires within a number of days."""

    territory: str
    name: str
    within_days: int
    items: int
    pieces: int
    paise: int
    nearest_days: int


@dataclass(frozen=True, slots=True)
class Dead:
    """Dead stock of one territory."""

    territory: str
    name: str
    items: int
    pieces: int
    paise: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Actions that wait for a person."""

    count: int
    net_paise: int
    hours_left: int


@dataclass(frozen=True, slots=True)
class LateFeed:
    """A feed whose data are older than it allows; `uploads`: a person brings its files."""

    code: str
    name: str
    hours: int
    allowed_hours: int
    uploads: bool


@dataclass(frozen=True, slots=True)
class LowQuality:
    """A place whose data are graded so low that agents do not act alone on it."""

    kind: str
    code: str
    name: str
    grade: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StandingSnapshot:
    """What stands at an instant: expiring stock, waiting actions, how old and how good the data are."""

    as_of: datetime
    today: date
    expiring: tuple[Expiring, ...]
    dead: tuple[Dead, ...]
    waiting: Waiting
    last_sale_date: date | None
    stale_after_days: int = 2
    late_feeds: tuple[LateFeed, ...] = ()
    low_quality: tuple[LowQuality, ...] = ()


def decide(snapshot: StandingSnapshot, policy: AlertPolicy) -> Decision:
    """Standing conditions, each once; `outcome` is the tuple of `Condition`s."""
    found = [_expiring(row) for row in snapshot.expiring if row.paise > 0]
    found += [_dead(row) for row in snapshot.dead if row.paise > 0]
    if snapshot.waiting.count:
        found.append(_waiting(snapshot.waiting))
    stale = _stale(snapshot)
    if stale is not None:
        found.append(stale)
    found += [late(feed) for feed in snapshot.late_feeds]
    found += [fallen(place) for place in snapshot.low_quality]
    return Decision(outcome=tuple(found), counts={"conditions": len(found)})


def _expiring(row: Expiring) -> Condition:
    return Condition(
        cause="expiring",
        subject=f"territory:{row.territory}/{row.within_days}",
        title=_(
            "%(money)s in %(place)s will expire unsold within %(days)s days",
            money=short(row.paise),
            place=row.name,
            days=row.within_days,
        ),
        detail=_(
            "%(pieces)s of %(batches)s; the nearest expires %(when)s.",
            pieces=pieces_of(row.pieces),
            batches=ngettext("%(count)s batch", "%(count)s batches", row.items),
            when=ngettext("in %(count)s day", "in %(count)s days", row.nearest_days)
            if row.nearest_days > 0
            else _("today"),
        ),
        recommended_action=_("Open the list and approve the transfers and offers proposed for it"),
        url=f"/stock?territory={row.territory}&expires={row.within_days}",
        value_paise=row.paise,
        days_left=max(row.nearest_days, 0),
    )


def _dead(row: Dead) -> Condition:
    return Condition(
        cause="dead_stock",
        subject=f"territory:{row.territory}",
        title=_("%(money)s of stock in %(place)s is dead", money=short(row.paise), place=row.name),
        detail=_(
            "%(pieces)s of %(skus)s have not sold within your own thresholds.",
            pieces=pieces_of(row.pieces),
            skus=ngettext("%(count)s SKU", "%(count)s SKUs", row.items),
        ),
        recommended_action=_("Open the list; each SKU shows what every way out is worth"),
        url=f"/stock?territory={row.territory}&status=dead",
        value_paise=row.paise,
    )


def _waiting(waiting: Waiting) -> Condition:
    return Condition(
        cause="action_waiting",
        subject="inbox",
        title=ngettext(
            "%(count)s action worth %(money)s waits for you",
            "%(count)s actions worth %(money)s wait for you",
            waiting.count,
            money=short(waiting.net_paise),
        ),
        detail=ngettext(
            "The next one runs out in %(count)s hour.",
            "The next one runs out in %(count)s hours.",
            waiting.hours_left,
        ),
        recommended_action=_("Decide in the inbox"),
        url="/inbox",
        value_paise=max(waiting.net_paise, 0),
    )


def pieces_of(count: int) -> Phrase:
    """`1 piece`, `1,200 pieces`."""
    return ngettext("%(count)s piece", "%(count)s pieces", count)


def late(feed: LateFeed) -> Condition:
    """A feed that brings nothing new; the same whoever notices it first."""
    upload = _("Upload its next file on the data page")
    mend = _("Open the feed: pull it, or mend what stops it")
    return Condition(
        cause="feed_stale",
        subject=f"feed:{feed.code}",
        title=ngettext(
            "%(feed)s has brought nothing for %(count)s hour",
            "%(feed)s has brought nothing for %(count)s hours",
            feed.hours,
            feed=feed.name,
        ),
        detail=together(
            ngettext("It may be %(count)s hour old.", "It may be %(count)s hours old.", feed.allowed_hours),
            _("No agent acts alone on what it tells of until data come again."),
        ),
        recommended_action=upload if feed.uploads else mend,
        url="/data" if feed.uploads else f"/data/feeds/{feed.code}",
    )


def fallen(place: LowQuality) -> Condition:
    """A place whose data nobody should act on alone; the same whoever notices it first."""
    costs = listed([FIGURES.get(code, code) for code in place.reasons], ", ")
    return Condition(
        cause="quality_fell",
        subject=f"{place.kind}:{place.code}",
        title=_("The data of %(place)s are graded %(grade)s", place=place.name, grade=place.grade),
        detail=_(
            "Most of it for %(figures)s. A person decides on everything that rests on it.",
            figures=costs or _("no figure"),
        ),
        recommended_action=_("Open the page of data quality: it says what to mend in the books"),
        url="/data/quality",
    )


def _stale(snapshot: StandingSnapshot) -> Condition | None:
    if snapshot.last_sale_date is None:
        return None
    days = (snapshot.today - snapshot.last_sale_date).days
    if days <= snapshot.stale_after_days:
        return None
    return Condition(
        cause="feed_stale",
        subject="feed:sales",
        title=ngettext("The newest sale is %(count)s day old", "The newest sale is %(count)s days old", days),
        detail=_("The agents see the world as it was then."),
        recommended_action=_("Check the connection to your billing system"),
        url="/",
    )
