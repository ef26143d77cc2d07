"""What the alerts hear of doings: agents, actions, the stop button, channels, webhooks, keys."""

from __future__ import annotations

from datetime import date

from alerts import services
from alerts.agent import pieces_of
from alerts.contracts import Condition
from alerts.handlers.raising import ACTOR, agent_name, kind_name, raise_for
from vyapar.engine.contracts import EventView
from vyapar.engine.selectors import error_of_cycle, list_transitions
from vyapar.kernel.decision import Finding
from vyapar.kernel.phrases import again, listed
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.contracts import CHANNEL_NAMES, Channel


def hear_cycle_failed(event: EventView) -> None:
    """An agent could not finish: somebody must look."""
    name = event.payload["agent"]
    raise_for(
        Condition(
            cause="agent_failed",
            subject=f"agent:{name}",
            title=_("The %(agent)s agent could not finish", agent=agent_name(name)),
            detail=error_of_cycle(event.payload["cycle_id"]) or str(event.payload["error"])[:1000],
            recommended_action=_("Open the agents' page; it is tried again by itself"),
            url="/agents",
        ),
        event.at,
    )


def hear_cycle_completed(event: EventView) -> None:
    """An agent finished: its alert, if any, is over."""
    name = event.payload["agent"]
    services.close("agent_failed", f"agent:{name}", reason=_("it finished"), actor=ACTOR, at=event.at)


def hear_violation(event: EventView) -> None:
    """The law objects to something that was about to happen."""
    if event.payload["severity"] != "block":
        return
    findings = [Finding.of(said) for said in event.payload["findings"]]
    first = findings[0]
    raise_for(
        Condition(
            cause="compliance",
            subject=event.subject,
            title=_(
                "%(kind)s stopped by a rule: %(why)s",
                kind=kind_name(event.payload["kind"]),
                why=first.message,
            ),
            detail=listed([_("%(code)s: %(message)s", code=f.code, message=f.message) for f in findings]),
            recommended_action=first.fix or _("Open it and decide"),
            url=f"/inbox/{event.action_id}" if event.action_id else "/compliance",
        ),
        event.at,
    )


def hear_action(event: EventView) -> None:
    """An action failed, or is no longer open: its alerts follow."""
    target = event.payload["target"]
    if target == "failed":
        raise_for(
            Condition(
                cause="action_failed",
                subject=event.subject,
                title=_("%(kind)s: could not be carried out", kind=kind_name(event.payload["kind"])),
                detail=_why(event),
                recommended_action=_("Open it: try again, or undo what was done"),
                url=f"/inbox/{event.action_id}",
            ),
            event.at,
        )
    elif target in ("executed", "rolled_back", "rejected", "expired", "withdrawn"):
        for cause in ("action_failed", "compliance"):
            services.close(cause, event.subject, reason=target, actor=ACTOR, at=event.at)


def _why(event: EventView) -> str:
    """Why an action failed: as it was kept with the step, in words where it has them."""
    told = str(event.payload["reason"])
    steps = list_transitions(event.action_id) if event.action_id else ()
    return next((again(told, step.words) for step in steps if step.reason == told), told)


def hear_halt(event: EventView) -> None:
    """The stop button was pulled."""
    kind = kind_name(event.payload["kind"]) if event.payload["kind"] else _("everything")
    raise_for(
        Condition(
            cause="stopped",
            subject=event.subject,
            title=_("Stopped: %(kind)s", kind=kind),
            detail=_("Nothing of it is carried out until somebody lifts the stop."),
            recommended_action=_("Lift the stop on the agents' page when all is well"),
            url="/agents",
        ),
        event.at,
    )


def hear_lift(event: EventView) -> None:
    """The stop button was lifted."""
    services.close("stopped", event.subject, reason=_("it was lifted"), actor=ACTOR, at=event.at)


def hear_channel_halted(event: EventView) -> None:
    """A far side told us to stop sending."""
    raise_for(
        Condition(
            cause="channel_halted",
            subject=event.subject,
            title=_("%(channel)s is halted", channel=CHANNEL_NAMES[Channel(event.payload["channel"])]),
            detail=str(event.payload["reason"]),
            recommended_action=_("Mend the account with the provider, then let the channel go on"),
            url="/agents",
        ),
        event.at,
    )


def hear_webhook_disabled(event: EventView) -> None:
    """A system outside is no longer told of events."""
    raise_for(
        Condition(
            cause="webhook_disabled",
            subject=event.subject,
            title=_("%(host)s is not told of events any more", host=event.payload["host"]),
            detail=str(event.payload["reason"]),
            recommended_action=_(
                "Mend the receiver, switch the webhook on again, then tell it what it missed"
            ),
            url="/settings/webhooks",
        ),
        event.at,
    )


def hear_key_expiring(event: EventView) -> None:
    """A key of the API runs out soon."""
    days = int(event.payload["daysLeft"])
    raise_for(
        Condition(
            cause="key_expiring",
            subject=event.subject,
            title=ngettext(
                "The key %(key)s runs out in %(count)s day",
                "The key %(key)s runs out in %(count)s days",
                days,
                key=event.payload["name"],
            ),
            detail=_(
                "After %(day)s whoever uses it is refused.",
                day=f"{date.fromisoformat(event.payload['expiresAt'][:10]):%d-%m-%Y}",
            ),
            recommended_action=_("Rotate it and give the new secret to its user, or revoke it"),
            url="/settings",
        ),
        event.at,
    )


def hear_receipt(event: EventView) -> None:
    """A transfer arrived short or damaged."""
    if event.payload["executionStatus"] == "success":
        return
    raise_for(
        Condition(
            cause="transfer_short",
            subject=event.subject,
            title=_("A transfer arrived short or damaged"),
            detail=_(
                "%(pieces)s could be sold on arrival.", pieces=pieces_of(int(event.payload["actualQuantity"]))
            ),
            recommended_action=_(
                "Open the transfer; claim from the carrier, reverse the credit if it is lost"
            ),
            url="/transfers",
        ),
        event.at,
    )
