"""Who must know, how urgently, by which way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alerts.contracts import Condition, Recipient, Urgency
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _

#: Which roles a cause concerns. A cause that nobody is named for goes to the owner: an alert without
#: a recipient is itself an error.
CONCERNS: Mapping[str, tuple[str, ...]] = {
    "dead_stock": ("owner", "manager", "analyst"),
    "expiring": ("owner", "manager", "analyst"),
    "action_waiting": ("owner", "manager"),
    "action_failed": ("owner", "manager"),
    "compliance": ("owner", "manager", "auditor"),
    "agent_failed": ("owner", "integration"),
    "feed_stale": ("owner", "manager", "integration"),
    "channel_halted": ("owner", "manager", "integration"),
    "receipt_overdue": ("owner", "manager"),
    "transfer_short": ("owner", "manager", "auditor"),
    "stopped": ("owner", "manager"),
    "webhook_disabled": ("owner", "integration"),
    "export_failed": ("owner", "manager", "integration"),
    "feed_halted": ("owner", "manager", "integration"),
    "import_failed": ("owner", "manager", "integration"),
    "key_expiring": ("owner", "integration"),
    "quality_fell": ("owner", "manager", "integration"),
    "drift": ("owner", "manager", "analyst"),
    "expired_sale": ("owner", "manager", "auditor"),
    "expired_taken": ("owner", "manager", "auditor"),
    "expired_past": ("owner", "manager", "auditor"),
    "short_sale": ("owner", "manager"),
}

#: Causes that stop the machine or break the law are never below this.
_FLOORS: Mapping[str, Urgency] = {
    "agent_failed": Urgency.HIGH,
    "channel_halted": Urgency.HIGH,
    "action_failed": Urgency.HIGH,
    "compliance": Urgency.MEDIUM,
    "feed_stale": Urgency.MEDIUM,
    "transfer_short": Urgency.MEDIUM,
    "webhook_disabled": Urgency.MEDIUM,
    "export_failed": Urgency.MEDIUM,
    "feed_halted": Urgency.HIGH,
    "import_failed": Urgency.MEDIUM,
    "key_expiring": Urgency.MEDIUM,
    "quality_fell": Urgency.MEDIUM,
    "drift": Urgency.MEDIUM,
    "expired_sale": Urgency.HIGH,
    "expired_taken": Urgency.MEDIUM,
    "short_sale": Urgency.MEDIUM,
}


#: What costs the data of a place its marks, as a sentence names it.
FIGURES: Mapping[str, Phrase] = {
    "negative_stock": _("negative stock"),
    "batch_sums": _("batches that do not add up"),
    "missing_mrp": _("missing MRPs"),
    "missing_expiry": _("missing expiry dates"),
    "missing_hsn": _("missing HSN codes"),
    "back_dated": _("back-dated sales"),
    "gaps": _("days without sales"),
    "found": _("sales without stock"),
    "duplicates": _("rows sent again"),
    "quarantine": _("rows set aside"),
    "stale": _("the age of the data"),
    "differences": _("totals that differ"),
}


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """From how many rupees an alert is medium, high, critical; and how close a date makes it so."""

    medium_rupees: int = field(default=10_000, metadata={"label": _("Medium from (rupees)")})
    high_rupees: int = field(default=50_000, metadata={"label": _("High from (rupees)")})
    critical_rupees: int = field(default=250_000, metadata={"label": _("Critical from (rupees)")})
    high_days: int = field(default=15, metadata={"label": _("High within (days)")})
    critical_days: int = field(default=5, metadata={"label": _("Critical within (days)")})
    digest_limit: int = field(default=20, metadata={"label": _("Lines in one mail")})

    def __post_init__(self) -> None:
        faults = []
        if not 0 <= self.medium_rupees <= self.high_rupees <= self.critical_rupees:
            faults.append(Fault("order", _("medium, high and critical must rise"), "medium_rupees"))
        if not 0 <= self.critical_days <= self.high_days:
            faults.append(Fault("order", _("critical days must not be above high days"), "critical_days"))
        if self.digest_limit < 1:
            faults.append(Fault("digest", _("1 or more"), "digest_limit"))
        if faults:
            raise Invalid(_("these alert rules cannot be set"), code="bad_policy", faults=faults)


def urgency_of(condition: Condition, policy: AlertPolicy) -> Urgency:
    """The strongest of what the rupees, the days left and the cause itself say."""
    rupees = condition.value_paise // 100
    by_rupees = Urgency.LOW
    for limit, level in (
        (policy.medium_rupees, Urgency.MEDIUM),
        (policy.high_rupees, Urgency.HIGH),
        (policy.critical_rupees, Urgency.CRITICAL),
    ):
        if rupees >= limit:
            by_rupees = level
    by_days = Urgency.LOW
    if condition.days_left is not None and rupees >= policy.medium_rupees:
        if condition.days_left <= policy.critical_days:
            by_days = Urgency.CRITICAL
        elif condition.days_left <= policy.high_days:
            by_days = Urgency.HIGH
    floor = _FLOORS.get(condition.cause, Urgency.LOW)
    return max((by_rupees, by_days, floor), key=lambda level: level.rank)


def recipients_of(
    condition: Condition, urgency: Urgency, people: Iterable[Recipient]
) -> tuple[Recipient, ...]:
    """Everyone whose role the cause concerns and who wants alerts of this urgency.

    When that is nobody, the owners; when there is no owner, everybody.
    """
    crew = sorted(people, key=lambda person: person.user_id)
    roles = CONCERNS.get(condition.cause, ("owner",))
    concerned = [p for p in crew if p.role in roles and urgency.rank >= p.alert_from.rank]
    return tuple(concerned or [p for p in crew if p.role == "owner"] or crew)


def ways_of(person: Recipient, urgency: Urgency) -> tuple[str, ...]:
    """How a person is told: always in the app; by mail when they want it and it is not low."""
    mail = "email" in person.channels and bool(person.email) and urgency.rank >= Urgency.MEDIUM.rank
    return ("in_app", "email") if mail else ("in_app",)
