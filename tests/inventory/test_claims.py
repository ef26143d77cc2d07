"""What companies credit: a yearly cap spent once by all lots, and how often and when each of them pays."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.agent.learnt import with_learnt
from inventory.contracts import NO_CAP
from inventory.contracts.outcomes import Predicted
from inventory.impact import WAYS, price_ways
from inventory.impact.interval import Span, intervals
from inventory.models import Brand, Claim, MovementKind, Prediction
from inventory.selectors.book import read_book
from inventory.selectors.claims import claim_rooms, list_companies
from inventory.selectors.outcomes import current_learnt, list_outcomes
from inventory.services import claims, outcomes, record_movements
from inventory.services.lines import MovementLine
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.test_impact import POLICY, lots
from vyapar.engine.models import AuditEntry
from vyapar.kernel.calendar import financial_year
from vyapar.kernel.errors import Invalid, NotFound, Refused

RETURN = WAYS.index("return_to_company")


def claim_of(**values):
    return {way.name: way for way in price_ways(lots(**values), POLICY).of(0)}["return_to_company"]


def test_no_more_is_claimed_than_the_company_still_credits():
    assert claim_of().components["claim"] == 58_500  # 90 % of 1,00,000 paise, accepted 65 times of 100
    assert claim_of(claim_room=40_000).components["claim"] == 26_000
    assert claim_of(claim_room=NO_CAP).components["claim"] == 58_500
    spent = claim_of(claim_room=0)
    assert (spent.available, spent.net_paise, spent.note) == (False, 0, "closed_not_taken_back")


def test_a_company_that_is_known_to_pay_is_weighed_by_its_own_figures():
    sure = claim_of(claim_success_bp=10_000, claim_days=365).components
    assert sure["claim"] == 90_000
    assert sure["opportunity"] == -10_800  # a year at 12 %
    assert sure["itc_reversal"] == sure["disposal"] == 0
    never = claim_of(claim_success_bp=0).components
    assert never["claim"] == 0
    assert never["itc_reversal"] == -18_000
    nothing = Span(low=np.zeros(1, np.int64), high=np.zeros(1, np.int64))
    certain = intervals(lots(claim_success_bp=10_000), POLICY, here=nothing, there=nothing)
    assert certain.low[RETURN, 0] == certain.high[RETURN, 0]


@pytest.fixture
def book(in_alpha):
    """Two SKUs of one brand that takes goods back at any time for 60 % of their cost."""
    made = make_book(2)
    Brand.objects.update(return_bp=6_000, return_days=None)
    for sku, number, life in (("S1", "B1", 200), ("S2", "B2", 60)):
        made.batch(sku, number, expires_in=life)
        made.receive(sku, number, 100, at=NOW - timedelta(days=90))
    return made


def rooms(book, *skus):
    found = read_book(TODAY, "", [book.skus[sku].pk for sku in skus], part=True)
    return dict(zip(found.position_ids.tolist(), found.claim_room_paise.tolist(), strict=True))


def test_a_cap_is_shared_by_all_lots_of_a_company_what_expires_first_before_the_rest(book):
    first, last = book.position("S2", "B2"), book.position("S1", "B1")
    whole = 100 * first.batch.cost_paise * 6_000 // 10_000
    assert set(rooms(book, "S1", "S2").values()) == {NO_CAP}
    cap = whole + 1_000
    Brand.objects.update(claim_cap_paise=cap)
    assert rooms(book, "S1", "S2") == {first.pk: whole, last.pk: 1_000}
    # whichever part of the book is read, the same share is told
    assert rooms(book, "S1") == {last.pk: 1_000}
    Brand.objects.update(claimed_paise=whole, claimed_year=financial_year(TODAY))
    assert rooms(book, "S1", "S2") == {first.pk: 1_000, last.pk: 0}
    Brand.objects.update(claimed_year="2019-20")
    assert rooms(book, "S1", "S2") == {first.pk: whole, last.pk: 1_000}


def test_what_can_no_longer_be_claimed_takes_nothing_of_the_cap(book):
    first, last = book.position("S2", "B2"), book.position("S1", "B1")
    Brand.objects.update(claim_cap_paise=1_000, return_days=-100)
    assert rooms(book, "S1", "S2") == {first.pk: 0, last.pk: 1_000}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 500),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.sampled_from([0, 1, 50_000, NO_CAP]),
)
def test_a_claim_never_passes_its_room_and_parts_add_up(pieces, bp, success, room):
    lot = lots(
        quantity=pieces, held_sold=0, moved_sold=0, return_bp=bp, claim_success_bp=success, claim_room=room
    )
    way = price_ways(lot, POLICY).of(0)
    found = next(one for one in way if one.name == "return_to_company")
    assert 0 <= found.components["claim"] <= min(room, pieces * 1_000)
    assert sum(found.components.values()) == found.net_paise


@pytest.mark.parametrize(
    "wrong", [{"claim_cap_paise": -1}, {"claim_success_bp": 10_001}, {"claimed_paise": -1}]
)
def test_no_company_pays_more_often_than_always_or_less_than_nothing(book, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Brand.objects.update(**wrong)


def test_without_a_cap_no_position_is_looked_at(book):
    assert claim_rooms(TODAY, np.array([5, 6])).tolist() == [NO_CAP, NO_CAP]


# --- recorded ------------------------------------------------------------------------------


def file(book, pieces=40, amount=60_000, sku="S2", batch="B2", reference="CL-1", filed=TODAY, at=NOW):
    return claims.file_claim(
        sku=sku, batch=batch, location="GD-MUM", pieces=pieces, amount_paise=amount, filed_on=filed,
        reference=reference, actor=OWNER, at=at,
    )  # fmt: skip


def test_a_claim_counts_towards_the_cap_until_it_is_refused_and_its_pieces_are_claimed_once(book):
    first, last = book.position("S2", "B2"), book.position("S1", "B1")
    each = first.batch.cost_paise * 6_000 // 10_000
    Brand.objects.update(claim_cap_paise=100 * each + 1_000)
    claim = file(book, pieces=40, amount=40 * each)
    assert rooms(book, "S1", "S2") == {first.pk: 60 * each, last.pk: 1_000}, "what it asks for is spent"
    later = NOW + timedelta(days=50)
    claims.answer_claim(claim.pk, credited_paise=10 * each, answered_on=TODAY + timedelta(days=50),
                        actor=OWNER, at=later)  # fmt: skip
    assert rooms(book, "S1", "S2") == {first.pk: 60 * each, last.pk: 30 * each + 1_000}, "only what it gave"
    refused = file(book, pieces=60, amount=60 * each, reference="CL-2")
    assert rooms(book, "S1", "S2")[first.pk] == 0
    claims.answer_claim(refused.pk, credited_paise=0, answered_on=TODAY, actor=OWNER, at=NOW)
    assert rooms(book, "S1", "S2")[first.pk] == 60 * each, "a refused claim gives room and pieces back"
    company = list_companies(TODAY)[0]
    assert (company.asked, company.room) == (10 * each, 90 * each + 1_000)
    assert (company.open, company.credited, company.refused, company.days) == (0, 1, 1, 50)
    assert company.share_bp == 1_000  # ten of a hundred


def test_what_is_claimed_is_not_claimed_again_without_a_cap_until_it_has_left(book):
    first, last = book.position("S2", "B2"), book.position("S1", "B1")
    each = first.batch.cost_paise * 6_000 // 10_000
    file(book, pieces=90, amount=90 * each)
    assert rooms(book, "S1", "S2") == {first.pk: 10 * each, last.pk: NO_CAP}
    with pytest.raises(Refused) as told:
        file(book, pieces=11, reference="CL-2")
    assert told.value.code == "not_enough_stock"
    assert "100 pieces stand there, 90 of them are claimed: at most 10" in str(told.value)
    gone = MovementLine(first.batch_id, first.location_id, MovementKind.WRITE_OFF, -90)
    record_movements([gone], actor=OWNER, at=NOW + timedelta(days=1))
    assert rooms(book, "S2") == {first.pk: 10 * each}, "what was claimed has left; the rest is free to claim"
    file(book, pieces=10, reference="CL-3")


def test_a_claim_is_a_prediction_that_its_answer_settles_and_claims_teach(book):
    for n in range(5):
        filed = TODAY - timedelta(days=40)
        claim = file(book, pieces=10, amount=10_000, reference=f"CL-{n}", filed=filed)
        row = Prediction.objects.get(subject=f"claim:{claim.pk}")
        assert (row.group, row.paise, row.probability) == ("return_to_company", 6_500, 0.65)
        assert row.due_on == filed + timedelta(days=60)
        claims.answer_claim(claim.pk, credited_paise=2_600, answered_on=TODAY - timedelta(days=10),
                            credit_note="CN-9", actor=OWNER, at=NOW)  # fmt: skip
        row.refresh_from_db()
        assert (row.settled_on, row.happened, row.realised_paise) == (TODAY - timedelta(days=10), 2.6, 2_600)
    found = next(one for one in list_outcomes(Predicted.ACTION) if one.group == "return_to_company")
    assert (found.settled, found.predicted_paise, found.realised_paise) == (5, 32_500, 13_000)
    # 26 % instead of 65, in 30 days instead of 60: (5 + 5 x 0.4) / 10 and (5 + 5 x 0.5) / 10
    assert outcomes.learn(actor=OWNER, at=NOW) == {"claim_success": 7_000, "claim_days": 7_500}
    policy = with_learnt(POLICY, current_learnt())
    assert (policy.claim_success_bp, policy.claim_days) == (4_550, 45)
    Brand.objects.update(claim_success_bp=2_600, claim_days=30)
    before = dict(current_learnt())
    assert outcomes.learn(actor=OWNER, at=NOW) == before, (
        "who has figures of his own teaches nothing of others"
    )


def test_a_claim_taken_back_counts_as_never_made(book):
    first = book.position("S2", "B2")
    Brand.objects.update(claim_cap_paise=10_00_000)
    before = rooms(book, "S1", "S2")
    claim = file(book)
    claims.withdraw_claim(claim.pk, reason="filed under the wrong number", actor=OWNER, at=NOW)
    assert rooms(book, "S1", "S2") == before
    assert Prediction.objects.get(subject=f"claim:{claim.pk}").disturbed
    file(book, reference="CL-1")  # its number is free again
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs[-3:] == ["ClaimFiled", "ClaimWithdrawn", "ClaimFiled"]
    assert first.on_hand == book.position("S2", "B2").on_hand, "no stock moves with a claim"


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"pieces": 0, "amount": 0, "reference": " "}, {"pieces", "amount", "reference"}),
        ({"filed": TODAY + timedelta(days=1)}, {"filedOn"}),
        ({"filed": TODAY - timedelta(days=731)}, {"filedOn"}),
        ({"pieces": 1, "amount": 10_001}, {"amount"}),  # more than is printed on the pack
    ],
)
def test_a_claim_that_cannot_be_names_every_field_and_leaves_no_trace(book, wrong, fields):
    before = AuditEntry.objects.count()
    with pytest.raises(Invalid) as told:
        file(book, **wrong)
    assert {fault.field for fault in told.value.faults} == fields
    assert not Claim.objects.exists()
    assert not Prediction.objects.exists()
    assert AuditEntry.objects.count() == before


def test_a_claim_is_answered_once_within_what_was_asked_and_after_it_was_filed(book):
    claim = file(book, amount=1_000)
    for wrong in ({"credited_paise": 1_001}, {"answered_on": TODAY - timedelta(days=1)}):
        with pytest.raises(Invalid):
            claims.answer_claim(claim.pk, **({"credited_paise": 1, "answered_on": TODAY} | wrong),
                                actor=OWNER, at=NOW)  # fmt: skip
    claims.answer_claim(claim.pk, credited_paise=0, answered_on=TODAY, actor=OWNER, at=NOW)
    for again in (
        lambda: claims.answer_claim(claim.pk, credited_paise=1, answered_on=TODAY, actor=OWNER, at=NOW),
        lambda: claims.withdraw_claim(claim.pk, reason="x", actor=OWNER, at=NOW),
    ):
        with pytest.raises(Refused) as told:
            again()
        assert told.value.code == "claim_closed"
    with pytest.raises(Refused) as told:
        file(book) and file(book)
    assert told.value.code == "claimed_already"
    with pytest.raises(NotFound):
        file(book, batch="B9")
