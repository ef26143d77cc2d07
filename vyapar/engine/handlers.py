"""What the engine itself does on events: the next agent in the chain, the kill-switch guard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from vyapar.engine import registry
from vyapar.engine.asked import wake
from vyapar.engine.contracts import (
    ActionKind,
    ActionView,
    AgentSpec,
    Chore,
    EventView,
    Guard,
    Lack,
    Readiness,
    Subscriber,
    Tally,
    Weight,
)
from vyapar.engine.selectors import (
    autonomy_of,
    count_actions,
    count_deliveries,
    count_events,
    is_halted,
    latest_cycle,
    summarise_cycles,
)
from vyapar.engine.services import emit, wish_cycle
from vyapar.gateway.services import keep_house
from vyapar.gateway.telling import keep_teller
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.phrases import phrase
from vyapar.people.contracts import Role
from vyapar.people.selectors import list_people


def start_followers(event: EventView) -> None:
    """After an agent's cycle, start those that come after it, with the same `as_of`."""
    from vyapar.engine.tasks import run_cycle

    as_of = event.payload["asOf"]
    for spec in registry.agents():
        if event.payload["agent"] in spec.after and not is_resting(spec, event.at):
            wish_cycle(spec.name, datetime.fromisoformat(as_of), at=event.at)
            wake(run_cycle, spec.name, as_of)


def is_resting(spec: AgentSpec, at: datetime) -> bool:
    """Whether an agent's last cycle was claimed less than its rest ago."""
    last = latest_cycle(spec.name)
    return last is not None and last.claimed_at > at - timedelta(seconds=spec.rest)


def check_halt(view: ActionView, at: datetime) -> Sequence[Finding]:
    """Nothing is approved or carried out while the stop button is pulled."""
    if not is_halted(view.kind):
        return ()
    return (
        Finding(
            "halted", Severity.BLOCK, phrase(gettext_noop("the stop button is pulled")), "house policy",
            fix=phrase(gettext_noop("lift the stop on the agents' page")),
        ),
    )  # fmt: skip


def look_at_limits(at: datetime) -> Lack | None:
    """Kinds whose limits are those that came with them."""
    untouched = [kind for kind in registry.kinds() if _has_first_limits(kind)]
    if not untouched:
        return None
    return Lack(
        message=ngettext(
            "nobody has set the limits of %(n)d kind of action",
            "nobody has set the limits of %(n)d kinds of action",
            len(untouched),
        )
        % {"n": len(untouched)},
        fix=gettext("On the agents' page say how many rupees and pieces an action may move"),
        count=len(untouched),
        examples=tuple(str(kind.label) for kind in untouched[:5]),
        link=reverse("dashboard:agents"),
    )


def _has_first_limits(kind: ActionKind) -> bool:
    limits = autonomy_of(kind.name)
    return all(
        getattr(limits, name) == value for name, value in kind.default_autonomy.items() if name != "mode"
    )


def look_at_owners(at: datetime) -> Lack | None:
    """Nobody who decides can be written to."""
    owners = list_people([Role.OWNER])
    if any(person.email for person in owners):
        return None
    return Lack(
        message=gettext("nobody with the role of owner has an e-mail address"),
        fix=gettext("Have whoever runs this installation enter one, so that alerts reach a person"),
        count=max(1, len(owners)),
        examples=tuple(person.username for person in owners[:5]),
        link=reverse("dashboard:settings"),
    )


def register() -> None:
    """Hang the engine's own parts; the gateway below writes its events here and is looked after."""
    keep_teller(emit)
    registry.hang(Chore("gateway.keep_house", keep_house))
    registry.hang(Subscriber("engine.start_followers", "CycleCompleted", start_followers))
    registry.hang(Guard("halt", check_halt))
    registry.hang(Tally("actions", count_actions))
    registry.hang(Tally("events", count_events))
    registry.hang(Tally("deliveries", count_deliveries))
    registry.hang(Tally("cycles", summarise_cycles))
    registry.hang(Readiness("limits", _("Limits of the agents"), Weight.WARNING, look_at_limits, 80))
    registry.hang(Readiness("owner_email", _("E-mail of an owner"), Weight.WARNING, look_at_owners, 90))
