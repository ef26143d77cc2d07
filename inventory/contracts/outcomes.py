"""Predictions set against what happened: what is predicted, what was learnt, and the event of drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

#: Basis points of a factor that changes nothing.
UNCHANGED = 10_000


class Predicted(StrEnum):
    """What a prediction is about."""

    EXPIRY = "expiry"  # a batch will have pieces left when it can no longer be sold
    DEAD = "dead"  # an item will not sell for some days, by demand or by what was learnt of the past
    DEMAND = "demand"  # pieces that an item will sell within four weeks
    ACTION = "action"  # net rupees of an action that was carried out


class Factor(StrEnum):
    """What is corrected by experience, in the order in which it is shown."""

    SELL_THROUGH = "sell_through"  # share of a lot that an offer clears
    CLAIM_SUCCESS = "claim_success"  # share of what is claimed that the company credits
    CLAIM_DAYS = "claim_days"  # days until it does
    MOVED_SALES = "moved_sales"  # share of what is moved that sells where it went
    MOVED_DAYS = "moved_days"  # days on the road
    MOVED_FREIGHT = "moved_freight"  # what carriage is billed at
    EXPIRY = "expiry"  # chance that a batch expires unsold


class ClaimState(StrEnum):
    """What has become of a claim on a company."""

    OPEN = "open"
    CREDITED = "credited"  # in full or in part
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by us: it counts as never made


class SendingState(StrEnum):
    """What has become of the goods of a claim that left for the company."""

    SENT = "sent"
    CALLED_BACK = "called_back"  # before they left: as if they had never been sent
    RECEIVED = "received"  # the company said how many it has
    RETURNED = "returned"  # the company did not take them: they stand here again
    DESTROYED = "destroyed"  # the company did not take them, and they are gone


class Missing(StrEnum):
    """What has become of pieces that a company says it did not receive, or not in order."""

    TRANSPORTER = "transporter"  # lost or spoilt on the road: whoever carried them owes for them
    LOST = "lost"  # the distributor bears them
    HOME = "home"  # the company gave them back: they stand here again
    COMPANY = "company"  # the company is mistaken: they stay claimed until it is settled


class Stay(StrEnum):
    """What has become of pieces of a claim that never left for the company."""

    KEPT = "kept"  # credited without going back: they may be sold
    DESTROYED = "destroyed"  # credited, and destroyed where they stood
    RELEASED = "released"  # not claimed any more: they may be claimed anew


#: Claims whose goods may leave, and those that have an answer.
MAY_LEAVE = (ClaimState.OPEN, ClaimState.CREDITED)
ANSWERED = (ClaimState.CREDITED, ClaimState.REFUSED)
#: Missing pieces that are gone for good.
GONE = (Missing.TRANSPORTER, Missing.LOST)
#: Pieces that a company credits although they never left.
CREDITED_HERE = (Stay.KEPT, Stay.DESTROYED)
#: What a person may choose for goods that a company did not take.
FATES = (SendingState.RETURNED, SendingState.DESTROYED)

#: Not a factor but a figure of its own: basis points of plain demand that each percent off adds, as the
#: forecast learnt it from the prices of the past.
PRICE_RESPONSE = "price_response"
#: Factors in basis points by name, and that figure; a name that is missing changes nothing.
Learnt = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DriftDetected:
    """What is predicted no longer fits what happens, or what is predicted has changed its shape.

    It is of one `kind` of one `agent`, and of one way out, horizon or demand pattern of these (`group`).
    `measure` is `shift` (settled outcomes against their chances), `amount` (pieces or paise that came
    against those told, as a share of these), `coverage` (how often pieces lay within the interval told,
    against how often they should), `flags` (how many of those flagged came true of late, against before)
    or `psi` (chances of late against those before); `value` passed `threshold`, seen in `count`
    predictions.
    """

    name: ClassVar[str] = "DriftDetected"
    version: ClassVar[int] = 2

    kind: str
    measure: str
    value: float
    threshold: float
    count: int
    agent: str = ""
    group: str = ""
