"""What claims do to the input tax credit is one figure: by hand, on the page, in books and ways out."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest

from inventory.contracts.outcomes import Stay
from inventory.contracts.policy import MonitoringPolicy
from inventory.impact.ways import price_ways
from inventory.selectors.claim_credit import credit_of_claim
from inventory.selectors.claims import get_claim
from tests.inventory.test_claim_books import credit, in_the_office, of, sheets
from tests.inventory.test_claim_goods import CHALLAN, NOTE, SUPPLY, book, filed, send
from tests.inventory.test_claim_pages import person
from tests.inventory.test_claim_rest import books, close
from tests.inventory.test_impact import lots
from vyapar.kernel.money import rupees
from vyapar.people.contracts import Role

__all__ = ["book", "in_the_office", "sheets"]

#: Forty pieces at ₹50.00 with ₹2.50 of credit on each.
PIECES, COST, ITC = 40, 5_000, 250


def ways(claim_paise: int) -> dict[str, dict[str, int]]:
    """Parts of each way out of those pieces, where the company surely credits so much at once."""
    lot = lots(
        quantity=PIECES, cost=COST, itc=ITC, grams=0, return_bp=10_000, claim_room=claim_paise,
        claim_success_bp=10_000, claim_days=0,
    )  # fmt: skip
    return {way.name: way.components for way in price_ways(lot, MonitoringPolicy()).of(0)}


@pytest.mark.parametrize("paise", [60_000, 45_010, 45_009, 10, 1])
def test_a_gst_note_takes_back_what_it_credits_so_that_the_claim_alone_is_gained(sheets, book, paise):
    by_hand = floor(Fraction(PIECES * ITC * paise, PIECES * COST) + Fraction(1, 2))
    claim = filed()
    send(claim, route=NOTE)
    credit(claim, paise)
    (line,) = of("debit_note").lines
    assert line.tax_paise == credit_of_claim(get_claim(claim.pk)).by_note == by_hand
    told = ways(paise)["return_to_company"]
    assert (line.amount_paise + line.tax_paise) - by_hand == told["claim"]
    assert told["itc_reversal"] == 0
    page = person(Role.MANAGER).get(f"/claims/{claim.pk}").content.decode()
    assert "credit note takes back that part" in page
    assert rupees(by_hand) in page


@pytest.mark.parametrize("route", [CHALLAN, SUPPLY])
def test_another_way_back_takes_no_credit(sheets, book, route):
    claim = filed()
    send(claim, route=route)
    credit(claim)
    assert credit_of_claim(get_claim(claim.pk)).by_note == 0
    assert ways(45_000)["return_to_company"]["itc_reversal"] == 0


def test_what_is_destroyed_costs_its_whole_credit_by_every_reckoning(sheets, book):
    claim = filed()
    credit(claim)
    close(claim, Stay.DESTROYED)
    (lost,) = [one.lines[0].tax_paise for one in books(claim) if one.kind == "reversal"]
    page = credit_of_claim(get_claim(claim.pk)).by_loss
    assert lost == page == -ways(45_000)["destroy"]["itc_reversal"] == PIECES * ITC
