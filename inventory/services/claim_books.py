"""Tells the books what became of a claim's goods and of its answer, in the transaction that decided it."""

from __future__ import annotations

from datetime import datetime

from inventory.models import Claim, ClaimSending
from inventory.selectors.claim_books import (
    credit_of,
    debit_note_of,
    find_booked_note,
    homecoming_of,
    list_receipt_keys,
    return_of,
    says_the_same,
)
from inventory.services.exports import queue_export, reverse_export
from vyapar.kernel.actor import Actor
from vyapar.kernel.facts import CreditNote, MovementFacts


def book_return(sending: ClaimSending, facts: MovementFacts, *, actor: Actor, at: datetime) -> None:
    """Goods of a claim have left; where the company credited them before, its credit is due now."""
    queue_export(return_of(sending, facts), action_id=None, actor=actor, at=at)
    book_answer(sending.claim, reason="its goods left", actor=actor, at=at)


def book_call_back(
    sending: ClaimSending, note: CreditNote | None, *, reason: str, actor: Actor, at: datetime
) -> None:
    """Goods did not leave after all: what was booked is undone, or what an invoice charged is credited."""
    if note is not None:
        queue_export(credit_of(sending, note, at), action_id=None, actor=actor, at=at)
    else:
        reverse_export(sending.key, key=f"{sending.key}:back", narration=reason, actor=actor, at=at)
    book_answer(sending.claim, reason=reason, actor=actor, at=at)


def book_homecoming(
    sending: ClaimSending, pieces: int, note: CreditNote | None, *, actor: Actor, at: datetime,
    key: str = "home",
) -> None:  # fmt: skip
    """Pieces that the company did not take, or never got, stand here again."""
    queue_export(homecoming_of(sending, pieces, note, at, key=key), action_id=None, actor=actor, at=at)


def book_receipt_back(sending: ClaimSending, *, reason: str, actor: Actor, at: datetime) -> None:
    """A receipt was told wrongly: what the books hold of its missing pieces is undone."""
    for key in list_receipt_keys(sending):
        reverse_export(key, key=f"{key}:back", narration=reason, actor=actor, at=at)


def book_answer(claim: Claim, *, reason: str, actor: Actor, at: datetime) -> None:
    """Make the books hold what the company credits and no more: another answer takes the earlier one's
    place, the same one books nothing."""
    due, stands = debit_note_of(claim, at), find_booked_note(claim)
    if due is not None and stands is not None and says_the_same(due, stands):
        return
    if stands is not None:
        reverse_export(stands.key, key=f"{stands.key}:back", narration=reason, actor=actor, at=at)
    if due is not None:
        queue_export(due, action_id=None, actor=actor, at=at)
