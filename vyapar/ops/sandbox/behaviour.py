"""What simulated people and networks do: drawn from hashes, so the same every time. Pure.

A recipient's faults depend on the recipient alone (a number without WhatsApp has none tomorrow
either); what a reader does depends on recipient and template, so two campaigns differ. Nothing here
measures real retailers: the shares are settings of a simulator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from vyapar.ops.sandbox.settings import Shares

T = TypeVar("T")

_WHOLE = 10_000
MARKETING = "MARKETING"

Act = Literal["", "clicked", "ordered", "wrote_stop", "used_stop_switch"]

_ORDERS = {
    "en": ("2", "1 case", "3 cases", "5 pcs", "send 2 boxes"),
    "hi": ("2", "1 पेटी", "3 पेटी", "5 पीस", "2 डिब्बे भेज दो"),
}
_STOPS = {"en": ("STOP", "Stop", "unsubscribe"), "hi": ("STOP", "बंद करो", "बंद")}


@dataclass(frozen=True, slots=True)
class WhatsAppFate:
    """What becomes of one message: an error code (0: none), seconds after hand-over, an act.

    `read_after` and `act_after` are 0 when it does not happen.
    """

    error: int
    delivered_after: float
    read_after: float
    act: Act
    act_after: float


def draw(*parts: str) -> int:
    """A number in [0, 10000) that depends on nothing but the parts."""
    seal = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(seal[:8], "big") % _WHOLE


def pick(options: Sequence[T], *parts: str) -> T:
    """One of the options, always the same for the same parts."""
    return options[draw("pick", *parts) % len(options)]


def whatsapp_fate(recipient: str, template: str, category: str, shares: Shares) -> WhatsAppFate:
    """The fate of a message; marketing faults strike marketing templates only."""
    error = _whatsapp_fault(recipient, category, shares)
    delivered = 1.0 + draw("delay", recipient) / _WHOLE * 4
    reads = not error and draw("read", recipient, template) < shares.read
    read = delivered + 2 + draw("reading", recipient, template) / _WHOLE * 18 if reads else 0.0
    act = _act(recipient, template, category, shares) if reads else ""
    after = read + 3 + draw("acting", recipient, template) / _WHOLE * 27 if act else 0.0
    return WhatsAppFate(error, delivered, read, act, after)


def order_text(language: str, recipient: str, template: str) -> str:
    """A reply with a quantity, as people write them."""
    return pick(_ORDERS["hi" if language.startswith("hi") else "en"], "order", recipient, template)


def stop_text(language: str, recipient: str) -> str:
    """A reply that asks for no more messages."""
    return pick(_STOPS["hi" if language.startswith("hi") else "en"], "stop", recipient)


def sms_fault(recipient: str, promotional: bool, shares: Shares) -> str:
    """The gateway's code with which a text fails after it was accepted, or nothing."""
    drawn = draw("sms", recipient)
    if drawn < shares.sms_absent:
        return "ABSENT_SUBSCRIBER"
    if drawn < shares.sms_absent + shares.sms_inactive:
        return "NUMBER_INACTIVE"
    blocked = shares.sms_absent + shares.sms_inactive + shares.sms_blocked
    return "DLT_PREFERENCE_BLOCKED" if promotional and drawn < blocked else ""


def sms_stops(recipient: str, template: str, shares: Shares) -> bool:
    """True when the person answers a promotional text with STOP."""
    return draw("sms-stop", recipient, template) < shares.sms_stop


def mail_fault(recipient: str, shares: Shares) -> Literal["", "unknown", "greylisted"]:
    """Whether a mailbox does not exist, or wants to be asked twice."""
    drawn = draw("mail", recipient.lower())
    if drawn < shares.mail_unknown:
        return "unknown"
    return "greylisted" if drawn < shares.mail_unknown + shares.mail_greylisted else ""


def mail_unsubscribes(recipient: str, subject: str, shares: Shares) -> bool:
    """True when the person uses the mail program's one-click unsubscribe."""
    return draw("mail-unsubscribe", recipient.lower(), subject) < shares.mail_unsubscribed


def _whatsapp_fault(recipient: str, category: str, shares: Shares) -> int:
    drawn = draw("whatsapp", recipient)
    faults: tuple[tuple[int, int], ...] = ((131026, shares.not_on_whatsapp),)
    if category == MARKETING:
        faults += (
            (131049, shares.marketing_capped),
            (130472, shares.in_experiment),
            (131050, shares.opted_out),
        )
    for code, share in faults:
        if drawn < share:
            return code
        drawn -= share
    return 0


def _act(recipient: str, template: str, category: str, shares: Shares) -> Act:
    drawn = draw("act", recipient, template)
    acts: tuple[tuple[Act, int], ...] = (("clicked", shares.clicked), ("ordered", shares.ordered))
    if category == MARKETING:
        acts += (("wrote_stop", shares.wrote_stop), ("used_stop_switch", shares.used_stop_switch))
    for act, share in acts:
        if drawn < share:
            return act
        drawn -= share
    return ""
