"""Feeds as people set them up: saved, checked, pulled on demand, switched off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings as house
from django.db import transaction

from inventory.feeds import SYSTEMS
from inventory.models import Feed, MappingProfile
from inventory.selectors.imports import get_feed
from inventory.services.imports import ensure_feed
from inventory.services.pulls.reaching import access_of, breaker_name, feed_breakers, system_of
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, Misconfigured, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Settings that say where data are: with another one, the old cursor means nothing.
_PLACE = ("address", "url", "path", "company", "folder", "endpoint", "bucket", "prefix", "params", "body")


def set_up_feed(
    *,
    code: str,
    name: str,
    system: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    actor: Actor,
    at: datetime,
    every_seconds: int = 0,
    fresh_hours: int = 36,
    profile: MappingProfile | None = None,
    sandbox: bool | None = None,
) -> Feed:
    """A feed as a person wants it, pulled soon if it is to be pulled at all.

    `secrets` are added to those there are; an empty one takes its name away. When the settings lead to
    another place, the pull begins there from the start. Raises `Invalid`.
    """
    _check(code, name, system, settings, every_seconds, fresh_hours)
    with transaction.atomic():
        old = Feed.objects.select_for_update().filter(code=code).first()
        if old is not None and old.system != system:
            fault = Fault(
                "other_system",
                _("%(code)s is a feed of %(system)s: choose another code", code=code, system=old.system),
                "system",
            )
            raise Invalid(fault.message, code="other_system", faults=[fault])
        kept = {**(old.secrets if old else {}), **secrets}
        active = old.active if old else True
        pulled = active and SYSTEMS[system].fetch is not None and every_seconds > 0
        if sandbox is None:
            sandbox = old.sandbox if old else house.SANDBOX
        feed = ensure_feed(
            code=code, name=name.strip(), system=system, actor=actor, at=at, settings=dict(settings),
            secrets={key: value for key, value in kept.items() if value}, every_seconds=every_seconds,
            fresh_hours=fresh_hours, profile=profile, next_pull_at=at if pulled else None, active=active,
            sandbox=sandbox,
        )  # fmt: skip
        moved = old is not None and any(old.settings.get(one) != settings.get(one) for one in _PLACE)
        feed.failed_pulls, feed.last_error, feed.words, feed.updated_at = 0, "", [], at
        if moved:
            feed.cursor = {}
        feed.save()
    feed_breakers().close(breaker_name(feed), current_schema())
    return feed


def _check(
    code: str, name: str, system: str, settings: Mapping[str, Any], every_seconds: int, fresh_hours: int
) -> None:
    faults = []
    if not _CODE.fullmatch(code):
        faults.append(
            Fault("bad_code", _("small letters, digits and hyphens, at most 40"), "code", value=code[:80])
        )
    if not name.strip() or len(name) > 120 or "\x00" in name:
        faults.append(
            Fault("bad_name", _("give it a name of at most 120 characters"), "name", value=name[:80])
        )
    if system not in SYSTEMS:
        known = ", ".join(sorted(SYSTEMS))
        faults.append(
            Fault("unknown_system", _("choose one of %(known)s", known=known), "system", value=system[:80])
        )
    if every_seconds and not 60 <= every_seconds <= 7 * 86_400:
        said = _("0 (never by itself), or 60 seconds to a week")
        faults.append(Fault("bad_interval", said, "every_seconds", value=str(every_seconds)))
    if not 1 <= fresh_hours <= 24 * 90:
        faults.append(Fault("bad_interval", _("1 hour to 90 days"), "fresh_hours", value=str(fresh_hours)))
    hidden = {"secret", "password", "token", "client_secret", "event_secret"} & set(settings)
    faults += [
        Fault("not_a_setting", _("secrets go into `secrets`, which nobody reads again"), one)
        for one in hidden
    ]
    if faults:
        raise Invalid(_("the feed cannot be set up like this"), code="bad_feed", faults=faults)


def check_feed(code: str, *, at: datetime) -> str:
    """One small call to the feed's system: the version it met. Raises what went wrong.

    A setting that the far side does not take, such as a wrong key, is the caller's to mend: `Refused`.
    What works again is pulled again: an error kept on the feed is taken away.
    """
    feed = get_feed(code)
    system = system_of(feed)
    if system.check is None:
        raise Refused(
            _("%(feed)s has nothing to be checked: its files are brought", feed=feed.name), code="no_check"
        )
    try:
        said = system.check(access_of(feed))
    except Misconfigured as error:
        raise Refused(error.message, code=error.code) from error
    feed_breakers().close(breaker_name(feed), current_schema())
    if feed.last_error or feed.failed_pulls:
        due = at if feed.every_seconds and system.fetch is not None else feed.next_pull_at
        Feed.objects.filter(pk=feed.pk).update(last_error="", words=[], failed_pulls=0, next_pull_at=due)
    return said


@transaction.atomic
def pull_soon(code: str, *, actor: Actor, at: datetime) -> Feed:
    """Have a feed pulled as soon as a worker is free."""
    feed = Feed.objects.select_for_update().get(pk=get_feed(code).pk)
    if system_of(feed).fetch is None:
        raise Refused(_("%(feed)s cannot be pulled: its files are brought", feed=feed.name), code="no_fetch")
    if not feed.active:
        raise Refused(_("%(feed)s is switched off: switch it on first", feed=feed.name), code="feed_off")
    feed.next_pull_at, feed.failed_pulls, feed.updated_at = at, 0, at
    feed.save(update_fields=["next_pull_at", "failed_pulls", "updated_at"])
    append_audit(actor=actor, verb="FeedPullAsked", subject=f"feed:{code}", at=at)
    feed_breakers().close(breaker_name(feed), current_schema())
    return feed


@transaction.atomic
def switch_feed(code: str, *, on: bool, actor: Actor, at: datetime) -> Feed:
    """Switch a feed on or off. Off, it is not pulled, takes no events, and hands nothing over."""
    feed = Feed.objects.select_for_update().get(pk=get_feed(code).pk)
    if feed.active == on:
        return feed
    feed.active, feed.updated_at = on, at
    feed.next_pull_at = at if on and feed.every_seconds and system_of(feed).fetch is not None else None
    feed.save(update_fields=["active", "updated_at", "next_pull_at"])
    verb = "FeedSwitchedOn" if on else "FeedSwitchedOff"
    append_audit(actor=actor, verb=verb, subject=f"feed:{code}", at=at, before={"active": not on})
    return feed
