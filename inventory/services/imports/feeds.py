"""Feeds and mapping profiles: who data come from and how their columns become ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from inventory.feeds import SYSTEMS
from inventory.models import Feed, MappingProfile
from inventory.services.staging import take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as _

#: What `ensure_feed` may set; everything else of a feed is its own history.
_SETTABLE = frozenset(
    {"settings", "secrets", "profile", "every_seconds", "fresh_hours", "sandbox", "active", "next_pull_at"}
)


@transaction.atomic
def ensure_feed(*, code: str, name: str, system: str, actor: Actor, at: datetime, **settings: Any) -> Feed:
    """The feed of that code, made or changed as told; what is not told stays as it is.

    `settings` may have any of settings, secrets, profile, every_seconds, fresh_hours, sandbox, active
    and next_pull_at. Secrets are kept and never written to the trail. Raises `Invalid`.
    """
    strange = sorted(set(settings) - _SETTABLE)
    if system not in SYSTEMS or strange:
        known = ", ".join(sorted(SYSTEMS))
        fault = (
            Fault("unknown_system", _("choose one of %(known)s", known=known), "system", value=system)
            if system not in SYSTEMS
            else Fault("unknown_setting", _("leave it out: a feed has no such setting"), strange[0])
        )
        raise Invalid(
            _("feed %(code)s: %(message)s", code=code, message=fault.message), code=fault.code, faults=[fault]
        )
    take_turns("imports")  # before the trail: whoever opens an import for it at once takes them in this order
    take_turns(f"feed:{code}")
    feed = Feed.objects.filter(code=code).first()
    wanted = {"name": name, "system": system, **settings}
    if feed is None:
        feed = Feed(code=code, created_at=at)
        before = None
    else:
        before = {key: _shown(feed, key) for key in wanted}
    changed = [key for key, value in wanted.items() if before is None or getattr(feed, key) != value]
    if not changed:
        return feed
    for key in changed:
        setattr(feed, key, wanted[key])
    feed.updated_at = at
    feed.save()
    after = {key: _shown(feed, key) for key in wanted}
    append_audit(actor=actor, verb="FeedSaved", subject=f"feed:{code}", at=at, before=before, after=after)
    return feed


def feed_for(code: str, *, actor: Actor, at: datetime) -> Feed:
    """The feed of a code; a system that nobody has fed from yet gets its first one. Raises `NotFound`."""
    feed = Feed.objects.filter(code=code).first()
    if feed is not None:
        return feed
    system = SYSTEMS.get(code)
    if system is None or system.open is None:
        raise NotFound(_("there is no feed %(code)s", code=code), code="no_such_feed")
    return ensure_feed(code=code, name=str(system.label), system=code, actor=actor, at=at)


def _shown(feed: Feed, key: str) -> Any:
    value = getattr(feed, key)
    if key == "secrets":
        return sorted(value)
    if isinstance(value, MappingProfile):
        return str(value)
    return value


@transaction.atomic
def save_profile(
    *, name: str, system: str, spec: Mapping[str, Any], actor: Actor, at: datetime
) -> MappingProfile:
    """A new version of a mapping profile; the newest one as it is when nothing changed."""
    if not name.strip():
        fault = Fault("required", _("give the profile a name that people will know it by"), "name")
        raise Invalid(fault.message, code="required", faults=[fault])
    take_turns(f"profile:{name}")
    newest = MappingProfile.objects.filter(name=name).order_by("-version").first()
    if newest and newest.spec == dict(spec) and newest.system == system:
        return newest
    last = MappingProfile.objects.filter(name=name).aggregate(last=Max("version"))["last"] or 0
    profile = MappingProfile.objects.create(
        name=name, system=system, version=last + 1, spec=dict(spec), created_by=actor.ref, created_at=at
    )
    append_audit(
        actor=actor, verb="ProfileSaved", subject=f"profile:{name}", at=at,
        after={"version": profile.version, "spec": profile.spec},
    )  # fmt: skip
    return profile
