"""What claims do to the input tax credit on their goods: the one figure that pages, doors and books say."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.contracts.outcomes import ClaimState
from inventory.models import Claim
from inventory.selectors.claim_goods import goods_of, standing_of
from vyapar.kernel.calendar import ist_day
from vyapar.law.itc import DESTROY, RETURN_TO_COMPANY, itc_effect


@dataclass(frozen=True, slots=True)
class ClaimCredit:
    """Input tax credit that goes back because of a claim, in paise.

    `by_note`: attributable to the company's GST credit note, which credits that tax along with the goods;
    `is_expected` while it has not answered and all that was asked for is counted. `by_loss`: of goods that
    were destroyed or lost (s.17(5)(h) CGST Act).
    """

    by_note: int
    is_expected: bool
    by_loss: int


def credit_of_claim(claim: Claim) -> ClaimCredit:
    """What a claim does to the credit on its goods. One query, none where it came `with_goods`."""
    is_open = claim.state == ClaimState.OPEN
    paise = claim.due_paise if is_open else claim.credited_paise or 0
    return ClaimCredit(taken_back(claim, paise), is_open, _lost(claim))


def taken_back(claim: Claim, credited_paise: int) -> int:
    """What a credit of `credited_paise` takes back of the input tax credit on a claim's goods, by the way on
    which they left; 0 while none have."""
    sent, goods = standing_of(claim), claim.batch
    if not sent:
        return 0
    return itc_effect(
        RETURN_TO_COMPANY, ist_day(sent[0].sent_at), quantity=claim.due_pieces,
        itc_per_unit_paise=goods.itc_paise, return_route=sent[0].route,
        credited=(credited_paise, claim.due_pieces * goods.cost_paise),
    ).reverse_paise  # fmt: skip


def _lost(claim: Claim) -> int:
    goods = goods_of(claim)
    return itc_effect(
        DESTROY, claim.filed_on, quantity=goods.lost + goods.destroyed,
        itc_per_unit_paise=claim.batch.itc_paise,
    ).reverse_paise  # fmt: skip
