"""What the alerts hear of data: feeds, imports, exports, their quality, and predictions that drift."""

from __future__ import annotations

from alerts import services
from alerts.agent import LateFeed, LowQuality, fallen, late
from alerts.contracts import Condition
from alerts.handlers.raising import ACTOR, agent_name, kind_name, raise_for
from inventory.selectors.failures import Words, export_failure, feed_failure, import_failure
from vyapar.engine.contracts import EventView
from vyapar.gateway.speech import named
from vyapar.kernel.phrases import Phrase, again, text_of, together
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _


def hear_export_given_up(event: EventView) -> None:
    """A document did not get to the books however often it was tried."""
    title = _("%(kind)s: it does not get to %(feed)s", **_what_to_where(event))
    advice = _("Look whether the system can be reached, then try the document again")
    words = export_failure(event.payload["key"], event.payload["feed"], name="last_error")
    _raise_failed_export(event, title, advice, "/data/exports", words)


def hear_export_answered(event: EventView) -> None:
    """The books took a document, or refused it."""
    if event.payload["accepted"]:
        services.close(
            "export_failed", event.subject, reason=_("the books have it"), actor=ACTOR, at=event.at
        )
        return
    title = _("%(kind)s: %(feed)s refused it", **_what_to_where(event))
    advice = _("Mend what it objects to, then try the document again")
    words = export_failure(event.payload["key"], event.payload["feed"])
    _raise_failed_export(event, title, advice, "/data/exports?state=rejected", words)


def _what_to_where(event: EventView) -> dict[str, str]:
    """What a title says of a document for the books."""
    return {"kind": named(event.payload["kind"]), "feed": event.payload["feed"]}


def _reason(event: EventView, words: Words) -> str:
    """Why it failed, with its words where they are of this time: the row may have gone on since."""
    text = str(event.payload["reason"])
    return again(text, words) if text and text_of(words).startswith(text) else text


def _raise_failed_export(event: EventView, title: Phrase, advice: Phrase, url: str, words: Words) -> None:
    detail = _reason(event, words)
    told = Condition(
        cause="export_failed",
        subject=event.subject,
        title=title,
        detail=detail,
        recommended_action=advice,
        url=url,
    )
    raise_for(told, event.at)


def hear_feed_halted(event: EventView) -> None:
    """A feed is not pulled any more until somebody mends it."""
    raise_for(
        Condition(
            cause="feed_halted",
            subject=event.subject,
            title=_("%(feed)s is not pulled any more", feed=event.payload["label"]),
            detail=_reason(event, feed_failure(event.payload["feed"])),
            recommended_action=_("Mend what it says on the feed's page, then check it and pull it again"),
            url=f"/data/feeds/{event.payload['feed']}",
        ),
        event.at,
    )


def hear_feed_stale(event: EventView) -> None:
    """A feed's data are older than it allows; `record` closes it when data come again."""
    told = event.payload
    feed = LateFeed(told["feed"], told["label"], told["hours"], told["allowedHours"], told["uploads"])
    raise_for(late(feed), event.at)


def hear_quality_fell(event: EventView) -> None:
    """The data of a place became so bad that a person decides; `record` closes it when they are better."""
    told = event.payload
    if told["holdsBack"] and told["kind"] != "feed":
        place = LowQuality(told["kind"], told["code"], told["label"], told["grade"], tuple(told["reasons"]))
        raise_for(fallen(place), event.at)


def hear_import_failed(event: EventView) -> None:
    """An import could not go on, or its totals differ without a known cause."""
    differs = event.name == "ImportDiffers"
    run = {"number": event.payload["number"], "title": event.payload["title"]}
    raise_for(
        Condition(
            cause="import_failed",
            subject=event.subject,
            title=_("Import %(number)s, %(title)s, does not tie", **run)
            if differs
            else _("Import %(number)s, %(title)s, could not go on", **run),
            detail=ngettext(
                "%(count)s total differs and nobody knows why",
                "%(count)s totals differ and nobody knows why",
                int(event.payload["differences"]),
            )
            if differs
            else _reason(event, import_failure(int(event.payload["number"]))),
            recommended_action=_("Open the import: look at its totals and its log, then go on or undo it")
            if differs or int(event.payload["written"])
            else _("Nothing of it was written: mend the file as it says and bring it again"),
            url=f"/data/imports/{event.payload['runId']}",
            value_paise=abs(int(event.payload["paise"])) if differs else 0,
        ),
        event.at,
    )


def hear_import_reconciled(event: EventView) -> None:
    """An import ended well: what was said of it, and of its feed, is over."""
    services.close(
        "import_failed", event.subject, reason=_("it agrees with its source"), actor=ACTOR, at=event.at
    )
    feed = f"feed:{event.payload['feed']}"
    for cause in ("feed_halted", "feed_stale"):
        services.close(cause, feed, reason=_("data came again"), actor=ACTOR, at=event.at)


def hear_drift(event: EventView) -> None:
    """What an agent predicts no longer fits what happens."""
    told = event.payload
    what = drifting(told["kind"], told.get("group") or "", told.get("agent") or "")
    limits = {"value": told["value"], "limit": told["threshold"]}
    raise_for(
        Condition(
            cause="drift",
            subject=event.subject,
            title=_("%(what)s: its shape has changed", what=what)
            if told["measure"] == "psi"
            else _("%(what)s: no longer fits", what=what),
            detail=together(
                _how(told["measure"], limits),
                ngettext(
                    "Seen in %(count)s prediction.", "Seen in %(count)s predictions.", int(told["count"])
                ),
            ),
            recommended_action=_(
                "Open the outcomes: look at what changed in the data before acting on scores"
            ),
            url="/outcomes",
        ),
        event.at,
    )


def _how(measure: str, limits: dict[str, float]) -> Phrase:
    """What a measure of drift says of its figure."""
    if measure == "psi":
        return _("Index %(value)s, the limit is %(limit)s.", **limits)
    if measure == "coverage":
        return _(
            "What came lies within the interval told more often (less, if negative) by %(value)s, the limit "
            "is %(limit)s.",
            **limits,
        )
    if measure == "flags":
        return _(
            "Of what was flagged more (less, if negative) came true than before, by %(value)s, the limit is "
            "%(limit)s.",
            **limits,
        )
    return _("Off by %(value)s, the limit is %(limit)s.", **limits)


def drifting(kind: str, group: str, agent: str) -> Phrase:
    """A kind of prediction in words, with its horizon, demand pattern or way out, and whose it is."""
    if kind == "demand":
        what = (
            _("Forecast of demand: %(pattern)s", pattern=named(group)) if group else _("Forecast of demand")
        )
    elif kind == "action":
        what = _("What a %(kind)s brings", kind=kind_name(group))
    elif kind == "expiry":
        what = _within(_("Chance that a batch expires unsold"), group)
    elif kind == "dead":
        what = _within(_("Chance of no sale"), group)
    else:
        what = _within(named(kind), group)
    return _("%(what)s (%(agent)s)", what=what, agent=agent_name(agent)) if agent else what


def _within(what: Phrase, days: str) -> Phrase:
    return _("%(what)s within %(days)s days", what=what, days=days) if days else what
