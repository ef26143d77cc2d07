"""Hangs the Compliance agent, its guard, its desk and its pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import services
from compliance.agent import CompliancePolicy, decide
from compliance.models import RaisedFinding
from compliance.selectors import count_papers, take_snapshot
from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem
from vyapar.engine import registry
from vyapar.engine.contracts import ActionView, AgentSpec, EventView, Guard, Subscriber, Tally
from vyapar.engine.selectors import get_action
from vyapar.kernel.actor import Actor, agent
from vyapar.kernel.decision import Decision, Finding, Severity
from vyapar.kernel.ports import PaperDesk
from vyapar.law.version import RULE_VERSION
from vyapar.people.contracts import May


def check_law(view: ActionView, at: datetime) -> Sequence[Finding]:
    """What the law says of an action's facts: asked at proposal, at approval and at execution."""
    facts = registry.kind(view.kind).facts(view)
    if facts is None:
        return ()
    examination = registry.desk(PaperDesk).examine(facts, at=at)
    return [finding for finding in examination.findings if isinstance(finding, Finding)]


def keep_findings(event: EventView) -> None:
    """An action was proposed: what speaks against it is kept and told before it can run."""
    if event.action_id is None:
        return
    action = get_action(event.action_id)
    findings = [_finding(f) for f in event.payload["findings"] if f["severity"] in ("block", "warn")]
    services.raise_findings(
        findings,
        action_id=action.pk,
        action_number=action.number,
        kind=action.kind,
        subject=f"action:{action.number}",
        actor=agent("compliance"),
        at=event.at,
    )


def _finding(said: Any) -> Finding:
    return Finding(
        said["code"],
        Severity(said["severity"]),
        said["message"],
        said.get("basis", ""),
        said.get("facts", {}),
        said.get("fix", ""),
    )


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


def register() -> None:
    """Hang everything of this app in the registry and on the board."""
    registry.keep_desk(PaperDesk, services.PaperClerk())
    registry.hang(Guard("law", check_law, rule_version=lambda: RULE_VERSION))
    registry.hang(Subscriber("compliance.keep_findings", "ActionProposed", keep_findings))
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
    board.hang(NavItem("compliance:documents", _("Compliance"), "scale", 50, needs=May.AUDIT))
