"""Tells the books what became of a claim's goods and of its answer, in the transaction that decided it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from inventory.contracts.exports import split_by_state
from inventory.contracts.feeds import ExportDocument
from inventory.models import Claim, ClaimSending, NoteReversal
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
    _keep_reversal(claim, due, actor=actor, at=at)
    if due is not None and stands is not None and says_the_same(due, stands):
        return
    if stands is not None:
        reverse_export(stands.key, key=f"{stands.key}:back", narration=reason, actor=actor, at=at)
    if due is not None:
        queue_export(due, action_id=None, actor=actor, at=at)


def _keep_reversal(claim: Claim, due: ExportDocument | None, *, actor: Actor, at: datetime) -> None:
    """The credit that the company's note takes back, for the month's return: the figure that the books get,
    kept whether any system takes it or not."""
    last = NoteReversal.objects.filter(claim=claim).order_by("-pk").first()
    stands = last if last is not None and last.tax_paise > 0 else None
    new = _reversal_of(claim, due, actor, at) if due is not None and split_by_state(due) else None
    if stands is not None and new is not None and _facts(stands) == _facts(new):
        return
    if stands is not None:
        taken = {name: -getattr(stands, name) for name in _PAISE}
        kept = {name: getattr(stands, name) for name in _NOTED}
        NoteReversal.objects.create(claim=claim, booked_at=at, booked_by=str(actor), **kept, **taken)
    if new is not None:
        new.save()


_PAISE = ("credited_paise", "igst_paise", "cgst_paise", "sgst_paise")
_NOTED = ("note", "noted_on", "gstin", "company", "company_gstin")


def _facts(one: NoteReversal) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in (*_NOTED, *_PAISE))


def _reversal_of(claim: Claim, due: ExportDocument, actor: Actor, at: datetime) -> NoteReversal:
    heads = {f"{head}_paise": paise for head, paise in split_by_state(due).items()}
    return NoteReversal(
        claim=claim, booked_at=at, booked_by=str(actor), note=claim.credit_note, noted_on=claim.answered_on,
        gstin=due.extra["source_gstin"], company=due.extra["company"],
        company_gstin=due.extra["company_gstin"], credited_paise=claim.credited_paise or 0, **heads,
    )  # fmt: skip
