"""Consent of two that become one: a no of either is a no of both, and no yes is taken over."""

from __future__ import annotations

from datetime import datetime

from inventory.models import Twins
from inventory.selectors.twins import list_other_names
from inventory.services.twins.moving import trace
from vyapar.kernel.actor import Actor, system
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING, ConsentRow
from vyapar.messaging.models import Consent
from vyapar.messaging.selectors import list_consent
from vyapar.messaging.services import record_consents, record_word

_TABLE = "messaging_consent"


def party(retailer_id: str) -> str:
    """How the messaging door names a retailer."""
    return f"retailer:{retailer_id}"


def take_stricter(twins: Twins, *, actor: Actor, at: datetime) -> int:
    """Withdraw the kept one's consent where the other said no; on how many channels.

    What the other agreed to was said for its own number and is not taken over. The ledger of consents
    is append-only: the no is a new word.
    """
    ours, theirs = latest(twins.kept), latest(twins.other)
    count = 0
    for what, word in sorted(theirs.items()):
        own = ours.get(what)
        if word.granted or own is None or not own.granted:
            continue
        channel, purpose = what
        _say(twins, channel, purpose, False, f"merged with {twins.other}", actor=actor, at=at)
        trace(twins, _TABLE, [channel, purpose], {"granted": True, "at": at.isoformat()})
        count += 1
    return count


def give_back(twins: Twins, *, actor: Actor, at: datetime) -> int:
    """Say again what the kept one had agreed to, unless it said something itself since; how often."""
    now, count = latest(twins.kept), 0
    for change in twins.changes.filter(table=_TABLE):
        channel, purpose = change.key
        word = now.get((channel, purpose))
        if word is None or word.granted or word.at != datetime.fromisoformat(change.before["at"]):
            continue
        _say(twins, channel, purpose, True, f"taken apart from {twins.other}", actor=actor, at=at)
        count += 1
    return count


def follow_withdrawal(retailer_party: str, channel: str, *, at: datetime) -> bool:
    """Have a no that came under a merged outlet's name count for the kept one; whether it did."""
    kind, _, code = retailer_party.partition(":")
    kept = list_other_names().retailers.get(code) if kind == "retailer" else None
    word = latest(kept).get((channel, MARKETING)) if kept else None
    if kept is None or word is None or not word.granted:
        return False
    source = f"said as {code}, which is {kept}"
    record_word(party(kept), False, actor=system("twins"), at=at, source=source, channels=(Channel(channel),))
    return True


def latest(retailer_id: str) -> dict[tuple[str, str], Consent]:
    """The latest word of an outlet on each channel and purpose."""
    words: dict[tuple[str, str], Consent] = {}
    for word in list_consent(party(retailer_id)):
        words.setdefault((word.channel, word.purpose), word)
    return words


def _say(
    twins: Twins, channel: str, purpose: str, granted: bool, source: str, *, actor: Actor, at: datetime
) -> None:
    who, way = party(twins.kept), Channel(channel)
    if purpose == MARKETING:
        record_word(who, granted, actor=actor, at=at, source=source, channels=(way,))
        return
    row = ConsentRow(party=who, channel=way, purpose=purpose, granted=granted, at=at, source=source)
    record_consents([row], actor=actor, at=at)
