"""Hangs the Compliance agent, its guard, its desk and its pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import services
from compliance.agent import CompliancePolicy, decide
from compliance.models import RaisedFinding
from compliance.selectors import count_papers, take_snapshot, waiting_reports
from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem
from vyapar.engine import registry
from vyapar.engine.asked import list_takeable
from vyapar.engine.contracts import ActionView, AgentSpec, Chore, EventView, Guard, Setup, Subscriber, Tally
from vyapar.engine.selectors import get_action, list_policy_versions
from vyapar.engine.services import set_policy
from vyapar.kernel.actor import Actor, agent
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Decision, Finding
from vyapar.law.version import RULE_VERSION
from vyapar.people.contracts import May
from vyapar.tenancy.selectors import current_distributor


def check_law(view: ActionView, at: datetime) -> Sequence[Finding]:
    """What the law says of an action's facts: asked at proposal, at approval and at execution."""
    facts = registry.kind(view.kind).facts(view)
    if facts is None:
        return ()
    examination = registry.paper_desk().examine(facts, at=at)
    return [finding for finding in examination.findings if isinstance(finding, Finding)]


def keep_findings(event: EventView) -> None:
    """An action was proposed: what speaks against it is kept and told before it can run."""
    if event.action_id is None:
        return
    action = get_action(event.action_id)
    said = event.payload.get("findings", action.findings)
    findings = [Finding.of(f) for f in said if f["severity"] in ("block", "warn")]
    services.raise_findings(
        findings,
        action_id=action.pk,
        action_number=action.number,
        kind=action.kind,
        subject=f"action:{action.number}",
        actor=agent("compliance"),
        at=event.at,
    )


def keep_late_findings(event: EventView) -> None:
    """A guard stopped an approved action at its execution: what it said is kept and told."""
    if event.payload["target"] != "withdrawn" or event.actor_ref != "system:guards":
        return
    keep_findings(event)


def record(decision: Decision, cycle: Any, actor: Actor, at: datetime) -> None:
    """Keep what is new among the register's findings; what was told before is not told again."""
    known = set(
        RaisedFinding.objects.filter(action_id__isnull=True).values_list("subject", "code", "message")
    )
    for subject, finding in decision.outcome:
        if (subject, finding.code, finding.message) not in known:
            services.raise_findings(
                [finding],
                action_id=None,
                action_number=None,
                kind="register",
                subject=subject,
                actor=actor,
                at=at,
            )


#: An invented firm's turnover, below the e-invoice threshold, so that its papers need no IRN.
DEMONSTRATION_TURNOVER_RUPEES = 38_000_000


def know_the_demonstration(actor: Actor, at: datetime) -> None:
    """Give a sandbox distributor a turnover; a real one is asked for its own."""
    if not current_distributor().sandbox or list_policy_versions("compliance"):
        return
    known = {
        "turnover_rupees": DEMONSTRATION_TURNOVER_RUPEES,
        "preceding_turnover_rupees": DEMONSTRATION_TURNOVER_RUPEES,
    }
    set_policy("compliance", known, effective_date=ist_day(at), actor=actor, at=at, reason="demonstration")


def tend_reports(at: datetime) -> None:
    """Have reports printed that no living worker has, and old ones cleared."""
    from compliance.tasks import print_report

    for report_id in list_takeable(waiting_reports(), at):
        print_report.apply_async((report_id,), expires=60)
    services.clear_reports(at=at)


def register() -> None:
    """Hang everything of this app in the registry and on the board."""
    registry.keep_paper_desk(services.PaperClerk())
    registry.hang(Guard("law", check_law, rule_version=lambda: RULE_VERSION))
    registry.hang(Subscriber("compliance.keep_findings", "ActionProposed", keep_findings))
    registry.hang(Subscriber("compliance.keep_late_findings", "ActionMoved", keep_late_findings))
    registry.hang(
        AgentSpec(
            name="compliance",
            label=_("Compliance"),
            policy=CompliancePolicy,
            take_snapshot=take_snapshot,
            decide=decide,
            record=record,
            after=("liquidation",),
        )
    )
    registry.hang(Tally("documents", count_papers))
    registry.hang(Chore("compliance.reports", tend_reports))
    registry.hang(Setup("compliance.standing", know_the_demonstration))
    board.hang(NavItem("compliance:documents", _("Compliance"), "scale", 50, needs=May.AUDIT))
